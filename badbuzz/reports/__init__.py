"""Reports as self-contained HTML files, with one base template and one style sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, select_autoescape

from badbuzz import __version__

__all__ = ["environment", "render_report"]

Filters = Mapping[str, Callable[..., Any]]


def render_report(
    package: str, template: str, filters: Filters | None = None, **values: Any
) -> str:
    """Render the report of a package as HTML.

    Parameters
    ----------
    package
        Dotted name of the package that holds the template and the files that it includes.
    template
        File name of a template that extends ``base.html.jinja``.
    filters
        Template filters by name; none by default.
    values
        Variables of the template. Text in them is escaped.

    Examples
    --------
    >>> render_report("badbuzz.reports", "base.html.jinja").splitlines()[:2]
    ['<!doctype html>', '<html lang="en">']
    """
    return environment(package, filters).get_template(template).render(values)


def environment(package: str, filters: Filters | None = None) -> Environment:
    """Return the Jinja environment of a package's templates; see :func:`render_report`."""
    made = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader("badbuzz.reports", ".")]),
        autoescape=select_autoescape(enabled_extensions=("jinja",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= filters or {}
    made.globals["version"] = __version__
    return made
