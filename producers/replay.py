"""Replay: send recorded tweets to Kafka at the pace of their event times, or faster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from badbuzz.detection.heartbeats import with_heartbeats
from badbuzz.errors import RecordingError
from badbuzz.messages.text import counted
from badbuzz.model import Tweet
from badbuzz.recordings.reader import read_recording
from badbuzz.recordings.rows import RecordingFile, Reject
from badbuzz.recordings.times import format_utc
from badbuzz.wire import MAX_AHEAD_MS
from producers.progress_file import ProgressFile, ReplayJob
from producers.publisher import Publisher

_TICK_S: Final = 0.1
_SAVE_S: Final = 1.0
_LONGEST_SLEEP_S: Final = 0.1
_TAIL_S: Final = 600
"""Heartbeats after the last tweet may be later than now by this and the lateness, in seconds, so
that the windows of a tweet of this minute close."""


@dataclass(slots=True)
class ReplayStats:
    """Statistics of a replay; ``first_ms`` and ``last_ms`` are event times, -1 before the first."""

    n_sent: int = 0
    n_heartbeats: int = 0
    n_rejected: int = 0
    resumed_at: int = 0
    first_ms: int = -1
    last_ms: int = -1
    started_s: float = 0.0
    finished_s: float = 0.0
    interrupted: bool = False

    def summary(self) -> dict[str, Any]:
        """Return all fields, with duration and rate."""
        plain = asdict(self)
        duration_s = plain.pop("finished_s") - plain.pop("started_s")
        plain["duration_s"] = round(duration_s, 3)
        plain["tweets_per_s"] = round(self.n_sent / duration_s, 1) if duration_s > 0 else 0.0
        return plain

    def sentence(self) -> str:
        """Return the summary as a sentence."""
        summary = self.summary()
        span = ""
        if self.n_sent:
            span = f", written {format_utc(self.first_ms)} to {format_utc(self.last_ms)}"
        return (
            f"{counted(self.n_sent, 'tweet')} sent in {summary['duration_s']:.1f} s "
            f"({summary['tweets_per_s']:,.0f}/s){span}; {counted(self.n_heartbeats, 'heartbeat')}"
        )


class Pace:
    """Pace of a replay: how long to wait until an event time is due.

    Parameters
    ----------
    speed
        Seconds of event time per second, > 0; None does not wait.
    fast_until_ms
        Event time, Unix ms; earlier records are not delayed.
    fast_for_ms
        Duration from the first event time, ms, in which records are not delayed; 0 for none.
    clock
        Monotonic clock, in seconds.

    Examples
    --------
    >>> pace = Pace(60.0, clock=lambda: 0.0)
    >>> pace.delay_s(120_000), pace.delay_s(180_000)
    (0.0, 1.0)
    """

    def __init__(
        self,
        speed: float | None,
        *,
        fast_until_ms: int = 0,
        fast_for_ms: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._speed = speed
        self._fast_until_ms = fast_until_ms
        self._fast_for_ms = fast_for_ms
        self._clock = clock
        self._origin: tuple[int, float] | None = None

    def delay_s(self, event_ms: int) -> float:
        """Return the seconds until an event time is due, >= 0."""
        if self._speed is None:
            return 0.0
        if self._fast_for_ms:
            self._fast_until_ms = event_ms + self._fast_for_ms
            self._fast_for_ms = 0
        if event_ms < self._fast_until_ms:
            return 0.0
        if self._origin is None:
            self._origin = event_ms, self._clock()
        origin_ms, origin_s = self._origin
        due_s = origin_s + (event_ms - origin_ms) / 1000 / self._speed
        return max(due_s - self._clock(), 0.0)


def resume_at(records: Iterable[Tweet], seq: int) -> Iterator[Tweet]:
    """Return the records after tweet ``seq - 1``; all records if ``seq`` is 0.

    Examples
    --------
    >>> tweets = [Tweet(str(n), "b", "", n, n, seq=n) for n in range(4)]
    >>> [tweet.seq for tweet in resume_at(tweets, 2)]
    [2, 3]
    """
    stream = iter(records)
    if seq > 0:
        for tweet in stream:
            if tweet.seq == seq - 1:
                break
    return stream


@dataclass(slots=True)
class Replay:
    """One run of a job.

    Parameters
    ----------
    job
        Parameters of the replay.
    publisher
        Publisher that sends the tweets.
    pace
        Pace of the replay.
    author_key
        Key of the hash that replaces an author's name.
    progress
        Progress file; None writes none.
    on_reject, on_open
        Callbacks for rejected rows and for opened recordings.
    on_tick
        Callback that receives the statistics about ten times a second.
    stopping
        Callback that returns True to stop the replay.
    allows_future
        Whether to send tweets and heartbeats that are created more than five minutes later than
        now.
    """

    job: ReplayJob
    publisher: Publisher
    pace: Pace
    author_key: str
    on_reject: Callable[[Reject], None]
    progress: ProgressFile | None = None
    on_open: Callable[[RecordingFile], None] | None = None
    on_tick: Callable[[ReplayStats], None] = lambda stats: None  # noqa: ARG005
    stopping: Callable[[], bool] = lambda: False
    allows_future: bool = False
    _ticked_s: float = 0.0
    _saved_s: float = 0.0
    _has_ended: bool = False

    def run(self) -> ReplayStats:
        """Send all records from the saved position; return when they are acknowledged.

        Raises
        ------
        RecordingError
            If a recording cannot be read, or goes on in the future.
        KafkaError
            If the broker refuses a record.
        """
        stats = ReplayStats(started_s=time.monotonic())
        stats.resumed_at = self.progress.next_seq if self.progress else 0
        try:
            self._send_all(self._records(stats), stats)
            self.publisher.flush()
            self._save(done=not stats.interrupted)
        except BaseException:
            self._save(done=False)
            raise
        stats.finished_s = time.monotonic()
        self.on_tick(stats)
        return stats

    def _records(self, stats: ReplayStats) -> Iterator[Tweet]:
        def count(reject: Reject) -> None:
            stats.n_rejected += 1
            self.on_reject(reject)

        tweets = read_recording(
            **self.job.read_arguments(),
            author_key=self.author_key,
            on_reject=count,
            on_open=self.on_open,
        )
        records = with_heartbeats(self._noting(tweets), self.job.heartbeat_ms, self.job.tail_ms)
        return resume_at(records, stats.resumed_at)

    def _noting(self, tweets: Iterator[Tweet]) -> Iterator[Tweet]:
        """Yield the tweets, and note that there are no more."""
        yield from tweets
        self._has_ended = True

    def _send_all(self, records: Iterator[Tweet], stats: ReplayStats) -> None:
        for tweet in records:
            if not self._wait_for(tweet.produced_ms, stats):
                stats.interrupted = True
                return
            if not self.allows_future:
                self._check_future(tweet)
            self.publisher.send(tweet)
            if tweet.kind == "heartbeat":
                stats.n_heartbeats += 1
                continue
            stats.n_sent += 1
            stats.last_ms = tweet.produced_ms
            if stats.first_ms < 0:
                stats.first_ms = tweet.created_ms

    def _wait_for(self, event_ms: int, stats: ReplayStats) -> bool:
        """Sleep until an event time is due; return False if the replay is to stop."""
        while True:
            now_s = time.monotonic()
            if now_s - self._ticked_s >= _TICK_S:
                self._ticked_s = now_s
                self._tick(now_s, stats)
            if self.stopping():
                return False
            delay_s = self.pace.delay_s(event_ms)
            if delay_s <= 0.0:
                return True
            time.sleep(min(delay_s, _LONGEST_SLEEP_S))

    def _check_future(self, tweet: Tweet) -> None:
        """Refuse a record of the future; a heartbeat moves the clock of all brands, too."""
        until_ms, remedy = time.time() * 1000 + MAX_AHEAD_MS, "--start or --to"
        if self._has_ended:
            until_ms += _TAIL_S * 1000 + self.job.lateness_ms
            remedy = "a shorter --tail-s"
        if tweet.created_ms > until_ms:
            raise RecordingError(
                f"a {tweet.kind} is created at {format_utc(tweet.created_ms)}, in the future: give "
                f"{remedy}, or --allow-future"
            )

    def _tick(self, now_s: float, stats: ReplayStats) -> None:
        self.publisher.check_acknowledged()
        stats.finished_s = now_s
        self.on_tick(stats)
        if now_s - self._saved_s >= _SAVE_S:
            self._saved_s = now_s
            self._save(done=False)

    def _save(self, *, done: bool) -> None:
        if self.progress is not None:
            seq = max(self.publisher.acknowledged_to, self.progress.next_seq)
            self.progress.save(seq, done=done)
