"""Fold the records of one partition, in order, into outcomes, windows and alerts.

The state of a partition is the states of its brands and the newest heartbeat of each source. A
brand's watermark is the minimum, over the live sources, of the source's newest heartbeat or tweet
about the brand, less the allowed lateness. It does not depend on the other brands in the partition.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
"""A source further behind the newest one than this is not live."""

FORGET_MS: Final = 86_400_000
"""A source further behind the newest one than this is forgotten."""

Outcome = Literal["counted", "unvalidated", "late", "duplicate", "edit", "delete", "heartbeat"]


class Applied(NamedTuple):
    """Result of one record: its outcome, and the closed windows and alerts in order."""

    outcome: Outcome
    windows: Sequence[Window] = ()
    alerts: Sequence[Alert] = ()


_CLOSING_NOTHING: Final[dict[Outcome, Applied]] = {
    name: Applied(name) for name in get_args(Outcome)
}
"""Results of records that close no bucket."""


def watermark(times_ms: dict[str, int]) -> tuple[int, tuple[str, ...]]:
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
    oldest_live_ms = max(times_ms.values()) - MAX_BEHIND_MS
    low_ms = min(time for time in times_ms.values() if time >= oldest_live_ms)
    return low_ms, tuple(sorted(s for s, time in times_ms.items() if time < oldest_live_ms))


@dataclass(slots=True)
class Fold:
    """State of one partition.

    Parameters
    ----------
    rules_of
        Function that returns the rules of a brand by its name.
    brands
        State of each brand by name.
    heartbeats_ms
        Newest heartbeat of each source, Unix milliseconds.
    changed
        Brands whose state changed since :meth:`saved` was last called.
    evidence
        Sampled negatives and term counts of each brand by name.

    Examples
    --------
    >>> fold = Fold(lambda brand: Rules())
    >>> prediction = Prediction(score=0.9, negative=True, adjusted=9_500, bundle="airline-en@1")
    >>> tweet = Tweet("1", "Air Paradis", "Lost my bag", created_ms=70_000, produced_ms=70_000)
    >>> fold.apply(tweet, prediction)
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
    _changed_evidence: set[str] = field(default_factory=set)

    def apply(self, tweet: Tweet, prediction: Prediction | None) -> Applied:
        """Apply one record.

        Parameters
        ----------
        tweet
            Next record of the partition.
        prediction
            Prediction of a post; None if no bundle supports its language, and for other kinds.

        Returns
        -------
        Applied
            Outcome of the record, and the windows and alerts that it caused.
        """
        if tweet.kind == "heartbeat":
            return _applied("heartbeat", self._apply_heartbeat(tweet))
        state = self.brands.get(tweet.brand)
        if state is None:
            state = self.brands[tweet.brand] = BrandState(tweet.brand)
        self.changed.add(tweet.brand)
        if not windows.note_record(state, tweet):
            return _CLOSING_NOTHING["duplicate"]
        if tweet.kind != "post":
            evidence = self.evidence.get(tweet.brand)
            if evidence is not None and evidence.forget(tweet.id):
                self._changed_evidence.add(tweet.brand)
            windows.note_source(state, tweet)
            return _CLOSING_NOTHING[tweet.kind]
        rules = self.rules_of(tweet.brand)
        if state.closed_ms < 0:
            self._start(state, tweet, rules)
        outcome = windows.observe(state, tweet, prediction, rules)
        if outcome == "counted" and prediction is not None and prediction.negative:
            self._add_evidence(tweet, prediction)
        windows.note_source(state, tweet)
        if tweet.created_ms - rules.lateness_ms >= state.closed_ms + BUCKET_MS:
            return _applied(outcome, self._advance(state, rules))
        return _CLOSING_NOTHING[outcome]

    def _start(self, state: BrandState, tweet: Tweet, rules: Rules) -> None:
        """Start a new brand at the oldest bucket for which the tweet's source is not late."""
        start_ms = max(min(tweet.created_ms, tweet.produced_ms) - rules.lateness_ms, 0)
        if self.heartbeats_ms:
            start_ms = max(start_ms, watermark(self.heartbeats_ms)[0] - rules.lateness_ms)
        state.closed_ms = start_ms - start_ms % BUCKET_MS

    def _apply_heartbeat(self, beat: Tweet) -> list[tuple[Window, Alert | None]]:
        time_ms = beat.produced_ms
        if time_ms <= self.heartbeats_ms.get(beat.source, -1):
            return []
        self.heartbeats_ms[beat.source] = time_ms
        newest_ms = max(self.heartbeats_ms.values())
        for source in [s for s, t in self.heartbeats_ms.items() if newest_ms - t > FORGET_MS]:
            del self.heartbeats_ms[source]
        due = [
            brand
            for brand, state in self.brands.items()
            if 0 <= state.closed_ms <= time_ms - self.rules_of(brand).lateness_ms - BUCKET_MS
        ]
        closed = []
        for brand in sorted(due):  # states loaded from Kafka have another order
            closed += self._advance(self.brands[brand], self.rules_of(brand))
        return closed

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

    def _add_evidence(self, tweet: Tweet, prediction: Prediction) -> None:
        evidence = self.evidence.get(tweet.brand)
        if evidence is None:
            evidence = self.evidence[tweet.brand] = BrandEvidence(tweet.brand)
        evidence.add(tweet, prediction)
        self._changed_evidence.add(tweet.brand)

    def _with_evidence(
        self, window: Window, alert: Alert | None, evidence: BrandEvidence
    ) -> Alert | None:
        if evidence.decay(window.end_ms):
            self._changed_evidence.add(evidence.brand)
        if alert is None or alert.phase == "resolved":
            return alert
        return replace(
            alert, evidence=explain(evidence, alert.window_start_ms, alert.window_end_ms)
        )

    def changed_states(self) -> list[BrandState]:
        """Return the states changed since :meth:`saved`, sorted by brand."""
        return [self.brands[brand] for brand in sorted(self.changed)]

    def changed_evidence(self) -> list[tuple[bytes, bytes | None]]:
        """Return keys and values of changed evidence, sorted by brand; None deletes a key."""
        brands = sorted(self._changed_evidence)
        return [record for brand in brands for record in self.evidence[brand].changed()]

    def saved(self) -> None:
        """Mark all states and evidence as saved."""
        self.changed.clear()
        for brand in self._changed_evidence:
            self.evidence[brand].saved()
        self._changed_evidence.clear()

    def restore_evidence(self, key: bytes, value: bytes) -> None:
        """Restore a record that :meth:`changed_evidence` returned."""
        brand = brand_of(key)
        evidence = self.evidence.get(brand)
        if evidence is None:
            evidence = self.evidence[brand] = BrandEvidence(brand)
        evidence.restore(key, value)

    def pack(self, partition: int, next_offset: int) -> bytes:
        """Return the partition's own record: partition, next offset and heartbeats."""
        return orjson.dumps(
            {
                "v": VERSION,
                "partition": partition,
                "next_offset": next_offset,
                "heartbeats_ms": self.heartbeats_ms,
            }
        )

    def unpack(self, partition: int, packed: bytes) -> int:
        """Restore the partition's own record and return the next offset."""
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
