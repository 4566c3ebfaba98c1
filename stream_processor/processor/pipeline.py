"""The processor's pipeline: scorers and brands read, one intake of ``tweets``."""

from __future__ import annotations

import logging
from typing import Any, Final

import faust
import orjson
from faust.web import Request, Response, View
from mode import Service

from badbuzz import wire
from badbuzz.config.brands import read_brands
from badbuzz.config.settings import Settings
from badbuzz.detection.state import Rules
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine import metrics
from stream_processor.engine.consumer import PartitionedConsumer
from stream_processor.engine.pipeline import Pipeline, new_app
from stream_processor.processor.champions import ChampionSwapper
from stream_processor.processor.drift import DriftMetrics
from stream_processor.processor.partition import ProcessorHandler, ProcessorResources

log = logging.getLogger(__name__)

_WATCH_S: Final = 60.0
_SHOW_S: Final = 5.0
_MAX_SOURCES: Final = 50


class ProcessorPipeline(Pipeline):
    """The processor's services.

    Parameters
    ----------
    settings
        Of this worker.
    """

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(settings, **options)
        self._recent = metrics.RecentCounts()
        judges = ScorerSet.read(settings.bundles)
        rules = Rules(lateness_ms=settings.lateness_s * 1000, warmup_hours=settings.warmup_h)
        self._drift = DriftMetrics(judges.scorers)
        parts = ProcessorResources(
            settings=settings,
            brands=read_brands(settings.brands, rules),
            judges=judges,
            brand_metrics=metrics.BrandMetrics(settings.max_brands),
            source_metrics=metrics.SourceMetrics(_MAX_SOURCES),
            recent=self._recent,
            drift=self._drift,
        )
        self._champions = ChampionSwapper(settings, judges)
        self._intake = PartitionedConsumer(
            settings,
            topic=settings.topic(wire.TWEETS),
            group=settings.group,
            new_lane=lambda partition: ProcessorHandler(parts, partition),
        )
        self.intakes = [self._intake]

    async def prepare(self) -> None:
        """Let the champions serve, if they can be had, and follow them from then on."""
        await self.add_runtime_dependency(self._champions)

    @Service.timer(_SHOW_S)
    async def _show_drift(self) -> None:
        self._drift.show()

    @Service.timer(_WATCH_S)
    async def _watch_unreadable(self) -> None:
        seen, unreadable, late = self._recent.take()
        if late > seen / 2:
            log.warning(
                "%d of the last minute's %d records were late: their brands' event time is further "
                "on; replay older history under a BADBUZZ_TOPIC_PREFIX of its own", late, seen,
            )  # fmt: skip
        mostly = unreadable > seen / 2
        metrics.MOSTLY_UNREADABLE.set(mostly)
        if mostly:
            log.error(
                "%d of the last minute's %d records could not be read; the reasons are in topic %s",
                unreadable, seen, self.settings.topic(wire.DEAD_LETTERS),
            )  # fmt: skip

    def state(self, brand: str) -> bytes | None:
        """What is remembered of a brand that this worker owns, packed; else None."""
        for lane in self._intake.lanes.values():
            assert isinstance(lane, ProcessorHandler)
            state = lane.fold.brands.get(brand)
            if state is not None:
                return state.pack()
        return None


def new_processor(settings: Settings, pipeline: ProcessorPipeline) -> faust.App:
    """The Faust app that runs a processor."""
    app = new_app(settings.group, settings, pipeline)

    @app.page("/state/{brand}")
    async def state(view: View, _request: Request, brand: str) -> Response:
        packed = pipeline.state(brand)
        if packed is None:
            return view.json({"error": f"no brand {brand!r} on this worker"}, status=404)
        return view.json(orjson.loads(packed))

    return app
