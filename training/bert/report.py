"""Report on an encoder's benefit and cost as a self-contained HTML file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from badbuzz.recordings.outputs import write_text
from badbuzz.reports import render_report
from training.bert.assessment import BUSY, HOURS
from training.bert.display import COSTS, QUALITY, cost_rows, quality_rows
from training.bert.result import Assessment
from training.bert.run import RatedView


def write_report(path: Path, assessment: Assessment) -> None:
    """Write the report, which has figures only and no texts of people.

    Raises
    ------
    RecordingError
        The file cannot be written.
    """
    corpus, tuning = assessment.corpus, assessment.tuning
    page = render_report(
        "training.bert",
        "report.html.jinja",
        encoder=assessment.encoder,
        tuning=tuning,
        n_rows=f"{len(corpus.rows):,}",
        negative=f"{corpus.rows.negative.mean():.0%}",
        name=corpus.name,
        notes=corpus.notes,
        champion=assessment.views[0].models[0].record.model,
        answer=assessment.conclusion[0],
        reasons=assessment.conclusion[1:],
        columns=QUALITY[:5] + QUALITY[9:],
        parts=[_part(one) for one in assessment.views],
        cost_columns=COSTS,
        costs=cost_rows(assessment.costs, assessment.core_hour),
        core_hour=f"{assessment.core_hour:g}",
        busy=f"{BUSY:.0%}",
        hours=HOURS,
        place=assessment.place,
    )
    write_text(path, page)


def _part(view: RatedView) -> dict[str, Any]:
    rows = quality_rows(view.models)
    return {
        "title": view.name,
        "n_test": f"{len(view.models[0].record.scores):,}",
        "rows": [row[:5] + row[9:] for row in rows],
        "matrices": [{"kind": one.kind, "counts": one.confusion} for one in view.models],
    }
