"""The report of an error analysis: a self-contained HTML file."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, Final

from badbuzz.messages.text import counted
from badbuzz.quality.proportions import Share
from badbuzz.recordings.outputs import write_text
from badbuzz.reports import render_report
from dashboards.errors import formatting
from dashboards.errors.findings import ErrorFindings
from dashboards.errors.sections import sections

_MAX_ROWS: Final = 20
_PARTS: Final = {
    "labels": "Where labels were wrong",
    "trends": "Over time",
    "alerts": "Rulings on alerts",
}


def write_report(path: str, findings: ErrorFindings) -> None:
    """Write the report of an error analysis.

    Raises
    ------
    RecordingError
        The file cannot be written.
    """
    write_text(path, render(findings))


def render(findings: ErrorFindings) -> str:
    """Return the report as HTML."""
    filters: dict[str, Callable[..., Any]] = {
        "bar": _bar,
        "when": formatting.when,
        "percent": formatting.percent,
        "describe_label": formatting.describe_label,
        "describe_current": formatting.describe_current,
    }
    shown = [section.first(_MAX_ROWS) for section in sections(findings)]
    text = render_report(
        "dashboards.errors",
        "report.html.jinja",
        filters,
        findings=findings,
        figures=_tiles(findings) if not findings.is_empty else [],
        cautions=formatting.cautions(findings),
        advice=formatting.advice(findings) if findings.is_empty else [],
        worst=list(zip(findings.mispredictions.worst, findings.predictions, strict=True)),
        parts=[
            (part, _PARTS[part], list(tables))
            for part, tables in groupby(shown, key=lambda section: section.part)
        ],
    )
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _bar(share: Share) -> dict[str, float]:
    """Return the position of a share and of its interval, in percent."""
    low, high = share.interval
    return {
        "at": round(100 * (share.rate or 0.0), 1),
        "low": round(100 * low, 1),
        "width": round(100 * (high - low), 1),
    }


def _tiles(findings: ErrorFindings) -> list[tuple[str, str, str]]:
    """Return figure, name and detail of each tile."""
    labels, ruled = findings.mispredictions, findings.rulings.overall
    corrections, labelling = labels.corrections, labels.labelling
    return [
        (
            *_counted(labels.overall.n, "label", "checked"),
            f"{labels.overall.wrong.n_with:,} wrong",
        ),
        (_rate(corrections.wrong), "wrong among corrections", _spread(corrections.wrong)),
        (_rate(labelling.wrong), "wrong in the labelling queue", _spread(labelling.wrong)),
        (*_counted(ruled.n, "alert", "ruled"), counted(ruled.n_false_alarm, "false alarm")),
        (_rate(ruled.real), "of them real", _spread(ruled.real)),
    ]


def _counted(n: int, noun: str, suffix: str) -> tuple[str, str]:
    figure, _, name = counted(n, noun).partition(" ")
    return figure, f"{name} {suffix}"


def _rate(share: Share) -> str:
    return formatting.NONE if share.rate is None else f"{100 * share.rate:.0f} %"


def _spread(share: Share) -> str:
    if share.rate is None:
        return "no answers"
    low, high = share.interval
    return f"{100 * low:.0f} to {100 * high:.0f} %, of {share.n:,}"
