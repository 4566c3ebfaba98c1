"""Tests of the values that the packages exchange."""

from __future__ import annotations

from badbuzz import model
from badbuzz.model import Tweet


def test_a_tweet_of_few_fields_is_a_live_post_without_repetitions() -> None:
    tweet = Tweet(id="1", brand="Air Paradis", text="Late.", created_ms=0, produced_ms=0)
    assert (tweet.seq, tweet.n_retweets, tweet.replay) == (-1, 0, False)
    assert (tweet.kind, tweet.source, tweet.lang) == ("post", "unknown", "und")
    assert (tweet.author, tweet.url) == ("", "")


def test_the_units_are_those_of_the_stored_states() -> None:
    assert model.SCORE_UNITS == 10_000
    assert model.BUCKET_MS == 5 * 60 * 1000
    assert model.HOUR_MS == 60 * 60 * 1000
