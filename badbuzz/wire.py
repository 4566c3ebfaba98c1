"""Encode and decode the records of the topics.

Every record is a JSON object with its schema version under ``v``. Decoding is strict: an invalid
record raises a :class:`~badbuzz.errors.WireError` that names the field and the reason. Reasons are
taken from a short list, so that they can label a metric.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields as fields_of
from functools import lru_cache
from operator import attrgetter
from types import NoneType
from typing import Any, Final, NoReturn, get_args

import orjson

from badbuzz.errors import WireError
from badbuzz.model import (
    Alert,
    Evidence,
    Example,
    Prediction,
    Reason,
    Scored,
    Term,
    Tweet,
    TweetKind,
    Window,
)

VERSION: Final = 1
MAX_BYTES: Final = 64 * 1024
MAX_AHEAD_MS: Final = 5 * 60 * 1000
MAX_NAME_BYTES: Final = 100
NAME_RULE: Final = f"expected a printable name of 1 to {MAX_NAME_BYTES} bytes"

TWEETS: Final = "tweets"
DEAD_LETTERS: Final = "dead-letters"
SCORED_TWEETS: Final = "scored-tweets"
WINDOWS: Final = "windows"
ALERTS: Final = "alerts"
PROCESSOR_STATE: Final = "processor-state"
TOPICS: Final = (TWEETS, DEAD_LETTERS, SCORED_TWEETS, WINDOWS, ALERTS, PROCESSOR_STATE)

REASONS: Final = (
    "unreadable", "oversized", "version", "missing", "type", "value", "future", "misplaced",
)  # fmt: skip

_VERSIONED: Final = b'{"v":%d,' % VERSION
_KINDS = frozenset(get_args(TweetKind))
_TYPES: Final[dict[str, type]] = {
    "id": str,
    "brand": str,
    "text": str,
    "created_ms": int,
    "produced_ms": int,
    "seq": int,
    "source": str,
    "lang": str,
    "author": str,
    "n_retweets": int,
    "url": str,
    "replay": bool,
    "kind": str,
}
_NAMES: Final = frozenset(_TYPES)
_TYPES_OF_VALUES: Final = tuple(_TYPES.values())
_values_of: Final = attrgetter(*_TYPES)
_SCORED: Final = {"score": float, "negative": bool, "bundle": str}
_REQUIRED = ("id", "brand", "text", "created_ms", "produced_ms")
_PARTS: Final[dict[str, type]] = {
    "terms": Term,
    "reasons": Reason,
    "most_negative": Example,
    "most_repeated": Example,
}
_TYPES_BY_HINT: Final[dict[str, tuple[type, ...]]] = {
    "int": (int,),
    "float": (float, int),
    "float | None": (float, int, NoneType),
    "bool": (bool,),
    "tuple[str, ...]": (tuple,),
    "Evidence | None": (Evidence, NoneType),
}
_OUTPUT_TYPES: Final = {
    output: {spec.name: _TYPES_BY_HINT.get(str(spec.type), (str,)) for spec in fields_of(output)}
    for output in (Window, Alert)
}
"""Types that the JSON value of each field of a window or an alert may have."""

MAX_INT: Final = 2**63 - 1
MAX_MS: Final = 4_102_444_800_000
"""The year 2100: times at or after it are invalid."""


def encode_tweet(tweet: Tweet) -> bytes:
    """Encode a tweet as a JSON record.

    Examples
    --------
    >>> tweet = Tweet(id="1", brand="Air Paradis", text="Merci !", created_ms=1, produced_ms=2)
    >>> decode_tweet(encode_tweet(tweet)) == tweet
    True
    """
    return _VERSIONED + orjson.dumps(tweet)[1:]


def decode_tweet(data: bytes) -> Tweet:
    """Decode a tweet.

    Parameters
    ----------
    data
        Value of a record, at most 64 KiB.

    Returns
    -------
    Tweet
        The tweet, with defaults for absent optional fields.

    Raises
    ------
    WireError
        If the record is unreadable, oversized, of another version, wrongly typed, or created
        more than five minutes after it was produced.

    Examples
    --------
    >>> decode_tweet(b'{"v": 9}')
    Traceback (most recent call last):
    badbuzz.errors.WireError: v: version: expected 1, found 9
    """
    if len(data) > MAX_BYTES:
        raise WireError("record", "oversized", f"{len(data)} bytes, at most {MAX_BYTES} are read")
    return _tweet(_parse(data))


def _tweet(fields: dict[str, Any]) -> Tweet:
    if not fields.keys() <= _NAMES:
        fields = {name: value for name, value in fields.items() if name in _NAMES}
    for name in _REQUIRED:
        if name not in fields:
            raise WireError(name, "missing", "this field is required")
    tweet = Tweet(**fields)
    if tuple(map(type, _values_of(tweet))) != _TYPES_OF_VALUES:
        _raise_type_error(tweet)
    _check_values(tweet)
    return tweet


def _parse(data: bytes) -> dict[str, Any]:
    """Return the fields of a record without its version, which is checked."""
    try:
        fields = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise WireError("record", "unreadable", str(error)) from error
    if type(fields) is not dict:
        raise WireError("record", "type", f"expected an object, found {type(fields).__name__}")
    version = fields.pop("v", None)
    if version != VERSION or type(version) is not int:
        raise WireError("v", "version", f"expected {VERSION}, found {version!r}")
    return fields


def _raise_type_error(tweet: Tweet) -> NoReturn:
    name, kind = next((n, k) for n, k in _TYPES.items() if type(getattr(tweet, n)) is not k)
    found = type(getattr(tweet, name)).__name__
    raise WireError(name, "type", f"expected {kind.__name__}, found {found}")


def _check_values(tweet: Tweet) -> None:
    if tweet.kind not in _KINDS:
        raise WireError("kind", "value", f"expected one of {sorted(_KINDS)}, found {tweet.kind!r}")
    if not 0 <= tweet.created_ms < MAX_MS:
        raise WireError("created_ms", "value", f"{tweet.created_ms} is not a Unix time in ms")
    if not 0 <= tweet.produced_ms < MAX_MS:
        raise WireError("produced_ms", "value", f"{tweet.produced_ms} is not a Unix time in ms")
    if tweet.n_retweets < 0:
        raise WireError("n_retweets", "value", f"{tweet.n_retweets} is negative")
    if not is_name(tweet.source):
        raise WireError("source", "value", NAME_RULE)
    if tweet.kind != "heartbeat" and not is_name(tweet.brand):
        raise WireError("brand", "value", NAME_RULE)
    if tweet.created_ms - tweet.produced_ms > MAX_AHEAD_MS:
        ahead_s = (tweet.created_ms - tweet.produced_ms) // 1000
        raise WireError("created_ms", "future", f"{ahead_s} s after produced_ms")


def is_name(name: str) -> bool:
    """Check whether a text is a valid name of a brand or a source.

    Examples
    --------
    >>> is_name("Air Paradis"), is_name(" "), is_name("x" * 101)
    (True, False, False)
    """
    return len(name) <= MAX_NAME_BYTES and _is_short_name(name)


@lru_cache(maxsize=8192)
def _is_short_name(name: str) -> bool:
    fits = 0 < len(name.encode(errors="replace")) <= MAX_NAME_BYTES
    return fits and name == name.strip() and name.isprintable()


def encode_scored(tweet: Tweet, prediction: Prediction | None) -> bytes:
    """Encode a tweet with its prediction, if there is one."""
    if prediction is None:
        return encode_tweet(tweet)
    plain = {
        "score": prediction.score,
        "negative": prediction.negative,
        "bundle": prediction.bundle,
    }
    return encode_tweet(tweet)[:-1] + b"," + orjson.dumps(plain)[1:]


def decode_scored(data: bytes) -> Scored:
    """Decode a tweet with its score, if it has one.

    The record may be longer than 64 KiB, as it has more fields than a tweet.

    Raises
    ------
    WireError
        If the tweet or its score is invalid.

    Examples
    --------
    >>> tweet = Tweet(id="1", brand="Air Paradis", text="Merci !", created_ms=1, produced_ms=2)
    >>> decode_scored(encode_scored(tweet, Prediction(0.1, False, 500, "fr@1"))).score
    0.1
    """
    fields = _parse(data)
    tweet = _tweet(fields)
    if "score" not in fields:
        return Scored(tweet, None, None, "")
    for name, kind in _SCORED.items():
        value = fields.get(name)
        if type(value) is not kind:
            expected, seen = kind.__name__, type(value).__name__
            raise WireError(name, "type", f"expected {expected}, found {seen}")
    if not 0.0 <= fields["score"] <= 1.0:
        raise WireError("score", "value", f"{fields['score']} is not between 0 and 1")
    return Scored(tweet, fields["score"], fields["negative"], fields["bundle"])


def encode_window(window: Window) -> bytes:
    """Encode a closed window as a JSON record."""
    return _VERSIONED + orjson.dumps(window)[1:]


def encode_alert(alert: Alert) -> bytes:
    """Encode an alert as a JSON record; equal alerts give equal bytes."""
    return _VERSIONED + orjson.dumps(alert)[1:]


def decode_window(data: bytes) -> Window:
    """Decode a closed window.

    Raises
    ------
    WireError
        If the record is not a valid window.
    """
    fields = _parse(data)
    with _invalid("window"):
        window = Window(**{**fields, "absent": tuple(fields["absent"])})
    _check_types(window)
    return window


def decode_alert(data: bytes) -> Alert:
    """Decode an alert.

    Raises
    ------
    WireError
        If the record is not a valid alert.

    Examples
    --------
    >>> decode_alert(b'{"v":1,"colour":"red"}')
    Traceback (most recent call last):
    badbuzz.errors.WireError: record: type: not a valid alert: ...
    """
    fields = _parse(data)
    with _invalid("alert"):
        evidence = fields.pop("evidence", None)
        alert = Alert(**fields, evidence=_evidence(evidence) if evidence is not None else None)
    _check_types(alert)
    return alert


def _check_types(output: Window | Alert) -> None:
    """Refuse values that a database column cannot store."""
    for name, kinds in _OUTPUT_TYPES[type(output)].items():
        value = getattr(output, name)
        if type(value) not in kinds:
            expected = " or ".join(kind.__name__ for kind in kinds)
            raise WireError(name, "type", f"expected {expected}, found {type(value).__name__}")
        if type(value) is int and not -MAX_INT <= value <= MAX_INT:
            raise WireError(name, "value", f"{value} is out of range")
        if type(value) is str and "\x00" in value:
            raise WireError(name, "value", "it contains a NUL character")


def _evidence(plain: dict[str, Any]) -> Evidence:
    parts = {name: tuple(kind(**part) for part in plain[name]) for name, kind in _PARTS.items()}
    return Evidence(**{**plain, **parts})


@contextmanager
def _invalid(what: str) -> Iterator[None]:
    try:
        yield
    except (TypeError, KeyError) as error:
        raise WireError("record", "type", f"not a valid {what}: {error}") from error
