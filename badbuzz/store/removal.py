"""Tweets that their authors deleted or changed: known by name, shown no more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final, TypeVar

from sqlalchemy import Connection, select, text, tuple_

from badbuzz.store.schema import deletions

_CHUNK: Final = 500
T = TypeVar("T")


def chunks(values: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """The values in order, as many at a time as one statement should name."""
    return (values[start : start + size] for start in range(0, len(values), size))


def removing(connection: Connection) -> None:
    """Wait for whoever records or obeys deletions, so that neither misses what the other writes.

    SQLite has one writer anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE deletions IN SHARE ROW EXCLUSIVE MODE"))


def removed_among(
    connection: Connection, keys: Collection[tuple[str, str]]
) -> set[tuple[str, str]]:
    """Which of these tweets, named by brand and id, were deleted or edited."""
    key = tuple_(deletions.c.brand, deletions.c.tweet_id)
    return {
        (row.brand, row.tweet_id)
        for some in chunks(sorted(keys))
        for row in connection.execute(select(deletions).where(key.in_(some)))
    }
