"""``/brands``: current state, windows, sampled tweets and driving terms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Annotated, Final, Literal

from fastapi import APIRouter, Query, Response

from badbuzz.evidence.terms import extract_terms as terms_of
from badbuzz.evidence.terms import extract_words, find_drivers
from badbuzz.model import DAY_MS
from badbuzz.store.database import Store
from badbuzz.store.model import Page, SampledTweet, WindowSum
from dashboards.api import examples
from dashboards.api.descriptions import LanguageQuery, describe_brand
from dashboards.api.paging import Limit, find_brand, resolve_period, round_step
from dashboards.api.requests import BrandPath, Cursor, Instant
from dashboards.api.routing import ReadRoute, StateDep, reply
from dashboards.responses import BrandStatus, PeriodTerms

router = APIRouter(route_class=ReadRoute, tags=["brands"])

STEP_MS: Final = 300_000
_WEEK_MS: Final = 7 * DAY_MS
_MAX_SAMPLE: Final = 5000

From = Annotated[
    Instant | None,
    Query(
        alias="from",
        description="start, Unix ms or ISO 8601 with offset; default: a day before the end",
    ),
]
To = Annotated[
    Instant | None,
    Query(description="end, exclusive; default: the end of the brand's last window"),
]


@router.get(
    "/brands",
    response_model=list[BrandStatus],
    responses=examples.responses([examples.SUMMARY]),
)
def brands(state: StateDep, language: LanguageQuery = "en") -> Response:
    """List all brands, each with its last window, its open alert and its time zone."""
    zone_of = state.brands.zone_of
    return reply(
        [describe_brand(one, zone_of(one.brand), language) for one in state.store.brands()]
    )


@router.get(
    "/brands/{brand:path}/windows",
    response_model=Page[WindowSum],
    responses=examples.responses(examples.page(examples.STEP)),
)
def windows(
    state: StateDep,
    brand: BrandPath,
    from_: From = None,
    to: To = None,
    step: Annotated[
        int, Query(ge=STEP_MS, le=_WEEK_MS, multiple_of=STEP_MS, description="milliseconds")
    ] = STEP_MS,
    limit: Limit = 1000,
    cursor: Cursor = None,
) -> Response:
    """List a brand's windows, oldest first, summed over steps. Default: its last day."""
    from_ms, to_ms = _period(state.store, brand, from_, to)
    page = state.store.windows(brand, from_ms, to_ms, step, limit=limit, cursor=cursor)
    return reply(Page(tuple(map(round_step, page.items)), page.cursor))


@router.get(
    "/brands/{brand:path}/tweets",
    response_model=Page[SampledTweet],
    responses=examples.responses(examples.page(examples.SAMPLED)),
)
def tweets(
    state: StateDep,
    brand: BrandPath,
    from_: From = None,
    to: To = None,
    order: Annotated[Literal["newest", "negative", "uncertain"], Query()] = "newest",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """List a brand's sampled tweets, with names masked. Default: its last day."""
    from_ms, to_ms = _period(state.store, brand, from_, to)
    page = state.store.tweets(brand, from_ms, to_ms, order, limit, cursor)
    return reply(page)


@router.get(
    "/brands/{brand:path}/terms",
    response_model=PeriodTerms,
    responses=examples.responses(examples.TERMS),
)
def terms(
    state: StateDep,
    brand: BrandPath,
    from_: From = None,
    to: To = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 10,
) -> Response:
    """Return terms over-represented in a period's negatives, compared with the week before."""
    from_ms, to_ms = _period(state.store, brand, from_, to)
    during = state.store.sample_between(brand, from_ms, to_ms, limit=_MAX_SAMPLE)
    week_ms = max(0, from_ms - _WEEK_MS)
    before = state.store.sample_between(brand, week_ms, from_ms, limit=_MAX_SAMPLE)
    driving = find_drivers(_count_documents(during), _count_documents(before), 0.0, limit)
    return reply(PeriodTerms(len(during), len(before), tuple(driving)))


def _count_documents(tweets: Iterable[SampledTweet]) -> Counter[str]:
    """Count the tweets that contain each term."""
    return Counter(term for tweet in tweets for term in terms_of(extract_words(tweet.text)))


def _period(store: Store, brand: str, from_ms: int | None, to_ms: int | None) -> tuple[int, int]:
    last_window = find_brand(store, brand).last_window
    return resolve_period(from_ms, to_ms, last_window.end_ms if last_window else 0)
