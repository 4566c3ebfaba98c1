"""Pages of a reading: where one ended, the next begins, whatever was written meanwhile."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

import orjson

from badbuzz.errors import QueryError
from badbuzz.store.model import Page

MAX_LIMIT: Final = 10_000

R = TypeVar("R")
T = TypeVar("T")


def checked_limit(limit: int) -> int:
    """How many are asked for.

    Raises
    ------
    QueryError
        Unless it is 1 to 10,000.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit: expected 1 to {MAX_LIMIT}, found {limit}")
    return limit


def cursor_of(what: str, *values: float | str) -> str:
    """Where a page ended, as an opaque text.

    Examples
    --------
    >>> read_cursor(cursor_of("alerts", 5, "x"), "alerts", int, str)
    (5, 'x')
    """
    return urlsafe_b64encode(orjson.dumps([what, *values])).decode().rstrip("=")


def read_cursor(cursor: str, what: str, *kinds: type) -> tuple[Any, ...]:
    """The values of a cursor.

    Raises
    ------
    QueryError
        When it is none, or one of another reading.

    Examples
    --------
    >>> read_cursor("?", "alerts", int, str)
    Traceback (most recent call last):
    badbuzz.errors.QueryError: cursor: expected one that an earlier page of this reading gave
    """
    try:
        told = orjson.loads(urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4)))
    except ValueError:
        told = None
    if not isinstance(told, list) or [type(value) for value in told[1:]] != list(kinds):
        told = [None]
    if told[0] != what or any(isinstance(v, int) and abs(v) >= 2**63 for v in told[1:]):
        raise QueryError("cursor: expected one that an earlier page of this reading gave")
    return tuple(told[1:])


def page(rows: Sequence[R], limit: int, made: Callable[[R], T], end: Callable[[R], str]) -> Page[T]:
    """A page of the first ``limit`` rows, of which one more was asked for.

    Parameters
    ----------
    made
        What a row becomes.
    end
        The cursor behind a row.
    """
    shown = rows[:limit]
    return Page(tuple(map(made, shown)), end(shown[-1]) if len(rows) > limit else None)
