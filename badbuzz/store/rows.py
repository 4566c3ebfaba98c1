"""Rows, written where they belong."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Table, or_
from sqlalchemy.dialects import postgresql, sqlite

Row = dict[str, Any]


def inserting(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say what happens where a row is already."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(
    connection: Connection, table: Table, rows: Sequence[Row], once: Collection[str] = ()
) -> None:
    """Write rows by primary key; of two the one with the higher source offset stays.

    Offsets of different partitions say nothing of one another: there the later writer wins.
    Columns that the rows do not name stay as they are, and those of ``once`` as they were first.
    """
    if not rows:
        return
    statement = inserting(connection, table)
    new, old = statement.excluded, table.c
    keys = {column.name for column in table.primary_key}
    changed = {name: new[name] for name in rows[0] if name not in {*keys, *once}}
    is_newer = or_(new.partition != old.partition, new.source_offset > old.source_offset)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=changed, where=is_newer
    )
    connection.execute(statement, rows)
