"""What the recorder keeps of scored tweets gives the sample of all of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz import wire
from badbuzz.baseline import BUCKET_MS
from badbuzz.model import Tweet
from badbuzz.record import Place, Sampled, Scored
from badbuzz.store import Store
from badbuzz.store.sample import N_EACH
from stream_processor.sampling import Candidates
from tests.core.events import START_MS

PLACE = Place(wire.SCORED_TWEETS, 0)
_names = count()


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Scored], list[int]]:
    """Scored tweets about one brand in two windows, and where checkpoints fall."""
    drawn = draw(
        st.lists(
            st.tuples(
                st.integers(0, 60),
                st.integers(0, 2 * BUCKET_MS - 1),
                st.none() | st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]),
                st.sampled_from(["post"] * 9 + ["delete"]),
            ),
            max_size=150,
            unique_by=lambda one: (one[0], one[3]),
        )
    )
    brand = f"brand {next(_names)}"
    stream = []
    for number, at_ms, score, kind in drawn:
        tweet = Tweet(
            f"{number}", brand, "Late", START_MS + at_ms, START_MS + at_ms,
            kind="post" if kind == "post" else "delete",
        )  # fmt: skip
        negative = None if score is None else score >= 0.5
        stream.append(Scored(tweet, score, negative, ""))
    cuts = draw(st.lists(st.integers(0, len(stream)), max_size=5))
    return stream, sorted(cuts)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    folder: Path = tmp_path_factory.mktemp("sampling")
    with (
        Store.open(f"sqlite:///{folder / 'candidates.db'}") as one,
        Store.open(f"sqlite:///{folder / 'all.db'}") as other,
    ):
        yield one, other


def sampled(store: Store, stream: Sequence[Scored]) -> list[Sampled]:
    brand = stream[0].tweet.brand if stream else "none"
    return list(store.tweets(brand, 0, wire.MAX_MS, limit=1000).items)


@given(streams())
def test_candidates_give_the_sample_of_everything(
    stores: tuple[Store, Store], drawn: tuple[list[Scored], list[int]]
) -> None:
    stream, cuts = drawn
    candidates = Candidates(N_EACH)
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        for offset in range(start, end):
            candidates.add(offset, stream[offset])
        stores[0].record_tweets(PLACE, candidates.rows(), end)
        candidates.recorded()
    stores[1].record_tweets(PLACE, list(enumerate(stream)), len(stream))
    assert sampled(stores[0], stream) == sampled(stores[1], stream)


def test_of_a_busy_window_few_are_kept() -> None:
    candidates = Candidates(N_EACH)
    for n in range(1000):
        tweet = Tweet(str(n), "Air Paradis", "Late", START_MS + n, START_MS + n)
        candidates.add(n, Scored(tweet, (n * 7919 % 1000) / 1000, True, ""))
    assert len(candidates.rows()) <= 3 * N_EACH
