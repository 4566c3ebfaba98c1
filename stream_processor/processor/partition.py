"""The processor's partition handler: it decodes, scores, folds and publishes.

It reads one partition of ``tweets``. In one transaction per checkpoint, it writes scored tweets,
windows, alerts, dead letters and state to the partitions of the same number.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Final

from aiokafka import TopicPartition

from badbuzz import wire
from badbuzz.config.brands import Brands
from badbuzz.config.settings import Settings
from badbuzz.detection.fold import PREFIXES, UNPUBLISHED, Fold
from badbuzz.detection.state import BrandState
from badbuzz.errors import StateError, WireError
from badbuzz.evidence.sample import brand_of
from badbuzz.model import Prediction, Tweet
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine import metrics
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.partitioner import partition_of
from stream_processor.engine.topic_reader import await_transactions, load_partition
from stream_processor.engine.transaction import Headers, Output, TransactionalWriter
from stream_processor.processor.drift import DriftMetrics

PARTITION_KEY: Final = b"\x00partition"
"""Key of the partition's own record in the state topic; no brand has this name."""

_WRITTEN: Final = (wire.PROCESSOR_STATE, wire.SCORED_TWEETS, wire.WINDOWS, wire.ALERTS)
"""Topics that only this writer writes to; the notifier writes dead letters too."""

MAX_CLOCK_AHEAD_MS: Final = 300_000
MAX_REPLAY_AHEAD_MS: Final = 366 * 86_400_000
MAX_DEAD_LETTER_BYTES: Final = 256 * 1024


@dataclass(frozen=True)
class ProcessorResources:
    """The objects that all partition handlers of a processor share.

    ``recent`` counts the last minute's records: all, and by outcome.
    """

    settings: Settings
    brands: Brands
    scorer_set: ScorerSet
    brand_gauges: metrics.BrandGauges
    source_gauges: metrics.SourceGauges
    recent: Counter[str]
    drift: DriftMetrics


@contextmanager
def _cpu(stage: str) -> Iterator[None]:
    started_s = time.thread_time()
    yield
    metrics.CPU_SECONDS.labels(stage).inc(time.thread_time() - started_s)


