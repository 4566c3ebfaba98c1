"""Tests of records of scored tweets."""

from __future__ import annotations

from contextlib import nullcontext

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz import wire
from badbuzz.errors import WireError
from badbuzz.model import Prediction, Scored, Tweet
from tests.support.strategies import tweets

SCORED = {
    "v": 1, "id": "1", "brand": "Air Paradis", "text": "Merci", "created_ms": 1000,
    "produced_ms": 1000, "score": 0.5, "negative": True, "bundle": "b@1",
}  # fmt: skip


def test_a_scored_tweet_has_its_prediction() -> None:
    tweet = Tweet("1", "Air Paradis", "Lost my bag", created_ms=1, produced_ms=2)
    prediction = Prediction(score=0.9123, negative=True, adjusted=11_000, bundle="airline-en@1")
    scored = orjson.loads(wire.encode_scored(tweet, prediction))
    assert (scored["v"], scored["text"], scored["score"], scored["negative"], scored["bundle"]) == (
        1, "Lost my bag", 0.9123, True, "airline-en@1",
    )  # fmt: skip


def test_a_tweet_without_a_prediction_has_no_score() -> None:
    tweet = Tweet("1", "Air Paradis", "Verspätet", created_ms=1, produced_ms=2, lang="de")
    assert "score" not in orjson.loads(wire.encode_scored(tweet, None))


@given(tweets(), st.none() | st.floats(0, 1))
def test_a_scored_tweet_round_trips(tweet: Tweet, score: float | None) -> None:
    prediction = None if score is None else Prediction(score, score >= 0.5, 0, "airline-en@1")
    expected = (None, None, "") if score is None else (score, score >= 0.5, "airline-en@1")
    assert wire.decode_scored(wire.encode_scored(tweet, prediction)) == Scored(tweet, *expected)


@pytest.mark.parametrize("name", ["negative", "bundle"])
def test_a_score_has_a_label_and_a_bundle(name: str) -> None:
    fields = {key: value for key, value in SCORED.items() if key != name}
    with pytest.raises(WireError, match=f"{name}: missing"):
        wire.decode_scored(orjson.dumps(fields))


@pytest.mark.parametrize(("score", "valid"), [(0.0, True), (1.0, True), (-0.01, False)])
def test_a_score_is_between_0_and_1(score: float, valid: bool) -> None:
    data = orjson.dumps({**SCORED, "score": score})
    with nullcontext() if valid else pytest.raises(WireError, match="score: value"):
        assert wire.decode_scored(data).score == score
