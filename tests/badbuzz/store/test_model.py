"""Tests of the values that the store takes and returns."""

from __future__ import annotations

import pytest

from badbuzz.store.model import Feedback


@pytest.mark.parametrize(
    ("predicted", "ground_truth", "mispredicted"),
    [
        (True, True, False),
        (True, False, True),
        (False, True, True),
        (False, False, False),
        (None, True, False),
        (None, False, False),
    ],
)
def test_a_misprediction_contradicts_a_label(
    predicted: bool | None, ground_truth: bool, mispredicted: bool
) -> None:
    label = Feedback(
        id="1",
        at_ms=0,
        by="kim",
        tweet_id=None,
        brand="",
        lang="en",
        text="Late again",
        author="",
        predicted=predicted,
        score=None,
        ground_truth=ground_truth,
        bundle="",
        source="feedback",
    )
    assert label.mispredicted is mispredicted