class ProcessorHandler:
    """The single owner of a partition of ``tweets``.

    Parameters
    ----------
    resources
        Objects shared by the handlers of the worker.
    partition
        Number of the partition.
    """

    def __init__(self, resources: ProcessorResources, partition: int) -> None:
        self.partition = partition
        self.next_offset = -1
        self._resources = resources
        self._settings = settings = resources.settings
        self.fold = Fold(
            resources.brands.of,
            is_listed=resources.brands.rules.__contains__,
            max_unlisted=settings.unlisted_brands,
            retention_ms=settings.retention_days * 86_400_000,
        )
        transactional_id = f"{self._settings.group}-{partition}"
        self._writer = TransactionalWriter(self._settings, transactional_id)
        self._outputs: dict[str, list[Output]] = defaultdict(list)
        self._timestamps_ms: list[int] = []
        self._changed = False

    @property
    def topic_id(self) -> str:
        """Id of the topic that ``next_offset`` belongs to; part of the state."""
        return self.fold.topic_id

    @topic_id.setter
    def topic_id(self, topic_id: str) -> None:
        self.fold.topic_id = topic_id

    async def open(self) -> None:
        """Fence the former writer, then load the state that it committed."""
        await self._writer.open()
        written = [TopicPartition(self._settings.topic(name), self.partition) for name in _WRITTEN]
        await await_transactions(self._settings, written)
        topic = self._settings.topic(wire.PROCESSOR_STATE)
        packed = await load_partition(self._settings, topic, self.partition)
        own = packed.pop(PARTITION_KEY, None)
        if own is not None:
            with _state_errors(topic, "the partition's record"):
                self.next_offset = self.fold.unpack(self.partition, own)
        for key in [key for key in packed if key.startswith(PREFIXES)]:
            self._restore_record(topic, key, packed.pop(key))
        for key, value in packed.items():
            self._restore_brand(topic, key, value)

    def _restore_record(self, topic: str, key: bytes, value: bytes) -> None:
        brand = brand_of(key)
        self._check_restored(brand)
        with _state_errors(topic, f"the evidence or the ids of brand {brand!r}"):
            self.fold.restore_record(key, value)

    def _restore_brand(self, topic: str, key: bytes, value: bytes) -> None:
        with _state_errors(topic, f"the state of brand {key.decode(errors='replace')!r}"):
            self._check_restored(key.decode())
            state = BrandState.unpack(value)
        self.fold.brands[state.brand] = state
        severity = state.alert.severity if state.alert is not None else None
        self._resources.brand_gauges.show_alert(state.brand, severity, replay=state.replay)

    def _check_restored(self, brand: str) -> None:
        expected = partition_of(brand, self._settings.partitions)
        if expected != self.partition:
            raise StateError(
                f"state of brand {brand!r} is in partition {self.partition}, with "
                f"{self._settings.partitions} partitions it belongs in {expected}: the number of "
                "partitions was changed; see docs/kafka.md for the migration"
            )

    async def close(self) -> None:
        """Disconnect the writer, and remove the gauges that the next owner sets."""
        await self._writer.close()
        self._resources.brand_gauges.forget(self.fold.brands)
        self._resources.source_gauges.forget()
        self._resources.drift.forget(self.partition)

    def take(self, records: Sequence[ConsumerRecord]) -> None:
        """Decode, score and fold records; their outputs are kept for the checkpoint."""
        with _cpu("decode"):
            tweets = [self._decode(record) for record in records]
        posts = [tweet for tweet in tweets if tweet is not None and tweet.kind == "post"]
        with _cpu("score"):
            scored = self._resources.scorer_set.predict(posts)
            self._resources.drift.note(self.partition, posts, scored)
        predictions = iter(scored)
        outcomes: Counter[str] = Counter()
        with _cpu("fold"):
            for record, tweet in zip(records, tweets, strict=True):
                if tweet is None:
                    outcomes["unreadable"] += 1
                    continue
                is_post = tweet.kind == "post"
                if is_post:
                    self._timestamps_ms.append(record.timestamp)
                self._apply(record, tweet, next(predictions) if is_post else None, outcomes)
        self._resources.recent.update(outcomes, all=len(records))
        for outcome, n in outcomes.items():
            metrics.TWEETS.labels(outcome).inc(n)
        self._show_sources(posts)
        self.next_offset = records[-1].offset + 1
        self._changed = True

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
        expected = partition_of(brand, self._settings.partitions)
        if expected != self.partition:
            detail = f"belongs in partition {expected}: key its records by the brand"
            raise WireError("brand", "misplaced", detail)

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
        if len(value) > MAX_DEAD_LETTER_BYTES:
            headers.append(("size", str(len(value)).encode()))
        letter = (record.key, value[:MAX_DEAD_LETTER_BYTES], headers)
        self._outputs[wire.DEAD_LETTERS].append(letter)

    def _apply(
        self,
        record: ConsumerRecord,
        tweet: Tweet,
        prediction: Prediction | None,
        outcomes: Counter[str],
    ) -> None:
        headers = [("offset", str(record.offset).encode())]
        outcome, windows, alerts = self.fold.apply(tweet, prediction, record.timestamp)
        outcomes[outcome] += 1
        if outcome not in UNPUBLISHED:
            if outcome == "edit":  # a post that replaces a counted one is published as its edit
                tweet, prediction = replace(tweet, kind="edit"), None
            scored = wire.encode_scored(tweet, prediction)
            self._put(wire.SCORED_TWEETS, tweet.brand, scored, headers)
        for window in windows:
            self._put(wire.WINDOWS, window.brand, wire.encode_window(window), headers)
            self._resources.brand_gauges.note_window(window)
        for alert in alerts:
            self._put(wire.ALERTS, alert.id, wire.encode_alert(alert), headers)
            severity = None if alert.phase == "resolved" else alert.severity
            self._resources.brand_gauges.show_alert(alert.brand, severity, replay=alert.replay)

    def _put(self, topic: str, key: str, value: bytes, headers: Headers) -> None:
        self._outputs[topic].append((key.encode(), value, headers))

    def _show_sources(self, posts: Sequence[Tweet]) -> None:
        source_gauges = self._resources.source_gauges
        newest_ms: dict[str, int] = {}
        for post in posts:
            newest_ms[post.source] = max(newest_ms.get(post.source, 0), post.created_ms)
        for source, time_ms in newest_ms.items():
            source_gauges.show(source, time_ms, metrics.SOURCE_EVENT_SECONDS)
        clocks = self.fold.clocks
        for source, time_ms in {**clocks.replayed_ms, **clocks.live_ms}.items():
            source_gauges.show(source, time_ms, metrics.SOURCE_HEARTBEAT_SECONDS)

    async def checkpoint(self) -> None:
        """Write outputs, changed brands and the position in one transaction."""
        if not self._changed:
            return
        with _cpu("publish"):
            topic = self._settings.topic
            outputs = {topic(name): records for name, records in self._outputs.items()}
            outputs[topic(wire.PROCESSOR_STATE)] = self._changed_state()
        await self._writer.write(self.partition, outputs)
        self.fold.saved()
        self._resources.brand_gauges.show()
        self._outputs = defaultdict(list)
        now_ms = time.time() * 1000
        metrics.LATENCY_SECONDS.observe([(now_ms - sent) / 1000 for sent in self._timestamps_ms])
        self._timestamps_ms = []
        self._changed = False

    def _changed_state(self) -> list[Output]:
        states: list[Output] = [
            (state.brand.encode(), state.pack(), []) for state in self.fold.changed_states()
        ]
        states += [(key, value, []) for key, value in self.fold.changed_records()]
        states.append((PARTITION_KEY, self.fold.pack(self.partition, self.next_offset), []))
        return states


@contextmanager
def _state_errors(topic: str, what: str) -> Iterator[None]:
    """Turn the errors of an unreadable state record into one that names the record."""
    try:
        yield
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise StateError(
            f"{topic}: {what} cannot be read ({error!r}); see docs/kafka.md, Recovery"
        ) from error


def _check_clock(tweet: Tweet, timestamp_ms: int) -> None:
    """Reject a record from the broker's future.

    The clock of a replay is that of its recording, which may be shifted and accelerated. It is
    allowed to be a year ahead. The fold limits the time of a live heartbeat itself, and names its
    source in the windows.
    """
    if tweet.kind == "heartbeat" and not tweet.replay:
        return
    ahead_ms = tweet.produced_ms - timestamp_ms
    if ahead_ms > (MAX_REPLAY_AHEAD_MS if tweet.replay else MAX_CLOCK_AHEAD_MS):
        raise WireError("produced_ms", "future", f"{ahead_ms // 1000} s ahead of the broker")
