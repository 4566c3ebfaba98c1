"""``GET /export``: everything as CSV, streamed, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from dataclasses import fields
from itertools import chain
from typing import Annotated, Any, Final, Literal

import orjson
from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from badbuzz.model import Alert
from badbuzz.store.database import Store
from badbuzz.store.model import Feedback, Page, SampledTweet, WindowSum
from badbuzz.wire import MAX_MS
from dashboards.api import examples
from dashboards.api.paging import known, period, rounded
from dashboards.api.routing import ReadRoute, Served
from dashboards.api.schemas import Instant, Name

router = APIRouter(route_class=ReadRoute, tags=["export"])

What = Literal["windows", "alerts", "tweets", "feedback"]

_AT_ONCE: Final = 1000
_FORMULA: Final = re.compile(r"(^|[;\t\r\n])(?=[^\S\t\r\n]*[=+\-@＝＋－＠])|^(?=[\t\r\n])")
"""Where a formula would begin: some spreadsheets part cells at semicolons, tabs and lines too."""
_ALERT: Final = tuple(field.name for field in fields(Alert) if field.name != "evidence")
_COLUMNS: Final[dict[What, tuple[str, ...]]] = {
    "windows": ("brand", *(field.name for field in fields(WindowSum))),
    "alerts": (*_ALERT, "terms", "reasons", "acknowledged_by", "acknowledged_ms", "rulings"),
    "tweets": tuple(field.name for field in fields(SampledTweet)),
    "feedback": (*(field.name for field in fields(Feedback)), "mispredicted"),
}


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={
        200: {"content": {"text/csv": {"schema": {"type": "string"}, "example": examples.CSV}}}
    },
)
def export(
    parts: Served,
    what: Annotated[What, Query()],
    brand: Annotated[Name | None, Query(description="all where none is named")] = None,
    from_: Annotated[
        Instant | None, Query(alias="from", description="as it was said first")
    ] = None,
    to: Annotated[Instant | None, Query(description="exclusive")] = None,
) -> StreamingResponse:
    """Windows, alerts, sampled tweets or feedback of a period, of all time where none is named.

    An apostrophe stands before what a spreadsheet could take for a formula: where a text begins,
    and behind its semicolons, tabs and ends of lines, at which some spreadsheets part cells.
    """
    if brand is not None and what != "feedback":  # whose brand is what people call it
        known(parts.store, brand)
    from_ms, to_ms = period(0 if from_ is None else from_, to, MAX_MS)
    table = lines(what, rows(parts.store, what, brand, from_ms, to_ms))
    first = next(table)  # a store that is down is an error, not a short file
    return StreamingResponse(
        chain([first], table),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="badbuzz-{what}.csv"'},
    )


def cell(value: Any) -> str:
    """A value as a cell; text that a spreadsheet would run is kept from it, numbers are not.

    Examples
    --------
    >>> cell("=1+1"), cell("- really?"), cell(-1.5), cell(None), cell(True)
    ("'=1+1", "'- really?", '-1.5', '', 'true')
    >>> cell("late; =1+1"), cell("late; again, 1 - 1")
    ("late;' =1+1", 'late; again, 1 - 1')
    """
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return orjson.dumps(value).decode()
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return _FORMULA.sub(r"\1'", text)


def lines(what: What, table: Iterable[tuple[Any, ...]]) -> Iterator[str]:
    """A table as CSV (RFC 4180), some hundred rows at a time, its columns' names first."""
    written = io.StringIO()
    writer = csv.writer(written)
    writer.writerow(_COLUMNS[what])
    for n, row in enumerate(table, 1):
        writer.writerow(map(cell, row))
        if n % _AT_ONCE == 0:
            yield written.getvalue()
            written.seek(0)
            written.truncate()
    yield written.getvalue()


def rows(
    store: Store, what: What, brand: str | None, from_ms: int, to_ms: int
) -> Iterator[tuple[Any, ...]]:
    """What is exported, a page of the store at a time."""
    names = [brand] if brand is not None else [one.brand for one in store.brands()]
    columns = _COLUMNS[what]
    if what == "windows":
        for name in names:
            for step in _windows(store, name, from_ms, to_ms):
                yield name, *(getattr(step, column) for column in columns[1:])
    elif what == "tweets":
        for name in names:
            for tweet in _tweets(store, name, from_ms, to_ms):
                yield tuple(getattr(tweet, column) for column in columns)
    elif what == "alerts":
        yield from _alerts(store, brand, from_ms, to_ms)
    else:
        for said in store.feedback(from_ms, to_ms):
            if brand in (None, said.brand):
                yield tuple(getattr(said, column) for column in columns)


def _windows(store: Store, brand: str, from_ms: int, to_ms: int) -> Iterator[WindowSum]:
    page: Page[WindowSum] | None = None
    while page is None or page.cursor is not None:
        cursor = page.cursor if page else None
        page = store.windows(brand, from_ms, to_ms, limit=_AT_ONCE, cursor=cursor)
        yield from map(rounded, page.items)


def _tweets(store: Store, brand: str, from_ms: int, to_ms: int) -> Iterator[SampledTweet]:
    page: Page[SampledTweet] | None = None
    while page is None or page.cursor is not None:
        cursor = page.cursor if page else None
        page = store.tweets(brand, from_ms, to_ms, "newest", _AT_ONCE, cursor)
        yield from page.items


def _alerts(store: Store, brand: str | None, from_ms: int, to_ms: int) -> Iterator[tuple[Any, ...]]:
    cursor = None
    while True:
        page = store.alerts(
            brand=brand, from_ms=from_ms, to_ms=to_ms, limit=_AT_ONCE, cursor=cursor
        )
        for life in page.items:
            # The newest phase may be the resolution, which has no evidence of its own.
            told = next((one.evidence for one in reversed(life.phases) if one.evidence), None)
            yield (
                *(getattr(life.alert, column) for column in _ALERT),
                " ".join(term.term for term in told.terms) if told else "",
                " ".join(reason.reason for reason in told.reasons) if told else "",
                life.acknowledged_by,
                life.acknowledged_ms,
                " ".join(f"{ruling.by}:{ruling.verdict}" for ruling in life.rulings),
            )
        cursor = page.cursor
        if cursor is None:
            return
