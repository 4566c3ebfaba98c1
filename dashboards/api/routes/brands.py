"""Brands: how they stand, their windows, their tweets, what their negatives are about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response

from badbuzz.evidence import terms as reading_terms
from badbuzz.store.database import Store
from badbuzz.store.model import Page, SampledTweet, WindowSum
from dashboards.api import examples
from dashboards.api.paging import DAY_MS, Limit, known, period, rounded
from dashboards.api.responses import SpokenIn, ToldSummary, told_summary
from dashboards.api.routing import ReadRoute, Served, reply
from dashboards.api.schemas import BrandPath, Cursor, Instant, Pages, Terms

router = APIRouter(route_class=ReadRoute, tags=["brands"])

STEP_MS: Final = 300_000
_WEEK_MS: Final = 7 * DAY_MS
_MOST_READ: Final = 5000

From = Annotated[
    Instant | None,
    Query(alias="from", description="Unix ms or ISO 8601 with offset; a day before its end"),
]
To = Annotated[
    Instant | None, Query(description="the same, exclusive; the end of the brand's last window")
]


@router.get("/brands", response_model=list[ToldSummary], responses=examples.of([examples.SUMMARY]))
def brands(parts: Served, language: SpokenIn = "en") -> Response:
    """Every brand, with its last window, the alert that is open, if one is, and its clock."""
    zone_of = parts.watched.zone_of
    return reply([told_summary(one, zone_of(one.brand), language) for one in parts.store.brands()])


@router.get(
    "/brands/{brand:path}/windows",
    response_model=Pages[WindowSum],
    responses=examples.of(examples.page(examples.STEP)),
)
def windows(
    parts: Served,
    brand: BrandPath,
    from_: From = None,
    to: To = None,
    step: Annotated[
        int, Query(ge=STEP_MS, le=_WEEK_MS, multiple_of=STEP_MS, description="milliseconds")
    ] = STEP_MS,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Response:
    """A brand's windows, oldest first, added up over steps; by default those of its last day."""
    from_ms, to_ms = _period(parts.store, brand, from_, to)
    page = parts.store.windows(brand, from_ms, to_ms, step, limit=limit, cursor=cursor)
    return reply(Page(tuple(map(rounded, page.items)), page.cursor))


@router.get(
    "/brands/{brand:path}/tweets",
    response_model=Pages[SampledTweet],
    responses=examples.of(examples.page(examples.SAMPLED)),
)
def tweets(
    parts: Served,
    brand: BrandPath,
    from_: From = None,
    to: To = None,
    order: Annotated[Literal["newest", "negative", "uncertain"], Query()] = "newest",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """A brand's sampled tweets, names hidden; by default those of its last day."""
    from_ms, to_ms = _period(parts.store, brand, from_, to)
    page = parts.store.tweets(brand, from_ms, to_ms, order, limit, cursor)
    return reply(page)


@router.get(
    "/brands/{brand:path}/terms", response_model=Terms, responses=examples.of(examples.TERMS)
)
def terms(
    parts: Served,
    brand: BrandPath,
    from_: From = None,
    to: To = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """What sets a period's sampled negatives apart from those of the week before it."""
    from_ms, to_ms = _period(parts.store, brand, from_, to)
    now = parts.store.sample_between(brand, from_ms, to_ms, limit=_MOST_READ)
    week_ms = max(0, from_ms - _WEEK_MS)
    before = parts.store.sample_between(brand, week_ms, from_ms, limit=_MOST_READ)
    found = reading_terms.find_drivers(_counts(now), _counts(before), 0.0, limit)
    return reply({"n": len(now), "n_before": len(before), "terms": found})


def _counts(tweets: Iterable[SampledTweet]) -> Counter[str]:
    """In how many of the tweets each term stands."""
    return Counter(
        term
        for tweet in tweets
        for term in reading_terms.extract_terms(reading_terms.extract_words(tweet.text))
    )


def _period(store: Store, brand: str, from_ms: int | None, to_ms: int | None) -> tuple[int, int]:
    found = known(store, brand)
    return period(from_ms, to_ms, found.last_window.end_ms if found.last_window else 0)
