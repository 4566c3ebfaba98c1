"""The table at the end of the demo."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from badbuzz.detection.alert_evaluation import Evaluation, Incident
from demo.displays import evaluation_table


def test_kinds_of_incidents_are_printed_in_words() -> None:
    crisis = Incident("Air Paradis", "viral_video", 0, 3_600_000)
    surge = Incident("Air Paradis", "retweet_storm", 0, 3_600_000)
    console = Console(record=True, width=100, file=StringIO())
    console.print(evaluation_table(Evaluation(caught=((crisis, None),), false_alarms=()), (surge,)))
    text = console.export_text()
    assert "crisis: viral video" in text
    assert "no crisis: retweet storm" in text
