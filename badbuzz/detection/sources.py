"""Times and numbers of the sources of a partition.

The time of a live source never exceeds the time at which the broker received its records, so that a
source whose clock is ahead cannot make the tweets of others late. Times of live and of replayed
records are kept apart: a replay of the past or of the future does not move live time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from badbuzz.model import DAY_MS, Tweet

MAX_BEHIND_MS: Final = 120_000
"""A source further behind the newest one than this is not live."""

MAX_AHEAD_MS: Final = 120_000
"""A source further ahead of the broker than this is named in the windows, as if it were absent."""

FORGET_MS: Final = DAY_MS
"""A source further behind the newest one than this is forgotten."""

MAX_SOURCES: Final = 64
"""Maximum number of sources of a partition whose times are kept."""

MAX_JUMP: Final = 2**32
"""A source's number that is higher than the last one by this or more is reported as a jump."""


def watermark(times_ms: Mapping[str, int]) -> tuple[int, tuple[str, ...]]:
    """Return the minimum time of the live sources, and the sources that are not live.

    Parameters
    ----------
    times_ms
        Newest time of each source, Unix milliseconds; at least one source.

    Examples
    --------
    >>> watermark({"x": 500_000, "bluesky": 450_000, "mastodon": 100_000})
    (450000, ('mastodon',))
    """
    if len(times_ms) == 1:
        (low_ms,) = times_ms.values()
        return low_ms, ()
    oldest_live_ms = max(times_ms.values()) - MAX_BEHIND_MS
    low_ms = min(time for time in times_ms.values() if time >= oldest_live_ms)
    return low_ms, tuple(sorted(s for s, time in times_ms.items() if time < oldest_live_ms))


