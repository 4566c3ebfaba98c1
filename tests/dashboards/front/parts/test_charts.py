"""The rows, spans and alternative texts of the charts, and the state of a brand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from badbuzz.messages.translator import Translator
from badbuzz.store.model import WindowSum
from dashboards.api.descriptions import describe_alert
from dashboards.api.examples import STEP
from dashboards.front.brand_status import PATIENCE_MS, Movement, State, state_of
from dashboards.front.parts import charts, curves
from dashboards.responses import BrandStatus
from tests.support.served import alert, window

ZONE = "Europe/Paris"
T = Translator("en")
WIDTH_MS = STEP.end_ms - STEP.start_ms
NOW_MS = STEP.end_ms


def step(n: int, **changes: Any) -> WindowSum:
    start_ms = STEP.start_ms + n * WIDTH_MS
    plain = {"n_negative": 1, "alert_id": "", **changes}
    return replace(STEP, start_ms=start_ms, end_ms=start_ms + WIDTH_MS, **plain)


STEPS = [step(0), step(1, n_negative=9, alert_id="a/1"), step(2, alert_id="a/1"), step(3)]


def test_a_charts_times_are_in_the_brands_zone() -> None:
    hour_ms = 3_600_000
    assert charts.rows(STEPS, ZONE, T)[0]["at"] == STEP.start_ms + hour_ms


def test_an_alert_is_shaded_from_its_first_window_to_its_last() -> None:
    (span,) = charts.spans(STEPS, "UTC")
    assert span == {"at": STEPS[1].start_ms, "end": STEPS[2].end_ms}


def test_adjacent_alerts_are_two_spans() -> None:
    steps = [step(0, alert_id="a/1"), step(1, alert_id="a/2")]
    assert len(charts.spans(steps, ZONE)) == 2


def test_a_chart_shows_negatives_over_the_expected_band() -> None:
    layers = charts.negatives(STEPS, ZONE, T).to_dict()["layer"]
    drawn = [
        (layer["mark"]["type"], layer["encoding"].get("y", {}).get("field")) for layer in layers
    ]
    assert drawn == [
        ("rect", None), ("area", "low"), ("line", "expected"), ("line", "negative"), ("rect", None),
    ]  # fmt: skip


def test_without_an_alert_nothing_is_shaded() -> None:
    layers = charts.volume([step(0)], [step(0)], ZONE, T).to_dict()["layer"]
    assert [layer["mark"]["type"] for layer in layers] == ["area", "rect"]


def test_a_chart_has_an_alternative_text() -> None:
    sentence = curves.described(STEPS, ZONE, T)
    assert "Maximum: 9 negative tweets in 15 minutes" in sentence
    assert "Alert open: 24 Nov 2025 17:15 – 17:45." in sentence


def test_the_table_has_every_step_newest_first() -> None:
    rows = curves.table(STEPS, ZONE, T)
    assert rows["Time"][0] == T.moment(STEPS[-1].start_ms, ZONE)
    assert rows["Negative tweets"] == ["1", "1", "9", "1"]


# The state of a brand


@pytest.mark.parametrize(
    ("changes", "late_ms", "state"),
    [
        ({}, 0, "ok"),
        ({}, PATIENCE_MS + 1, "silent"),
        ({"state": "no_baseline"}, 0, "learning"),
    ],
)
def test_a_brand_without_an_alert(changes: dict[str, Any], late_ms: int, state: State) -> None:
    last = replace(window(0), **{"state": "quiet", **changes})
    assert state_of(BrandStatus("a", last, None, "UTC"), last.end_ms + late_ms, 0) == state


def test_an_open_alert_comes_before_a_silent_feed() -> None:
    opened = describe_alert(alert(0, severity="warning"))
    assert state_of(BrandStatus("a", window(0), opened, "UTC"), 10**13, 0) == "warning"


def test_a_replay_of_an_old_year_is_not_silent_while_it_advances() -> None:
    movement, now_ms = Movement(), 10**13
    movement.moved_ms("a", window(0).end_ms, now_ms)
    moved_ms = movement.moved_ms("a", window(1).end_ms, now_ms)
    last = replace(window(1), state="quiet")
    assert state_of(BrandStatus("a", last, None, "UTC"), now_ms, moved_ms) == "ok"
