"""One pass over recorded tweets, through a fold for each rule set.

The records, their heartbeats and the fold are those of a replay through Kafka, so the alerts are
the same, to the byte.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Protocol

from backtest.rules import RuleSet
from badbuzz.detection.evaluation import WatchedPeriod
from badbuzz.detection.fold import Fold
from badbuzz.detection.heartbeats import EVERY_MS, TAIL_MS, with_heartbeats
from badbuzz.detection.state import Rules
from badbuzz.model import Alert, Prediction, Tweet, Window
from badbuzz.recordings.reader import LabelledTweet

_BATCH: Final = 1024


class TweetScorer(Protocol):
    """Whoever gives verdicts."""

    def predictions(self, recorded: Sequence[LabelledTweet]) -> list[Prediction | None]:
        """A verdict on each tweet, or None."""


@dataclass(slots=True)
class Tally:
    """How far a backtest has come; times are event times, -1 before there is one."""

    n_tweets: int = 0
    first_ms: int = -1
    last_ms: int = -1
    interrupted: bool = False


class Run:
    """What one rule set made of the recording.

    Parameters
    ----------
    rules
        Which.
    base
        Rules of a brand, without its changes.
    keeps_windows
        Whether every closed window is kept.

    Attributes
    ----------
    alerts
        Phase changes, in the order in which the worker would publish them.
    windows
        Closed windows by brand, if they are kept.
    watches
        By brand, when it was watched with a baseline.
    outcomes
        What became of the records.
    """

    def __init__(
        self, rules: RuleSet, base: Callable[[str], Rules], *, keeps_windows: bool = True
    ) -> None:
        self.rules = rules
        self.fold = Fold(rules.over(base))
        self.alerts: list[Alert] = []
        self.windows: dict[str, list[Window]] = {}
        self.watches: dict[str, WatchedPeriod] = {}
        self.outcomes: Counter[str] = Counter()
        self._keeps_windows = keeps_windows

    def take(self, tweet: Tweet, verdict: Prediction | None) -> None:
        """Fold one record."""
        applied = self.fold.apply(tweet, verdict)
        self.outcomes[applied.outcome] += 1
        self.alerts += applied.alerts
        for window in applied.windows:
            self.watches.setdefault(window.brand, WatchedPeriod()).note(window)
            if self._keeps_windows:
                self.windows.setdefault(window.brand, []).append(window)


@dataclass(slots=True)
class Backtest:
    """A recording through several rule sets.

    Parameters
    ----------
    runs
        One for each.
    judging
        Who gives the verdicts.
    tail_ms
        Heartbeats after the last tweet.
    on_tick
        Told how things stand, every thousand tweets.
    stopping
        Asked as often whether to end early.
    """

    runs: Sequence[Run]
    judging: TweetScorer
    tail_ms: int = TAIL_MS
    on_tick: Callable[[Tally], None] = lambda tally: None  # noqa: ARG005
    stopping: Callable[[], bool] = lambda: False
    tally: Tally = field(default_factory=Tally)
    _verdicts: deque[Prediction | None] = field(default_factory=deque)

    def run(self, recorded: Iterable[LabelledTweet]) -> Tally:
        """Fold everything, or as much as there was time for."""
        takes = [run.take for run in self.runs]
        verdict_of = self._verdicts.popleft
        for tweet in with_heartbeats(self._judged(recorded), EVERY_MS, self.tail_ms):
            if self.tally.interrupted:
                break
            verdict = None if tweet.kind == "heartbeat" else verdict_of()
            for take in takes:
                take(tweet, verdict)
        self.on_tick(self.tally)
        return self.tally

    def _judged(self, recorded: Iterable[LabelledTweet]) -> Iterator[Tweet]:
        """The tweets; the verdict on each lies ready when it comes."""
        tally = self.tally
        source = iter(recorded)
        while batch := list(islice(source, _BATCH)):
            if self.stopping():
                tally.interrupted = True
                return
            self._verdicts.extend(self.judging.predictions(batch))
            for one in batch:
                yield one.tweet
            if tally.first_ms < 0:
                tally.first_ms = batch[0].tweet.created_ms
            tally.n_tweets += len(batch)
            tally.last_ms = batch[-1].tweet.produced_ms
            self.on_tick(tally)
