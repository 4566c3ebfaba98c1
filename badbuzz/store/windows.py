"""Closed windows, and the last window of each brand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any, Final, get_args

import msgspec
import orjson
from msgspec.inspect import DataclassType, FloatType, IntType, type_info
from sqlalchemy import ColumnElement, Connection, Select, case, func, or_, select
from sqlalchemy.engine import RowMapping

from badbuzz import wire
from badbuzz.errors import QueryError, WireError
from badbuzz.model import BUCKET_MS, Key, Window, WindowState
from badbuzz.store.engine import DatabaseAccess
from badbuzz.store.model import Page, SourcePartition, WindowSum
from badbuzz.store.pages import check_limit, decode_cursor, encode_cursor, make_page
from badbuzz.store.positions import advance_position
from badbuzz.store.schema import brands, windows
from badbuzz.store.statements import Row, insert_into, read_changes, upsert

_NAMES: Final = tuple(spec.name for spec in fields(Window))
_values_of: Final = attrgetter(*_NAMES)
_EXPECTED: Final = ("expected", "expected_low", "expected_high")
_STATES: Final[tuple[WindowState, ...]] = ("quiet", "no_baseline", "muted", "cooling", "firing")
"""States by increasing severity; one that this version does not know is the most severe."""
assert set(_STATES) == set(get_args(WindowState))
_INVALID_STATE: Final = "unknown"
"""State of a step whose most severe state is not a key."""
_SUMMED: Final = ("n", "n_negative", *_EXPECTED, "adjusted_rate", "baseline_rate", "score")
_MAX_INVALID: Final = 100
"""Maximum number of invalid windows among which the last valid one is searched for."""


class WindowStore(DatabaseAccess):
    """Tables of windows and brands, recorded from the topic ``windows``."""

    def record_windows(
        self, source: SourcePartition, records: Sequence[tuple[int, Window]], next_offset: int
    ) -> None:
        """Write windows and advance the position, in one transaction.

        Parameters
        ----------
        source
            Partition from which they were read.
        records
            Windows with their offsets. An existing window is replaced if this offset is higher.
        next_offset
            Next offset to read; a higher stored position is kept.
        """
        rows = [_row(source, offset, window) for offset, window in records]
        last: dict[str, int] = {}
        for row in rows:
            last[row["brand"]] = max(row["start_ms"], last.get(row["brand"], 0))
        with self._write() as connection:
            advance_position(connection, source, next_offset)
            upsert(connection, windows, rows)
            add_brands(connection, last)

    def windows(
        self,
        brand: str,
        from_ms: int,
        to_ms: int,
        step_ms: int = BUCKET_MS,
        limit: int = 1000,
        cursor: str | None = None,
    ) -> Page[WindowSum]:
        """Return sums by step of a brand's windows that start in ``[from_ms, to_ms)``.

        Parameters
        ----------
        step_ms
            Multiple of five minutes; steps are aligned to the Unix epoch. Steps without windows are
            omitted; the first and last may be partial.
        limit
            Maximum number of steps, oldest first.

        Raises
        ------
        QueryError
            If step, limit or cursor is invalid.
        """
        if step_ms < BUCKET_MS or step_ms % BUCKET_MS:
            raise QueryError(f"step: expected a multiple of {BUCKET_MS} ms, found {step_ms}")
        if cursor is not None:
            (after_ms,) = decode_cursor(cursor, "windows", int)
            from_ms = max(from_ms, after_ms)
        query = _steps(step_ms).where(
            windows.c.brand == brand, windows.c.start_ms >= from_ms, windows.c.start_ms < to_ms
        )
        with self._read() as connection:
            rows = connection.execute(query.limit(check_limit(limit) + 1)).mappings().all()
        return make_page(
            rows,
            limit,
            lambda row: _step(row, step_ms),
            lambda row: encode_cursor("windows", (row["number"] + 1) * step_ms),
        )

    def last_windows(self) -> list[Window]:
        """Return the last window of each brand that has one, by name."""
        with self._read() as connection:
            last = self._last_windows(connection)
        return [window for window in last.values() if window is not None]

    def _last_windows(
        self, connection: Connection, only: str | None = None
    ) -> dict[str, Window | None]:
        """Return the last window by brand, of all brands or of one."""
        query = select(brands.c.brand.label("known"), windows).outerjoin(
            windows,
            (windows.c.brand == brands.c.brand) & (windows.c.start_ms == brands.c.last_start_ms),
        )
        if only is not None:
            query = query.where(brands.c.brand == only)
        rows = sorted(connection.execute(query).mappings(), key=lambda row: str(row["known"]))
        return {row["known"]: _last_valid(connection, row) for row in rows}

    def _changed_windows(
        self, connection: Connection, partition: int, after: int, limit: int
    ) -> list[tuple[int, Window]]:
        return read_changes(connection, windows, (partition, after), limit, _recorded)


def _row(source: SourcePartition, offset: int, window: Window) -> Row:
    row: Row = dict(zip(_NAMES, _values_of(window), strict=True))
    row["absent"] = orjson.dumps(window.absent).decode() if window.absent else "[]"
    row["partition"] = source.partition
    row["source_offset"] = offset
    return row


def _recorded(row: RowMapping) -> Window | None:
    """Return a recorded window; None if an older version recorded what this one refuses."""
    values: dict[str, Any] = {name: row[name] for name in _NAMES}
    window = Window(**{**values, "absent": tuple(orjson.loads(values["absent"]))})
    try:
        return wire.decode_window(wire.encode_window(window))
    except WireError:
        return None


def _last_valid(connection: Connection, row: RowMapping) -> Window | None:
    """Return the last window of a brand, or the last valid one; None if there is none."""
    if not row["brand"]:
        return None
    window = _recorded(row)
    if window is None:
        query = select(windows).where(windows.c.brand == row["brand"], *_in_bounds())
        query = query.order_by(windows.c.start_ms.desc()).limit(_MAX_INVALID)
        earlier = map(_recorded, connection.execute(query).mappings())
        window = next((one for one in earlier if one is not None), None)
    return window


@cache
def _in_bounds() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that what is summed is within the bounds that the model declares."""
    declared = type_info(Window)
    assert isinstance(declared, DataclassType)
    return tuple(
        or_(windows.c[spec.name].is_(None), windows.c[spec.name].between(kind.ge, kind.le))
        for spec in declared.fields
        for kind in getattr(spec.type, "types", (spec.type,))
        if spec.name in _SUMMED and isinstance(kind, IntType | FloatType)
    )


