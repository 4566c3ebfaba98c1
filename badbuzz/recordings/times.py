"""Parsing and formatting of times; all instants are Unix milliseconds."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Final

from badbuzz.model import MAX_MS
from badbuzz.recordings.limits import shown

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_OFFSETS: Final = {
    "UTC": "+0000", "GMT": "+0000", "PST": "-0800", "PDT": "-0700", "MST": "-0700",
    "MDT": "-0600", "CST": "-0600", "CDT": "-0500", "EST": "-0500", "EDT": "-0400",
}  # fmt: skip
_ZONE: Final = re.compile(r"\b[A-Z]{3}\b")
_MAX_LENGTH: Final = 64
_NOTATIONS: Final = ("%Y-%m-%d %H:%M:%S %z", "%a %b %d %H:%M:%S %z %Y")


def parse_time(value: object) -> int:
    """Parse an instant into Unix milliseconds.

    Parameters
    ----------
    value
        ISO 8601 time with an offset, ``2015-02-24 11:35:52 -0800``,
        ``Mon Apr 06 22:19:45 PDT 2009``, or Unix seconds.

    Raises
    ------
    ValueError
        If it has another format or no offset.

    Examples
    --------
    >>> parse_time("2015-02-17T07:48:48.849+00:00"), parse_time("Mon Apr 06 22:19:45 PDT 2009")
    (1424159328849, 1239081585000)
    >>> parse_time("2015-02-17T07:48:48")
    Traceback (most recent call last):
    ValueError: expected an offset from UTC, as in 2015-02-17T07:48:48Z, found '2015-02-17T07:48:48'
    """
    if isinstance(value, str) and value.isdecimal() and len(value) < 16:
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        if not 0 <= value < MAX_MS / 1000:
            raise ValueError(f"expected Unix seconds, found {value!r}")
        return round(value * 1000)
    is_short = isinstance(value, str) and len(value) <= _MAX_LENGTH
    instant = _instant(str(value).strip()) if is_short else None
    if instant is None:
        raise ValueError(f"expected a time such as 2026-12-01T08:00:00+01:00, found {shown(value)}")
    if instant.tzinfo is None and _is_date(str(value)):
        raise ValueError(
            "expected a time of day and an offset from UTC, as in "
            f"{str(value).strip()}T00:00:00Z, found {value!r}"
        )
    if instant.tzinfo is None:
        raise ValueError(f"expected an offset from UTC, as in {value}Z, found {value!r}")
    return (instant - _EPOCH) // timedelta(milliseconds=1)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text.strip())
    except ValueError:
        return False
    return True


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    zoned = _ZONE.sub(lambda zone: _OFFSETS.get(zone[0], zone[0]), text)
    for notation in _NOTATIONS:
        try:
            return datetime.strptime(zoned, notation)  # noqa: DTZ007 (the notations have %z)
        except ValueError:
            continue
    return None


def format_clock(time_ms: int, zone: tzinfo = UTC) -> str:
    """Return an instant with weekday, day and month, to the minute.

    Examples
    --------
    >>> format_clock(1_424_159_328_849)
    'Tue 17 Feb 07:48'
    """
    return f"{datetime.fromtimestamp(time_ms / 1000, zone):%a %d %b %H:%M}"


def format_utc(time_ms: int) -> str:
    """Return an instant in UTC to the minute, with the year.

    Examples
    --------
    >>> format_utc(0)
    '1970-01-01 00:00 UTC'
    """
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"


def zone_name(time_ms: int, zone: tzinfo) -> str:
    """Return the abbreviation of a time zone at an instant.

    Examples
    --------
    >>> from zoneinfo import ZoneInfo
    >>> zone_name(1_424_159_328_849, ZoneInfo("America/New_York"))
    'EST'
    """
    return f"{datetime.fromtimestamp(time_ms / 1000, zone):%Z}"
