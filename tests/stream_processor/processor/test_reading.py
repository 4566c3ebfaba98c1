"""Tests of decoding and scoring: a record that fails leaves the others as they are."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from badbuzz import wire
from badbuzz.errors import KafkaError
from badbuzz.model import Prediction, Tweet
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine.dead_letters import Failure
from stream_processor.processor.reading import decode, score


def tweet(text: str) -> Tweet:
    return Tweet("1", "Air Paradis", text, 1, 1, lang="en")


def predict(_scorers: ScorerSet, tweets: Sequence[Tweet]) -> list[Prediction | None]:
    """Score texts by their length; some raise an exception."""
    if any("poison" in one.text for one in tweets):
        raise ZeroDivisionError
    if any("away" in one.text for one in tweets):
        raise KafkaError("the broker does not answer")
    return [Prediction(len(one.text) / 100, False, 0, "en@1") for one in tweets]


@pytest.fixture
def scorer_set(monkeypatch: pytest.MonkeyPatch) -> ScorerSet:
    monkeypatch.setattr(ScorerSet, "predict", predict)
    return ScorerSet({})


@pytest.mark.parametrize("poisoned", [(), (0,), (6,), (2, 3), (0, 4, 6), tuple(range(7))])
def test_posts_that_fail_do_not_change_the_others(
    scorer_set: ScorerSet, poisoned: tuple[int, ...]
) -> None:
    records: list[Tweet | Failure] = [
        tweet("poison" if n in poisoned else "x" * n) for n in range(7)
    ]
    posts, predictions = score(scorer_set, records)
    kept = [n for n in range(7) if n not in poisoned]
    assert [one.text for one in posts] == ["x" * n for n in kept]
    assert [one.score for one in predictions if one is not None] == [n / 100 for n in kept]
    failed = [n for n, one in enumerate(records) if isinstance(one, Failure)]
    assert failed == list(poisoned)


def test_a_post_that_fails_has_the_step_score(scorer_set: ScorerSet) -> None:
    records: list[Tweet | Failure] = [tweet("poison")]
    score(scorer_set, records)
    assert records == [Failure("score", "failed", "ZeroDivisionError()")]


def test_an_error_of_the_surroundings_is_raised(scorer_set: ScorerSet) -> None:
    with pytest.raises(KafkaError):
        score(scorer_set, [tweet("away"), tweet("x")])


def record(value: bytes) -> Any:
    return SimpleNamespace(value=value, timestamp=1, partition=2)


def test_an_unexpected_error_in_decoding_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def decode_tweet(_data: bytes) -> Tweet:
        raise RecursionError

    monkeypatch.setattr(wire, "decode_tweet", decode_tweet)
    assert decode(record(b"{}"), 4) == Failure("decode", "failed", "RecursionError()")


def test_a_record_in_the_partition_of_its_brand_is_decoded() -> None:
    assert decode(record(wire.encode_tweet(tweet("x"))), 4) == tweet("x")


def test_a_record_in_another_partition_is_misplaced() -> None:
    found = decode(record(wire.encode_tweet(tweet("x"))), 5)
    assert isinstance(found, Failure)
    assert (found.reason, found.field) == ("misplaced", "brand")
