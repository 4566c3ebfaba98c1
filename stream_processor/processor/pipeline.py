"""The processor's pipeline: it reads scorers and brands, and runs one consumer of ``tweets``."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from typing import Final

import faust
import orjson
from faust.web import Request, Response, View
from mode import Service

from badbuzz import wire
from badbuzz.config.brands import read_brands
from badbuzz.config.settings import Settings
from badbuzz.detection.sources import SourceClocks
from badbuzz.detection.state import Rules
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine import metrics
from stream_processor.engine.consumer import PartitionedConsumer
from stream_processor.engine.partition import LOST_STATE_REMEDY, TopicSemantics
from stream_processor.engine.pipeline import Pipeline, new_app
from stream_processor.processor.champions import ChampionSwapper
from stream_processor.processor.drift import DriftMetrics
from stream_processor.processor.partition import ProcessorHandler, ProcessorResources

log = logging.getLogger(__name__)

_CHECK_S: Final = 60.0
_SHOW_S: Final = 5.0
_MAX_SOURCES: Final = 50
_NOT_WATCHED: Final = {
    "replayed": "are replays of brands that have live tweets, and were not counted: replay under a "
    "BADBUZZ_TOPIC_PREFIX of its own",
    "unwatched": "are of brands that are not watched: add them to BADBUZZ_BRANDS, or raise "
    "BADBUZZ_UNLISTED_BRANDS",
    "foreign": "are edits or deletions of another network's tweets, and were ignored",
}
"""What to log about records of these outcomes."""


class ProcessorPipeline(Pipeline):
    """The services of the processor.

    Parameters
    ----------
    settings
        Settings of the worker.
    skip_deleted
        Whether to continue after tweets that were deleted unread.
    """

    def __init__(self, settings: Settings, *, skip_deleted: bool = False) -> None:
        super().__init__(settings)
        rules = Rules(lateness_ms=settings.lateness_s * 1000, warmup_hours=settings.warmup_h)
        scorer_set = ScorerSet.read(settings.bundles)
        self._resources = resources = ProcessorResources(
            settings=settings,
            brands=read_brands(settings.brands, rules),
            scorer_set=scorer_set,
            brand_gauges=metrics.BrandGauges(settings.max_brands),
            source_gauges=metrics.SourceGauges(_MAX_SOURCES),
            recent=Counter(),
            drift=DriftMetrics(scorer_set.scorers),
        )
        self._swapper = ChampionSwapper(settings, scorer_set)
        semantics = TopicSemantics.STATE_TOPIC
        if skip_deleted:
            semantics = TopicSemantics.STATE_TOPIC_SKIP_DELETED
        self._consumer = PartitionedConsumer(
            settings,
            topic=settings.topic(wire.TWEETS),
            group=settings.group,
            new_handler=lambda partition: ProcessorHandler(resources, partition),
            semantics=semantics,
        )
        self.consumers = [self._consumer]

    async def prepare(self) -> None:
        """Start following the registry's champions."""
        await self.add_runtime_dependency(self._swapper)

    def remedies(self) -> dict[str, str]:
        """Return what to do about a topic that was created again: the state needs its records."""
        state = self.settings.topic(wire.PROCESSOR_STATE)
        return {**super().remedies(), state: LOST_STATE_REMEDY}

    @Service.timer(_SHOW_S)
    async def _show_drift(self) -> None:
        self._resources.drift.show()

    @Service.timer(_CHECK_S)
    async def _check_recent(self) -> None:
        recent = self._resources.recent
        n, late = recent["all"], recent["late"]
        unreadable = recent["unreadable"] + recent["failed"]
        for outcome, remedy in _NOT_WATCHED.items():
            if recent[outcome]:
                log.warning("%d of the last minute's records %s", recent[outcome], remedy)
        recent.clear()
        if late > n / 2:
            log.warning(
                "%d of the last minute's %d records were late: the event time of their brands is "
                "ahead; replay older history under a BADBUZZ_TOPIC_PREFIX of its own", late, n,
            )  # fmt: skip
        mostly_unreadable = unreadable > n / 2
        metrics.MOSTLY_UNREADABLE.set(mostly_unreadable)
        if mostly_unreadable:
            log.error(
                "%d of the last minute's %d records failed; the reasons are in topic %s",
                unreadable, n, self.settings.topic(wire.DEAD_LETTERS),
            )  # fmt: skip

    @Service.timer(_CHECK_S)
    async def _check_sources(self) -> None:
        handlers = self._consumer.handlers.values()
        report_sources([one.fold.clocks for one in handlers if isinstance(one, ProcessorHandler)])

    def state(self, brand: str) -> bytes | None:
        """Return the packed state of a brand, or None if this worker does not own it."""
        for handler in self._consumer.handlers.values():
            assert isinstance(handler, ProcessorHandler)
            state = handler.fold.brands.get(brand)
            if state is not None:
                return state.pack()
        return None


def report_sources(clocks: Sequence[SourceClocks]) -> None:
    """Log and count the sources of some partitions whose numbers or clocks are wrong."""
    ahead: set[str] = set()
    for one in clocks:
        ahead.update(one.ahead_ms)
        for source, (last, seq) in one.renumbered.items():
            log.warning(
                "the numbers of source %r went from %d to %d: it began again, or two sources have "
                "this name; its tweets are told apart by their ids, so none is lost",
                source, last, seq,
            )  # fmt: skip
        metrics.RENUMBERED.inc(len(one.renumbered))
        one.renumbered.clear()
    if ahead:
        log.warning(
            "the clocks of sources %s are more than two minutes ahead of the broker: windows name "
            "them as absent", ", ".join(sorted(ahead)),
        )  # fmt: skip


def new_processor(settings: Settings, pipeline: ProcessorPipeline) -> faust.App:
    """Create the Faust app that runs a processor."""
    app = new_app(settings.group, settings, pipeline)

    @app.page("/state/{brand}")
    async def state(view: View, _request: Request, brand: str) -> Response:
        packed = pipeline.state(brand)
        if packed is None:
            return view.json({"error": f"no brand {brand!r} on this worker"}, status=404)
        return view.json(orjson.loads(packed))

    return app
