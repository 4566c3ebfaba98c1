"""The notifier reports whether its store answers."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from badbuzz.config.settings import Settings
from badbuzz.store.database import Store
from stream_processor.engine.dead_letters import DeadLetters
from stream_processor.notifier.delivery import Delivery
from stream_processor.notifier.sinks.alertmanager import Alertmanager
from stream_processor.notifier.sinks.azure_opentelemetry import AzureOpenTelemetry
from stream_processor.notifier.sinks.sink import UnansweredError
from stream_processor.notifier.store_follower import StoreFollower
from tests.support.feedback import feedback
from tests.support.http_server import Answer, HttpServer


@pytest.fixture
def server() -> Iterator[HttpServer]:
    with HttpServer() as server:
        yield server


@pytest.fixture
def settings(server: HttpServer, tmp_path: Path) -> Settings:
    return Settings(
        store=f"sqlite:///{tmp_path}/badbuzz.db",
        alertmanager_url=server.url,
        azure_connection_string=server.connection_string,
        notify_timeout_s=1,
    )


def test_a_store_that_is_down_is_logged_once(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> str:
        letters = DeadLetters(settings)
        azure = Delivery(AzureOpenTelemetry(settings), letters, settings)
        manager = Delivery(Alertmanager(settings), letters, settings)
        follower = StoreFollower(settings)
        for delivery in (azure, manager) * 2:
            await follower.forward(delivery, [], is_first=True)
        await azure.sink.close()
        return follower.reason

    assert "start badbuzz record" in asyncio.run(run())
    assert [
        message for message in caplog.messages if "not forwarded" in message
    ] == caplog.messages[:1]


def test_a_recovered_store_is_reported_while_the_sink_is_down(
    settings: Settings, server: HttpServer
) -> None:
    async def run() -> str:
        azure = Delivery(AzureOpenTelemetry(settings), DeadLetters(settings), settings)
        follower = StoreFollower(settings)
        await follower.forward(azure, [], is_first=True)
        with Store.open(settings.store) as store:
            store.add_feedback(feedback("missed"))
        server.usual = Answer(503, b"not yet")
        with pytest.raises(UnansweredError):
            await follower.forward(azure, [], is_first=True)
        follower.close()
        await azure.sink.close()
        return follower.reason

    assert asyncio.run(run()) == ""


def test_a_misprediction_whose_mark_failed_is_sent_again_with_a_higher_attempt(
    settings: Settings, server: HttpServer
) -> None:
    async def run(database: sqlite3.Connection) -> None:
        azure = Delivery(AzureOpenTelemetry(settings), DeadLetters(settings), settings)
        follower = StoreFollower(settings)
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON told BEGIN SELECT RAISE(ABORT, 'full'); END"
        )
        await follower.forward(azure, [], is_first=True)
        database.execute("DROP TRIGGER full")
        await follower.forward(azure, [], is_first=True)
        follower.close()
        await azure.sink.close()

    with Store.open(settings.store) as store:
        store.add_feedback(feedback("missed"))
    with closing(sqlite3.connect(settings.store.removeprefix("sqlite:///"))) as database:
        asyncio.run(run(database))
    assert [trace["properties"]["attempt"] for trace in server.envelopes()] == ["1", "2"]
