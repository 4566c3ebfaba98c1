"""Closed windows, and where each brand stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final, get_args

import orjson
from sqlalchemy import Connection, Select, case, func, select
from sqlalchemy.engine import RowMapping

from badbuzz.errors import QueryError
from badbuzz.model import Window, WindowState
from badbuzz.store.engine import Connected
from badbuzz.store.model import Page, SourcePartition, WindowSum
from badbuzz.store.pages import checked_limit, cursor_of, page, read_cursor
from badbuzz.store.positions import advance
from badbuzz.store.rows import Row, inserting, upsert
from badbuzz.store.schema import brands, windows

WINDOW_MS: Final = 300_000

_NAMES: Final = tuple(spec.name for spec in fields(Window))
_values_of: Final = attrgetter(*_NAMES)
_STATES: Final[tuple[WindowState, ...]] = ("quiet", "no_baseline", "muted", "cooling", "firing")
"""From the best to the worst."""
assert set(_STATES) == set(get_args(WindowState))


class Windows(Connected):
    """What was recorded from the topic of windows."""

    def record_windows(
        self, place: SourcePartition, records: Sequence[tuple[int, Window]], next_offset: int
    ) -> None:
        """Write windows and move the place's position, in one transaction.

        Parameters
        ----------
        place
            Where they were read.
        records
            Each with its offset. A brand's window that is there already stays unless this offset
            is higher.
        next_offset
            The next one to read; a position that is further on stays.
        """
        rows = [_row(place, offset, window) for offset, window in records]
        last: dict[str, int] = {}
        for row in rows:
            last[row["brand"]] = max(row["start_ms"], last.get(row["brand"], 0))
        with self._writing() as connection:
            advance(connection, place, next_offset)
            upsert(connection, windows, rows)
            know_brands(connection, last)

    def windows(
        self,
        brand: str,
        from_ms: int,
        to_ms: int,
        step_ms: int = WINDOW_MS,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Page[WindowSum]:
        """A brand's windows that begin in ``[from_ms, to_ms)``, oldest first, added up by step.

        Parameters
        ----------
        step_ms
            A multiple of five minutes; steps lie at whole multiples of it, Unix time. A step
            without windows is left out; one at either end holds only those that were asked for.
        limit
            Steps at most.

        Raises
        ------
        QueryError
            When step, limit or cursor cannot be.
        """
        if step_ms < WINDOW_MS or step_ms % WINDOW_MS:
            raise QueryError(f"step: expected a multiple of {WINDOW_MS} ms, found {step_ms}")
        if cursor is not None:
            (behind_ms,) = read_cursor(cursor, "windows", int)
            from_ms = max(from_ms, behind_ms)
        asked = _steps(step_ms).where(
            windows.c.brand == brand, windows.c.start_ms >= from_ms, windows.c.start_ms < to_ms
        )
        with self._reading() as connection:
            rows = connection.execute(asked.limit(checked_limit(limit) + 1)).mappings().all()
        return page(
            rows,
            limit,
            lambda row: _step(row, step_ms),
            lambda row: cursor_of("windows", (row["number"] + 1) * step_ms),
        )

    def last_windows(self) -> list[Window]:
        """The last recorded window of every brand that has one, by name."""
        with self._reading() as connection:
            found = self._last_windows(connection)
        return [window for window in found.values() if window is not None]

    def _last_windows(
        self, connection: Connection, only: str | None = None
    ) -> dict[str, Window | None]:
        """Every brand, or only one, by name, with its last window."""
        asked = select(brands.c.brand.label("known"), windows).outerjoin(
            windows,
            (windows.c.brand == brands.c.brand) & (windows.c.start_ms == brands.c.last_start_ms),
        )
        if only is not None:
            asked = asked.where(brands.c.brand == only)
        rows = sorted(connection.execute(asked).mappings(), key=lambda row: str(row["known"]))
        return {row["known"]: window_of(row) if row["brand"] else None for row in rows}

    def _changed_windows(
        self, connection: Connection, partition: int, after: int, limit: int
    ) -> list[tuple[int, Window]]:
        asked = (
            select(windows)
            .where(windows.c.partition == partition, windows.c.source_offset > after)
            .order_by(windows.c.source_offset)
            .limit(limit)
        )
        rows = connection.execute(asked).mappings()
        return [(row["source_offset"], window_of(row)) for row in rows]


def _row(place: SourcePartition, offset: int, window: Window) -> Row:
    row: Row = dict(zip(_NAMES, _values_of(window), strict=True))
    row["absent"] = orjson.dumps(window.absent).decode() if window.absent else "[]"
    row["partition"] = place.partition
    row["source_offset"] = offset
    return row


def window_of(row: RowMapping) -> Window:
    """The window of a row of all its columns."""
    values: dict[str, Any] = {name: row[name] for name in _NAMES}
    return Window(**{**values, "absent": tuple(orjson.loads(values["absent"]))})


def know_brands(connection: Connection, last_start_ms: Mapping[str, int | None]) -> None:
    """Note brands, and the start of the last window of each where it is known."""
    if not last_start_ms:
        return
    statement = inserting(connection, brands)
    new, old = statement.excluded.last_start_ms, brands.c.last_start_ms
    statement = statement.on_conflict_do_update(
        index_elements=[brands.c.brand],
        set_={"last_start_ms": new},
        where=new > func.coalesce(old, -1),
    )
    rows = [{"brand": brand, "last_start_ms": at} for brand, at in sorted(last_start_ms.items())]
    connection.execute(statement, rows)


def _steps(step_ms: int) -> Select[Any]:
    """The sums over windows by the number of their step."""
    column = windows.c
    number = (column.start_ms // step_ms).label("number")
    worst = case({state: rank for rank, state in enumerate(_STATES)}, value=column.state)
    return (
        select(
            number,
            *(
                func.sum(column[name]).label(name)
                for name in ("n", "n_negative", "expected", "expected_low", "expected_high")
            ),
            func.sum(column.adjusted_rate * column.n).label("adjusted"),
            func.avg(column.baseline_rate).label("baseline_rate"),
            func.max(column.score).label("score"),
            func.max(worst).label("rank"),
            func.max(column.alert_id).label("alert_id"),
        )
        .group_by(number)
        .order_by(number)
    )


def _step(row: RowMapping, step_ms: int) -> WindowSum:
    n, n_negative = int(row["n"]), int(row["n_negative"])
    return WindowSum(
        start_ms=row["number"] * step_ms,
        end_ms=(row["number"] + 1) * step_ms,
        n=n,
        n_negative=n_negative,
        expected=row["expected"],
        expected_low=row["expected_low"],
        expected_high=row["expected_high"],
        rate=n_negative / n if n else None,
        adjusted_rate=row["adjusted"] / n if n else None,
        baseline_rate=row["baseline_rate"],
        score=row["score"],
        state=_STATES[row["rank"]],
        alert_id=row["alert_id"],
    )
