"""The demo's screen, drawn."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

from rich.console import Console

from badbuzz.model import Alert
from badbuzz.render import example
from demo.board import Board


def drawn(*alerts: Alert, width: int = 140) -> str:
    board = Board()
    for alert in alerts:
        board.show(alert)
    console = Console(record=True, width=width, file=StringIO())
    console.print(board)
    return console.export_text()


def test_an_alert_says_what_drives_it_and_what_people_wrote() -> None:
    text = drawn(example())
    assert "Driven by: bags, lost, luggage." in text
    assert "34 of 38 from distinct people" in text
    assert "12 hours and still no bags" in text


def test_only_the_newest_says_everything() -> None:
    text = drawn(example(), replace(example(), id="later"))
    assert text.count("Driven by: ") == 2
    assert text.count("from distinct people") == 1


def test_when_it_is_over_the_last_evidence_stays() -> None:
    over = replace(example(), phase="resolved", evidence=None)
    assert "12 hours and still no bags" in drawn(example(), over)


def test_a_narrow_screen_cuts_examples_and_wraps_claims() -> None:
    lines = drawn(example(), width=80).splitlines()
    assert sum("zero luggage" in line for line in lines) == 1
    assert max(map(len, lines)) == 80
