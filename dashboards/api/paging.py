"""The parameters of a query: brand, page and period."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import Query

from badbuzz.errors import UnknownError
from badbuzz.model import DAY_MS
from badbuzz.store.database import Store
from badbuzz.store.model import BrandSummary, WindowSum
from dashboards.api.problems import InvalidFieldError

Limit = Annotated[int, Query(ge=1, le=1000, description="maximum number of items")]

_ROUNDED: Final = (
    "expected", "expected_low", "expected_high", "rate", "adjusted_rate", "baseline_rate",
)  # fmt: skip


def find_brand(store: Store, brand: str) -> BrandSummary:
    """Return the state of a brand.

    Raises
    ------
    UnknownError
        When the store has no brand of that name.
    """
    summary = store.brand(brand)
    if summary is None:
        raise UnknownError(f"there is no brand {brand}; see: GET /brands")
    return summary


def round_step(step: WindowSum) -> WindowSum:
    """Round the means and sums of a step to four decimals, the precision of windows.

    Examples
    --------
    >>> from dashboards.api.examples import STEP
    >>> step = round_step(replace(STEP, expected=0.1 + 0.2, rate=2 / 3, adjusted_rate=None))
    >>> step.expected, step.rate, step.adjusted_rate
    (0.3, 0.6667, None)
    """
    values = ((name, getattr(step, name)) for name in _ROUNDED)
    rounded: dict[str, Any] = {name: value and round(value, 4) for name, value in values}
    return replace(step, **rounded)


def resolve_period(from_ms: int | None, to_ms: int | None, end_ms: int) -> tuple[int, int]:
    """Return a request's half-open period, completed by defaults.

    Parameters
    ----------
    from_ms
        Start, Unix milliseconds. Default: one day before the end.
    to_ms
        End, exclusive, Unix milliseconds. Default: ``end_ms``, or ``from_ms`` if that is later.
    end_ms
        End of the available data, Unix milliseconds.

    Raises
    ------
    InvalidFieldError
        When the period ends before it begins.

    Examples
    --------
    >>> resolve_period(None, None, 100_000_000)
    (13600000, 100000000)
    >>> resolve_period(100_000_001, None, 100_000_000)
    (100000001, 100000001)
    """
    if to_ms is None:
        to_ms = end_ms if from_ms is None else max(from_ms, end_ms)
    from_ms = max(0, to_ms - DAY_MS) if from_ms is None else from_ms
    if from_ms > to_ms:
        raise InvalidFieldError("query.from", "later than the end of the period")
    return from_ms, to_ms
