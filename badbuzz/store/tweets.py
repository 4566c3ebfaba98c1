"""What the sample answers: tweets to show, to label, and to find words in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, and_, func, or_, select

from badbuzz.evidence.terms import extract_words
from badbuzz.store.engine import Connected
from badbuzz.store.model import Page, SampledTweet, TweetOrder
from badbuzz.store.pages import checked_limit, cursor_of, page, read_cursor
from badbuzz.store.schema import feedback, sample
from badbuzz.store.types import storable_id

LABELLING_MS: Final = 7 * 24 * 3_600_000
"""How far back in event time tweets are worth labelling."""

LABELLING_MOST: Final = 20_000
"""So many of the least certain are looked at: what one brand's five minutes hold in a week."""

_BATCH: Final = 200
_COLUMNS: Final[dict[str, tuple[str, type, bool]]] = {
    "newest": ("created_ms", int, True),
    "negative": ("score", float, True),
    "uncertain": ("doubt", float, False),
}
"""By what an order sorts, of which type it is, and whether it falls."""


class Tweets(Connected):
    """Readings of the sample; what was deleted or edited is in none."""

    def tweets(
        self,
        brand: str,
        from_ms: int,
        to_ms: int,
        order: TweetOrder = "newest",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[SampledTweet]:
        """A brand's sampled tweets that were created in ``[from_ms, to_ms)``.

        Parameters
        ----------
        order
            The newest first; the most negative; or those whose score is nearest to 0.5. The last
            two leave out what has no score.

        Raises
        ------
        QueryError
            When limit or cursor cannot be.
        """
        name, _, _ = _COLUMNS[order]
        asked = _ordered(order, cursor).where(
            sample.c.brand == brand,
            sample.c.created_ms >= from_ms,
            sample.c.created_ms < to_ms,
        )
        with self._reading() as connection:
            rows = connection.execute(asked.limit(checked_limit(limit) + 1)).all()
        return page(
            rows,
            limit,
            _sampled,
            lambda row: cursor_of(order, getattr(row, name), row.brand, row.tweet_id),
        )

    def tweet(self, tweet_id: str) -> SampledTweet | None:
        """A sampled tweet, of several brands' the one recorded last; None when it is not there."""
        asked = _shown().where(sample.c.tweet_id == storable_id(tweet_id))
        with self._reading() as connection:
            row = connection.execute(asked.order_by(sample.c.source_offset.desc())).first()
        return None if row is None else _sampled(row)

    def sample_between(
        self,
        brand: str,
        from_ms: int,
        to_ms: int,
        negative_only: bool = True,
        limit: int = 1000,
    ) -> list[SampledTweet]:
        """A brand's sampled tweets created in ``[from_ms, to_ms)``, newest first.

        Parameters
        ----------
        negative_only
            Only those that were labelled negative.
        """
        asked = _ordered("newest", None).where(
            sample.c.brand == brand,
            sample.c.created_ms >= from_ms,
            sample.c.created_ms < to_ms,
        )
        if negative_only:
            asked = asked.where(sample.c.negative.is_(True))
        with self._reading() as connection:
            rows = connection.execute(asked.limit(checked_limit(limit))).all()
        return [_sampled(row) for row in rows]

    def labelling(
        self, lang: str | None = None, brand: str | None = None, limit: int = 20
    ) -> list[SampledTweet]:
        """The tweets most worth labelling: the least certain of the last seven days of event time.

        Without those that have feedback, and of those with the same words only the first. When
        one text is all over the least certain, there may be fewer than asked for.

        Parameters
        ----------
        lang, brand
            Only of these.
        """
        checked_limit(limit)
        found: list[SampledTweet] = []
        seen: set[tuple[str, ...]] = set()
        with self._reading() as connection:
            newest_ms = connection.execute(select(func.max(sample.c.created_ms))).scalar()
            if newest_ms is None:
                return []
            for tweet in _uncertain(connection, newest_ms - LABELLING_MS, lang, brand):
                said = tuple(extract_words(tweet.text)) or (tweet.text,)
                if said not in seen:
                    seen.add(said)
                    found.append(tweet)
                if len(found) == limit:
                    break
        return found


def _uncertain(
    connection: Connection, from_ms: int, lang: str | None, brand: str | None
) -> Iterator[SampledTweet]:
    """Tweets without feedback, the least certain first, found and sorted once."""
    judged = select(feedback.c.tweet_id).where(feedback.c.tweet_id == sample.c.tweet_id)
    asked = _ordered("uncertain", None).where(sample.c.created_ms > from_ms, ~judged.exists())
    if lang is not None:
        asked = asked.where(sample.c.lang == lang)
    if brand is not None:
        asked = asked.where(sample.c.brand == brand)
    batched = asked.limit(LABELLING_MOST).execution_options(yield_per=_BATCH)
    with connection.execute(batched) as rows:
        yield from map(_sampled, rows)


def _shown() -> Select[Any]:
    return select(sample).where(sample.c.removed.is_(False))


def _ordered(order: TweetOrder, cursor: str | None) -> Select[Any]:
    """Tweets in an order, behind a cursor."""
    name, kind, falls = _COLUMNS[order]
    column, brand, id_ = sample.c[name], sample.c.brand, sample.c.tweet_id
    asked = _shown().where(column.is_not(None))
    if cursor is not None:
        at, at_brand, at_id = read_cursor(cursor, order, kind, str, str)
        further = column < at if falls else column > at
        asked = asked.where(
            or_(
                further,
                and_(column == at, brand > at_brand),
                and_(column == at, brand == at_brand, id_ > at_id),
            )
        )
    return asked.order_by(column.desc() if falls else column, brand, id_)


def _sampled(row: Row[Any]) -> SampledTweet:
    return SampledTweet(
        id=row.tweet_id,
        brand=row.brand,
        created_ms=row.created_ms,
        text=row.text,
        lang=row.lang,
        url=row.url,
        author=row.author,
        n_retweets=row.n_retweets,
        score=row.score,
        negative=row.negative,
        bundle=row.bundle,
        window_start_ms=row.window_start_ms,
    )
