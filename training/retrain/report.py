"""The report of a retraining: one HTML file that needs nothing but a browser."""

from __future__ import annotations

from pathlib import Path

from badbuzz.recordings.outputs import write_text
from badbuzz.reports import render_report
from training.retrain.curation import by_author
from training.retrain.messages import COLUMNS, cells, counts, ended
from training.retrain.run import Outcome


def write_report(path: Path, outcome: Outcome) -> None:
    """Write the report of a retraining.

    It holds figures and the names of API keys, and no text that anybody wrote.

    Raises
    ------
    RecordingError
        When the file cannot be written.
    """
    page = render_report(
        "training.retrain",
        "retrained.html.jinja",
        outcome=outcome,
        ended=list(ended(outcome)),
        counts=list(counts(outcome.gathered)),
        columns=COLUMNS,
        rows=list(cells(outcome.meetings)),
        authors=[
            (one.name, *(f"{n:,}" for n in (one.n_learnt, one.n_held, one.n_left)))
            for one in by_author(outcome.gathered.sieved)
        ],
    )
    write_text(path, page)
