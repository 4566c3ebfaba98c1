"""What people said that is passed on beyond the store: to whom it was, and what waits."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select

from badbuzz.store.engine import Connected
from badbuzz.store.feedback import feedback_of
from badbuzz.store.model import Feedback
from badbuzz.store.pages import checked_limit
from badbuzz.store.removal import chunks
from badbuzz.store.rows import inserting
from badbuzz.store.schema import alerts, feedback, told


class Passing(Connected):
    """Mispredictions that a sink was not told of yet, and who acknowledged what."""

    def untold(self, sink: str, limit: int = 100) -> list[Feedback]:
        """Mispredictions that were not noted as told to a sink, oldest first.

        What is committed late is not missed: there is no position, but a note for each.

        Raises
        ------
        QueryError
            When the limit cannot be.
        """
        column = feedback.c
        noted = and_(told.c.sink == sink, told.c.feedback_id == column.id)
        asked = (
            select(feedback)
            .outerjoin(told, noted)
            .where(told.c.sink.is_(None), column.predicted != column.right)
            .order_by(column.at_ms, column.id)
            .limit(checked_limit(limit))
        )
        with self._reading() as connection:
            return [feedback_of(row) for row in connection.execute(asked)]

    def note_told(self, sink: str, feedback_id: str) -> None:
        """Keep that a sink was told of a misprediction; to repeat is no error."""
        with self._writing() as connection:
            statement = inserting(connection, told).values(sink=sink, feedback_id=feedback_id)
            connection.execute(statement.on_conflict_do_nothing())

    def acknowledgers(self, alert_ids: Sequence[str]) -> dict[str, str]:
        """Of those alerts that somebody acknowledged, who, by the alert's id."""
        found: dict[str, str] = {}
        with self._reading() as connection:
            for some in chunks(sorted(alert_ids)):
                asked = select(alerts.c.id, alerts.c.acknowledged_by).where(alerts.c.id.in_(some))
                rows = connection.execute(asked.where(alerts.c.acknowledged_by.is_not(None)))
                found |= {row.id: row.acknowledged_by for row in rows}
        return found
