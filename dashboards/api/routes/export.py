"""``GET /export``: the store's data as streamed CSV, guarded against formula injection."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import partial
from itertools import chain
from typing import Annotated, Any, Final, Literal, TypeVar

import orjson
from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from badbuzz.model import MAX_MS, Alert
from badbuzz.store.database import Store
from badbuzz.store.model import AlertHistory, Feedback, Page, SampledTweet, WindowSum
from dashboards.api import examples
from dashboards.api.paging import find_brand, resolve_period, round_step
from dashboards.api.requests import Instant, Name
from dashboards.api.routing import ReadRoute, StateDep

router = APIRouter(route_class=ReadRoute, tags=["export"])

T = TypeVar("T")
Table = Literal["windows", "alerts", "tweets", "feedback"]

_BATCH: Final = 1000
_FORMULA: Final = re.compile(r"(^|[;\t\r\n])(?=[^\S\t\r\n]*[=+\-@＝＋－＠])|^(?=[\t\r\n])")
"""The position before a formula: some spreadsheets split cells at semicolons, tabs and lines."""
_ALERT_COLUMNS: Final = tuple(field.name for field in fields(Alert) if field.name != "evidence")
_COLUMNS: Final[dict[Table, tuple[str, ...]]] = {
    "windows": ("brand", *(field.name for field in fields(WindowSum))),
    "alerts": (
        *_ALERT_COLUMNS,
        "terms",
        "reasons",
        "acknowledged_by",
        "acknowledged_ms",
        "rulings",
    ),
    "tweets": tuple(field.name for field in fields(SampledTweet)),
    "feedback": (*(field.name for field in fields(Feedback)), "mispredicted"),
}
_HEADERS: Final = {"ground_truth": "right"}
"""Names of columns that differ from their field: other programs read them."""


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": examples.CSV}}}
    },
)
def export(
    state: StateDep,
    what: Annotated[Table, Query()],
    brand: Annotated[Name | None, Query(description="default: all brands")] = None,
    from_: Annotated[
        Instant | None, Query(alias="from", description="start; default: the first record")
    ] = None,
    to: Annotated[Instant | None, Query(description="end, exclusive; default: no end")] = None,
) -> StreamingResponse:
    """Export windows, alerts, sampled tweets or feedback. Default: the whole time.

    An apostrophe is inserted where a spreadsheet could read a formula: at the start of a text and
    after semicolons, tabs and line breaks, at which some spreadsheets split cells.
    """
    if brand is not None and what != "feedback":  # a person's feedback may name any brand
        find_brand(state.store, brand)
    from_ms, to_ms = resolve_period(0 if from_ is None else from_, to, MAX_MS)
    chunks = encode_csv(what, read_rows(state.store, what, brand, from_ms, to_ms))
    first = next(chunks)  # a failure of the store raises here, before the response begins
    return StreamingResponse(
        chain([first], chunks),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="badbuzz-{what}.csv"'},
    )


def encode_cell(value: Any) -> str:
    """Encode a value as a cell; guard text that a spreadsheet could read as a formula.

    Examples
    --------
    >>> [encode_cell(value) for value in ("=1+1", "- really?", -1.5, None, True)]
    ["'=1+1", "'- really?", '-1.5', '', 'true']
    >>> [encode_cell(text) for text in ("late; =1+1", "late; again, 1 - 1")]
    ["late;' =1+1", 'late; again, 1 - 1']
    """
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return _FORMULA.sub(r"\1'", text)


def encode_csv(what: Table, rows: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """Encode rows as CSV (RFC 4180) with a header; yield chunks of 1,000 rows."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(_HEADERS.get(column, column) for column in _COLUMNS[what])
    for n, row in enumerate(rows, 1):
        writer.writerow(map(encode_cell, row))
        if n % _BATCH == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def read_rows(
    store: Store, what: Table, brand: str | None, from_ms: int, to_ms: int
) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table, read from the store page by page."""
    names = [brand] if brand is not None else [one.brand for one in store.brands()]
    columns = _COLUMNS[what]
    if what == "windows":
        for name in names:
            read_windows = partial(store.windows, name, from_ms, to_ms, limit=_BATCH)
            for step in map(round_step, _read_all(read_windows)):
                yield name, *(getattr(step, column) for column in columns[1:])
    elif what == "tweets":
        for name in names:
            for tweet in _read_all(partial(store.tweets, name, from_ms, to_ms, "newest", _BATCH)):
                yield tuple(getattr(tweet, column) for column in columns)
    elif what == "alerts":
        read_alerts = partial(store.alerts, brand=brand, from_ms=from_ms, to_ms=to_ms, limit=_BATCH)
        yield from map(_alert_row, _read_all(read_alerts))
    else:
        for feedback in store.feedback(from_ms, to_ms):
            if brand in (None, feedback.brand):
                yield tuple(getattr(feedback, column) for column in columns)


def _read_all(read_page: Callable[..., Page[T]]) -> Iterator[T]:
    """Yield the items of all pages of a query that takes a cursor."""
    page = read_page(cursor=None)
    yield from page.items
    while page.cursor is not None:
        page = read_page(cursor=page.cursor)
        yield from page.items


def _alert_row(history: AlertHistory) -> tuple[Any, ...]:
    # The newest phase may be the resolution, which has no evidence.
    evidence = next((one.evidence for one in reversed(history.phases) if one.evidence), None)
    return (
        *(getattr(history.alert, column) for column in _ALERT_COLUMNS),
        " ".join(term.term for term in evidence.terms) if evidence else "",
        " ".join(reason.reason for reason in evidence.reasons) if evidence else "",
        history.acknowledged_by,
        history.acknowledged_ms,
        " ".join(f"{ruling.by}:{ruling.verdict}" for ruling in history.rulings),
    )
