"""Tweets that their authors deleted or changed: known by name, shown no more."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final, TypeVar

from sqlalchemy import Column, ColumnElement, Connection, and_, false, or_, select, text

from badbuzz.store.schema import deletions

_CHUNK: Final = 200
T = TypeVar("T")


def chunks(values: Sequence[T], size: int = _CHUNK) -> Iterator[Sequence[T]]:
    """The values in order, as many at a time as one statement should name."""
    return (values[start : start + size] for start in range(0, len(values), size))


def among(
    first: Column[str], second: Column[T], pairs: Collection[tuple[str, T]]
) -> ColumnElement[bool]:
    """Whether two columns hold one of these pairs, as an index of both finds them.

    SQLite reads the whole table for ``(a, b) IN (VALUES ...)``. It takes a few hundred at most.
    """
    seconds: dict[str, list[T]] = {}
    for one, other in sorted(pairs):
        seconds.setdefault(one, []).append(other)
    return or_(
        false(),
        *(
            and_(first == one, second.in_(others) if len(others) > 1 else second == others[0])
            for one, others in seconds.items()
        ),
    )


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
    column = deletions.c
    return {
        (row.brand, row.tweet_id)
        for some in chunks(sorted(keys))
        for row in connection.execute(
            select(deletions).where(among(column.brand, column.tweet_id, some))
        )
    }
