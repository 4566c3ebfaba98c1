"""How a replay stands, in words."""

from __future__ import annotations

from datetime import UTC, datetime

from badbuzz.messages.text import counted
from producers.replay import Tally


def standing(tally: Tally) -> str:
    """How many tweets were sent, how fast, and where in event time."""
    line = f"{counted(tally.n_sent, 'tweet')} sent, {tally.summary()['tweets_per_s']:,.0f}/s"
    if tally.last_ms >= 0:
        line += f", at {utc(tally.last_ms)}"
    return line + (f", {tally.n_rejected:,} rejected" if tally.n_rejected else "")


def sentence(tally: Tally) -> str:
    """What a replay did, at its end."""
    summary = tally.summary()
    span = f", written {utc(tally.first_ms)} to {utc(tally.last_ms)}" if tally.n_sent else ""
    return (
        f"{counted(tally.n_sent, 'tweet')} sent in {summary['duration_s']:.1f} s "
        f"({summary['tweets_per_s']:,.0f}/s){span}; {counted(tally.n_heartbeats, 'heartbeat')}"
    )


def utc(time_ms: int) -> str:
    """An instant, to the minute.

    Examples
    --------
    >>> utc(0)
    '1970-01-01 00:00 UTC'
    """
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
