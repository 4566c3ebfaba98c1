"""Alerts with their phases and evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, or_, select, tuple_, update
from sqlalchemy.engine import RowMapping

from badbuzz import wire
from badbuzz.errors import WireError
from badbuzz.model import Alert, Example, Severity
from badbuzz.store.column_types import storable, storable_id
from badbuzz.store.engine import DatabaseAccess
from badbuzz.store.model import AlertHistory, AlertPhase, Page, Ruling, SourcePartition
from badbuzz.store.pages import check_limit, decode_cursor, encode_cursor, make_page
from badbuzz.store.positions import advance_position
from badbuzz.store.schema import alert_phases, alerts, examples, rulings
from badbuzz.store.statements import (
    Row,
    TweetKey,
    chunks,
    deleted_among,
    insert_into,
    lock_deletions,
    read_changes,
    tweets_in,
    upsert,
)
from badbuzz.store.windows import add_brands


class AlertStore(DatabaseAccess):
    """Tables of alerts, recorded from the topic ``alerts``."""

    def record_alerts(
        self, source: SourcePartition, records: Sequence[tuple[int, Alert]], next_offset: int
    ) -> None:
        """Write phases of alerts and advance the position, in one transaction.

        Parameters
        ----------
        records
            Phases with their offsets. Deleted examples are removed from their evidence.
        next_offset
            Next offset to read; a higher stored position is kept.
        """
        with self._write() as connection:
            advance_position(connection, source, next_offset)
            if not records:
                return
            lock_deletions(connection)
            shown = {key for _, alert in records for key in _example_keys(alert)}
            deleted = deleted_among(connection, shown)
            kept = [(offset, without_examples(alert, deleted)) for offset, alert in records]
            add_brands(connection, {alert.brand: None for _, alert in kept})
            upsert(connection, alerts, [_row(source, *one) for one in kept])
            upsert(connection, alert_phases, [_phase_row(source, *one) for one in kept])
            rows = [row for _, alert in kept for row in _example_rows(alert)]
            if rows:
                known = insert_into(connection, examples).on_conflict_do_nothing()
                connection.execute(known, rows)

    def alerts(
        self,
        brand: str | None = None,
        phase: AlertPhase | None = None,
        severity: Severity | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[AlertHistory]:
        """Return a page of alerts, most recently opened first.

        Parameters
        ----------
        brand, phase, severity
            Filters; phase and severity refer to the newest phase, and the phase ``open`` to every
            one but ``resolved``. None does not filter.
        from_ms, to_ms
            Period ``[from_ms, to_ms)`` of the opening, Unix ms; None is unlimited.

        Raises
        ------
        QueryError
            If limit or cursor is invalid.
        """
        query = select(alerts).order_by(alerts.c.opened_ms.desc(), alerts.c.id.desc())
        if phase == "open":
            query, phase = query.where(alerts.c.phase != "resolved"), None
        for column, value in (("brand", brand), ("phase", phase), ("severity", severity)):
            if value is not None:
                query = query.where(alerts.c[column] == value)
        if from_ms is not None:
            query = query.where(alerts.c.opened_ms >= from_ms)
        if to_ms is not None:
            query = query.where(alerts.c.opened_ms < to_ms)
        if cursor is not None:
            query = _after_cursor(query, cursor)
        with self._read() as connection:
            rows = connection.execute(query.limit(check_limit(limit) + 1)).all()
            histories = load_histories(connection, [row.id for row in rows[:limit]])
        page = make_page(
            rows,
            limit,
            lambda row: histories.get(row.id),
            lambda row: encode_cursor("alerts", row.opened_ms, row.id),
        )
        return Page(tuple(one for one in page.items if one is not None), page.cursor)

    def alert(self, alert_id: str) -> AlertHistory | None:
        """Return an alert with its history; None if it does not exist."""
        with self._read() as connection:
            return load_histories(connection, [alert_id]).get(alert_id)

    def _open_alerts(self, connection: Connection, only: str | None = None) -> dict[str, Alert]:
        """Return the newest unresolved alert by brand, of all brands or of one."""
        query = select(alerts.c.id).where(alerts.c.phase != "resolved")
        if only is not None:
            query = query.where(alerts.c.brand == only)
        ids = connection.execute(query.order_by(alerts.c.opened_ms)).scalars().all()
        histories = load_histories(connection, ids)
        found = [histories[id_].alert for id_ in ids if id_ in histories]
        return {alert.brand: alert for alert in found}

    def _changed_alerts(
        self, connection: Connection, partition: int, after: int, limit: int
    ) -> list[tuple[int, Alert]]:
        def read(row: RowMapping) -> Alert | None:
            return _recorded(row["record"])

        return read_changes(connection, alert_phases, (partition, after), limit, read)


def _after_cursor(query: Select[Any], cursor: str) -> Select[Any]:
    opened_ms, id_ = decode_cursor(cursor, "alerts", int, str)
    column = alerts.c
    is_tie = column.opened_ms == opened_ms
    return query.where(or_(column.opened_ms < opened_ms, and_(is_tie, column.id < id_)))


def _row(source: SourcePartition, offset: int, alert: Alert) -> Row:
    names = ("id", "brand", "phase", "severity", "opened_ms", "window_end_ms", "peak_score")
    row: Row = {name: getattr(alert, name) for name in names}
    return {**row, "partition": source.partition, "source_offset": offset}


def _phase_row(source: SourcePartition, offset: int, alert: Alert) -> Row:
    return {
        "alert_id": alert.id,
        "phase": alert.phase,
        "window_end_ms": alert.window_end_ms,
        "record": wire.encode_alert(alert).decode(),
        "partition": source.partition,
        "source_offset": offset,
    }


def _shown_examples(alert: Alert) -> Iterable[Example]:
    if alert.evidence is not None:
        yield from alert.evidence.most_negative
        yield from alert.evidence.most_repeated


def _example_key(alert: Alert, shown: Example) -> TweetKey:
    return alert.brand, storable(shown.network), storable_id(shown.id)


def _example_keys(alert: Alert) -> set[TweetKey]:
    return {_example_key(alert, shown) for shown in _shown_examples(alert)}


def _example_rows(alert: Alert) -> list[Row]:
    phase = {"alert_id": alert.id, "phase": alert.phase, "window_end_ms": alert.window_end_ms}
    return [
        {"brand": brand, "network": network, "tweet_id": tweet_id, **phase}
        for brand, network, tweet_id in sorted(_example_keys(alert))
    ]


def without_examples(alert: Alert, deleted: set[TweetKey]) -> Alert:
    """Return the alert without the given tweets in its evidence."""
    evidence = alert.evidence
    if evidence is None or not deleted.intersection(_example_keys(alert)):
        return alert

    def remaining(shown: tuple[Example, ...]) -> tuple[Example, ...]:
        return tuple(one for one in shown if _example_key(alert, one) not in deleted)

    negative, repeated = remaining(evidence.most_negative), remaining(evidence.most_repeated)
    return replace(
        alert, evidence=replace(evidence, most_negative=negative, most_repeated=repeated)
    )


def remove_examples(connection: Connection, deleted: set[TweetKey]) -> None:
    """Remove tweets from the evidence of all phases."""
    if not deleted:
        return
    named = tweets_in(examples, deleted)
    phases = select(examples.c.alert_id, examples.c.phase, examples.c.window_end_ms).where(named)
    column = alert_phases.c
    key = tuple_(column.alert_id, column.phase, column.window_end_ms)
    for row in connection.execute(select(alert_phases).where(key.in_(phases))).all():
        alert = _recorded(row.record)
        kept = wire.encode_alert(without_examples(alert, deleted)).decode() if alert else ""
        connection.execute(
            update(alert_phases)
            .where(key == tuple_(row.alert_id, row.phase, row.window_end_ms))
            .values(record=kept)
        )
    connection.execute(delete(examples).where(named))


def load_histories(connection: Connection, ids: Sequence[str]) -> dict[str, AlertHistory]:
    """Return the histories of those alerts that exist.

    Alerts are read before phases: a write transaction may see concurrent commits, and an alert is
    committed together with its phase.
    """
    return {
        id_: history
        for some in chunks(ids)
        for id_, history in _load_chunk(connection, some).items()
    }


def _load_chunk(connection: Connection, ids: Sequence[str]) -> dict[str, AlertHistory]:
    rows = connection.execute(select(alerts).where(alerts.c.id.in_(ids))).all()
    phases: dict[str, list[Alert]] = {}
    query = select(alert_phases).where(alert_phases.c.alert_id.in_(ids))
    order = alert_phases.c.window_end_ms, alert_phases.c.source_offset
    for row in connection.execute(query.order_by(*order)):
        if (phase := _recorded(row.record)) is not None:
            phases.setdefault(row.alert_id, []).append(phase)
    rulings_by_alert = load_rulings(connection, ids)
    return {
        row.id: AlertHistory(
            alert=phases[row.id][-1],
            phases=tuple(phases[row.id]),
            acknowledged_by=row.acknowledged_by,
            acknowledged_ms=row.acknowledged_ms,
            rulings=tuple(rulings_by_alert.get(row.id, ())),
        )
        for row in rows
        if row.id in phases
    }


def _recorded(record: str) -> Alert | None:
    """Return a recorded phase; None if an older version recorded what this one refuses."""
    try:
        return wire.decode_alert(record.encode())
    except WireError:
        return None


def load_rulings(connection: Connection, ids: Sequence[str]) -> dict[str, list[Ruling]]:
    """Return the rulings that count by alert: the latest of each person, oldest first."""
    counting: dict[tuple[str, str], Ruling] = {}
    query = select(rulings).where(rulings.c.alert_id.in_(ids))
    for row in connection.execute(query.order_by(rulings.c.at_ms, rulings.c.number)):
        counting.pop((row.alert_id, row.by), None)
        counting[row.alert_id, row.by] = Ruling(
            row.alert_id, row.verdict, row.by, row.at_ms, row.note
        )
    by_alert: dict[str, list[Ruling]] = {}
    for (alert_id, _), ruling in counting.items():
        by_alert.setdefault(alert_id, []).append(ruling)
    return by_alert
