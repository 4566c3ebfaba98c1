"""What people do, each with its line in the audit, in the same transaction."""

from __future__ import annotations

from dataclasses import fields
from operator import attrgetter
from typing import Final

from sqlalchemy import Connection, Row, select, update

from badbuzz.errors import UnknownError
from badbuzz.store.alerts import lives_of
from badbuzz.store.engine import Connected
from badbuzz.store.model import AlertHistory, AuditEntry, Feedback, Page, Ruling
from badbuzz.store.pages import checked_limit, cursor_of, page, read_cursor
from badbuzz.store.rows import inserting
from badbuzz.store.schema import alerts, audit, feedback, rulings
from badbuzz.store.types import storable_id

_FEEDBACK: Final = tuple(spec.name for spec in fields(Feedback))
_values_of: Final = attrgetter(*_FEEDBACK)


def note(connection: Connection, entry: AuditEntry) -> None:
    """Add a line to the audit."""
    connection.execute(
        audit.insert().values(
            at_ms=entry.at_ms,
            who=entry.who,
            what=entry.what,
            subject=entry.subject,
            detail=entry.detail,
        )
    )


class People(Connected):
    """Feedback, rulings and acknowledgements, and the audit of them."""

    def add_feedback(self, said: Feedback) -> bool:
        """Keep feedback; the same id again changes nothing. Whether it is new."""
        row = dict(zip(_FEEDBACK, _values_of(said), strict=True))
        row["tweet_id"] = None if said.tweet_id is None else storable_id(said.tweet_id)
        row["id"] = storable_id(said.id)
        with self._writing() as connection:
            statement = inserting(connection, feedback).values(row).on_conflict_do_nothing()
            is_new = connection.execute(statement.returning(feedback.c.id)).first() is not None
            if is_new:
                detail = "negative" if said.right else "not negative"
                entry = AuditEntry(
                    said.at_ms, said.by, said.source, said.tweet_id or said.id, detail
                )
                note(connection, entry)
        return is_new

    def acknowledge(self, alert_id: str, by: str, at_ms: int) -> AlertHistory:
        """Say who takes an alert on; the first one stays, and to repeat is no error.

        Raises
        ------
        UnknownError
            When there is no such alert.
        """
        free = update(alerts).where(alerts.c.id == alert_id, alerts.c.acknowledged_by.is_(None))
        with self._writing() as connection:
            taken = connection.execute(
                free.values(acknowledged_by=by, acknowledged_ms=at_ms)
            ).rowcount
            if taken:
                note(connection, AuditEntry(at_ms, by, "acknowledge", alert_id, ""))
            return _life(connection, alert_id)

    def rule(self, ruling: Ruling) -> AlertHistory:
        """Keep a ruling; of several by one person the latest counts.

        Raises
        ------
        UnknownError
            When there is no such alert.
        """
        with self._writing() as connection:
            _life(connection, ruling.alert_id)
            connection.execute(
                rulings.insert().values(
                    alert_id=ruling.alert_id,
                    verdict=ruling.verdict,
                    by=ruling.by,
                    at_ms=ruling.at_ms,
                    note=ruling.note,
                )
            )
            note(
                connection,
                AuditEntry(ruling.at_ms, ruling.by, "rule", ruling.alert_id, ruling.verdict),
            )
            return _life(connection, ruling.alert_id)

    def feedback(self, from_ms: int, to_ms: int) -> list[Feedback]:
        """Feedback given in ``[from_ms, to_ms)``, oldest first."""
        column = feedback.c
        asked = select(feedback).where(column.at_ms >= from_ms, column.at_ms < to_ms)
        with self._reading() as connection:
            rows = connection.execute(asked.order_by(column.at_ms, column.id)).all()
        return [feedback_of(row) for row in rows]

    def rulings(self, from_ms: int, to_ms: int) -> list[tuple[Ruling, AlertHistory]]:
        """The rulings given in ``[from_ms, to_ms)`` that still count, with their alerts."""
        column = rulings.c
        asked = select(column.alert_id).where(column.at_ms >= from_ms, column.at_ms < to_ms)
        with self._reading() as connection:
            ids = sorted(set(connection.execute(asked).scalars()))
            lives = lives_of(connection, ids)
        found = [
            (ruling, life)
            for life in lives.values()
            for ruling in life.rulings
            if from_ms <= ruling.at_ms < to_ms
        ]
        return sorted(found, key=lambda pair: (pair[0].at_ms, pair[0].alert_id, pair[0].by))

    def audit(self, limit: int = 50, cursor: str | None = None) -> Page[AuditEntry]:
        """The audit, the latest line first.

        Raises
        ------
        QueryError
            When limit or cursor cannot be.
        """
        asked = select(audit).order_by(audit.c.number.desc())
        if cursor is not None:
            asked = asked.where(audit.c.number < read_cursor(cursor, "audit", int)[0])
        with self._reading() as connection:
            rows = connection.execute(asked.limit(checked_limit(limit) + 1)).all()
        return page(rows, limit, _entry, lambda row: cursor_of("audit", row.number))


def feedback_of(row: Row[tuple[object, ...]]) -> Feedback:
    """A row of the table as the value that it was."""
    return Feedback(*_values_of(row))


def _life(connection: Connection, alert_id: str) -> AlertHistory:
    life = lives_of(connection, [alert_id]).get(alert_id)
    if life is None:
        raise UnknownError(f"there is no alert {alert_id}; see: GET /alerts")
    return life


def _entry(row: Row[tuple[object, ...]]) -> AuditEntry:
    return AuditEntry(row.at_ms, row.who, row.what, row.subject, row.detail)
