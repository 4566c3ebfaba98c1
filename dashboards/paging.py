"""Pages and periods, as requests ask for them."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from dashboards.problems import FieldProblem

Limit = Annotated[int, Query(ge=1, le=1000, description="how many at most")]

DAY_MS: Final = 86_400_000


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
