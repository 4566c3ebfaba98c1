"""Keyset pagination: a cursor has the sort key of the last row, so later writes do not shift it."""

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


def check_limit(limit: int) -> int:
    """Return the limit if it is valid.

    Raises
    ------
    QueryError
        If it is not from 1 to 10,000.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise QueryError(f"limit: expected 1 to {MAX_LIMIT}, found {limit}")
    return limit


def encode_cursor(what: str, *values: float | str) -> str:
    """Encode the end of a page as an opaque text.

    Examples
    --------
    >>> decode_cursor(encode_cursor("alerts", 5, "x"), "alerts", int, str)
    (5, 'x')
    """
    return urlsafe_b64encode(orjson.dumps([what, *values])).decode().rstrip("=")


def decode_cursor(cursor: str, what: str, *kinds: type) -> tuple[Any, ...]:
    """Return the values of a cursor.

    Raises
    ------
    QueryError
        If it is invalid or belongs to another query.

    Examples
    --------
    >>> decode_cursor("?", "alerts", int, str)
    Traceback (most recent call last):
    badbuzz.errors.QueryError: cursor: expected the cursor of an earlier page of this query
    """
    try:
        decoded = orjson.loads(
            urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        )
    except ValueError:
        decoded = None
    if not isinstance(decoded, list) or [type(value) for value in decoded[1:]] != list(kinds):
        decoded = [None]
    if decoded[0] != what or any(isinstance(v, int) and abs(v) >= 2**63 for v in decoded[1:]):
        raise QueryError("cursor: expected the cursor of an earlier page of this query")
    return tuple(decoded[1:])


def make_page(
    rows: Sequence[R], limit: int, convert: Callable[[R], T], cursor: Callable[[R], str]
) -> Page[T]:
    """Return a page of the first ``limit`` rows.

    Parameters
    ----------
    rows
        Up to ``limit + 1`` rows; the additional row indicates a next page.
    convert
        Conversion of a row into an item.
    cursor
        Cursor after a row.
    """
    shown = rows[:limit]
    return Page(tuple(map(convert, shown)), cursor(shown[-1]) if len(rows) > limit else None)