def add_brands(connection: Connection, last_start_ms: Mapping[str, int | None]) -> None:
    """Add brands; advance the start of their last windows where given."""
    if not last_start_ms:
        return
    statement = insert_into(connection, brands)
    new, old = statement.excluded.last_start_ms, brands.c.last_start_ms
    statement = statement.on_conflict_do_update(
        index_elements=[brands.c.brand],
        set_={"last_start_ms": new},
        where=new > func.coalesce(old, -1),
    )
    rows = [{"brand": brand, "last_start_ms": at} for brand, at in sorted(last_start_ms.items())]
    connection.execute(statement, rows)


def _steps(step_ms: int) -> Select[Any]:
    """Return a query of sums over windows, grouped by number of the step.

    It leaves out windows whose numbers an older version recorded unchecked: a sum may overflow.
    """
    column = windows.c
    number = (column.start_ms // step_ms).label("number")
    ranks = {state: rank for rank, state in enumerate(_STATES)}
    worst = case(ranks, value=column.state, else_=len(_STATES))
    unknown = case((column.state.in_(_STATES), None), else_=column.state)
    return (
        select(
            number,
            *(func.sum(column[name]).label(name) for name in ("n", "n_negative", *_EXPECTED)),
            func.sum(column.adjusted_rate * column.n).label("adjusted"),
            func.avg(column.baseline_rate).label("baseline_rate"),
            func.max(column.score).label("score"),
            func.max(worst).label("rank"),
            func.max(unknown).label("unknown_state"),
            func.max(column.alert_id).label("alert_id"),
        )
        .where(*_in_bounds())
        .group_by(number)
        .order_by(number)
    )


def _step(row: RowMapping, step_ms: int) -> WindowSum:
    n, n_negative, adjusted = int(row["n"]), int(row["n_negative"]), row["adjusted"]
    return WindowSum(
        start_ms=row["number"] * step_ms,
        end_ms=(row["number"] + 1) * step_ms,
        n=n,
        n_negative=n_negative,
        **{name: row[name] for name in _EXPECTED},
        rate=n_negative / n if n else None,
        adjusted_rate=adjusted / n if n and adjusted is not None else None,
        baseline_rate=row["baseline_rate"],
        score=row["score"],
        state=_state(row),
        alert_id=row["alert_id"],
    )


def _state(row: RowMapping) -> str:
    """Return a step's most severe state, which an older version may have recorded unchecked."""
    if row["unknown_state"] is None:
        return _STATES[int(row["rank"])]
    try:
        return str(msgspec.convert(row["unknown_state"], Key))
    except msgspec.ValidationError:
        return _INVALID_STATE
