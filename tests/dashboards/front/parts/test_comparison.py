"""The rows of the charts of several brands."""

from __future__ import annotations

from dataclasses import replace

from badbuzz.messages.translator import Translator
from badbuzz.store.model import WindowSum
from dashboards.api.examples import STEP
from dashboards.front.parts import comparison

WIDTH_MS = STEP.end_ms - STEP.start_ms
T = Translator("en")


def at(n: int, alert_id: str = "") -> WindowSum:
    start_ms = STEP.start_ms + n * WIDTH_MS
    return replace(STEP, start_ms=start_ms, end_ms=start_ms + WIDTH_MS, alert_id=alert_id)


def test_a_line_has_a_gap_where_steps_are_missing() -> None:
    rows = comparison.rows({"A": [at(0), at(1), at(5)]}, "UTC", T)
    assert [row.get("negative") for row in rows] == [38, 38, None, 38, None]
    assert rows[2]["at"] == at(1).end_ms


def test_brands_differ_by_dash_as_well_as_by_colour() -> None:
    chosen = {name: [at(0)] for name in "ABCDEF"}
    chart = comparison.lines(chosen, "rate", "UTC", T).to_dict()["encoding"]
    assert (
        chart["color"]["scale"]["domain"] == chart["strokeDash"]["scale"]["domain"] == [*"ABCDEF"]
    )
    assert len({str(dash) for dash in chart["strokeDash"]["scale"]["range"]}) == len(chosen)


def test_each_brand_has_its_own_alerts() -> None:
    rows = comparison.alert_rows({"A": [at(0, "A/1"), at(1)], "B": [at(1, "B/1")]}, "UTC")
    assert [(row["brand"], row["at"]) for row in rows] == [
        ("A", at(0).start_ms), ("B", at(1).start_ms),
    ]  # fmt: skip
