"""The base of the three workers: a Faust app with life cycle, supervision and web server.

Records are moved by :class:`~stream_processor.engine.consumer.PartitionedConsumer` and not by
Faust, whose own Kafka clients stay off.
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
from badbuzz.errors import KafkaError
from stream_processor.engine.consumer import PartitionedConsumer
from stream_processor.engine.topic_watch import TopicWatch
from stream_processor.engine.topics import check_topics, wait_for_broker

log = logging.getLogger(__name__)

_PROBE_S: Final = 10.0
_LOOK_S: Final = 3.0


class _Boot(BootStrategy):
    enable_kafka = False


class _App(faust.App):
    BootStrategy = _Boot
    producer_only = True


class Pipeline(Service):
    """The services of a worker: it checks broker and topics, then starts its consumers.

    Parameters
    ----------
    settings
        Settings of the worker.

    Attributes
    ----------
    consumers
        The consumers to run; a subclass sets them in its constructor.
    """

    consumers: Sequence[PartitionedConsumer] = ()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.settings = settings

    async def on_start(self) -> None:
        """Wait for the broker, check the topics and start the consumers."""
        await wait_for_broker(self.settings)
        await check_topics(self.settings)
        await self.prepare()
        for consumer in self.consumers:
            await self.add_runtime_dependency(consumer)
        log.info("web server on http://%s:%d", self.settings.web_host, self.settings.web_port)

    async def prepare(self) -> None:
        """Prepare what the consumers need before they start; nothing by default."""

    def readiness(self) -> dict[str, Any]:
        """Return the answer of ``/readyz``; ``ready`` is whether the worker is ready."""
        return {
            "ready": all(consumer.ready for consumer in self.consumers),
            "partitions": sorted({number for one in self.consumers for number in one.handlers}),
        }

    def remedies(self) -> dict[str, str]:
        """Return what to do about a topic that was created again; by default, a restart is it."""
        return {consumer.topic: consumer.semantics.remedy for consumer in self.consumers}

    @Service.timer(_PROBE_S)
    async def _probe_broker(self) -> None:
        for consumer in self.consumers:
            await consumer.probe()

    @Service.task
    async def _watch_topics(self) -> None:
        """End the worker, without another checkpoint, when something happened to its topics."""
        watch = TopicWatch(self.settings, self.remedies())
        try:
            while not self.should_stop and not (change := await watch.look()):
                await self.sleep(_LOOK_S)
        finally:
            await watch.close()
        if not self.should_stop:
            for consumer in self.consumers:
                await consumer.crash(KafkaError(change))


def new_app(name: str, settings: Settings, pipeline: Pipeline) -> faust.App:
    """Create the Faust app that runs a pipeline; each kind of worker has its own name."""
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
        if pipeline.crashed or any(consumer.crashed for consumer in pipeline.consumers):
            return view.json({"status": "crashed"}, status=503)
        return view.json({"status": "alive"})

    @app.page("/readyz")
    async def readyz(view: View, _request: Request) -> Response:
        answer = pipeline.readiness()
        return view.json(answer, status=200 if answer["ready"] else 503)

    @app.page("/metrics")
    async def scrape(view: View, _request: Request) -> Response:
        return view.bytes(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
