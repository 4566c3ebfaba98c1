"""The report of an error analysis: one HTML file that needs nothing but a browser."""

from __future__ import annotations

from itertools import groupby
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from badbuzz import __version__
from badbuzz.messages.text import counted
from badbuzz.quality.proportions import Share
from badbuzz.recordings.outputs import write_text
from dashboards.errors import formatting
from dashboards.errors.findings import Findings
from dashboards.errors.sections import sections

_MAX_ROWS: Final = 20
_PARTS: Final = {
    "labels": "Where labels were wrong",
    "trends": "Over time",
    "alerts": "What people said of alerts",
}


def write_report(path: str, found: Findings) -> None:
    """Write the report of an error analysis.

    Raises
    ------
    RecordingError
        When the file cannot be written.
    """
    write_text(path, render(found))


def render(found: Findings) -> str:
    """The report as HTML."""
    environment = Environment(
        loader=PackageLoader("dashboards.errors", "."),
        autoescape=select_autoescape(enabled_extensions=("jinja",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    told = (formatting.when, formatting.percent, formatting.claim, formatting.again)
    environment.filters |= {"bar": _bar, **{tell.__name__: tell for tell in told}}
    loader = environment.loader
    assert loader is not None
    style = Markup(loader.get_source(environment, "report.css")[0])  # noqa: S704 (our own file)
    template = environment.get_template("report.html.jinja")
    text = template.render(style=style, **_context(found))
    return text.replace(" %", "\N{NO-BREAK SPACE}%")


def _context(found: Findings) -> dict[str, Any]:
    shown = [section.first(_MAX_ROWS) for section in sections(found)]
    return {
        "found": found,
        "version": __version__,
        "tiles": _tiles(found) if not found.empty else [],
        "cautions": formatting.cautions(found),
        "nothing": formatting.nothing(found) if found.empty else [],
        "worst": list(zip(found.mistakes.worst, found.today, strict=True)),
        "parts": [
            (part, _PARTS[part], list(its))
            for part, its in groupby(shown, key=lambda section: section.part)
        ],
    }


def _bar(share: Share) -> dict[str, float]:
    """Where the share and its interval lie, in percent."""
    low, high = share.interval
    return {
        "at": round(100 * (share.rate or 0.0), 1),
        "low": round(100 * low, 1),
        "width": round(100 * (high - low), 1),
    }


def _tiles(found: Findings) -> list[tuple[str, str, str]]:
    """A figure, what it counts, and a word more."""
    mistakes, ruled = found.mistakes, found.judgements.overall
    corrections, labelling = mistakes.corrections, mistakes.labelling
    return [
        (
            *_counted(mistakes.overall.n, "label", "judged"),
            f"{mistakes.overall.wrong.n_with:,} wrong",
        ),
        (_rate(corrections.wrong), "wrong among corrections", _spread(corrections.wrong)),
        (_rate(labelling.wrong), "wrong among answers asked for", _spread(labelling.wrong)),
        (*_counted(ruled.n, "alert", "ruled"), counted(ruled.n_false_alarm, "false alarm")),
        (_rate(ruled.real), "of them real", _spread(ruled.real)),
    ]


def _counted(n: int, one: str, done: str) -> tuple[str, str]:
    figure, _, name = counted(n, one).partition(" ")
    return figure, f"{name} {done}"


def _rate(share: Share) -> str:
    return formatting.NONE if share.rate is None else f"{100 * share.rate:.0f} %"


def _spread(share: Share) -> str:
    if share.rate is None:
        return "nobody said"
    low, high = share.interval
    return f"{100 * low:.0f} to {100 * high:.0f} %, of {share.n:,}"
