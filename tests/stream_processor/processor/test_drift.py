"""Tests of the drift metrics."""

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

COMPLAINT, PRAISE = "Two hours late and nobody answers", "Thank you, lovely crew"


@pytest.fixture(autouse=True)
def forget() -> Iterator[None]:
    yield
    metrics.forget_drift()


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"badbuzz_drift_{name}", labels)


def tweet(text: str = COMPLAINT, lang: str = "en", at_ms: int = 0) -> Tweet:
    return Tweet("", "Air Paradis", text, at_ms, at_ms, lang=lang)


def note(
    drift: DriftMetrics, scorer_set: ScorerSet, *tweets: Tweet, n: int = 1, partition: int = 0
) -> None:
    """Note a batch n times, then set the metrics."""
    for _ in range(n):
        drift.note(partition, tweets, scorer_set.predict(tweets))
    drift.show()


@pytest.fixture
def scorer_set() -> ScorerSet:
    return ScorerSet.read("en=airline-en,fr=tweets-fr")


@pytest.fixture
def drift(scorer_set: ScorerSet) -> DriftMetrics:
    return DriftMetrics(scorer_set.scorers)


def test_one_tweet_ahead_of_time_does_not_reset_the_counts(
    drift: DriftMetrics, scorer_set: ScorerSet
) -> None:
    bundle = scorer_set.scorers["en"].version
    note(drift, scorer_set, tweet(), n=500)
    note(drift, scorer_set, tweet(), tweet(), tweet(at_ms=300 * 86_400_000))
    assert value("psi", bundle=bundle) is not None


def test_under_500_tweets_nothing_is_shown(drift: DriftMetrics, scorer_set: ScorerSet) -> None:
    bundle = scorer_set.scorers["en"].version
    note(drift, scorer_set, tweet(), n=499)
    assert value("psi", bundle=bundle) is None
    assert value("languages", lang="en") is None
    note(drift, scorer_set, tweet())
    assert value("psi", bundle=bundle) is not None
    assert value("languages", lang="en") == 500


def test_tweets_of_one_kind_are_a_shift(drift: DriftMetrics, scorer_set: ScorerSet) -> None:
    bundle = scorer_set.scorers["en"].version
    note(drift, scorer_set, tweet(), n=500)
    assert (value("psi", bundle=bundle) or 0) > 0.2
    assert value("tweets", bundle=bundle, bin="0.9") == 500
    expected = [value("expected_share", bundle=bundle, bin=f"{n / 10:g}") or 0 for n in range(10)]
    assert sum(expected) == pytest.approx(1)


def test_unknown_words_are_counted_in_8_of_2000_tweets(
    drift: DriftMetrics, scorer_set: ScorerSet
) -> None:
    bundle = scorer_set.scorers["en"].version
    note(drift, scorer_set, tweet("late qzxvwkj"), n=500)
    assert value("tokens", bundle=bundle, known="yes") == 8
    assert value("tokens", bundle=bundle, known="no") == 8


def test_languages_without_a_bundle_share_two_labels(
    drift: DriftMetrics, scorer_set: ScorerSet
) -> None:
    tweets = [tweet(lang=lang) for lang in ("en", "es", "de", "und")]
    note(drift, scorer_set, *tweets, n=200)
    counts = {lang: value("languages", lang=lang) for lang in ("en", "fr", "und", "other", "es")}
    assert counts == {"en": 200, "fr": 0, "und": 200, "other": 400, "es": None}


def test_partitions_are_summed_over_their_own_days(
    drift: DriftMetrics, scorer_set: ScorerSet
) -> None:
    note(drift, scorer_set, tweet(at_ms=0), n=400, partition=0)
    note(drift, scorer_set, tweet(at_ms=10**12), n=400, partition=1)
    assert value("languages", lang="en") == 800
    drift.forget(0)
    drift.show()
    assert value("languages", lang="en") is None


def test_metrics_of_a_replaced_bundle_are_removed(
    drift: DriftMetrics, scorer_set: ScorerSet, tmp_path: Path
) -> None:
    before = scorer_set.scorers["en"].version
    note(drift, scorer_set, tweet(), n=500)
    scorer_set.swap("en", Scorer.load(str(variant(tmp_path / "other"))))
    note(drift, scorer_set, tweet(PRAISE), n=500)
    assert value("psi", bundle=before) is None
    assert value("psi", bundle=scorer_set.scorers["en"].version) is not None


@pytest.mark.parametrize(
    ("reference", "message"),
    [(None, "has no reference"), ({"scores": [1, 2]}, "expected 10 counts of scores")],
)
def test_a_bundle_without_a_reference_is_logged_once(
    reference: object, message: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = variant(tmp_path / "old", reference=reference)
    scorer_set = ScorerSet.read(f"en={bundle}")
    drift = DriftMetrics(scorer_set.scorers)
    with caplog.at_level(logging.INFO, "stream_processor.processor.drift"):
        note(drift, scorer_set, tweet(), n=500)
    assert [message in record.getMessage() for record in caplog.records] == [True]
    assert value("psi", bundle=scorer_set.scorers["en"].version) is None
    assert value("languages", lang="en") == 500
