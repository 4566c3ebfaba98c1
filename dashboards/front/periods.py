"""Periods of the past: how finely to show one, and how to send it again."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from badbuzz.model import DAY_MS, HOUR_MS

MINUTE_MS: Final = 60_000
STEPS_MS: Final = (
    5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, DAY_MS, 7 * DAY_MS,
)  # fmt: skip
_MOST_STEPS: Final = 200


def step_of(from_ms: int, to_ms: int) -> int:
    """Return the finest step, in milliseconds, that shows a period in at most 200 points.

    Examples
    --------
    >>> step_of(0, 16 * HOUR_MS) // MINUTE_MS, step_of(0, 7 * DAY_MS) // MINUTE_MS
    (5, 60)
    >>> step_of(0, 9000 * DAY_MS) // DAY_MS
    7
    """
    for step_ms in STEPS_MS:
        if (to_ms - from_ms) <= _MOST_STEPS * step_ms:
            return step_ms
    return STEPS_MS[-1]


def days(first: date, last: date, zone: str) -> tuple[int, int]:
    """Return days of a time zone, the last included, as half-open Unix milliseconds.

    Examples
    --------
    >>> days(date(2026, 10, 25), date(2026, 10, 25), "Europe/Paris")
    (1792879200000, 1792969200000)
    """
    return _midnight(first, zone), _midnight(last + timedelta(days=1), zone)


def day_of(at_ms: int, zone: str) -> date:
    """Return the date of a time in a time zone.

    Examples
    --------
    >>> day_of(1_792_879_200_000, "Europe/Paris")
    datetime.date(2026, 10, 25)
    """
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone)).date()


def replay_command(from_ms: int, to_ms: int) -> str:
    """Return shell commands that replay a period of a recording under another topic prefix.

    Examples
    --------
    >>> print(replay_command(1_792_879_200_000, 1_792_969_200_000))
    export BADBUZZ_TOPIC_PREFIX=again.
    badbuzz replay RECORDING --from 2026-10-24T22:00:00Z --to 2026-10-25T23:00:00Z --speed 600
    """
    return (
        "export BADBUZZ_TOPIC_PREFIX=again.\n"
        f"badbuzz replay RECORDING --from {_iso(from_ms)} --to {_iso(to_ms)} --speed 600"
    )


def _midnight(day: date, zone: str) -> int:
    at = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return round(at.timestamp() * 1000)


def _iso(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"
