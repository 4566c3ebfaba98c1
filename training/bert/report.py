"""The report on an encoder's worth: one HTML file that needs nothing but a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from badbuzz import __version__
from badbuzz.outputs import write_text
from training.bert.answer import Answer
from training.bert.display import COSTS, QUALITY, cost_rows, quality_rows
from training.bert.run import Asked
from training.bert.verdict import BUSY, HOURS


def write_report(path: Path, answer: Answer) -> None:
    """Write it; it holds figures only, and no text that anybody wrote.

    Raises
    ------
    RecordingError
        When the file cannot be written.
    """
    environment = _templates()
    assert environment.loader is not None
    style = environment.loader.get_source(environment, "report.css")[0]
    corpus, tuning = answer.corpus, answer.tuning
    text = environment.get_template(
        "worth.html.jinja"
    ).render(
        style=Markup(style),  # noqa: S704 (our own file)
        encoder=answer.encoder,
        tuning=tuning,
        n_rows=f"{len(corpus.rows):,}",
        negative=f"{corpus.rows.negative.mean():.0%}",
        name=corpus.name,
        notes=corpus.notes,
        champion=answer.views[0].models[0].record.model,
        answer=answer.verdict[0],
        reasons=answer.verdict[1:],
        columns=QUALITY[:5] + QUALITY[9:],
        parts=[_part(one) for one in answer.views],
        cost_columns=COSTS,
        costs=cost_rows(answer.costs, answer.core_hour),
        core_hour=f"{answer.core_hour:g}",
        busy=f"{BUSY:.0%}",
        hours=HOURS,
        place=answer.place,
        version=__version__,
    )
    write_text(path, text)


def _templates() -> Environment:
    return Environment(
        loader=ChoiceLoader(
            [PackageLoader("training.bert", "."), PackageLoader("training.compare", ".")]
        ),
        autoescape=select_autoescape(enabled_extensions=("jinja",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _part(asked: Asked) -> dict[str, Any]:
    rows = quality_rows(asked.models)
    return {
        "title": asked.name,
        "n_test": f"{len(asked.models[0].record.scores):,}",
        "rows": [row[:5] + row[9:] for row in rows],
        "matrices": [{"kind": one.kind, "counts": one.confusion} for one in asked.models],
    }
