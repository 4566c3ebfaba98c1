"""Brands, pages and periods, as requests ask for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import Query

from badbuzz.errors import UnknownError
from badbuzz.store.database import Store
from badbuzz.store.model import BrandSummary, WindowSum
from dashboards.api.problems import FieldProblem

Limit = Annotated[int, Query(ge=1, le=1000, description="how many at most")]

DAY_MS: Final = 86_400_000
_NOISY: Final = (
    "expected", "expected_low", "expected_high", "rate", "adjusted_rate", "baseline_rate",
)  # fmt: skip


def known(store: Store, brand: str) -> BrandSummary:
    """The brand of that name.

    Raises
    ------
    UnknownError
        When there is none.
    """
    found = store.brand(brand)
    if found is None:
        raise UnknownError(f"there is no brand {brand}; see: GET /brands")
    return found


def rounded(step: WindowSum) -> WindowSum:
    """A step whose means and sums have four places, as windows have: more are noise.

    Examples
    --------
    >>> from dashboards.api.examples import STEP
    >>> step = rounded(replace(STEP, expected=0.1 + 0.2, rate=2 / 3, adjusted_rate=None))
    >>> step.expected, step.rate, step.adjusted_rate
    (0.3, 0.6667, None)
    """
    values = ((name, getattr(step, name)) for name in _NOISY)
    less: dict[str, Any] = {name: value and round(value, 4) for name, value in values}
    return replace(step, **less)


def period(from_ms: int | None, to_ms: int | None, end_ms: int) -> tuple[int, int]:
    """The period that was asked for: the last day where nothing was said, or what came since.

    Parameters
    ----------
    from_ms, to_ms
        Its ends, half-open; None where not said.
    end_ms
        Where what is known ends.

    Raises
    ------
    FieldProblem
        When it ends before it begins.

    Examples
    --------
    >>> period(None, None, 100_000_000)
    (13600000, 100000000)
    >>> period(100_000_001, None, 100_000_000)
    (100000001, 100000001)
    """
    if to_ms is None:
        to_ms = end_ms if from_ms is None else max(from_ms, end_ms)
    from_ms = max(0, to_ms - DAY_MS) if from_ms is None else from_ms
    if from_ms > to_ms:
        raise FieldProblem("query.from", "later than where the period ends")
    return from_ms, to_ms
