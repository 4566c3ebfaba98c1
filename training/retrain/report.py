"""The report of a retraining: one HTML file that needs nothing but a browser."""

from __future__ import annotations

from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from badbuzz import __version__
from badbuzz.outputs import write_text
from training.retrain.run import Outcome
from training.retrain.sieve import by_author
from training.retrain.telling import COLUMNS, cells, counts, ended


def write_report(path: Path, outcome: Outcome) -> None:
    """Write the report of a retraining.

    It holds figures and the names of API keys, and no text that anybody wrote.

    Raises
    ------
    RecordingError
        When the file cannot be written.
    """
    environment = Environment(
        loader=ChoiceLoader(
            [PackageLoader("training.retrain", "."), PackageLoader("training.compare", ".")]
        ),
        autoescape=select_autoescape(enabled_extensions=("jinja",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    assert environment.loader is not None
    style = environment.loader.get_source(environment, "report.css")[0]
    text = environment.get_template("retrained.html.jinja").render(
        style=Markup(style),  # noqa: S704 (our own file)
        outcome=outcome,
        ended=list(ended(outcome)),
        counts=list(counts(outcome.gathered)),
        columns=COLUMNS,
        rows=list(cells(outcome.meetings)),
        authors=by_author(outcome.gathered.sieved),
        version=__version__,
    )
    write_text(path, text)
