"""Fold the records of one partition, in order, into outcomes, windows and alerts.

The state of a partition is the states of its brands and the clocks of its sources. A brand's
watermark is the minimum, over the live sources, of the source's newest heartbeat or tweet about the
brand, less the allowed lateness. It does not depend on the other brands in the partition.

A brand is either live or replayed: replayed records and heartbeats do not touch a live brand, and a
replayed brand starts again with its first live tweet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, NamedTuple, get_args

import orjson

from badbuzz.detection import windows
from badbuzz.detection.seen_ids import PREFIX as IDS_PREFIX
from badbuzz.detection.seen_ids import (
    SeenIds,
    identify,
    identify_post,
    is_new_version,
    is_of_its_network,
)
from badbuzz.detection.sources import SourceClocks, watermark
from badbuzz.detection.state import BrandState, Rules
from badbuzz.errors import StateError, damaged_state
from badbuzz.evidence.explain import explain
from badbuzz.evidence.sample import PREFIX as EVIDENCE_PREFIX
from badbuzz.evidence.sample import BrandEvidence, brand_of
from badbuzz.model import BUCKET_MS, DAY_MS, Alert, Prediction, Tweet, Window

VERSION: Final = 1
PREFIXES: Final = (EVIDENCE_PREFIX, IDS_PREFIX)
"""Prefixes of the keys of all records of a brand but its state's."""

Outcome = Literal[
    "counted", "unvalidated", "late", "duplicate", "edit", "delete", "heartbeat",
    "foreign", "replayed", "unwatched",
]  # fmt: skip
"""What happened to a record.

``foreign``, an edit or a deletion of another network's tweet; ``replayed``, a replayed record of a
brand that has live tweets; ``unwatched``, a record of a brand that is not let in.
"""
UNPUBLISHED: Final[frozenset[Outcome]] = frozenset(
    {"duplicate", "heartbeat", "foreign", "replayed", "unwatched"}
)
"""Outcomes of records that are not published as scored tweets."""


class Applied(NamedTuple):
    """Result of one record: its outcome, and the closed windows and alerts in order."""

    outcome: Outcome
    windows: Sequence[Window] = ()
    alerts: Sequence[Alert] = ()


_CLOSING_NOTHING: Final[dict[Outcome, Applied]] = {
    name: Applied(name) for name in get_args(Outcome)
}
"""Results of records that close no bucket."""


