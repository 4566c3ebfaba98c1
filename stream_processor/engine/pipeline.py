"""A pipeline as a Faust worker: life cycle, supervision, web server.

Faust runs it, but does not move its records: the intakes do, through aiokafka alone, so Faust's
own Kafka clients stay off.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any, Final

import faust
from faust.app.base import BootStrategy
from faust.web import Request, Response, View
from mode import Service
from prometheus_client import generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from badbuzz.config.settings import Settings
from stream_processor.engine.consumer import PartitionedConsumer
from stream_processor.engine.topics import check_topics, wait_for_broker

log = logging.getLogger(__name__)

_PROBE_S: Final = 10.0


class _Boot(BootStrategy):
    enable_kafka = False


class _App(faust.App):
    BootStrategy = _Boot
    producer_only = True


class Pipeline(Service):
    """What a worker runs: broker and topics checked, then its intakes.

    Parameters
    ----------
    settings
        Of this worker.

    Attributes
    ----------
    intakes
        Set before it starts.
    """

    intakes: Sequence[PartitionedConsumer] = ()

    def __init__(self, settings: Settings, **options: Any) -> None:
        super().__init__(**options)
        self.settings = settings

    async def on_start(self) -> None:
        """Wait for the broker, check the topics, start the intakes."""
        await wait_for_broker(self.settings)
        await check_topics(self.settings)
        await self.prepare()
        for intake in self.intakes:
            await self.add_runtime_dependency(intake)
        log.info("web server on http://%s:%d", self.settings.web_host, self.settings.web_port)

    async def prepare(self) -> None:
        """What must be there before the intakes start."""

    def readiness(self) -> dict[str, Any]:
        """What ``/readyz`` says, under ``ready`` whether it is."""
        return {
            "ready": all(intake.ready for intake in self.intakes),
            "partitions": sorted({lane for intake in self.intakes for lane in intake.lanes}),
        }

    @Service.timer(_PROBE_S)
    async def _probe_broker(self) -> None:
        for intake in self.intakes:
            await intake.probe()


def new_app(name: str, settings: Settings, pipeline: Pipeline) -> faust.App:
    """The Faust app that runs a pipeline.

    Parameters
    ----------
    name
        Of the worker: no two kinds of worker share one.
    settings, pipeline
        Of this worker.
    """
    app = _App(
        name,
        broker=f"kafka://{settings.kafka_bootstrap_servers.split(',')[0]}",
        datadir=str(Path(gettempdir()) / f"badbuzz-{name}"),
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
        if pipeline.crashed or any(intake.crashed for intake in pipeline.intakes):
            return view.json({"status": "crashed"}, status=503)
        return view.json({"status": "alive"})

    @app.page("/readyz")
    async def readyz(view: View, _request: Request) -> Response:
        answer = pipeline.readiness()
        return view.json(answer, status=200 if answer["ready"] else 503)

    @app.page("/metrics")
    async def scrape(view: View, _request: Request) -> Response:
        return view.bytes(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
