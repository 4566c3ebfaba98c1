"""Feedback, rulings and acknowledgements: audited, and forwarded to sinks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, Row, and_, select, update

from badbuzz.errors import UnknownError
from badbuzz.store.alerts import load_histories
from badbuzz.store.column_types import storable_id
from badbuzz.store.engine import DatabaseAccess
from badbuzz.store.model import AlertHistory, AuditEntry, Feedback, Page, Ruling
from badbuzz.store.pages import check_limit, decode_cursor, encode_cursor, make_page
from badbuzz.store.schema import alerts, audit, feedback, rulings, sent_feedback
from badbuzz.store.statements import chunks, insert_into


def add_audit_entry(connection: Connection, entry: AuditEntry) -> None:
    """Add an entry to the audit, in the transaction of the audited change."""
    connection.execute(audit.insert().values(asdict(entry)))


class FeedbackStore(DatabaseAccess):
    """Tables of feedback, rulings, acknowledgements and the audit."""

    def add_feedback(self, new: Feedback) -> bool:
        """Write feedback; return False, and change nothing, if its id exists."""
        row = asdict(new)
        row["tweet_id"] = None if new.tweet_id is None else storable_id(new.tweet_id)
        row["id"] = storable_id(new.id)
        with self._write() as connection:
            statement = insert_into(connection, feedback).values(row).on_conflict_do_nothing()
            is_new = connection.execute(statement.returning(feedback.c.id)).first() is not None
            if is_new:
                detail = "negative" if new.ground_truth else "not negative"
                entry = AuditEntry(new.at_ms, new.by, new.source, new.tweet_id or new.id, detail)
                add_audit_entry(connection, entry)
        return is_new

    def acknowledge(self, alert_id: str, by: str, at_ms: int) -> AlertHistory:
        """Record who acknowledged an alert; later calls change nothing.

        Raises
        ------
        UnknownError
            If the alert does not exist.
        """
        pending = update(alerts).where(alerts.c.id == alert_id, alerts.c.acknowledged_by.is_(None))
        with self._write() as connection:
            is_new = connection.execute(
                pending.values(acknowledged_by=by, acknowledged_ms=at_ms)
            ).rowcount
            if is_new:
                add_audit_entry(connection, AuditEntry(at_ms, by, "acknowledge", alert_id, ""))
            return _load_history(connection, alert_id)

    def rule(self, ruling: Ruling) -> AlertHistory:
        """Write a ruling; the latest of each person counts.

        Raises
        ------
        UnknownError
            If the alert does not exist.
        """
        with self._write() as connection:
            _load_history(connection, ruling.alert_id)
            connection.execute(rulings.insert().values(asdict(ruling)))
            add_audit_entry(
                connection,
                AuditEntry(ruling.at_ms, ruling.by, "rule", ruling.alert_id, ruling.verdict),
            )
            return _load_history(connection, ruling.alert_id)

    def feedback(self, from_ms: int, to_ms: int) -> list[Feedback]:
        """Return the feedback given in ``[from_ms, to_ms)``, oldest first."""
        column = feedback.c
        query = select(feedback).where(column.at_ms >= from_ms, column.at_ms < to_ms)
        with self._read() as connection:
            rows = connection.execute(query.order_by(column.at_ms, column.id)).all()
        return [Feedback(*row) for row in rows]  # the columns are in the order of the fields

    def rulings(self, from_ms: int, to_ms: int) -> list[tuple[Ruling, AlertHistory]]:
        """Return the rulings given in ``[from_ms, to_ms)`` that count, with their alerts."""
        column = rulings.c
        query = select(column.alert_id).where(column.at_ms >= from_ms, column.at_ms < to_ms)
        with self._read() as connection:
            ids = sorted(set(connection.execute(query).scalars()))
            histories = load_histories(connection, ids)
        pairs = [
            (ruling, history)
            for history in histories.values()
            for ruling in history.rulings
            if from_ms <= ruling.at_ms < to_ms
        ]
        return sorted(pairs, key=lambda pair: (pair[0].at_ms, pair[0].alert_id, pair[0].by))

    def audit(self, limit: int = 50, cursor: str | None = None) -> Page[AuditEntry]:
        """Return a page of the audit, newest entry first.

        Raises
        ------
        QueryError
            If limit or cursor is invalid.
        """
        query = select(audit).order_by(audit.c.number.desc())
        if cursor is not None:
            query = query.where(audit.c.number < decode_cursor(cursor, "audit", int)[0])
        with self._read() as connection:
            rows = connection.execute(query.limit(check_limit(limit) + 1)).all()
        return make_page(rows, limit, _entry, lambda row: encode_cursor("audit", row.number))

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
            .where(sent_feedback.c.sink.is_(None), column.predicted != column.ground_truth)
            .order_by(column.at_ms, column.id)
            .limit(check_limit(limit))
        )
        with self._read() as connection:
            return [Feedback(*row) for row in connection.execute(query)]

    def mark_sent(self, sink: str, feedback_id: str) -> None:
        """Record that a misprediction was sent to a sink; later calls change nothing."""
        with self._write() as connection:
            statement = insert_into(connection, sent_feedback).on_conflict_do_nothing()
            connection.execute(statement, {"sink": sink, "feedback_id": feedback_id})

    def acknowledgers(self, alert_ids: Sequence[str]) -> dict[str, str]:
        """Return who acknowledged the alerts, by alert id; others are left out."""
        names: dict[str, str] = {}
        with self._read() as connection:
            for some in chunks(sorted(alert_ids)):
                query = select(alerts.c.id, alerts.c.acknowledged_by).where(alerts.c.id.in_(some))
                rows = connection.execute(query.where(alerts.c.acknowledged_by.is_not(None)))
                names |= {row.id: row.acknowledged_by for row in rows}
        return names


def _load_history(connection: Connection, alert_id: str) -> AlertHistory:
    history = load_histories(connection, [alert_id]).get(alert_id)
    if history is None:
        raise UnknownError(f"there is no alert {alert_id}; see: GET /alerts")
    return history


def _entry(row: Row[tuple[object, ...]]) -> AuditEntry:
    return AuditEntry(row.at_ms, row.who, row.what, row.subject, row.detail)