@dataclass(slots=True)
class Fold:
    """State of one partition.

    Parameters
    ----------
    rules_of
        Function that returns the rules of a brand by its name.
    brands
        State of each brand by name.
    clocks
        Times and numbers of the sources.
    changed
        Brands whose state changed since :meth:`saved` was last called.
    evidence
        Sampled negatives and term counts of each brand by name.
    seen
        Ids of each brand's newest records by name.
    is_listed
        Function that tells whether a brand is always watched.
    max_unlisted
        Number of brands from which no other is let in unless it is listed.
    retention_ms
        Event time without a tweet after which a brand that is not listed is dropped.
    topic_id
        Id of the topic that the records come from; empty if not known.

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
    clocks: SourceClocks = field(default_factory=SourceClocks)
    changed: set[str] = field(default_factory=set)
    evidence: dict[str, BrandEvidence] = field(default_factory=dict)
    seen: dict[str, SeenIds] = field(default_factory=dict)
    is_listed: Callable[[str], bool] = lambda _: True
    max_unlisted: int = 0
    retention_ms: int = 30 * DAY_MS
    topic_id: str = ""
    _changed_evidence: set[str] = field(default_factory=set)
    _changed_ids: set[str] = field(default_factory=set)
    _dropped: list[bytes] = field(default_factory=list)

    def apply(
        self, tweet: Tweet, prediction: Prediction | None, arrived_ms: int | None = None
    ) -> Applied:
        """Apply one record.

        Parameters
        ----------
        tweet
            Next record of the partition.
        prediction
            Prediction of a post; None if no bundle supports its language, and for other kinds.
        arrived_ms
            Time at which the broker received the record, Unix milliseconds; None, or Kafka's -1, if
            unknown. A live source's time never exceeds it.

        Returns
        -------
        Applied
            Outcome of the record, and the windows and alerts that it caused.
        """
        if arrived_ms is not None and arrived_ms < 0:
            arrived_ms = None
        if tweet.kind == "heartbeat":
            due = self.note_heartbeat(tweet, arrived_ms)
            return _applied("heartbeat", [one for brand in due for one in self.advance(brand)])
        state = self.brands.get(tweet.brand) or self._let_in(tweet)
        if state is None:
            return _CLOSING_NOTHING["unwatched"]
        if tweet.replay:
            arrived_ms = None
            if state.closed_ms >= 0 and not state.replay:
                return _CLOSING_NOTHING["replayed"]
        self.changed.add(tweet.brand)
        seen = self.seen.get(tweet.brand)
        if seen is None:
            seen = self.seen[tweet.brand] = SeenIds(tweet.brand)
        if tweet.kind != "post" or (tweet.replaces and is_new_version(tweet, seen)):
            return self._apply_change(state, tweet, seen, arrived_ms)
        if not seen.add(identify(tweet), tweet.created_ms):
            return _CLOSING_NOTHING["duplicate"]
        self._note_new(tweet, seen)
        return self._apply_post(state, tweet, prediction, arrived_ms)

    def _note_new(self, tweet: Tweet, seen: SeenIds) -> None:
        """Note a new post's number, and the version that it replaces, which does not count too."""
        if tweet.replaces:
            seen.add(identify_post(tweet.source, tweet.replaces), tweet.created_ms)
        self._changed_ids.add(tweet.brand)
        if tweet.seq >= 0:
            self.clocks.note_number(tweet)

    def _let_in(self, tweet: Tweet) -> BrandState | None:
        """Return the state of a new brand, or None if it is not watched.

        A brand that is not listed is let in by a post only, and by a live one instead of a brand
        that was replayed.
        """
        if not self.is_listed(tweet.brand):
            if tweet.kind != "post":
                return None
            if len(self.brands) >= self.max_unlisted:
                replayed = None if tweet.replay else self._first_replayed()
                if replayed is None:
                    return None
                self._drop(replayed)
        state = self.brands[tweet.brand] = BrandState(tweet.brand)
        return state

    def _first_replayed(self) -> str | None:
        """Return the first name of a replayed brand that is not listed, or None."""
        replayed = (brand for brand, state in self.brands.items() if state.replay)
        return min((brand for brand in replayed if not self.is_listed(brand)), default=None)

    def _apply_post(
        self, state: BrandState, tweet: Tweet, prediction: Prediction | None, arrived_ms: int | None
    ) -> Applied:
        rules = self.rules_of(tweet.brand)
        if arrived_ms is not None:
            self.clocks.check_ahead(tweet.source, tweet.produced_ms, arrived_ms)
        if state.closed_ms < 0 or windows.must_restart(state, tweet, arrived_ms):
            self._start(state, tweet, rules, arrived_ms)
        outcome = windows.observe(state, tweet, prediction, rules)
        if outcome == "counted" and prediction is not None and prediction.negative:
            self._add_evidence(tweet, prediction)
        windows.note_source(state, tweet, arrived_ms)
        if tweet.created_ms - rules.lateness_ms >= state.closed_ms + BUCKET_MS:
            return _applied(outcome, self._advance(state, rules))
        return _CLOSING_NOTHING[outcome]

    def _apply_change(
        self, state: BrandState, tweet: Tweet, seen: SeenIds, arrived_ms: int | None
    ) -> Applied:
        """Apply an edit or a deletion: the text that it removes is no longer evidence."""
        if not is_of_its_network(tweet, seen, state.newest_ms):
            return _CLOSING_NOTHING["foreign"]
        is_edit = tweet.kind != "delete"
        identity = identify(replace(tweet, kind="edit") if is_edit else tweet)
        is_new = seen.add(identity, tweet.created_ms)
        if is_edit and tweet.replaces:
            seen.add(identify_post(tweet.source, tweet.id), tweet.created_ms)
        self._changed_ids.add(tweet.brand)
        if not is_new:
            return _CLOSING_NOTHING["duplicate"]
        evidence = self.evidence.get(tweet.brand)
        if evidence is not None and evidence.forget(tweet.source, tweet.removed_id):
            self._changed_evidence.add(tweet.brand)
        if state.replay == tweet.replay:
            windows.note_source(state, tweet, arrived_ms)
        return _CLOSING_NOTHING["delete" if tweet.kind == "delete" else "edit"]

    def _start(self, state: BrandState, tweet: Tweet, rules: Rules, arrived_ms: int | None) -> None:
        """Start a brand at the oldest bucket for which no live source is late.

        A replayed brand starts again with its first live tweet, without the replay's alert.
        """
        state.restart()
        if state.replay and not tweet.replay:
            state.alert = None
        if tweet.brand in self.evidence:
            self.evidence[tweet.brand].restart()
            self._changed_evidence.add(tweet.brand)
        state.replay = tweet.replay
        heartbeats_ms = self.clocks.of(replay=tweet.replay)
        start_ms = min(tweet.created_ms, tweet.produced_ms)
        if heartbeats_ms:
            start_ms = watermark(heartbeats_ms)[0]
        if arrived_ms is not None:
            start_ms = min(start_ms, arrived_ms)
        start_ms = max(start_ms - rules.lateness_ms, 0)
        state.closed_ms = start_ms - start_ms % BUCKET_MS

    def note_heartbeat(self, beat: Tweet, arrived_ms: int | None = None) -> list[str]:
        """Note the time of a heartbeat, and return the brands that it makes due, in order.

        :meth:`apply` does this and then advances each of them. A caller that must not be busy for
        long advances them one by one; the state is that of the heartbeat after the last of them.

        Examples
        --------
        >>> fold = Fold(lambda brand: Rules())
        >>> fold.brands["Air Paradis"] = BrandState("Air Paradis", closed_ms=0)
        >>> beat = Tweet("", "", "", created_ms=370_000, produced_ms=370_000, kind="heartbeat")
        >>> fold.note_heartbeat(beat)
        ['Air Paradis']
        """
        if arrived_ms is not None and arrived_ms < 0:
            arrived_ms = None
        time_ms = self.clocks.note_heartbeat(beat, arrived_ms)
        if time_ms < 0:
            return []
        due = [
            brand
            for brand, state in self.brands.items()
            if state.replay == beat.replay
            and 0 <= state.closed_ms <= time_ms - self.rules_of(brand).lateness_ms - BUCKET_MS
        ]
        return sorted(due)  # states loaded from Kafka have another order

    def advance(self, brand: str) -> list[tuple[Window, Alert | None]]:
        """Close the buckets of a brand that its watermark has passed."""
        return self._advance(self.brands[brand], self.rules_of(brand))

    def _advance(self, state: BrandState, rules: Rules) -> list[tuple[Window, Alert | None]]:
        low_ms, absent = self.clocks.watermark(state.newest_ms, replay=state.replay)
        if low_ms - rules.lateness_ms < state.closed_ms + BUCKET_MS:
            return []
        if self._is_forgotten(state, low_ms):
            self._drop(state.brand)
            return []
        self.changed.add(state.brand)
        closed = windows.advance(state, low_ms - rules.lateness_ms, rules, absent)
        evidence = self.evidence.get(state.brand)
        if evidence is None:
            return closed
        return [(window, self._with_evidence(window, alert, evidence)) for window, alert in closed]

    def _is_forgotten(self, state: BrandState, now_ms: int) -> bool:
        if self.is_listed(state.brand) or state.buckets or state.alert is not None:
            return False
        return now_ms - max(state.newest_ms.values(), default=now_ms) > self.retention_ms

    def _drop(self, brand: str) -> None:
        """Remove a brand and all its records from the state."""
        self._dropped.append(brand.encode())
        del self.brands[brand]
        self.changed.discard(brand)
        for parts, changed in (
            (self.evidence, self._changed_evidence),
            (self.seen, self._changed_ids),
        ):
            part = parts.pop(brand, None)
            if part is not None:
                self._dropped += sorted({*part.keys(), *(key for key, _ in part.changed())})
                changed.discard(brand)

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

    def changed_records(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Yield keys and values of changed evidence and ids, by brand; None deletes a key.

        Deletions of dropped brands come first, so that a brand that is seen again is kept.
        """
        yield from ((key, None) for key in self._dropped)
        for brand in sorted(self._changed_evidence):
            yield from self.evidence[brand].changed()
        for brand in sorted(self._changed_ids):
            yield from self.seen[brand].changed()

    def saved(self) -> None:
        """Mark everything as saved."""
        self.changed.clear()
        for brand in self._changed_evidence:
            self.evidence[brand].saved()
        for brand in self._changed_ids:
            self.seen[brand].saved()
        self._changed_evidence.clear()
        self._changed_ids.clear()
        self._dropped.clear()

    def restore_record(self, key: bytes, value: bytes) -> None:
        """Restore a record that :meth:`changed_records` returned."""
        brand = brand_of(key)
        if key.startswith(IDS_PREFIX):
            self.seen.setdefault(brand, SeenIds(brand)).restore(key, value)
        else:
            self.evidence.setdefault(brand, BrandEvidence(brand)).restore(key, value)

    def pack(self, partition: int, next_offset: int) -> bytes:
        """Return the partition's own record: partition, position and clocks."""
        return orjson.dumps(
            {
                "v": VERSION,
                "partition": partition,
                "next_offset": next_offset,
                "topic_id": self.topic_id,
                **self.clocks.pack(),
            }
        )

    @damaged_state("the record of a partition")
    def unpack(self, partition: int, packed: bytes) -> int:
        """Restore the partition's own record and return the next offset."""
        plain = orjson.loads(packed)
        if plain["v"] != VERSION:
            raise StateError(
                f"a partition record has version {plain['v']}, this is {VERSION}: run the badbuzz "
                "that wrote it, or start anew"
            )
        if plain["partition"] != partition:
            raise StateError(f"partition {partition} holds the record of {plain['partition']}")
        self.clocks = SourceClocks.unpack(plain)
        self.topic_id = plain.get("topic_id", "")  # earlier versions wrote none
        offset: int = plain["next_offset"]
        return offset


def _applied(outcome: Outcome, closed: list[tuple[Window, Alert | None]]) -> Applied:
    windows = tuple(window for window, _ in closed)
    return Applied(outcome, windows, tuple(alert for _, alert in closed if alert is not None))
