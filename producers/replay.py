"""Sends recorded tweets through Kafka, at the pace of their event times or faster."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final

from badbuzz.detection.heartbeats import with_heartbeats
from badbuzz.messages.text import counted
from badbuzz.model import Tweet
from badbuzz.recordings.reader import read_recording
from badbuzz.recordings.rows import Reject, Source
from badbuzz.recordings.times import format_utc
from producers.progress import Job, Progress
from producers.publisher import Publisher

_TICK_S: Final = 0.1
_SAVE_S: Final = 1.0
_LONGEST_SLEEP_S: Final = 0.1


@dataclass(slots=True)
class Tally:
    """What a replay has done so far; times are event times."""

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
        """Everything, with duration and rate."""
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
    """Says how long to wait until an event time is due.

    Parameters
    ----------
    speed
        Seconds of event time per second; None for as fast as it goes.
    fast_until_ms
        Event time before which nothing waits.
    fast_for_ms
        Nor does anything in so much event time from the first one on.
    clock
        Monotonic seconds.

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
        """Seconds until an event time is due, >= 0."""
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


def after(records: Iterable[Tweet], seq: int) -> Iterator[Tweet]:
    """The records behind the tweet before the one of that number; all of them from 0.

    Examples
    --------
    >>> tweets = [Tweet(str(n), "b", "", n, n, seq=n) for n in range(4)]
    >>> [tweet.seq for tweet in after(tweets, 2)]
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
        What to send.
    publisher
        How.
    pace
        When.
    author_key
        Key of the hash that stands for an author.
    progress
        Where to note how far it has come, if anywhere.
    on_reject, on_open
        Told of bad rows and of opened files.
    on_tick
        Told how things stand, some ten times a second.
    stopping
        Asked often whether to stop.
    """

    job: Job
    publisher: Publisher
    pace: Pace
    author_key: str
    on_reject: Callable[[Reject], None]
    progress: Progress | None = None
    on_open: Callable[[Source], None] | None = None
    on_tick: Callable[[Tally], None] = lambda tally: None  # noqa: ARG005
    stopping: Callable[[], bool] = lambda: False
    _ticked_s: float = 0.0
    _saved_s: float = 0.0

    def run(self) -> Tally:
        """Send everything from where the progress stands; return when it is acknowledged.

        Raises
        ------
        RecordingError
            When a recording cannot be read on.
        KafkaError
            When the broker takes no more.
        """
        tally = Tally(started_s=time.monotonic())
        tally.resumed_at = self.progress.next_seq if self.progress else 0
        try:
            self._send_all(self._records(tally), tally)
            self.publisher.flush()
            self._save(done=not tally.interrupted)
        except BaseException:
            self._save(done=False)
            raise
        tally.finished_s = time.monotonic()
        self.on_tick(tally)
        return tally

    def _records(self, tally: Tally) -> Iterator[Tweet]:
        def count(reject: Reject) -> None:
            tally.n_rejected += 1
            self.on_reject(reject)

        tweets = read_recording(
            **self.job.reading(),
            author_key=self.author_key,
            on_reject=count,
            on_open=self.on_open,
        )
        beaten = with_heartbeats(tweets, self.job.heartbeat_ms, self.job.tail_ms)
        return after(beaten, tally.resumed_at)

    def _send_all(self, records: Iterator[Tweet], tally: Tally) -> None:
        for tweet in records:
            if not self._wait_for(tweet.produced_ms, tally):
                tally.interrupted = True
                return
            self.publisher.send(tweet)
            if tweet.kind == "heartbeat":
                tally.n_heartbeats += 1
                continue
            tally.n_sent += 1
            tally.last_ms = tweet.produced_ms
            if tally.first_ms < 0:
                tally.first_ms = tweet.created_ms

    def _wait_for(self, event_ms: int, tally: Tally) -> bool:
        """Sleep until an event time is due; False when to stop instead."""
        while True:
            now_s = time.monotonic()
            if now_s - self._ticked_s >= _TICK_S:
                self._ticked_s = now_s
                self._tick(now_s, tally)
            if self.stopping():
                return False
            delay_s = self.pace.delay_s(event_ms)
            if delay_s <= 0.0:
                return True
            time.sleep(min(delay_s, _LONGEST_SLEEP_S))

    def _tick(self, now_s: float, tally: Tally) -> None:
        self.publisher.look()
        tally.finished_s = now_s
        self.on_tick(tally)
        if now_s - self._saved_s >= _SAVE_S:
            self._saved_s = now_s
            self._save(done=False)

    def _save(self, *, done: bool) -> None:
        if self.progress is not None:
            seq = max(self.publisher.acknowledged_to, self.progress.next_seq)
            self.progress.save(seq, done=done)
