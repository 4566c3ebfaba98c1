"""How far each topic was recorded."""

from __future__ import annotations

from sqlalchemy import Connection, select

from badbuzz.store.engine import Connected
from badbuzz.store.model import SourcePartition
from badbuzz.store.rows import inserting
from badbuzz.store.schema import positions


class Positions(Connected):
    """Where a recorder goes on: positions move with what was recorded up to them."""

    def position(self, place: SourcePartition) -> int:
        """The next offset to read; -1 where nothing was recorded."""
        return self.positions().get(place, -1)

    def positions(self) -> dict[SourcePartition, int]:
        """The next offset to read of every place that was recorded from."""
        with self._reading() as connection:
            rows = connection.execute(select(positions)).all()
        return {SourcePartition(row.topic, row.partition): row.next_offset for row in rows}


def advance(connection: Connection, place: SourcePartition, next_offset: int) -> None:
    """Move a place's position, never back; whoever else records from there waits until it is done.

    PostgreSQL locks the row of the position even where it stays, so this comes first.
    """
    statement = inserting(connection, positions).values(
        topic=place.topic, partition=place.partition, next_offset=next_offset
    )
    statement = statement.on_conflict_do_update(
        index_elements=list(positions.primary_key),
        set_={"next_offset": statement.excluded.next_offset},
        where=statement.excluded.next_offset > positions.c.next_offset,
    )
    connection.execute(statement)
