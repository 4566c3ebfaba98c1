"""Types of command-line options that commands of several packages share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

import click

from badbuzz.recordings.source_formats import FIELDS, LABELS, PRESETS
from badbuzz.recordings.times import parse_time

_Command = TypeVar("_Command", bound=Callable[..., Any])


class _Parsed(click.ParamType):
    """Option type that reports the ValueError of :meth:`parse`."""

    def parse(self, value: str) -> Any:
        """Convert a value, or raise a ValueError with the expected format."""
        raise NotImplementedError

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Convert a value, or fail with the expected format."""
        try:
            return self.parse(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Speed(_Parsed):
    """Replay speed: event time per wall-clock time, as a float; None for ``max``.

    Examples
    --------
    >>> Speed()("600"), Speed()("max")
    (600.0, None)
    """

    name = "N|max"

    def parse(self, value: str) -> float | None:
        """Convert a number above 0 or ``max``."""
        with suppress(ValueError):
            if value == "max" or 0 < float(value) < float("inf"):
                return None if value == "max" else float(value)
        raise ValueError(f"expected a number above 0 or 'max', found {value!r}")


class Hours(_Parsed):
    """Whole hours, with or without the suffix ``h``.

    Examples
    --------
    >>> Hours()("36h"), Hours()("36")
    (36, 36)
    """

    name = "HOURSh"

    def parse(self, value: str) -> int:
        """Convert whole hours."""
        if not value.removesuffix("h").isdecimal():
            raise ValueError(f"expected hours such as 36h, found {value!r}")
        return int(value.removesuffix("h"))


class Instant(_Parsed):
    """Time as Unix milliseconds.

    Examples
    --------
    >>> Instant()("2026-12-01T08:00:00+01:00")
    1796108400000
    """

    name = "ISO"
    parse = staticmethod(parse_time)


def parse_mapping(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    """Return columns by field: the callback of ``--map FIELD=COLUMN``."""
    columns: dict[str, str] = {}
    for pair in pairs:
        name, _equals, column = pair.partition("=")
        if name not in FIELDS or not column:
            raise click.BadParameter(
                f"expected field=column with a field of {', '.join(FIELDS)}, found {pair!r}"
            )
        columns[name] = column
    return columns


def recording_options(command: _Command) -> _Command:
    """Add the options that describe the columns of recorded files."""
    for option in (
        click.option("--sort", is_flag=True, help="Load the whole input and sort it by time."),
        click.option("--lang", help="Language of every row."),
        click.option("--brand", help="Brand of every row."),
        click.option(
            "--map",
            "mapping",
            multiple=True,
            metavar="FIELD=COLUMN",
            callback=parse_mapping,
            help="Column of a field; may be repeated.",
        ),
        click.option("--preset", type=click.Choice(list(PRESETS)), help="Known source format."),
    ):
        command = option(command)
    return command


wait_option = click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Time to wait for a broker.",
)
"""The option ``--wait``."""


def parse_labels(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    """Return labels by their names in a recording: the callback of ``--label WORD=LABEL``."""
    words: dict[str, str] = {}
    for pair in pairs:
        word, _equals, label = pair.rpartition("=")
        if not word or label not in LABELS:
            raise click.BadParameter(
                f"expected word=label with a label of {', '.join(LABELS)}, found {pair!r}"
            )
        words[word] = label
    return words