@dataclass(slots=True)
class SourceClocks:
    """Times and numbers of the sources of one partition.

    Parameters
    ----------
    live_ms, replayed_ms
        Newest heartbeat of each live source, and of each replay, Unix milliseconds.
    ahead_ms
        Arrival of the last record that was too far ahead, by live source.
    last_seq
        Last sequence number of each source.
    renumbered
        Last and new number, by source, where numbers jumped or began again; not part of the state.

    Examples
    --------
    >>> clocks = SourceClocks()
    >>> beat = Tweet("", "", "", 9_000_000, 9_000_000, source="x", kind="heartbeat")
    >>> clocks.note_heartbeat(beat, arrived_ms=60_000), clocks.live_ms, clocks.ahead_ms
    (60000, {'x': 60000}, {'x': 60000})
    """

    live_ms: dict[str, int] = field(default_factory=dict)
    replayed_ms: dict[str, int] = field(default_factory=dict)
    ahead_ms: dict[str, int] = field(default_factory=dict)
    last_seq: dict[str, int] = field(default_factory=dict)
    renumbered: dict[str, tuple[int, int]] = field(default_factory=dict, compare=False)

    def of(self, *, replay: bool) -> dict[str, int]:
        """Return the newest heartbeat of each source, of live records or of replayed ones."""
        return self.replayed_ms if replay else self.live_ms

    def note_heartbeat(self, beat: Tweet, arrived_ms: int | None) -> int:
        """Note a heartbeat, and return its time; -1 if it moves nothing.

        Parameters
        ----------
        beat
            Heartbeat of a source.
        arrived_ms
            Time at which the broker received it, Unix milliseconds; None if unknown.
        """
        times_ms = self.of(replay=beat.replay)
        time_ms = beat.produced_ms
        if arrived_ms is not None and not beat.replay:
            self.check_ahead(beat.source, time_ms, arrived_ms)
            time_ms = min(time_ms, arrived_ms)
            _remove_ahead(times_ms, arrived_ms + MAX_AHEAD_MS)
        if time_ms <= times_ms.get(beat.source, -1):
            return -1
        if beat.source not in times_ms and not _make_room(times_ms, time_ms):
            return -1
        times_ms[beat.source] = time_ms
        return time_ms

    def remove_ahead(self, now_ms: int) -> None:
        """Forget all times after now, of live sources and of replays.

        Examples
        --------
        >>> clocks = SourceClocks(live_ms={"x": 5, "y": 9_000_000}, replayed_ms={"replay:a": 7})
        >>> clocks.remove_ahead(6)
        >>> clocks.live_ms, clocks.replayed_ms
        ({'x': 5}, {})
        """
        for times_ms in (self.live_ms, self.replayed_ms):
            _remove_ahead(times_ms, now_ms)

    def check_ahead(self, source: str, time_ms: int, arrived_ms: int) -> None:
        """Remember whether a live source's record was too far ahead of the broker."""
        if time_ms - arrived_ms > MAX_AHEAD_MS:
            if source in self.ahead_ms or _make_room(self.ahead_ms, arrived_ms):
                self.ahead_ms[source] = arrived_ms
        elif source in self.ahead_ms:
            del self.ahead_ms[source]

    def watermark(
        self, newest_ms: Mapping[str, int], *, replay: bool
    ) -> tuple[int, tuple[str, ...]]:
        """Return a brand's watermark without the lateness, and the sources that windows name.

        Parameters
        ----------
        newest_ms
            Newest time of each source's tweets about the brand; not empty without heartbeats.
        replay
            Whether the brand's tweets are replayed.
        """
        times_ms = self.of(replay=replay)
        newer_ms = {s: time for s, time in newest_ms.items() if time > times_ms.get(s, -1)}
        if newer_ms:
            times_ms = times_ms | newer_ms
        oldest_ms = max(times_ms.values()) - FORGET_MS
        low_ms, absent = watermark({s: time for s, time in times_ms.items() if time >= oldest_ms})
        if self.ahead_ms and not replay:
            ahead = {s for s, time_ms in self.ahead_ms.items() if time_ms >= oldest_ms}
            absent = tuple(sorted(ahead.union(absent)))
        return low_ms, absent

    def note_number(self, tweet: Tweet) -> None:
        """Note the number of a tweet that is new, and whether its source's numbers went wrong."""
        seq, last_seq = tweet.seq, self.last_seq
        last = last_seq.get(tweet.source)
        if last is None:
            if len(last_seq) >= MAX_SOURCES:
                del last_seq[next(iter(last_seq))]
        elif not 0 < seq - last < MAX_JUMP:
            self.renumbered[tweet.source] = last, seq
        last_seq[tweet.source] = seq

    def pack(self) -> dict[str, Any]:
        """Return the fields of the partition's record; :meth:`unpack` restores them."""
        return {
            "heartbeats_ms": self.live_ms,
            "replayed_ms": self.replayed_ms,
            "ahead_ms": self.ahead_ms,
            "last_seq": self.last_seq,
        }

    @classmethod
    def unpack(cls, plain: Mapping[str, Any]) -> SourceClocks:
        """Return the clocks that :meth:`pack` packed; earlier versions wrote only heartbeats."""
        return cls(
            dict(plain["heartbeats_ms"]),
            dict(plain.get("replayed_ms", {})),
            dict(plain.get("ahead_ms", {})),
            dict(plain.get("last_seq", {})),
        )


def _remove_ahead(times_ms: dict[str, int], limit_ms: int) -> None:
    """Remove times after a limit, which come from a replay or from a clock that was ahead."""
    for source in [source for source, time_ms in times_ms.items() if time_ms > limit_ms]:
        del times_ms[source]


def _make_room(times_ms: dict[str, int], time_ms: int) -> bool:
    """Forget sources a day behind and, if there are still too many, the oldest that is not live.

    Live sources are never forgotten for a new one: if all are live, there is no room.
    """
    for source in [s for s, time in times_ms.items() if time_ms - time > FORGET_MS]:
        del times_ms[source]
    if len(times_ms) < MAX_SOURCES:
        return True
    oldest = min(times_ms, key=lambda source: (times_ms[source], source))
    if times_ms[oldest] >= max(times_ms.values()) - MAX_BEHIND_MS:
        return False
    del times_ms[oldest]
    return True
