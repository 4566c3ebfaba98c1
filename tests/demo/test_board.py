"""The screen of the demo."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console

from badbuzz.messages.text import example
from badbuzz.model import Alert, Term, Window
from demo.board import Board, WorkerStats

WINDOW = Window(
    brand="Air Paradis", start_ms=0, end_ms=300_000, n=23, n_negative=17, n_unvalidated=0,
    expected=6.0, expected_low=0.0, expected_high=12.0, rate=0.74, adjusted_rate=0.8,
    baseline_rate=0.3, adjusted_baseline_rate=0.3, score=5.0, scale_min=5, p_value=0.001,
    state="no_baseline", alert_id="", absent=(), bundle="airline-en@1",
)  # fmt: skip


def drawn(*outputs: Alert | Window | WorkerStats, width: int = 140, height: int = 40) -> str:
    board = Board()
    for output in outputs:
        board.add(output)
    console = Console(record=True, width=width, height=height, file=StringIO())
    console.print(board)
    return console.export_text()


def test_an_alert_shows_its_terms_and_example_tweets() -> None:
    text = drawn(example())
    assert "Driven by: bags, lost, luggage." in text
    assert "34 authors for 38 tweets" in text
    assert "12 hours and still no bags" in text


def test_only_the_newest_alert_shows_everything() -> None:
    text = drawn(example(), replace(example(), id="later"))
    assert text.count("Driven by: ") == 2
    assert text.count("authors for") == 1


def test_a_resolved_alert_leaves_the_last_evidence_on_the_screen() -> None:
    over = replace(example(), phase="resolved", evidence=None)
    assert "12 hours and still no bags" in drawn(example(), over)


def test_a_narrow_screen_cuts_examples_and_wraps_headlines() -> None:
    lines = drawn(example(), width=80).splitlines()
    assert sum("zero luggage" in line for line in lines) == 1
    assert max(map(len, lines)) == 80


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_state_is_readable_at_any_width(width: int) -> None:
    text = drawn(*[WINDOW] * 60, width=width)
    assert "? no baseline" in text
    assert "17 of 23" in text


def test_a_low_screen_keeps_its_last_line() -> None:
    alerts = [replace(example(), id=str(n)) for n in range(9)]
    lines = drawn(WINDOW, *alerts, width=80, height=24).splitlines()
    assert len(lines) < 24
    assert "Ctrl-C to stop" in lines[-1]


@pytest.mark.parametrize("width", [80, 100, 140])
def test_the_status_is_one_line(width: int) -> None:
    lines = drawn(WINDOW, WorkerStats(12_345.0, 0.5, 1_234_567), width=width).splitlines()
    assert "12,345 tweets/s" in lines[-1]
    assert "500 ms" in lines[-1]


def test_a_latency_of_seconds_is_in_seconds() -> None:
    assert "prediction within 2.5 s (p99)" in drawn(WINDOW, WorkerStats(1.0, 2.5, 3))


def test_a_narrow_screen_keeps_the_reasons() -> None:
    terms = tuple(Term(f"a long term no. {n}", 9, 3.0) for n in range(6))
    evidence = example().evidence
    assert evidence is not None
    alert = replace(example(), evidence=replace(evidence, terms=terms))
    assert "Mostly about: lost luggage. Driven by: " in drawn(alert, width=80)


def test_values_of_a_newer_version_are_shown_by_their_key() -> None:
    strange = replace(example(), phase="merged", severity="major")
    assert "merged    major" in drawn(strange)
    assert "paused" in drawn(replace(WINDOW, state="paused"))
