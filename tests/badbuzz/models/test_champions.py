"""The watch on servers that are not what they should be."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

import pytest

from badbuzz.errors import BundleError, RegistryDownError, RegistryError
from badbuzz.models.champions import ChampionFailure, ChampionWatch
from badbuzz.models.registry import PROMOTED_TAG, Registry, Version
from badbuzz.models.scorer import Scorer

SERVING = {"en": "airline-en@1", "fr": "tweets-fr@1"}


class Answer(BaseHTTPRequestHandler):
    """Answers every request alike."""

    status: ClassVar[int] = 200
    body: ClassVar[bytes] = b""

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@contextmanager
def serving(status: int, body: bytes) -> Iterator[str]:
    handler = type("Handler", (Answer,), {"status": status, "body": body})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that is taken, where nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_champion_that_was_not_promoted_is_refused(nobody: str) -> None:
    registry, scorer = Registry(nobody), Scorer.load("airline-en")
    registry.check_promoted(Version("en", 3, "", tags={PROMOTED_TAG: scorer.digest}), scorer)
    for tags, reason in (
        ({}, "was not promoted"),
        ({PROMOTED_TAG: "0" * 64}, "its files are not those that were promoted"),
    ):
        with pytest.raises(BundleError, match=reason):
            registry.check_promoted(Version("en", 3, "", tags=tags), scorer)


def test_an_unreachable_server_is_asked_for_one_language_only(nobody: str) -> None:
    (failure,) = ChampionWatch(nobody).check_now(SERVING)
    assert isinstance(failure, ChampionFailure)
    assert (failure.language, failure.kind) == ("en", "unreachable")
    assert nobody in failure.message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>It works!</html>"),
        (200, b"[]"),
        (200, b'{"registered_model": {"name": "x", "aliases": [{"alias": "champion"}]}}'),
        (404, b"gone"),
        (500, b"{}"),
    ],
)
def test_an_invalid_answer_is_a_failure(status: int, body: bytes) -> None:
    with serving(status, body) as uri:
        failures = ChampionWatch(uri).check_now(SERVING)
    assert failures
    assert all(isinstance(failure, ChampionFailure) for failure in failures)


def test_a_repeated_failure_is_not_new(nobody: str) -> None:
    async def check_twice() -> list[bool]:
        watch = ChampionWatch(nobody)
        checks = [await watch.check(SERVING) for _ in range(2)]
        return [failure.is_new for (failure,) in checks if isinstance(failure, ChampionFailure)]

    assert asyncio.run(check_twice()) == [True, False]


def test_a_timeout_is_a_failure_for_every_language() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        watch = ChampionWatch(f"http://127.0.0.1:{silent.getsockname()[1]}")
        failures = asyncio.run(watch.check(SERVING, limit_s=0.01))
    assert [
        (failure.language, failure.kind)
        for failure in failures
        if isinstance(failure, ChampionFailure)
    ] == [
        ("en", "unreachable"),
        ("fr", "unreachable"),
    ]


def test_no_model_is_no_failure() -> None:
    with serving(404, b'{"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "none"}') as uri:
        assert ChampionWatch(uri).check_now(SERVING) == []


def test_a_refusal_is_distinguished_from_an_unreachable_server() -> None:
    body = b'{"error_code": "PERMISSION_DENIED", "message": "no"}'
    with (
        serving(403, body) as uri,
        pytest.raises(RegistryError, match="refused the request") as caught,
    ):
        Registry(uri, short_timeouts=True).find_model("en")
    assert not isinstance(caught.value, RegistryDownError)


def test_a_registry_without_an_address_names_the_setting() -> None:
    with pytest.raises(RegistryError, match="BADBUZZ_MLFLOW_URI"):
        Registry("")


def test_a_missing_client_is_an_error_before_any_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(RegistryError, match=r"badbuzz\[registry\]"):
        ChampionWatch("http://127.0.0.1:5000")
