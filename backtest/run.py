"""One pass over recorded tweets, with a fold for each rule set.

Records, heartbeats and fold are those of a replay through Kafka, so that the alerts are identical
byte for byte.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Protocol

from backtest.rules import RuleSet
from badbuzz.detection.alert_evaluation import WatchedPeriod
from badbuzz.detection.fold import Fold
from badbuzz.detection.heartbeats import EVERY_MS, TAIL_MS, with_heartbeats
from badbuzz.detection.state import Rules
from badbuzz.model import Alert, Prediction, Tweet, Window
from badbuzz.recordings.reader import LabelledTweet

_BATCH: Final = 1024


class TweetScorer(Protocol):
    """Source of predictions for recorded tweets."""

    def predictions(self, recorded: Sequence[LabelledTweet]) -> list[Prediction | None]:
        """Return the prediction for each tweet, or None."""


@dataclass(slots=True)
class Tally:
    """Number of tweets read, with the event times of the first and the last; -1 for none."""

    n_tweets: int = 0
    first_ms: int = -1
    last_ms: int = -1
    interrupted: bool = False


class Run:
    """Fold of one rule set, and its output.

    Parameters
    ----------
    rules
        Changes to the rules.
    base
        Function from a brand's name to its rules without the changes.
    keeps_windows
        Whether to keep every closed window, as the report needs them.

    Attributes
    ----------
    alerts
        Phase changes, in the order in which the worker would publish them.
    windows
        Closed windows by brand, if they are kept.
    watches
        Watched period by brand.
    outcomes
        Number of records by outcome.
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

    def take(self, tweet: Tweet, prediction: Prediction | None) -> None:
        """Fold one record."""
        applied = self.fold.apply(tweet, prediction)
        self.outcomes[applied.outcome] += 1
        self.alerts += applied.alerts
        for window in applied.windows:
            self.watches.setdefault(window.brand, WatchedPeriod()).note(window)
            if self._keeps_windows:
                self.windows.setdefault(window.brand, []).append(window)


@dataclass(slots=True)
class Backtest:
    """Pass over a recording for several rule sets.

    Parameters
    ----------
    runs
        One run for each rule set.
    scorer
        Source of the predictions.
    tail_ms
        Milliseconds of heartbeats after the last tweet.
    on_tick
        Called with the tally after every 1,024 tweets.
    stopping
        Called before every 1,024 tweets; true ends the pass.
    """

    runs: Sequence[Run]
    scorer: TweetScorer
    tail_ms: int = TAIL_MS
    on_tick: Callable[[Tally], None] = lambda tally: None  # noqa: ARG005
    stopping: Callable[[], bool] = lambda: False
    tally: Tally = field(default_factory=Tally)
    _predictions: deque[Prediction | None] = field(default_factory=deque)

    def run(self, recorded: Iterable[LabelledTweet]) -> Tally:
        """Fold all tweets, or those before ``stopping`` returned true."""
        takes = [run.take for run in self.runs]
        next_prediction = self._predictions.popleft
        for tweet in with_heartbeats(self._scored(recorded), EVERY_MS, self.tail_ms):
            if self.tally.interrupted:
                break
            prediction = None if tweet.kind == "heartbeat" else next_prediction()
            for take in takes:
                take(tweet, prediction)
        self.on_tick(self.tally)
        return self.tally

    def _scored(self, recorded: Iterable[LabelledTweet]) -> Iterator[Tweet]:
        """Yield the tweets, each after its prediction was added to the queue."""
        tally = self.tally
        source = iter(recorded)
        while batch := list(islice(source, _BATCH)):
            if self.stopping():
                tally.interrupted = True
                return
            self._predictions.extend(self.scorer.predictions(batch))
            for one in batch:
                yield one.tweet
            if tally.first_ms < 0:
                tally.first_ms = batch[0].tweet.created_ms
            tally.n_tweets += len(batch)
            tally.last_ms = batch[-1].tweet.produced_ms
            self.on_tick(tally)
