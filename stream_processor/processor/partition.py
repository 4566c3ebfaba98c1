"""The processor's partition handler: it decodes, scores, folds and publishes.

It reads one partition of ``tweets``. In one transaction per checkpoint, it writes scored tweets,
windows, alerts, dead letters and state to the partitions of the same number.

A record that fails becomes a dead letter. If it fails halfway, in the fold or when its outputs are
encoded, the handler discards everything since the last checkpoint, is opened again as by a new
owner, and leaves the record out. Folding and encoding pause after each turn of the event loop, also
within a heartbeat, which closes buckets of many brands.
"""

from __future__ import annotations

import logging
import time
from asyncio import sleep
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import accumulate
from operator import length_hint
from typing import Final

from aiokafka import TopicPartition

from badbuzz import wire
from badbuzz.config.brands import Brands
from badbuzz.config.settings import Settings
from badbuzz.detection.fold import UNPUBLISHED, Fold, Outcome
from badbuzz.model import DAY_MS, Alert, Prediction, Tweet, Window
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine import metrics
from stream_processor.engine.dead_letters import DeadLetterCounter, Failure, Step, to_dead_letter
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.topic_reader import await_transactions
from stream_processor.engine.transaction import Headers, Output, TransactionalWriter
from stream_processor.engine.turns import in_turns, run_turn
from stream_processor.processor.drift import DriftMetrics
from stream_processor.processor.reading import decode, score
from stream_processor.processor.state_topic import check_packable, load_state, pack_changes

log = logging.getLogger(__name__)

_WRITTEN: Final = (wire.PROCESSOR_STATE, wire.SCORED_TWEETS, wire.WINDOWS, wire.ALERTS)
"""Topics that only this writer writes to; other workers write dead letters too."""

