"""Tests that the recorder's candidates give the same sample as all scored tweets."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz import wire
from badbuzz.model import BUCKET_MS, MAX_MS, Scored, Tweet
from badbuzz.store.database import Store
from badbuzz.store.model import SampledTweet, SourcePartition
from badbuzz.store.sample import N_EACH
from stream_processor.recorder.sampling import SampleCandidates
from tests.support.events import START_MS

PLACE = SourcePartition(wire.SCORED_TWEETS, 0)
_names = count()


def scored_tweets(seed: int, n_tweets: int) -> list[Scored]:
    """Generate scored tweets of one brand in two windows, some of them deleted."""
    rng = random.Random(seed)
    brand = f"brand {next(_names)}"
    stream: list[Scored] = []
    names = [(id_, source) for id_ in range(500) for source in ("x", "y:1")]
    for id_, source in rng.sample(names, n_tweets):
        at_ms = START_MS + rng.randrange(2 * BUCKET_MS)
        tweet = Tweet(str(id_), brand, "Late", at_ms, at_ms, source=source)
        score = rng.choice([None, *(n / 20 for n in range(21))])
        stream.append(Scored(tweet, score, None if score is None else score >= 0.5, ""))
        if rng.random() < 0.1:
            former = rng.choice(stream)
            stream.append(replace(former, tweet=replace(former.tweet, kind="delete")))
    return stream


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    folder: Path = tmp_path_factory.mktemp("sampling")
    with (
        Store.open(f"sqlite:///{folder / 'candidates.db'}") as store,
        Store.open(f"sqlite:///{folder / 'all.db'}") as other,
    ):
        yield store, other


def sampled(store: Store, stream: Sequence[Scored]) -> list[SampledTweet]:
    brand = stream[0].tweet.brand if stream else "none"
    return list(store.tweets(brand, 0, MAX_MS, limit=1000).items)


@given(st.integers(), st.integers(0, 300), st.lists(st.floats(0, 1), max_size=5))
def test_candidates_give_the_sample_of_everything(
    stores: tuple[Store, Store], seed: int, n_tweets: int, moments: list[float]
) -> None:
    stream = scored_tweets(seed, n_tweets)
    cuts = sorted(int(moment * len(stream)) for moment in moments)
    candidates = SampleCandidates(N_EACH)
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        for offset in range(start, end):
            candidates.add(offset, stream[offset])
        stores[0].record_tweets(PLACE, candidates.rows(), end)
        candidates.clear()
    stores[1].record_tweets(PLACE, list(enumerate(stream)), len(stream))
    assert sampled(stores[0], stream) == sampled(stores[1], stream)


def test_few_tweets_of_a_busy_window_are_candidates() -> None:
    candidates = SampleCandidates(N_EACH)
    for n in range(1000):
        tweet = Tweet(str(n), "Air Paradis", "Late", START_MS + n, START_MS + n)
        candidates.add(n, Scored(tweet, (n * 7919 % 1000) / 1000, True, ""))
    assert len(candidates.rows()) <= 3 * N_EACH


def test_the_tweets_of_two_networks_with_one_id_are_two_candidates() -> None:
    candidates = SampleCandidates(N_EACH)
    for offset, source in enumerate(["bluesky", "evil", "mastodon:a", "mastodon:b"]):
        tweet = Tweet("7", "Air Paradis", source, START_MS, START_MS, source=source)
        candidates.add(offset, Scored(tweet, 0.9, True, ""))
    found = [scored.tweet.text for _, scored in candidates.rows()]
    assert found == ["bluesky", "evil", "mastodon:b"]
