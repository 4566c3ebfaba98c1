"""Runs badbuzz with faults: ``python -m tests.support.poisoned process``.

A tweet whose text is ``poison`` and a step raises an exception in that step, after the state of its
brand was changed. A heartbeat in the last millisecond but one of a second raises one after it has
closed the buckets of other brands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from badbuzz import wire
from badbuzz.cli import main
from badbuzz.detection import windows
from badbuzz.detection.state import BrandState
from badbuzz.model import Prediction, Tweet
from badbuzz.models.scorer import ScorerSet

POISON_MS = 998
POISONED_BRAND = "Transalpin"
"""A brand in the partition of Air Paradis, whose buckets close after those of Air Paradis."""
_note_source, _advance = windows.note_source, windows.advance
_predict, _encode_scored = ScorerSet.predict, wire.encode_scored


def note_source(state: BrandState, tweet: Tweet, arrived_ms: int | None = None) -> None:
    _note_source(state, tweet, arrived_ms)
    if tweet.text == "poison fold":
        raise KeyError(tweet.text)
    if tweet.text == "poison pack":
        state.cool_until_ms = 2**70


def advance(state: BrandState, watermark_ms: int, *rest: Any) -> Any:
    if state.brand == POISONED_BRAND and watermark_ms % 1000 == POISON_MS:
        raise ZeroDivisionError
    return _advance(state, watermark_ms, *rest)


def predict(self: ScorerSet, tweets: Sequence[Tweet]) -> list[Prediction | None]:
    if any(tweet.text == "poison score" for tweet in tweets):
        raise ValueError("poison score \ud800")
    return _predict(self, tweets)


def encode_scored(tweet: Tweet, prediction: Prediction | None) -> bytes:
    if tweet.text == "poison encode":
        raise OverflowError
    return _encode_scored(tweet, prediction)


if __name__ == "__main__":
    windows.note_source = note_source
    windows.advance = advance  # type: ignore[assignment]
    ScorerSet.predict = predict  # type: ignore[method-assign]
    wire.encode_scored = encode_scored
    main()
