"""The processor as a Faust worker: life cycle, supervision, web server.

Faust runs it, but does not move its records: the intake does, through aiokafka alone, so Faust's
own Kafka clients stay off.
"""

from __future__ import annotations

import logging
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final

import faust
import orjson
from faust.app.base import BootStrategy
from faust.web import Request, Response, View
from mode import Service
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from badbuzz import wire
from badbuzz.brands import read_brands
from badbuzz.scorer import Judges
from badbuzz.settings import Settings
from badbuzz.state import Rules
from stream_processor import metrics
from stream_processor.champions import Champions
from stream_processor.intake import Intake
from stream_processor.processor import Parts, ProcessorLane
from stream_processor.topics import check_topics, wait_for_broker

log = logging.getLogger(__name__)

_WATCH_S: Final = 60.0
_PROBE_S: Final = 10.0
_MAX_SOURCES: Final = 50


class _Boot(BootStrategy):
    enable_kafka = False


class _App(faust.App):
    BootStrategy = _Boot
    producer_only = True


class Pipeline(Service):
    """The processor's services: broker and topics checked, then the intake.

    Parameters
    ----------
    settings
        Of this worker.
    """

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self._settings = settings
        self._recent = metrics.RecentCounts()
        judges = Judges.read(settings.bundles)
        rules = Rules(lateness_ms=settings.lateness_s * 1000, warmup_hours=settings.warmup_h)
        parts = Parts(
            settings=settings,
            brands=read_brands(settings.brands, rules),
            judges=judges,
            brand_metrics=metrics.BrandMetrics(settings.max_brands),
            source_metrics=metrics.SourceMetrics(_MAX_SOURCES),
            recent=self._recent,
        )
        self._champions = Champions(settings, judges)
        self.intake = Intake(
            settings,
            topic=settings.topic(wire.TWEETS),
            group=settings.group,
            new_lane=lambda partition: ProcessorLane(parts, partition),
        )

    async def on_start(self) -> None:
        """Wait for the broker, check the topics, start the intake."""
        await wait_for_broker(self._settings)
        await check_topics(self._settings)
        await self.add_runtime_dependency(self._champions)
        await self.add_runtime_dependency(self.intake)
        log.info("web server on http://%s:%d", self._settings.web_host, self._settings.web_port)

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
                unreadable, seen, self._settings.topic(wire.DEAD_LETTERS),
            )  # fmt: skip

    @Service.timer(_PROBE_S)
    async def _probe_broker(self) -> None:
        await self.intake.probe()

    def state(self, brand: str) -> bytes | None:
        """What is remembered of a brand that this worker owns, packed; else None."""
        for lane in self.intake.lanes.values():
            assert isinstance(lane, ProcessorLane)
            state = lane.fold.brands.get(brand)
            if state is not None:
                return state.pack()
        return None


def new_app(settings: Settings, pipeline: Pipeline) -> faust.App:
    """The Faust app that runs a processor."""
    app = _App(
        settings.group,
        broker=f"kafka://{settings.kafka_bootstrap_servers.split(',')[0]}",
        datadir=str(Path(gettempdir()) / f"badbuzz-{settings.group}"),
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_bind=settings.web_host,
        web_host=settings.web_host,
        web_port=settings.web_port,
        worker_redirect_stdouts=False,
    )
    app.service(pipeline)
    _add_pages(app, pipeline)
    return app


def _add_pages(app: faust.App, pipeline: Pipeline) -> None:
    @app.page("/healthz")
    async def healthz(view: View, _request: Request) -> Response:
        if pipeline.crashed or pipeline.intake.crashed:
            return view.json({"status": "crashed"}, status=503)
        return view.json({"status": "alive"})

    @app.page("/readyz")
    async def readyz(view: View, _request: Request) -> Response:
        ready = pipeline.intake.ready
        answer = {"ready": ready, "partitions": sorted(pipeline.intake.lanes)}
        return view.json(answer, status=200 if ready else 503)

    @app.page("/state/{brand}")
    async def state(view: View, _request: Request, brand: str) -> Response:
        packed = pipeline.state(brand)
        if packed is None:
            return view.json({"error": f"no brand {brand!r} on this worker"}, status=404)
        return view.json(orjson.loads(packed))

    @app.page("/metrics")
    async def scrape(view: View, _request: Request) -> Response:
        return view.bytes(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
