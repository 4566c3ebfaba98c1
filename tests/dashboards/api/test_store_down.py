"""The API while its store or a client is too slow, and after an exception."""

from __future__ import annotations

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any

import httpx
import psycopg
import pytest
from fastapi import Body, FastAPI
from starlette.types import Receive, Scope, Send

from dashboards.api.metrics import Metrics
from dashboards.api.problems import handle_problems
from dashboards.api.request_log import AccessLogMiddleware
from dashboards.api.time_limit import TimeLimitMiddleware
from tests.support.served import Served
from tests.support.servers import PostgresServer
from tests.support.stream import await_that


@pytest.mark.services
def test_the_api_answers_503_until_the_store_is_back(tmp_path: Path) -> None:
    with (
        PostgresServer() as server,
        Served(tmp_path, server.url()) as served,
        served.client("write") as client,
    ):
        server.stop()
        down = [
            client.get("/readyz"),
            client.get("/brands"),
            client.post("/feedback", json={"text": "late", "right": True}),
        ]
        server.start()
        up = client.get("/brands")
    assert [answer.status_code for answer in down] == [503, 503, 503]
    assert all("retry-after" in answer.headers for answer in down)
    assert up.status_code == 200


@pytest.mark.services
def test_the_api_stops_while_the_database_blocks_a_thread(postgres: str, tmp_path: Path) -> None:
    with (
        Served(tmp_path, postgres) as served,
        served.client() as client,
        client.stream("GET", "/stream"),
        psycopg.connect(postgres) as holding,
        psycopg.connect(postgres, autocommit=True) as looking,
    ):
        holding.execute("LOCK TABLE positions IN ACCESS EXCLUSIVE MODE")
        query = "SELECT 1 FROM pg_locks JOIN pg_class ON relation = pg_class.oid "
        query += "WHERE relname = 'positions' AND NOT granted"
        await_that(lambda: looking.execute(query).fetchone() is not None, "a thread that waits")
        assert served.end(signal.SIGTERM) == 0


@pytest.mark.services
def test_the_api_answers_503_while_the_database_is_frozen(tmp_path: Path) -> None:
    with (
        PostgresServer() as server,
        Served(tmp_path, server.url()) as served,
        served.client() as client,
    ):
        assert client.get("/brands").status_code == 200
        server.signal(signal.SIGSTOP)
        frozen = client.get("/brands", timeout=60)
        server.signal(signal.SIGCONT)
        assert (frozen.status_code, "retry-after" in frozen.headers) == (503, True)
        await_that(lambda: client.get("/brands").status_code == 200, "an answer")


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.Event().wait()


async def slow_midway(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await asyncio.sleep(0.05)
    await send({"type": "http.response.body", "body": b"all of it"})


@pytest.mark.parametrize(("app", "status"), [(silent, 503), (slow_midway, 200)])
def test_only_the_begin_of_a_response_has_a_time_limit(app: Any, status: int) -> None:
    answer = answered(TimeLimitMiddleware(app, limit_s=0.01))
    assert answer.status_code == status


async def read_body(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body.extend(message["body"])
        if not message["more_body"]:
            return bytes(body)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    body = await read_body(receive)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def silent_once_read(scope: Scope, receive: Receive, send: Send) -> None:
    await read_body(receive)
    await silent(scope, receive, send)


async def trickle() -> AsyncIterator[bytes]:
    for part in (b"all ", b"of ", b"it"):
        await asyncio.sleep(0.15)
        yield part


async def unfinished() -> AsyncIterator[bytes]:
    yield b"all "
    await asyncio.Event().wait()


@pytest.mark.parametrize(("app", "status"), [(echo, 200), (silent_once_read, 503)])
def test_the_time_in_which_a_body_arrives_is_the_clients(app: Any, status: int) -> None:
    answer = answered(TimeLimitMiddleware(app, limit_s=0.3), trickle())
    assert answer.status_code == status


def test_a_body_that_never_ends_is_refused() -> None:
    app = FastAPI()
    handle_problems(app)

    @app.post("/")
    def read(body: Annotated[dict[str, str], Body()]) -> None:
        pass

    answer = answered(TimeLimitMiddleware(app, body_limit_s=0.05), unfinished())
    assert (answer.status_code, answer.json()["detail"]) == (
        408,
        "the body did not arrive within 0.05 s",
    )
    assert answer.headers["connection"] == "close"


def test_a_store_that_hangs_before_the_body_is_read_is_reported() -> None:
    answer = answered(TimeLimitMiddleware(silent, limit_s=0.01), unfinished())
    assert answer.status_code == 503


async def broken(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError("an internal detail")


async def broken_midway(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError("an internal detail")


def answered(app: Any, body: AsyncIterator[bytes] | None = None) -> httpx.Response:
    """Return the response of an application behind the middleware; with a body, to a POST."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(AccessLogMiddleware(app, Metrics()))
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request("GET" if body is None else "POST", "/", content=body)

    return asyncio.run(ask())


def test_an_exception_is_a_problem_without_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer = answered(broken)
    assert (answer.status_code, answer.headers["content-type"]) == (500, "application/problem+json")
    assert "an internal detail" not in answer.text
    assert [record.message for record in caplog.records if record.levelno == logging.ERROR] == [
        "failed"
    ]


def test_an_exception_in_mid_response_closes_the_connection() -> None:
    with pytest.raises(RuntimeError):
        answered(broken_midway)
