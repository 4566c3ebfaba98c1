"""SQL statements that SQLite and PostgreSQL share: upserts, keys of rows, deleted tweets."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Table,
    and_,
    false,
    or_,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import RowMapping

from badbuzz.store.schema import deletions

Row = dict[str, Any]
TweetKey = tuple[str, str, str]
"""Brand, network and id of a tweet; the network is empty if it is unknown."""

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


def rows_in(
    columns: Sequence[Column[Any]], keys: Collection[tuple[Any, ...]]
) -> ColumnElement[bool]:
    """Return the condition that columns equal one of a few hundred keys; it uses an index.

    For ``(a, b) IN (VALUES ...)``, SQLite would scan the table.
    """
    *firsts, last = columns
    lasts: dict[tuple[Any, ...], list[Any]] = {}
    for *start, end in sorted(keys):
        lasts.setdefault(tuple(start), []).append(end)
    return or_(
        false(),
        *(
            and_(
                *(column == value for column, value in zip(firsts, start, strict=True)),
                last.in_(ends) if len(ends) > 1 else last == ends[0],
            )
            for start, ends in lasts.items()
        ),
    )


def tweets_in(table: Table, keys: Collection[TweetKey]) -> ColumnElement[bool]:
    """Return the condition that rows of a table are of one of a few hundred tweets."""
    return rows_in((table.c.brand, table.c.network, table.c.tweet_id), keys)


def read_changes(
    connection: Connection,
    table: Table,
    place: tuple[int, int],
    limit: int,
    read: Callable[[RowMapping], T | None],
) -> list[tuple[int, T]]:
    """Return the first valid rows recorded from a partition after an offset, with their offsets.

    Parameters
    ----------
    connection
        Connection to the store.
    table
        Table with the columns ``partition`` and ``source_offset``.
    place
        Partition and offset.
    limit
        Maximum number of rows; fewer are returned only if there are no more.
    read
        Returns the value of a row, or None if an earlier version recorded what is not valid.
    """
    column, (partition, after) = table.c, place
    found: list[tuple[int, T]] = []
    while len(found) < limit:
        query = select(table).where(column.partition == partition, column.source_offset > after)
        rows = (
            connection.execute(query.order_by(column.source_offset).limit(limit)).mappings().all()
        )
        valid = ((row["source_offset"], read(row)) for row in rows)
        found += [(offset, value) for offset, value in valid if value is not None]
        if len(rows) < limit:
            break
        after = rows[-1]["source_offset"]
    return found[:limit]


def lock_deletions(connection: Connection) -> None:
    """Block other writers and readers of deletions until the transaction ends.

    SQLite has one writer at a time anyway.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE deletions IN SHARE ROW EXCLUSIVE MODE"))


def deleted_among(connection: Connection, keys: Collection[TweetKey]) -> set[TweetKey]:
    """Return those of the tweets that their network deleted or edited.

    If the network of a tweet or of a deletion is unknown, as in rows of earlier versions, the
    deletion counts.
    """
    column = deletions.c
    networks: dict[tuple[str, str], set[str]] = {}
    for some in chunks(sorted({(brand, id_) for brand, _, id_ in keys})):
        query = select(deletions).where(rows_in((column.brand, column.tweet_id), some))
        for row in connection.execute(query):
            networks.setdefault((row.brand, row.tweet_id), set()).add(row.network)
    return {
        (brand, network, id_)
        for brand, network, id_ in keys
        if (found := networks.get((brand, id_))) and (not network or found & {network, ""})
    }
