"""Reports as one HTML file that needs nothing but a browser, all in one style."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from badbuzz import __version__
from badbuzz.recordings.outputs import write_text


def write_page(path: Path, package: str, template: str, **values: Any) -> None:
    """Write a template of a package, in the style of the comparison's report.

    Parameters
    ----------
    package
        Where the template is; what it includes may be the comparison's too.
    values
        By the names that the template has for them.

    Raises
    ------
    RecordingError
        When the file cannot be written.
    """
    loader = ChoiceLoader([PackageLoader(package, "."), PackageLoader("training.compare", ".")])
    environment = Environment(
        loader=loader,
        autoescape=select_autoescape(enabled_extensions=("jinja",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = Markup(loader.get_source(environment, "report.css")[0])  # noqa: S704 (our own file)
    page = environment.get_template(template)
    write_text(path, page.render(style=style, version=__version__, **values))
