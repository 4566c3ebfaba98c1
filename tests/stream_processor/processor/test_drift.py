"""What the worker shows of drift."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.registry import REGISTRY

from badbuzz.model import Tweet
from badbuzz.models.scorer import Scorer, ScorerSet
from stream_processor.engine import metrics
from stream_processor.processor.drift import DriftMetrics
from tests.support.registered import variant

LATE, KIND = "Two hours late and nobody answers", "Thank you, lovely crew"


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    metrics.forget_drift()


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"badbuzz_drift_{name}", labels)


def tweet(text: str = LATE, lang: str = "en", at_ms: int = 0) -> Tweet:
    return Tweet("", "Air Paradis", text, at_ms, at_ms, lang=lang)


def note(
    drift: DriftMetrics, judges: ScorerSet, *tweets: Tweet, n: int = 1, partition: int = 0
) -> None:
    """Count a batch n times."""
    for _ in range(n):
        drift.note(partition, tweets, judges.predict(tweets))
    drift.show()


@pytest.fixture
def judges() -> ScorerSet:
    return ScorerSet.read("en=airline-en,fr=tweets-fr")


@pytest.fixture
def drift(judges: ScorerSet) -> DriftMetrics:
    return DriftMetrics(judges.scorers)


def test_under_500_tweets_nothing_is_shown(drift: DriftMetrics, judges: ScorerSet) -> None:
    bundle = judges.scorers["en"].version
    note(drift, judges, tweet(), n=499)
    assert value("psi", bundle=bundle) is None
    assert value("languages", lang="en") is None
    note(drift, judges, tweet())
    assert value("psi", bundle=bundle) is not None
    assert value("languages", lang="en") == 500


def test_tweets_of_one_kind_are_a_shift(drift: DriftMetrics, judges: ScorerSet) -> None:
    bundle = judges.scorers["en"].version
    note(drift, judges, tweet(), n=500)
    assert (value("psi", bundle=bundle) or 0) > 0.2
    assert value("tweets", bundle=bundle, bin="0.9") == 500
    expected = [value("expected_share", bundle=bundle, bin=f"{n / 10:g}") or 0 for n in range(10)]
    assert sum(expected) == pytest.approx(1)


def test_words_that_no_training_text_had_are_counted_in_eight_of_2000(
    drift: DriftMetrics, judges: ScorerSet
) -> None:
    bundle = judges.scorers["en"].version
    note(drift, judges, tweet("late qzxvwkj"), n=500)
    assert value("tokens", bundle=bundle, known="yes") == 8
    assert value("tokens", bundle=bundle, known="no") == 8


def test_languages_without_a_bundle_have_two_names(drift: DriftMetrics, judges: ScorerSet) -> None:
    tweets = [tweet(lang=lang) for lang in ("en", "es", "de", "und")]
    note(drift, judges, *tweets, n=200)
    found = {lang: value("languages", lang=lang) for lang in ("en", "fr", "und", "other", "es")}
    assert found == {"en": 200, "fr": 0, "und": 200, "other": 400, "es": None}


def test_partitions_are_summed_each_over_its_own_day(
    drift: DriftMetrics, judges: ScorerSet
) -> None:
    note(drift, judges, tweet(at_ms=0), n=400, partition=0)
    note(drift, judges, tweet(at_ms=10**12), n=400, partition=1)
    assert value("languages", lang="en") == 800
    drift.forget(0)
    drift.show()
    assert value("languages", lang="en") is None


def test_a_bundle_that_serves_no_more_is_gone(
    drift: DriftMetrics, judges: ScorerSet, tmp_path: Path
) -> None:
    before = judges.scorers["en"].version
    note(drift, judges, tweet(), n=500)
    judges.swap("en", Scorer.load(str(variant(tmp_path / "other"))))
    note(drift, judges, tweet(KIND), n=500)
    assert value("psi", bundle=before) is None
    assert value("psi", bundle=judges.scorers["en"].version) is not None


@pytest.mark.parametrize(
    ("reference", "said"), [(None, "has no reference"), ({"scores": [1, 2]}, "has the scores")]
)
def test_a_bundle_without_a_reference_says_so_once(
    reference: object, said: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = variant(tmp_path / "old", reference=reference)
    judges = ScorerSet.read(f"en={bundle}")
    drift = DriftMetrics(judges.scorers)
    with caplog.at_level(logging.INFO, "stream_processor.processor.drift"):
        note(drift, judges, tweet(), n=500)
    assert [said in record.getMessage() for record in caplog.records] == [True]
    assert value("psi", bundle=judges.scorers["en"].version) is None
    assert value("languages", lang="en") == 500
