"""Positions: the next offset to record of each partition."""

from __future__ import annotations

from sqlalchemy import Connection, select

from badbuzz.store.engine import DatabaseAccess
from badbuzz.store.model import SourcePartition
from badbuzz.store.schema import positions
from badbuzz.store.statements import insert_into


class PositionStore(DatabaseAccess):
    """Table of positions, which are committed together with the recorded rows."""

    def position(self, source: SourcePartition) -> int:
        """Return the next offset to read; -1 if nothing was recorded."""
        return self.positions().get(source, -1)

    def positions(self) -> dict[SourcePartition, int]:
        """Return the next offset to read of each recorded partition."""
        with self._read() as connection:
            rows = connection.execute(select(positions)).all()
        return {
            SourcePartition(row.topic, row.partition, row.topic_id): row.next_offset for row in rows
        }

    def topic_id(self, source: SourcePartition) -> str:
        """Return the id of the topic that a position belongs to; empty if it is not known."""
        return next((one.topic_id for one in self.positions() if one == source), "")


def advance_position(connection: Connection, source: SourcePartition, next_offset: int) -> None:
    """Advance a position, never backwards; call it first in a transaction.

    PostgreSQL locks the row even if the position stays, so other recorders of the partition wait
    until the transaction ends.
    """
    statement = insert_into(connection, positions).values(
        topic=source.topic,
        partition=source.partition,
        next_offset=next_offset,
        topic_id=source.topic_id,
    )
    statement = statement.on_conflict_do_update(
        index_elements=list(positions.primary_key),
        set_={
            "next_offset": statement.excluded.next_offset,
            "topic_id": statement.excluded.topic_id,
        },
        where=statement.excluded.next_offset > positions.c.next_offset,
    )
    connection.execute(statement)
