"""Hypothesis strategies of records, built from the types that ``badbuzz.model`` declares."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st
from msgspec import Meta

from badbuzz.model import BUCKET_MS, MAX_MS, Alert, Scored, Tweet, Window
from badbuzz.wire import is_name

T = TypeVar("T")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
names = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=25).filter(
    is_name
)
_MOST_LISTED = 4


def values(kind: Any) -> st.SearchStrategy[Any]:
    """Return a strategy of the values of a declared type, within its bounds."""
    origin, args = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _bounded(args[0], next(one for one in args[1:] if isinstance(one, Meta)))
    if origin is Literal:
        return st.sampled_from(args)
    if origin in (Union, UnionType):
        return st.one_of([values(one) for one in args])
    if origin is tuple:
        return st.lists(values(args[0]), max_size=_MOST_LISTED).map(tuple)
    if isinstance(kind, type) and is_dataclass(kind):
        hints = get_type_hints(kind, include_extras=True)
        return st.builds(kind, **{name: values(hint) for name, hint in hints.items()})
    plain: dict[Any, st.SearchStrategy[Any]] = {
        str: texts,
        bool: st.booleans(),
        int: st.integers(),
        NoneType: st.none(),
    }
    return plain[kind]


def _bounded(kind: Any, meta: Meta) -> st.SearchStrategy[Any]:
    if kind is int:
        highest = meta.le if meta.lt is None else meta.lt - 1
        return st.integers(int(meta.ge or 0), int(highest or 0))
    if kind is float:
        return st.floats(meta.ge, meta.le)
    if kind is str and meta.pattern is not None:
        return st.from_regex(meta.pattern, fullmatch=True)
    return values(kind)


@st.composite
def tweets(draw: st.DrawFn, kinds: tuple[str, ...] = ("post", "edit", "delete")) -> Tweet:
    """Draw a valid tweet."""
    tweet: Tweet = draw(values(Tweet))
    produced_ms = max(tweet.produced_ms, tweet.created_ms)
    return replace(
        tweet, brand=draw(names), source=draw(names), produced_ms=produced_ms,
        kind=draw(st.sampled_from(kinds)),
    )  # fmt: skip


@st.composite
def scored_tweets(draw: st.DrawFn) -> Scored:
    """Draw a valid tweet with or without a score."""
    tweet: Tweet = draw(tweets())
    score = draw(st.none() | st.floats(0, 1))
    if score is None:
        return Scored(tweet, None, None, "")
    return Scored(tweet, score, draw(st.booleans()), draw(texts))


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Draw a valid window."""
    window: Window = draw(values(Window))
    brand = draw(names)
    start_ms = min(window.start_ms, MAX_MS - BUCKET_MS)
    if window.n:
        window = replace(window, rate=window.rate or 0.0, adjusted_rate=window.adjusted_rate or 0.5)
    return replace(
        window, brand=brand, start_ms=start_ms, end_ms=start_ms + BUCKET_MS,
        n_negative=min(window.n, window.n_negative),
        alert_id=draw(st.sampled_from(["", f"{brand}/{start_ms}"])),
    )  # fmt: skip


@st.composite
def alerts(draw: st.DrawFn) -> Alert:
    """Draw a valid alert; phase, severity and reasons are often those of a newer version."""
    alert: Alert = draw(values(Alert))
    brand = draw(names)
    start_ms = min(alert.window_start_ms, MAX_MS - BUCKET_MS)
    return replace(
        alert, id=f"{brand}/{start_ms}", brand=brand, window_start_ms=start_ms,
        window_end_ms=start_ms + BUCKET_MS, n_negative=min(alert.n, alert.n_negative),
        phase=draw(st.sampled_from(["firing", "escalated", "resolved", alert.phase])),
        severity=draw(st.sampled_from(["info", "warning", "critical", alert.severity])),
    )  # fmt: skip
