"""The processor's lane: decode, score, fold, publish.

One partition of ``tweets`` in; scored tweets, windows, alerts, dead letters and state out, to the
partitions of the same number, in one transaction per checkpoint.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from badbuzz import wire
from badbuzz.config.brands import Brands
from badbuzz.config.settings import Settings
from badbuzz.detection.fold import Fold
from badbuzz.detection.state import BrandState
from badbuzz.errors import StateError, WireError
from badbuzz.evidence.sample import PREFIX, brand_of
from badbuzz.model import Prediction, Tweet
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine import metrics
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.partitioner import partition_of
from stream_processor.engine.transaction import Output, TransactionalWriter, load_partition
from stream_processor.processor.drift import DriftMetrics

PARTITION_KEY: Final = b"\x00partition"
"""Key of the partition's own record in the state topic; no brand is called so."""

MAX_CLOCK_AHEAD_MS: Final = 300_000
MAX_REPLAY_AHEAD_MS: Final = 366 * 86_400_000
MAX_BURIED_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class ProcessorResources:
    """What every lane of a processor shares."""

    settings: Settings
    brands: Brands
    judges: ScorerSet
    brand_metrics: metrics.BrandMetrics
    source_metrics: metrics.SourceMetrics
    recent: metrics.RecentCounts
    drift: DriftMetrics


@contextmanager
def _cpu(stage: str) -> Iterator[None]:
    started_s = time.thread_time()
    yield
    metrics.CPU_SECONDS.labels(stage).inc(time.thread_time() - started_s)


