"""Alerts: their phases, and what was said in evidence."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, and_, delete, or_, select, tuple_, update

from badbuzz import wire
from badbuzz.model import Alert, Example, Phase, Severity
from badbuzz.store.engine import Connected
from badbuzz.store.model import AlertHistory, Page, Ruling, SourcePartition
from badbuzz.store.pages import checked_limit, cursor_of, page, read_cursor
from badbuzz.store.positions import advance
from badbuzz.store.removal import among, chunks, removed_among, removing
from badbuzz.store.rows import Row, inserting, upsert
from badbuzz.store.schema import alert_phases, alerts, examples, rulings
from badbuzz.store.types import storable_id
from badbuzz.store.windows import know_brands

_TweetKey = tuple[str, str]


class Alerts(Connected):
    """What was recorded from the topic of alerts."""

    def record_alerts(
        self, place: SourcePartition, records: Sequence[tuple[int, Alert]], next_offset: int
    ) -> None:
        """Write alerts' phases and move the place's position, in one transaction.

        Parameters
        ----------
        records
            Each with its offset. Evidence is kept without the examples that were deleted.
        next_offset
            The next one to read; a position that is further on stays.
        """
        with self._writing() as connection:
            advance(connection, place, next_offset)
            if not records:
                return
            removing(connection)
            shown = {key for _, alert in records for key in _example_keys(alert)}
            gone = removed_among(connection, shown)
            kept = [(offset, without_examples(alert, gone)) for offset, alert in records]
            know_brands(connection, {alert.brand: None for _, alert in kept})
            upsert(connection, alerts, [_row(place, *one) for one in kept])
            upsert(connection, alert_phases, [_phase_row(place, *one) for one in kept])
            rows = [row for _, alert in kept for row in _example_rows(alert)]
            if rows:
                known = inserting(connection, examples).on_conflict_do_nothing()
                connection.execute(known, rows)

    def alerts(
        self,
        brand: str | None = None,
        phase: Phase | None = None,
        severity: Severity | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[AlertHistory]:
        """Alerts, the one that opened last first.

        Parameters
        ----------
        brand, phase, severity
            Only of these; phase and severity are those of the newest phase.
        from_ms, to_ms
            Only what opened in ``[from_ms, to_ms)``.

        Raises
        ------
        QueryError
            When limit or cursor cannot be.
        """
        asked = select(alerts).order_by(alerts.c.opened_ms.desc(), alerts.c.id.desc())
        for column, value in (("brand", brand), ("phase", phase), ("severity", severity)):
            if value is not None:
                asked = asked.where(alerts.c[column] == value)
        if from_ms is not None:
            asked = asked.where(alerts.c.opened_ms >= from_ms)
        if to_ms is not None:
            asked = asked.where(alerts.c.opened_ms < to_ms)
        if cursor is not None:
            asked = _behind(asked, cursor)
        with self._reading() as connection:
            rows = connection.execute(asked.limit(checked_limit(limit) + 1)).all()
            lives = lives_of(connection, [row.id for row in rows[:limit]])
        return page(
            rows,
            limit,
            lambda row: lives[row.id],
            lambda row: cursor_of("alerts", row.opened_ms, row.id),
        )

    def alert(self, alert_id: str) -> AlertHistory | None:
        """An alert and its life; None when there is no such alert."""
        with self._reading() as connection:
            return lives_of(connection, [alert_id]).get(alert_id)

    def _open_alerts(self, connection: Connection, only: str | None = None) -> dict[str, Alert]:
        """The newest alert of each brand, or of only one, that is not resolved."""
        asked = select(alerts.c.id).where(alerts.c.phase != "resolved")
        if only is not None:
            asked = asked.where(alerts.c.brand == only)
        found = connection.execute(asked.order_by(alerts.c.opened_ms)).scalars().all()
        lives = lives_of(connection, found)
        return {lives[id_].alert.brand: lives[id_].alert for id_ in found}

    def _changed_alerts(
        self, connection: Connection, partition: int, after: int, limit: int
    ) -> list[tuple[int, Alert]]:
        asked = (
            select(alert_phases.c.source_offset, alert_phases.c.record)
            .where(alert_phases.c.partition == partition, alert_phases.c.source_offset > after)
            .order_by(alert_phases.c.source_offset)
            .limit(limit)
        )
        return [
            (row.source_offset, wire.decode_alert(row.record)) for row in connection.execute(asked)
        ]


def _behind(asked: Select[Any], cursor: str) -> Select[Any]:
    opened_ms, id_ = read_cursor(cursor, "alerts", int, str)
    column = alerts.c
    return asked.where(
        or_(
            column.opened_ms < opened_ms,
            and_(column.opened_ms == opened_ms, column.id < id_),
        )
    )


def _row(place: SourcePartition, offset: int, alert: Alert) -> Row:
    names = ("id", "brand", "phase", "severity", "opened_ms", "window_end_ms", "peak_score")
    row: Row = {name: getattr(alert, name) for name in names}
    return {**row, "partition": place.partition, "source_offset": offset}


def _phase_row(place: SourcePartition, offset: int, alert: Alert) -> Row:
    return {
        "alert_id": alert.id,
        "phase": alert.phase,
        "window_end_ms": alert.window_end_ms,
        "record": wire.encode_alert(alert).decode(),
        "partition": place.partition,
        "source_offset": offset,
    }


def _shown(alert: Alert) -> Iterable[Example]:
    if alert.evidence is not None:
        yield from alert.evidence.most_negative
        yield from alert.evidence.most_repeated


def _example_keys(alert: Alert) -> set[_TweetKey]:
    return {(alert.brand, storable_id(example.id)) for example in _shown(alert)}


def _example_rows(alert: Alert) -> list[Row]:
    phase = {"alert_id": alert.id, "phase": alert.phase, "window_end_ms": alert.window_end_ms}
    return [
        {"brand": brand, "tweet_id": tweet_id, **phase}
        for brand, tweet_id in sorted(_example_keys(alert))
    ]


def without_examples(alert: Alert, gone: set[_TweetKey]) -> Alert:
    """An alert whose evidence shows none of these tweets, named by brand and id."""
    evidence = alert.evidence
    if evidence is None or not gone.intersection(_example_keys(alert)):
        return alert

    def left(shown: tuple[Example, ...]) -> tuple[Example, ...]:
        return tuple(one for one in shown if (alert.brand, storable_id(one.id)) not in gone)

    negative, repeated = left(evidence.most_negative), left(evidence.most_repeated)
    return replace(
        alert, evidence=replace(evidence, most_negative=negative, most_repeated=repeated)
    )


def remove_examples(connection: Connection, gone: set[_TweetKey]) -> None:
    """Take tweets out of the evidence of every phase that shows them."""
    if not gone:
        return
    named = among(examples.c.brand, examples.c.tweet_id, gone)
    phases = select(examples.c.alert_id, examples.c.phase, examples.c.window_end_ms).where(named)
    column = alert_phases.c
    key = tuple_(column.alert_id, column.phase, column.window_end_ms)
    for row in connection.execute(select(alert_phases).where(key.in_(phases))).all():
        left = without_examples(wire.decode_alert(row.record), gone)
        connection.execute(
            update(alert_phases)
            .where(key == tuple_(row.alert_id, row.phase, row.window_end_ms))
            .values(record=wire.encode_alert(left).decode())
        )
    connection.execute(delete(examples).where(named))


def lives_of(connection: Connection, ids: Sequence[str]) -> dict[str, AlertHistory]:
    """The lives of those alerts that there are.

    Alerts are read first: a transaction that writes may see later what came meanwhile, and an alert
    comes with its phase.
    """
    return {
        id_: life for some in chunks(ids) for id_, life in _some_lives(connection, some).items()
    }


def _some_lives(connection: Connection, ids: Sequence[str]) -> dict[str, AlertHistory]:
    rows = connection.execute(select(alerts).where(alerts.c.id.in_(ids))).all()
    phases: dict[str, list[Alert]] = {}
    asked = select(alert_phases).where(alert_phases.c.alert_id.in_(ids))
    order = alert_phases.c.window_end_ms, alert_phases.c.source_offset
    for row in connection.execute(asked.order_by(*order)):
        phases.setdefault(row.alert_id, []).append(wire.decode_alert(row.record))
    ruled = rulings_of(connection, ids)
    return {
        row.id: AlertHistory(
            alert=phases[row.id][-1],
            phases=tuple(phases[row.id]),
            acknowledged_by=row.acknowledged_by,
            acknowledged_ms=row.acknowledged_ms,
            rulings=tuple(ruled.get(row.id, ())),
        )
        for row in rows
    }


def rulings_of(connection: Connection, ids: Sequence[str]) -> dict[str, list[Ruling]]:
    """Of each alert the rulings that count: the latest of each person, oldest first."""
    counting: dict[tuple[str, str], Ruling] = {}
    asked = select(rulings).where(rulings.c.alert_id.in_(ids))
    for row in connection.execute(asked.order_by(rulings.c.at_ms, rulings.c.number)):
        counting.pop((row.alert_id, row.by), None)
        counting[row.alert_id, row.by] = Ruling(
            row.alert_id, row.verdict, row.by, row.at_ms, row.note
        )
    found: dict[str, list[Ruling]] = {}
    for (alert_id, _), ruling in counting.items():
        found.setdefault(alert_id, []).append(ruling)
    return found
