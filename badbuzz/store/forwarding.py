"""Forwarding of mispredictions to sinks: which were sent, and which were not."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select

from badbuzz.store.engine import DatabaseAccess
from badbuzz.store.feedback import feedback_from_row
from badbuzz.store.model import Feedback
from badbuzz.store.pages import check_limit
from badbuzz.store.schema import alerts, feedback, sent_feedback
from badbuzz.store.statements import chunks, insert_into


class ForwardingStore(DatabaseAccess):
    """Mispredictions not yet sent to a sink, and acknowledgements of alerts."""

    def unsent(self, sink: str, limit: int = 100) -> list[Feedback]:
        """Return the mispredictions that were not sent to a sink, oldest first.

        Each is marked separately, so rows that are committed late are not missed.

        Raises
        ------
        QueryError
            If the limit is invalid.
        """
        column = feedback.c
        is_sent = and_(sent_feedback.c.sink == sink, sent_feedback.c.feedback_id == column.id)
        query = (
            select(feedback)
            .outerjoin(sent_feedback, is_sent)
            .where(sent_feedback.c.sink.is_(None), column.predicted != column.right)
            .order_by(column.at_ms, column.id)
            .limit(check_limit(limit))
        )
        with self._read() as connection:
            return [feedback_from_row(row) for row in connection.execute(query)]

    def mark_sent(self, sink: str, feedback_id: str) -> None:
        """Record that a misprediction was sent to a sink; later calls change nothing."""
        with self._write() as connection:
            statement = insert_into(connection, sent_feedback).values(
                sink=sink, feedback_id=feedback_id
            )
            connection.execute(statement.on_conflict_do_nothing())

    def acknowledgers(self, alert_ids: Sequence[str]) -> dict[str, str]:
        """Return who acknowledged the alerts, by alert id; others are left out."""
        found: dict[str, str] = {}
        with self._read() as connection:
            for some in chunks(sorted(alert_ids)):
                query = select(alerts.c.id, alerts.c.acknowledged_by).where(alerts.c.id.in_(some))
                rows = connection.execute(query.where(alerts.c.acknowledged_by.is_not(None)))
                found |= {row.id: row.acknowledged_by for row in rows}
        return found
