"""Windows, alerts and scored tweets for tests to record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from badbuzz.messages.text import example
from badbuzz.model import Alert, Evidence, Example, Scored, Tweet, Window
from badbuzz.store.model import SourcePartition
from tests.support.events import BUCKET_MS, START_MS

WINDOWS = SourcePartition("windows", 0)
ALERTS = SourcePartition("alerts", 0)
TWEETS = SourcePartition("scored-tweets", 0)
BRAND = "Air Paradis"


def window(number: int = 0, **changes: Any) -> Window:
    """Return a window of a brand, by its number since the start."""
    start_ms = START_MS + number * BUCKET_MS
    plain = Window(
        brand=BRAND,
        start_ms=start_ms,
        end_ms=start_ms + BUCKET_MS,
        n=6,
        n_negative=3,
        n_unvalidated=1,
        expected=2.5,
        expected_low=1.0,
        expected_high=5.0,
        rate=0.5,
        adjusted_rate=0.25,
        baseline_rate=0.4,
        adjusted_baseline_rate=0.3,
        score=0.5,
        scale_min=5,
        p_value=0.25,
        state="quiet",
        alert_id="",
        absent=(),
        bundle="airline-en@1",
    )
    return replace(plain, **changes)


def alert(number: int = 0, **changes: Any) -> Alert:
    """Return a firing alert, by the number of its opening window since the start."""
    start_ms = START_MS + number * BUCKET_MS
    times = {
        "window_start_ms": start_ms,
        "window_end_ms": start_ms + BUCKET_MS,
        "opened_ms": start_ms + BUCKET_MS,
    }
    brand = changes.get("brand", BRAND)
    return replace(example(), **{**times, "id": f"{brand}/{start_ms}", **changes})


def later(fired: Alert, n_windows: int, **changes: Any) -> Alert:
    """Return a later phase of an alert."""
    end_ms = fired.window_end_ms + n_windows * BUCKET_MS
    return replace(fired, **{"window_end_ms": end_ms, "evidence": None, **changes})


def shown(*ids: str, network: str = "unknown") -> Evidence:
    """Return evidence with tweets of these ids as most negative, and the first as repeated too.

    By default they are of the network of :func:`scored`.
    """
    evidence = example().evidence
    assert evidence is not None
    examples = tuple(
        Example(id_, START_MS, 0.9, f"text of {id_}", "", 0, 1, network) for id_ in ids
    )
    return replace(evidence, most_negative=examples, most_repeated=examples[:1])


def scored(id_: str, score: float | None = 0.9, **changes: Any) -> Scored:
    """Return a scored post, created at the start by default."""
    plain = Tweet(
        id=id_, brand=BRAND, text=f"text of {id_}", created_ms=START_MS, produced_ms=START_MS,
        lang="en",
    )  # fmt: skip
    tweet = replace(plain, **changes)
    if score is None:
        return Scored(tweet, None, None, "")
    return Scored(tweet, score, score >= 0.5, "airline-en@1")