_STEP: Final = 32
_MAX_CHUNK: Final = 512
_MIN_CHUNK: Final = 16
_MAX_CHUNK_BYTES: Final = 256 * 1024


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
        self._resources = resources
        self._settings = resources.settings
        self._writer: TransactionalWriter | None = None
        self._dead_letters = DeadLetterCounter(self._settings.max_dead_letters)
        self._failures: dict[int, Failure] = {}
        self._pack_until = -1
        self._n_chunk = _MAX_CHUNK
        self._reset()

    def _reset(self) -> None:
        """Discard all state and outputs."""
        self.next_offset = -1
        self.needs_open = False
        self.fold = Fold(
            self._resources.brands.of,
            is_listed=self._resources.brands.rules.__contains__,
            max_unlisted=self._settings.unlisted_brands,
            retention_ms=self._settings.retention_days * DAY_MS,
        )
        self._outputs: dict[str, list[Output]] = defaultdict(list)
        self._timestamps_ms: list[int] = []
        self._changed = False
        self._is_halfway = False
        self._step: Step = "fold"

    @property
    def topic_id(self) -> str:
        """Id of the topic that ``next_offset`` belongs to; part of the state."""
        return self.fold.topic_id

    @topic_id.setter
    def topic_id(self, topic_id: str) -> None:
        self.fold.topic_id = topic_id

    async def open(self) -> None:
        """Fence the former writer, then load the state that it committed."""
        if self._writer is not None:
            await self._writer.close()
        self._reset()
        transactional_id = f"{self._settings.group}-{self.partition}"
        self._writer = TransactionalWriter(self._settings, transactional_id)
        await self._writer.open()
        written = [TopicPartition(self._settings.topic(name), self.partition) for name in _WRITTEN]
        await await_transactions(self._settings, written)
        self.next_offset = await load_state(self._settings, self.fold, self.partition)
        for brand, state in self.fold.brands.items():
            severity = state.alert.severity if state.alert is not None else None
            self._resources.brand_gauges.show_alert(brand, severity, replay=state.replay)

    async def close(self) -> None:
        """Disconnect the writer, and remove the gauges that the next owner sets."""
        if self._writer is not None:
            await self._writer.close()
        self._resources.brand_gauges.forget(self.fold.brands)
        self._resources.source_gauges.forget()
        self._resources.drift.forget(self.partition)

    def move(self, next_offset: int, topic_id: str) -> None:
        """Continue at another offset, or with another topic, and mark the state as changed."""
        if next_offset < self.next_offset:
            self._failures.clear()  # they are of other records with these offsets
        self.next_offset, self.topic_id, self._changed = next_offset, topic_id, True

    async def take(self, records: Sequence[ConsumerRecord]) -> int:
        """Decode, score and fold records for a turn; outputs are kept for the checkpoint."""
        chunk = _first(records, self._n_chunk)
        decoded = self._decode(chunk)
        with _cpu("score"):
            posts, scored = score(self._resources.scorer_set, decoded)
        outcomes: Counter[str] = Counter()
        predictions = iter(scored)
        steps = self._fold(chunk, decoded, predictions, outcomes)
        while self._run_turn(steps):
            await sleep(0)
        n_taken = outcomes.total()
        if n_taken:
            self.next_offset, self._changed = chunk[n_taken - 1].offset + 1, True
        self._n_chunk = min(max(2 * n_taken, _MIN_CHUNK), _MAX_CHUNK)
        n_posts = len(scored) - length_hint(predictions)
        self._count(outcomes, posts[:n_posts], scored[:n_posts])
        return n_taken

    def _decode(self, records: Sequence[ConsumerRecord]) -> list[Tweet | Failure]:
        n_partitions, failures = self._settings.partitions, self._failures
        with _cpu("decode"):
            decoded = [decode(record, n_partitions) for record in records]
        if failures:
            pairs = zip(records, decoded, strict=True)
            decoded = [failures.get(record.offset, one) for record, one in pairs]
        return decoded

    def _run_turn(self, steps: Iterator[None]) -> bool:
        """Fold for one turn, and return whether it ended halfway through a record."""
        with _cpu("fold"):
            return run_turn(steps) and self._is_halfway

    def _fold(
        self,
        records: Sequence[ConsumerRecord],
        decoded: Sequence[Tweet | Failure],
        predictions: Iterator[Prediction | None],
        outcomes: Counter[str],
    ) -> Iterator[None]:
        """Fold records; a step is some tweets, or one of the brands that a heartbeat makes due."""
        for n, (record, tweet) in enumerate(zip(records, decoded, strict=True), start=1):
            try:
                if isinstance(tweet, Failure):
                    self._dead_letter(record, tweet)
                    outcomes["unreadable" if tweet.step == "decode" else "failed"] += 1
                elif tweet.kind == "post":
                    outcomes[self._fold_tweet(record, tweet, next(predictions))] += 1
                    self._timestamps_ms.append(record.timestamp)
                elif tweet.kind == "heartbeat":
                    yield from self._fold_heartbeat(record, tweet)
                    outcomes["heartbeat"] += 1
                    yield
                else:
                    outcomes[self._fold_tweet(record, tweet, None)] += 1
            except Exception as error:  # noqa: BLE001 - no record ends a process
                self._failures[record.offset] = Failure.at(self._step, error)
                self.needs_open = True
                return
            if n % _STEP == 0:
                yield

    def _fold_heartbeat(self, record: ConsumerRecord, beat: Tweet) -> Iterator[None]:
        self._step, self._is_halfway = "fold", True
        for brand in self.fold.note_heartbeat(beat, record.timestamp):
            closed = self.fold.advance(brand)
            alerts = [alert for _, alert in closed if alert is not None]
            self._publish(record, brand, [window for window, _ in closed], alerts)
            yield
            self._step = "fold"
        self._is_halfway = False

    def _fold_tweet(
        self, record: ConsumerRecord, tweet: Tweet, prediction: Prediction | None
    ) -> Outcome:
        self._step = "fold"
        outcome, windows, alerts = self.fold.apply(tweet, prediction, record.timestamp)
        self._step = "encode"
        if outcome not in UNPUBLISHED:
            if outcome == "edit":  # a post that replaces a counted one is published as its edit
                tweet, prediction = replace(tweet, kind="edit"), None
            scored = wire.encode_scored(tweet, prediction)
            self._put(wire.SCORED_TWEETS, tweet.brand, scored, record)
        if windows or record.offset < self._pack_until:
            self._publish(record, tweet.brand, windows, alerts)
        return outcome

    def _publish(
        self,
        record: ConsumerRecord,
        brand: str,
        windows: Sequence[Window],
        alerts: Sequence[Alert],
    ) -> None:
        self._step = "encode"
        for window in windows:
            self._put(wire.WINDOWS, brand, wire.encode_window(window), record)
            self._resources.brand_gauges.note_window(window)
        for alert in alerts:
            self._put(wire.ALERTS, alert.id, wire.encode_alert(alert), record)
            severity = None if alert.phase == "resolved" else alert.severity
            self._resources.brand_gauges.show_alert(brand, severity, replay=alert.replay)
        if record.offset < self._pack_until:
            check_packable(self.fold, brand)

    def _put(self, topic: str, key: str, value: bytes, record: ConsumerRecord) -> None:
        headers: Headers = [("offset", b"%d" % record.offset)]
        self._outputs[topic].append((key.encode(), value, headers))

    def _dead_letter(self, record: ConsumerRecord, failure: Failure) -> None:
        if self._dead_letters.count(record, failure) and failure.step != "decode":
            log.warning(
                "%s/%d offset %d failed in step %s (%s): written to dead-letters",
                record.topic, record.partition, record.offset, failure.step, failure.detail,
            )  # fmt: skip
        self._outputs[wire.DEAD_LETTERS].append(to_dead_letter(record, failure))

    def _count(
        self,
        outcomes: Counter[str],
        posts: Sequence[Tweet],
        predictions: Sequence[Prediction | None],
    ) -> None:
        """Set the metrics of records that were taken."""
        self._resources.recent.update(outcomes, all=outcomes.total())
        for outcome, n in outcomes.items():
            metrics.TWEETS.labels(outcome).inc(n)
        self._resources.drift.note(self.partition, posts, predictions)
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
        if not self._changed or self.needs_open:
            return
        assert self._writer is not None
        topic = self._settings.topic
        outputs = {topic(name): records for name, records in self._outputs.items()}
        states: list[Output] = []
        changes = pack_changes(self.fold, self.partition, self.next_offset)
        try:
            await in_turns(map(states.append, changes), partial(_cpu, "publish"))
        except Exception as error:  # noqa: BLE001 - no record ends a process
            self._find_unpackable(error)
            return
        outputs[topic(wire.PROCESSOR_STATE)] = states
        await self._writer.write(self.partition, outputs)
        self._saved()

    def _find_unpackable(self, error: Exception) -> None:
        """Read the records since the last checkpoint again, and pack the state after each."""
        Failure.at("encode", error)  # raises it unless it is a record's fault
        if self._pack_until >= self.next_offset:
            raise error
        self._pack_until, self.needs_open = self.next_offset, True

    def _saved(self) -> None:
        self.fold.saved()
        self._resources.brand_gauges.show()
        self._outputs = defaultdict(list)
        now_ms = time.time() * 1000
        metrics.LATENCY_SECONDS.observe([(now_ms - sent) / 1000 for sent in self._timestamps_ms])
        self._timestamps_ms = []
        self._failures = {at: one for at, one in self._failures.items() if at >= self.next_offset}
        self._changed = False


def _first(records: Sequence[ConsumerRecord], n: int) -> Sequence[ConsumerRecord]:
    """Return at most n of the first records, and at least one, of limited size."""
    sizes = list(accumulate([len(record.value or b"") for record in records[:n]]))
    return records[: max(bisect_right(sizes, _MAX_CHUNK_BYTES), 1)]
