"""Values to rows: what either database can hold, written where it belongs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from hashlib import sha256
from typing import Any, Final

from sqlalchemy import Connection, Table, or_
from sqlalchemy.dialects import postgresql, sqlite

Row = dict[str, Any]
MAX_INT: Final = 2**63 - 1
_MAX_ID: Final = 300


def storable(text: str) -> str:
    r"""A text without NUL, which PostgreSQL refuses.

    Examples
    --------
    >>> storable("a\x00b")
    'a�b'
    """
    return text.replace("\x00", "\ufffd")


def storable_id(id_: str) -> str:
    """A tweet's id as it is found again; a long one, which no index could hold, by its digest.

    Examples
    --------
    >>> storable_id("1"), len(storable_id("1" * 60_000))
    ('1', 300)
    """
    if len(id_) <= _MAX_ID:
        return storable(id_)
    digest = sha256(id_.encode()).hexdigest()
    return storable(id_[: _MAX_ID - len(digest)]) + digest


def inserting(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say what happens where a row is already."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def upsert(
    connection: Connection, table: Table, rows: Sequence[Row], kept: Collection[str] = ()
) -> None:
    """Write rows by primary key; of two the one with the higher source offset stays.

    Offsets of different partitions say nothing of one another: there the later writer wins.

    Parameters
    ----------
    kept
        Columns that a row has already and that stay as they are.
    """
    if not rows:
        return
    statement = inserting(connection, table)
    new, old = statement.excluded, table.c
    keys = {column.name for column in table.primary_key}
    changed = {name: new[name] for name in rows[0] if name not in keys and name not in kept}
    is_newer = or_(new.partition != old.partition, new.source_offset > old.source_offset)
    statement = statement.on_conflict_do_update(
        index_elements=list(table.primary_key), set_=changed, where=is_newer
    )
    connection.execute(statement, rows)
