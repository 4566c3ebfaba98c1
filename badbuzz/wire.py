"""Encode and decode the records of the topics.

Every record is a JSON object with its schema version under ``v``. Decoding is strict: an invalid
record raises a :class:`~badbuzz.errors.WireError` that names the field and the reason. Reasons are
taken from a short list, so that they can label a metric.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, TypeVar

import orjson
from msgspec import UNSET, DecodeError, UnsetType, ValidationError
from msgspec.json import Decoder

from badbuzz.errors import WireError
from badbuzz.model import Alert, Prediction, Rate, Scored, Tweet, Versions, Window

_T = TypeVar("_T")

VERSION: Final = 1
MAX_BYTES: Final = 64 * 1024
"""Maximum length of a tweet's record."""
MAX_OUTPUT_BYTES: Final = 256 * 1024
"""Maximum length of a window's or an alert's record."""
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

_UNSET: Final = b',"replaces":""}'
_NO_NETWORK: Final = b',"network":""}'
_VERSIONED: Final = b'{"v":%d,' % VERSION
_MAX_DETAIL: Final = 300
_PLACE: Final = re.compile(r"(?P<what>.*) - at `\$\.?(?P<field>[^`]*)`", re.DOTALL)
_MISSING: Final = re.compile(r"Object missing required field `(\w+)`")
_TYPE: Final = re.compile(r"Expected `[^`]*`, got `")


@dataclass(frozen=True, slots=True)
class _Version:
    v: Any = None


@dataclass(frozen=True, slots=True)
class _Score:
    """The fields of a prediction in a scored tweet."""

    score: Rate | UnsetType = UNSET
    negative: bool | UnsetType = UNSET
    bundle: Versions | UnsetType = UNSET


_version: Final = Decoder(_Version)
_tweet: Final = Decoder(Tweet)
_score: Final = Decoder(_Score)
_window: Final = Decoder(Window)
_alert: Final = Decoder(Alert)


def encode_tweet(tweet: Tweet) -> bytes:
    """Encode a tweet as a JSON record.

    Examples
    --------
    >>> tweet = Tweet(id="1", brand="Air Paradis", text="Merci !", created_ms=1, produced_ms=2)
    >>> decode_tweet(encode_tweet(tweet)) == tweet
    True
    """
    packed = _VERSIONED + orjson.dumps(tweet)[1:]
    return packed if tweet.replaces else packed[: -len(_UNSET)] + b"}"


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
    _check_size(data, MAX_BYTES)
    return _checked_tweet(data)


def _checked_tweet(data: bytes) -> Tweet:
    tweet = _decode(_tweet, data)
    if not is_name(tweet.source):
        raise WireError("source", "value", NAME_RULE)
    if tweet.kind != "heartbeat" and not is_name(tweet.brand):
        raise WireError("brand", "value", NAME_RULE)
    if tweet.created_ms - tweet.produced_ms > MAX_AHEAD_MS:
        ahead_s = (tweet.created_ms - tweet.produced_ms) // 1000
        raise WireError("created_ms", "future", f"{ahead_s} s after produced_ms")
    return tweet


def _decode(decoder: Decoder[_T], data: bytes) -> _T:
    """Return the value of a record of this version; its types and bounds are those declared."""
    try:
        if not data.startswith(_VERSIONED):
            version = _version.decode(data).v
            if version != VERSION or type(version) is not int:
                raise WireError("v", "version", f"expected {VERSION}, found {version!r:.40}")
        return decoder.decode(data)
    except (DecodeError, RecursionError) as error:
        raise _refusal(error) from error


def _refusal(error: DecodeError | RecursionError) -> WireError:
    """Return the field and the reason of an error of msgspec, which only its message names."""
    if not isinstance(error, ValidationError):
        return WireError("record", "unreadable", str(error))
    place = _PLACE.fullmatch(str(error))
    what, field = (place["what"], place["field"]) if place else (str(error), "")
    missing = _MISSING.fullmatch(what)
    if missing:
        field = f"{field}.{missing[1]}".lstrip(".")
        return WireError(field, "missing", "this field is required")
    reason = "type" if _TYPE.match(what) else "value"
    return WireError(field or "record", reason, what[:_MAX_DETAIL])


def _check_size(data: bytes, most: int) -> None:
    if len(data) > most:
        raise WireError("record", "oversized", f"{len(data)} bytes, at most {most} are read")


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
    tweet, found = _checked_tweet(data), _decode(_score, data)
    score, negative, bundle = found.score, found.negative, found.bundle
    if score is UNSET:
        return Scored(tweet, None, None, "")
    if negative is UNSET or bundle is UNSET:
        name = "negative" if negative is UNSET else "bundle"
        raise WireError(name, "missing", "a score has a label and a bundle")
    return Scored(tweet, score, negative, bundle)


def encode_window(window: Window) -> bytes:
    """Encode a closed window as a JSON record."""
    return _VERSIONED + orjson.dumps(window)[1:]


def encode_alert(alert: Alert) -> bytes:
    """Encode an alert as a JSON record; equal alerts give equal bytes."""
    packed = _VERSIONED + orjson.dumps(alert)[1:]
    return packed.replace(_NO_NETWORK, b"}")  # in a text, the quotes are escaped


def decode_window(data: bytes) -> Window:
    """Decode a closed window.

    Raises
    ------
    WireError
        If the record is not a valid window.
    """
    _check_size(data, MAX_OUTPUT_BYTES)
    window = _decode(_window, data)
    if window.end_ms <= window.start_ms:
        raise WireError("end_ms", "value", "it is not after start_ms")
    if window.n and (window.rate is None or window.adjusted_rate is None):
        raise WireError("rate", "value", f"there is none for {window.n} tweets")
    _check_claim(window, "alert_id", window.alert_id)
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
    badbuzz.errors.WireError: id: missing: this field is required
    """
    _check_size(data, MAX_OUTPUT_BYTES)
    alert = _decode(_alert, data)
    if alert.window_end_ms <= alert.window_start_ms:
        raise WireError("window_end_ms", "value", "it is not after window_start_ms")
    if not alert.id:
        raise WireError("id", "value", "it is empty")
    _check_claim(alert, "id", alert.id)
    return alert


def _check_claim(claim: Window | Alert, field: str, alert_id: str) -> None:
    """Check what the fields of a window or an alert say together."""
    if not is_name(claim.brand):
        raise WireError("brand", "value", NAME_RULE)
    if claim.n_negative > claim.n:
        raise WireError("n_negative", "value", f"{claim.n_negative} of {claim.n} tweets")
    if alert_id:
        brand, _, start_ms = alert_id.rpartition("/")
        if brand != claim.brand or not (start_ms.isascii() and start_ms.isdecimal()):
            detail = f"{alert_id!r} is no alert of brand {claim.brand!r}"
            raise WireError(field, "value", detail)
