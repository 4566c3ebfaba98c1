"""Options on reading a user's labelled files."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from badbuzz.terminal.options import parse_labels
from training.datasets.labelled import FIELDS

data_option = click.option(
    "--data",
    "paths",
    required=True,
    multiple=True,
    metavar="FOLDER|FILE",
    help="Folder of named sets, or labelled JSON lines or CSV; several files are one set.",
)
lang_option = click.option(
    "--lang",
    "--language",
    "lang",
    default="",
    help="Keep rows of this language, and rows without a language.",
)
_Command = TypeVar("_Command", bound=Callable[..., Any])


def _columns(_: click.Context, __: click.Parameter, pairs: tuple[str, ...]) -> dict[str, str]:
    columns = dict(pair.split("=", 1) for pair in pairs if "=" in pair)
    if len(columns) != len(pairs) or not columns.keys() <= set(FIELDS):
        raise click.BadParameter(f"expected field=column with a field of {', '.join(FIELDS)}")
    return columns


def reading_options(command: _Command) -> _Command:
    """Add ``--map``, ``--label`` and ``--encoding``: the fields of ``ReadOptions`` but ``lang``."""
    for option in (
        click.option("--encoding", default="", help="Encoding of CSV files, such as latin-1."),
        click.option(
            "--label",
            "words",
            multiple=True,
            callback=parse_labels,
            metavar="WORD=LABEL",
            help="Label that a word of your files means: negative, neutral or positive.",
        ),
        click.option(
            "--map",
            "columns",
            multiple=True,
            callback=_columns,
            metavar="FIELD=COLUMN",
            help="Column of text, label, brand or lang in your files.",
        ),
    ):
        command = option(command)
    return command
