"""SQL statements that SQLite and PostgreSQL share: upserts, pairs of keys, deleted tweets."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    false,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite

from badbuzz.store.schema import deletions

Row = dict[str, Any]
TweetKey = tuple[str, str]
"""Brand and id of a tweet."""

T = TypeVar("T")


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Return an INSERT that supports ``ON CONFLICT``."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(
    connection: Connection, table: Table, rows: Sequence[Row], once: Collection[str] = ()
) -> None:
    """Write rows by primary key; if a key exists, the row with the higher source offset wins.

    Offsets of different partitions cannot be compared: there the later write wins.

    Parameters
    ----------
    rows
        Rows with the same columns; other columns keep their values.
    once
        Columns that are written on insert only.
    """
    if not rows:
        return
    statement = insert_into(connection, table)
    new, old = statement.excluded, table.c
    keys = {column.name for column in table.primary_key}
    changed = {name: new[name] for name in rows[0] if name not in {*keys, *once}}
    is_newer = or_(new.partition != old.partition, new.source_offset > old.source_offset)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=changed, where=is_newer
    )
    connection.execute(statement, rows)


def chunks(values: Sequence[T], size: int = 200) -> Iterator[Sequence[T]]:
    """Return slices of the values, each small enough for one statement."""
    return (values[start : start + size] for start in range(0, len(values), size))


def pair_in(
    first: Column[str], second: Column[T], pairs: Collection[tuple[str, T]]
) -> ColumnElement[bool]:
    """Return the condition that two columns equal one of a few hundred pairs; it uses an index.

    For ``(a, b) IN (VALUES ...)``, SQLite would scan the table.
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


def select_changes(table: Table, partition: int, after: int, limit: int) -> Select[Any]:
    """Return a query of the first rows recorded from a partition after an offset."""
    column = table.c
    query = select(table).where(column.partition == partition, column.source_offset > after)
    return query.order_by(column.source_offset).limit(limit)


def lock_deletions(connection: Connection) -> None:
    """Block other writers and readers of deletions until the transaction ends.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE deletions IN SHARE ROW EXCLUSIVE MODE"))


def deleted_among(connection: Connection, keys: Collection[TweetKey]) -> dict[TweetKey, str]:
    """Return those of the tweets that were deleted or edited, and the network that did so.

    The network is empty if an earlier version recorded the deletion.
    """
    column = deletions.c
    return {
        (row.brand, row.tweet_id): row.network
        for some in chunks(sorted(keys))
        for row in connection.execute(
            select(deletions).where(pair_in(column.brand, column.tweet_id, some))
        )
    }
