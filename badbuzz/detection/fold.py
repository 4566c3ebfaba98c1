"""The fold over one partition: records in order in, outcomes, windows and alerts out.

A partition holds its brands' states and how far each source's heartbeats have come. A brand's
watermark is the least, over the live sources, of the source's newest heartbeat here or tweet about
the brand, less the allowed lateness: it does not depend on which brands share the partition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple, get_args

import orjson

from badbuzz.detection import windows
from badbuzz.detection.state import BrandState, Rules
from badbuzz.errors import StateError
from badbuzz.evidence.explain import explain
from badbuzz.evidence.sample import BrandEvidence, brand_of
from badbuzz.model import BUCKET_MS, Alert, Prediction, Tweet, Window

VERSION: Final = 1
MAX_BEHIND_MS: Final = 120_000
"""A source further behind the others than this is no longer live."""

FORGET_MS: Final = 86_400_000
"""A source further behind the others than this is forgotten."""

Outcome = Literal["counted", "unvalidated", "late", "duplicate", "edit", "delete", "heartbeat"]


class Applied(NamedTuple):
    """What one record brought about: its outcome, and the windows and alerts in order."""

    outcome: Outcome
    windows: Sequence[Window] = ()
    alerts: Sequence[Alert] = ()


_ALONE: Final[dict[Outcome, Applied]] = {name: Applied(name) for name in get_args(Outcome)}
"""What a record brings about that closes no bucket; made once, as most records are such."""


def watermark(times_ms: dict[str, int]) -> tuple[int, tuple[str, ...]]:
    """How far every live source has come, and the sources that are not live.

    Parameters
    ----------
    times_ms
        Newest time of each source; at least one.

    Examples
    --------
    >>> watermark({"x": 500_000, "bluesky": 450_000, "mastodon": 100_000})
    (450000, ('mastodon',))
    """
    oldest_live_ms = max(times_ms.values()) - MAX_BEHIND_MS
    low_ms = min(time for time in times_ms.values() if time >= oldest_live_ms)
    return low_ms, tuple(sorted(s for s, time in times_ms.items() if time < oldest_live_ms))


@dataclass(slots=True)
class Fold:
    """The state of one partition.

    Parameters
    ----------
    rules_of
        The rules of a brand, by its name.
    brands
        State by brand.
    heartbeats_ms
        Newest heartbeat of each source.
    changed
        Brands whose state changed since :meth:`saved` was last called.
    evidence
        What is remembered of the brands' negatives, by brand.

    Examples
    --------
    >>> fold = Fold(lambda brand: Rules())
    >>> verdict = Prediction(score=0.9, negative=True, adjusted=9_500, bundle="airline-en@1")
    >>> tweet = Tweet("1", "Air Paradis", "Lost my bag", created_ms=70_000, produced_ms=70_000)
    >>> fold.apply(tweet, verdict)
    Applied(outcome='counted', windows=(), alerts=())
    >>> beat = Tweet("", "", "", created_ms=370_000, produced_ms=370_000, kind="heartbeat")
    >>> [window.n for window in fold.apply(beat, None).windows]
    [1]
    """

    rules_of: Callable[[str], Rules]
    brands: dict[str, BrandState] = field(default_factory=dict)
    heartbeats_ms: dict[str, int] = field(default_factory=dict)
    changed: set[str] = field(default_factory=set)
    evidence: dict[str, BrandEvidence] = field(default_factory=dict)
    _evident: set[str] = field(default_factory=set)

    def apply(self, tweet: Tweet, verdict: Prediction | None) -> Applied:
        """Take in one record.

        Parameters
        ----------
        tweet
            The partition's next record.
        verdict
            Of a post; None where no bundle reads its language, and for other kinds.

        Returns
        -------
        Applied
            The record's outcome, and the windows that it closed with their alerts.
        """
        if tweet.kind == "heartbeat":
            return _applied("heartbeat", self._beat(tweet))
        state = self.brands.get(tweet.brand)
        if state is None:
            state = self.brands[tweet.brand] = BrandState(tweet.brand)
        self.changed.add(tweet.brand)
        if windows.is_duplicate(state, tweet):
            return _ALONE["duplicate"]
        if tweet.kind != "post":
            self._forget(tweet)
            windows.saw_source(state, tweet)
            return _ALONE[tweet.kind]
        rules = self.rules_of(tweet.brand)
        if state.closed_ms < 0:
            self._start(state, tweet, rules)
        outcome = windows.observe(state, tweet, verdict, rules)
        if outcome == "counted" and verdict is not None and verdict.negative:
            self._keep(tweet, verdict)
        windows.saw_source(state, tweet)
        if tweet.created_ms - rules.lateness_ms >= state.closed_ms + BUCKET_MS:
            return _applied(outcome, self._advance(state, rules))
        return _ALONE[outcome]

    def _start(self, state: BrandState, tweet: Tweet, rules: Rules) -> None:
        """Open a new brand at the oldest bucket that this tweet's source may still fill."""
        start_ms = max(min(tweet.created_ms, tweet.produced_ms) - rules.lateness_ms, 0)
        if self.heartbeats_ms:
            start_ms = max(start_ms, watermark(self.heartbeats_ms)[0] - rules.lateness_ms)
        state.closed_ms = start_ms - start_ms % BUCKET_MS

    def _beat(self, beat: Tweet) -> list[tuple[Window, Alert | None]]:
        time_ms = beat.produced_ms
        if time_ms <= self.heartbeats_ms.get(beat.source, -1):
            return []
        self.heartbeats_ms[beat.source] = time_ms
        newest_ms = max(self.heartbeats_ms.values())
        for source in [s for s, t in self.heartbeats_ms.items() if newest_ms - t > FORGET_MS]:
            del self.heartbeats_ms[source]
        closed = []
        for brand in sorted(self._due(time_ms)):  # loaded states stand in another order
            closed += self._advance(self.brands[brand], self.rules_of(brand))
        return closed

    def _due(self, time_ms: int) -> Iterator[str]:
        """Brands that have a bucket which may close by a time."""
        for brand, state in self.brands.items():
            lateness_ms = self.rules_of(brand).lateness_ms
            if time_ms - lateness_ms >= state.closed_ms + BUCKET_MS and state.closed_ms >= 0:
                yield brand

    def _advance(self, state: BrandState, rules: Rules) -> list[tuple[Window, Alert | None]]:
        times_ms = dict(self.heartbeats_ms)
        for source, time_ms in state.newest_ms.items():
            if time_ms > times_ms.get(source, -1):
                times_ms[source] = time_ms
        oldest_ms = max(times_ms.values()) - FORGET_MS
        times_ms = {source: time_ms for source, time_ms in times_ms.items() if time_ms >= oldest_ms}
        low_ms, absent = watermark(times_ms)
        if low_ms - rules.lateness_ms < state.closed_ms + BUCKET_MS:
            return []
        self.changed.add(state.brand)
        closed = windows.advance(state, low_ms - rules.lateness_ms, rules, absent)
        evidence = self.evidence.get(state.brand)
        if evidence is None:
            return closed
        return [(window, self._with_evidence(window, alert, evidence)) for window, alert in closed]

    def _keep(self, tweet: Tweet, verdict: Prediction) -> None:
        evidence = self.evidence.get(tweet.brand)
        if evidence is None:
            evidence = self.evidence[tweet.brand] = BrandEvidence(tweet.brand)
        evidence.add(tweet, verdict)
        self._evident.add(tweet.brand)

    def _forget(self, tweet: Tweet) -> None:
        evidence = self.evidence.get(tweet.brand)
        if evidence is not None and evidence.forget(tweet.id):
            self._evident.add(tweet.brand)

    def _with_evidence(
        self, window: Window, alert: Alert | None, evidence: BrandEvidence
    ) -> Alert | None:
        if evidence.decay(window.end_ms):
            self._evident.add(evidence.brand)
        if alert is None or alert.phase == "resolved":
            return alert
        return replace(
            alert, evidence=explain(evidence, alert.window_start_ms, alert.window_end_ms)
        )

    def changed_states(self) -> list[BrandState]:
        """The states to save, by brand; :meth:`saved` says that they are."""
        return [self.brands[brand] for brand in sorted(self.changed)]

    def changed_evidence(self) -> list[tuple[bytes, bytes | None]]:
        """Keys and values of evidence to save, None for what is gone, by brand."""
        brands = sorted(self._evident)
        return [record for brand in brands for record in self.evidence[brand].changed()]

    def saved(self) -> None:
        """From now on nothing has changed."""
        self.changed.clear()
        for brand in self._evident:
            self.evidence[brand].saved()
        self._evident.clear()

    def restore_evidence(self, key: bytes, value: bytes) -> None:
        """Take over a record that :meth:`changed_evidence` gave."""
        brand = brand_of(key)
        evidence = self.evidence.get(brand)
        if evidence is None:
            evidence = self.evidence[brand] = BrandEvidence(brand)
        evidence.restore(key, value)

    def pack(self, partition: int, next_offset: int) -> bytes:
        """The partition's own record: its number, where to go on, the sources' heartbeats."""
        return orjson.dumps(
            {
                "v": VERSION,
                "partition": partition,
                "next_offset": next_offset,
                "heartbeats_ms": self.heartbeats_ms,
            }
        )

    def unpack(self, partition: int, packed: bytes) -> int:
        """Take over the record of a partition; returns the offset to go on at."""
        plain = orjson.loads(packed)
        if plain["v"] != VERSION:
            raise StateError(
                f"a partition record has version {plain['v']}, this is {VERSION}: run the badbuzz "
                "that wrote it, or start with an empty processor-state topic"
            )
        if plain["partition"] != partition:
            raise StateError(f"partition {partition} holds the record of {plain['partition']}")
        self.heartbeats_ms = dict(plain["heartbeats_ms"])
        offset: int = plain["next_offset"]
        return offset


def _applied(outcome: Outcome, closed: list[tuple[Window, Alert | None]]) -> Applied:
    windows = tuple(window for window, _ in closed)
    return Applied(outcome, windows, tuple(alert for _, alert in closed if alert is not None))
