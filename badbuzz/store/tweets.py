"""Queries of the sample: tweets to show, to label, and to search for terms."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from badbuzz.evidence.terms import extract_words
from badbuzz.store.column_types import storable_id
from badbuzz.store.engine import DatabaseAccess
from badbuzz.store.model import Page, SampledTweet, TweetOrder
from badbuzz.store.pages import check_limit, decode_cursor, encode_cursor, make_page
from badbuzz.store.schema import feedback, sample

LABELLING_MS: Final = 7 * 24 * 3_600_000
"""Period before the newest record in which proposed tweets were recorded.

The time of recording counts, not the event time, which one tweet could move for all brands.
"""

LABELLING_LIMIT: Final = 20_000
"""Maximum number of uncertain tweets that are examined."""

_BATCH: Final = 200
_COLUMNS: Final[dict[str, tuple[str, type, bool]]] = {
    "newest": ("created_ms", int, True),
    "negative": ("score", float, True),
    "uncertain": ("doubt", float, False),
}
"""Column, its type, and whether the order is descending, by name of the order."""

_other_values_of: Final = attrgetter(*(spec.name for spec in fields(SampledTweet)[1:]))


class SampleReader(DatabaseAccess):
    """Read side of the sample, without deleted and edited tweets."""

    def tweets(
        self,
        brand: str,
        from_ms: int,
        to_ms: int,
        order: TweetOrder = "newest",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[SampledTweet]:
        """Return a page of a brand's sampled tweets created in ``[from_ms, to_ms)``.

        Parameters
        ----------
        order
            ``newest`` first, most ``negative`` first, or most ``uncertain`` first (score nearest to
            0.5). The last two omit tweets without a score.

        Raises
        ------
        QueryError
            If limit or cursor is invalid.
        """
        name, _, _ = _COLUMNS[order]
        query = _ordered(order, cursor).where(*_between(brand, from_ms, to_ms))
        with self._read() as connection:
            rows = connection.execute(query.limit(check_limit(limit) + 1)).all()
        return make_page(
            rows,
            limit,
            _sampled,
            lambda row: encode_cursor(
                order, getattr(row, name), row.brand, row.tweet_id, row.network
            ),
        )

    def tweet(self, tweet_id: str) -> SampledTweet | None:
        """Return a sampled tweet; if several brands or networks have it, the one recorded last."""
        query = _select_shown().where(sample.c.tweet_id == storable_id(tweet_id))
        with self._read() as connection:
            row = connection.execute(query.order_by(sample.c.source_offset.desc())).first()
        return None if row is None else _sampled(row)

    def sample_between(
        self,
        brand: str,
        from_ms: int,
        to_ms: int,
        negative_only: bool = True,
        limit: int = 1000,
    ) -> list[SampledTweet]:
        """Return a brand's sampled tweets created in ``[from_ms, to_ms)``, newest first.

        Parameters
        ----------
        negative_only
            Whether to return only tweets with the label negative.
        """
        query = _ordered("newest", None).where(*_between(brand, from_ms, to_ms))
        if negative_only:
            query = query.where(sample.c.negative.is_(True))
        with self._read() as connection:
            rows = connection.execute(query.limit(check_limit(limit))).all()
        return [_sampled(row) for row in rows]

    def labelling(
        self, lang: str | None = None, brand: str | None = None, limit: int = 20
    ) -> list[SampledTweet]:
        """Return the most uncertain tweets recorded in the last seven days, for labelling.

        Tweets with feedback and repeated texts are omitted. If most of the examined tweets repeat
        one text, fewer than ``limit`` are returned.

        Parameters
        ----------
        lang, brand
            Filters; None does not filter.
        """
        check_limit(limit)
        chosen: list[SampledTweet] = []
        seen: set[tuple[str, ...]] = set()
        with self._read() as connection:
            newest_ms = connection.execute(select(func.max(sample.c.recorded_ms))).scalar()
            if newest_ms is None:
                return []
            for tweet in _uncertain(connection, newest_ms - LABELLING_MS, lang, brand):
                tokens = tuple(extract_words(tweet.text)) or (tweet.text,)
                if tokens not in seen:
                    seen.add(tokens)
                    chosen.append(tweet)
                if len(chosen) == limit:
                    break
        return chosen


def _uncertain(
    connection: Connection, from_ms: int, lang: str | None, brand: str | None
) -> Iterator[SampledTweet]:
    """Yield tweets without feedback, most uncertain first, from one query."""
    labelled = select(feedback.c.tweet_id).where(feedback.c.tweet_id == sample.c.tweet_id)
    query = _ordered("uncertain", None).where(sample.c.recorded_ms > from_ms, ~labelled.exists())
    if lang is not None:
        query = query.where(sample.c.lang == lang)
    if brand is not None:
        query = query.where(sample.c.brand == brand)
    batched = query.limit(LABELLING_LIMIT).execution_options(yield_per=_BATCH)
    with connection.execute(batched) as rows:
        yield from map(_sampled, rows)


def _between(brand: str, from_ms: int, to_ms: int) -> tuple[ColumnElement[bool], ...]:
    column = sample.c
    return column.brand == brand, column.created_ms >= from_ms, column.created_ms < to_ms


def _select_shown() -> Select[Any]:
    return select(sample).where(sample.c.removed.is_(False))


def _ordered(order: TweetOrder, cursor: str | None) -> Select[Any]:
    """Return a query of tweets in an order, after a cursor."""
    name, kind, is_descending = _COLUMNS[order]
    column, brand = sample.c[name], sample.c.brand
    id_, network = sample.c.tweet_id, sample.c.network
    query = _select_shown().where(column.is_not(None))
    if cursor is not None:
        at, at_brand, at_id, at_network = decode_cursor(cursor, order, kind, str, str, str)
        is_same = and_(column == at, brand == at_brand)
        is_after = column < at if is_descending else column > at
        query = query.where(
            or_(
                is_after,
                and_(column == at, brand > at_brand),
                and_(is_same, id_ > at_id),
                and_(is_same, id_ == at_id, network > at_network),
            )
        )
    return query.order_by(column.desc() if is_descending else column, brand, id_, network)


def _sampled(row: Row[Any]) -> SampledTweet:
    return SampledTweet(row.tweet_id, *_other_values_of(row))