class ProcessorHandler:
    """The one owner of a partition of ``tweets``.

    Parameters
    ----------
    parts
        What the worker's lanes share.
    partition
        Its number.
    """

    def __init__(self, parts: ProcessorResources, partition: int) -> None:
        self.partition = partition
        self.next_offset = -1
        self.fold = Fold(parts.brands.of)
        self._parts = parts
        self._writer = TransactionalWriter(parts.settings, f"{parts.settings.group}-{partition}")
        self._outputs: dict[str, list[Output]] = defaultdict(list)
        self._stamps_ms: list[int] = []
        self._moved = False

    async def open(self) -> None:
        """Fence the former writer, then load what it committed."""
        await self._writer.open()
        settings = self._parts.settings
        topic = settings.topic(wire.PROCESSOR_STATE)
        packed = await load_partition(settings, topic, self.partition)
        own = packed.pop(PARTITION_KEY, None)
        if own is not None:
            with _blaming(topic, "the partition's record"):
                self.next_offset = self.fold.unpack(self.partition, own)
        for key in [key for key in packed if key.startswith(PREFIX)]:
            self._restore_evidence(topic, key, packed.pop(key))
        for key, value in packed.items():
            with _blaming(topic, f"the state of brand {key.decode(errors='replace')!r}"):
                self._check_place(key.decode())
                state = BrandState.unpack(value)
            self.fold.brands[state.brand] = state
            severity = state.alert.severity if state.alert is not None else None
            self._parts.brand_metrics.show_alert(state.brand, severity, replay=state.replay)

    def _restore_evidence(self, topic: str, key: bytes, value: bytes) -> None:
        brand = brand_of(key)
        self._check_place(brand)
        with _blaming(topic, f"the evidence of brand {brand!r}"):
            self.fold.restore_evidence(key, value)

    def _check_place(self, brand: str) -> None:
        n_partitions = self._parts.settings.partitions
        right = partition_of(brand, n_partitions)
        if right != self.partition:
            raise StateError(
                f"state of brand {brand!r} is in partition {self.partition}, with "
                f"{n_partitions} partitions it belongs in {right}: the number of partitions was "
                "changed; see docs/kafka.md for the migration"
            )

    async def close(self) -> None:
        """Disconnect the writer, and leave the brands' gauges to the next owner."""
        await self._writer.close()
        self._parts.brand_metrics.forget(self.fold.brands)
        self._parts.source_metrics.forget()
        self._parts.drift.forget(self.partition)

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Decode, score and fold records; their outputs wait for the checkpoint."""
        with _cpu("decode"):
            tweets = [self._decode(record) for record in records]
        posts = [tweet for tweet in tweets if tweet is not None and tweet.kind == "post"]
        with _cpu("score"):
            judged = self._parts.judges.predict(posts)
            self._parts.drift.note(self.partition, posts, judged)
        verdicts = iter(judged)
        outcomes: Counter[str] = Counter()
        with _cpu("fold"):
            for record, tweet in zip(records, tweets, strict=True):
                if tweet is None:
                    outcomes["unreadable"] += 1
                    continue
                verdict = next(verdicts) if tweet.kind == "post" else None
                self._apply(record, tweet, verdict, outcomes)
        self._parts.recent.add(len(records), outcomes["unreadable"], outcomes["late"])
        for outcome, n in outcomes.items():
            metrics.TWEETS.labels(outcome).inc(n)
        self._show_sources(tweets)
        self._stamps_ms.extend(
            record.timestamp
            for record, tweet in zip(records, tweets, strict=True)
            if tweet is not None and tweet.kind == "post"
        )
        self.next_offset = records[-1].offset + 1
        self._moved = True

    def _decode(self, record: ConsumerRecord) -> Tweet | None:
        try:
            tweet = wire.decode_tweet(record.value or b"")
            _check_clock(tweet, record.timestamp)
            if tweet.kind != "heartbeat":
                self._check_partition(tweet.brand)
        except WireError as error:
            self._dead_letter(record, error)
            return None
        return tweet

    def _check_partition(self, brand: str) -> None:
        right = partition_of(brand, self._parts.settings.partitions)
        if right != self.partition:
            raise WireError(
                "brand", "misplaced", f"belongs in partition {right}: key its records by the brand"
            )

    def _dead_letter(self, record: ConsumerRecord, error: WireError) -> None:
        metrics.DEAD_LETTERS.labels(error.reason).inc()
        headers = [
            ("field", error.field.encode()),
            ("reason", error.reason.encode()),
            ("detail", error.detail.encode()),
            ("topic", record.topic.encode()),
            ("partition", str(record.partition).encode()),
            ("offset", str(record.offset).encode()),
        ]
        value = record.value or b""
        if len(value) > MAX_BURIED_BYTES:
            headers.append(("size", str(len(value)).encode()))
        buried = (record.key, value[:MAX_BURIED_BYTES], headers)
        self._outputs[wire.DEAD_LETTERS].append(buried)

    def _apply(
        self,
        record: ConsumerRecord,
        tweet: Tweet,
        verdict: Prediction | None,
        outcomes: Counter[str],
    ) -> None:
        headers = [("offset", str(record.offset).encode())]
        outcome, windows, alerts = self.fold.apply(tweet, verdict)
        outcomes[outcome] += 1
        if outcome not in ("duplicate", "heartbeat"):
            scored = wire.encode_scored(tweet, verdict)
            self._put(wire.SCORED_TWEETS, tweet.brand, scored, headers)
        for window in windows:
            self._put(wire.WINDOWS, window.brand, wire.encode_window(window), headers)
            self._parts.brand_metrics.note_window(window)
        for alert in alerts:
            self._put(wire.ALERTS, alert.id, wire.encode_alert(alert), headers)
            severity = None if alert.phase == "resolved" else alert.severity
            self._parts.brand_metrics.show_alert(alert.brand, severity, replay=alert.replay)

    def _put(self, topic: str, key: str, value: bytes, headers: list[tuple[str, bytes]]) -> None:
        self._outputs[topic].append((key.encode(), value, headers))

    def _show_sources(self, tweets: list[Tweet | None]) -> None:
        shown = self._parts.source_metrics
        newest: dict[str, int] = {}
        for tweet in tweets:
            if tweet is not None and tweet.kind == "post":
                newest[tweet.source] = max(newest.get(tweet.source, 0), tweet.created_ms)
        for source, time_ms in newest.items():
            shown.show(source, time_ms, metrics.SOURCE_EVENT_SECONDS)
        for source, time_ms in self.fold.heartbeats_ms.items():
            shown.show(source, time_ms, metrics.SOURCE_HEARTBEAT_SECONDS)

    async def checkpoint(self) -> None:
        """Write outputs, changed brands and the position in one transaction."""
        if not self._moved:
            return
        with _cpu("publish"):
            outputs = {
                self._parts.settings.topic(topic): records
                for topic, records in self._outputs.items()
            }
            outputs[self._parts.settings.topic(wire.PROCESSOR_STATE)] = self._state()
        await self._writer.write(self.partition, outputs)
        self.fold.saved()
        self._parts.brand_metrics.show()
        self._outputs = defaultdict(list)
        now_ms = time.time() * 1000
        metrics.LATENCY_SECONDS.observe([(now_ms - stamp) / 1000 for stamp in self._stamps_ms])
        self._stamps_ms = []
        self._moved = False

    def _state(self) -> list[Output]:
        states: list[Output] = [
            (state.brand.encode(), state.pack(), []) for state in self.fold.changed_states()
        ]
        states += [(key, value, []) for key, value in self.fold.changed_evidence()]
        states.append((PARTITION_KEY, self.fold.pack(self.partition, self.next_offset), []))
        return states


@contextmanager
def _blaming(topic: str, what: str) -> Iterator[None]:
    """Turn what is wrong with a record of state into an error that names it."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise StateError(
            f"{topic}: {what} cannot be read ({error!r}); see docs/kafka.md, Recovery"
        ) from error


def _check_clock(tweet: Tweet, stamp_ms: int) -> None:
    """Refuse a record from the broker's future: it would close every window.

    A replay's clock is its recording's, which may be shifted and run fast, but not years ahead.
    """
    ahead_ms = tweet.produced_ms - stamp_ms
    if ahead_ms > (MAX_REPLAY_AHEAD_MS if tweet.replay else MAX_CLOCK_AHEAD_MS):
        raise WireError("produced_ms", "future", f"{ahead_ms // 1000} s ahead of the broker")
