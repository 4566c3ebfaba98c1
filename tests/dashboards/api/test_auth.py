"""Authentication, scopes, rate limits and the confidentiality of secrets."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from click.testing import CliRunner, Result
from starlette.exceptions import HTTPException
from starlette.requests import Request

from badbuzz.cli import badbuzz
from badbuzz.config.settings import Settings
from badbuzz.store.database import Store
from badbuzz.store.model import ApiKey
from dashboards.api.auth import CACHE_S, Authenticator
from dashboards.api.credentials import digest, new_secret
from tests.support.served import START_MS, Served, fill, make_key

NEEDED = {
    "read": [("POST", "/score"), ("GET", "/brands"), ("GET", "/export?what=tweets"),
             ("GET", "/stream"), ("GET", "/alerts/Nobody/1"), ("GET", "/labelling")],
    "write": [("POST", "/feedback"), ("POST", "/alerts/Nobody/1/ack"),
              ("POST", "/alerts/Nobody/1/ruling")],
    "admin": [("GET", "/audit")],
}  # fmt: skip
ROUTES = [(scope, *route) for scope, routes in NEEDED.items() for route in routes]
LOWER = {"write": "read", "admin": "write"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("access")) as started:
        with Store.open(started.address) as store:
            fill(store)
            started.keys["revoked"] = make_key(store, "revoked", "admin")
            store.revoke_key("revoked", START_MS)
            right, _, _ = started.keys["read"].rpartition("_")
            started.keys["wrong"] = f"{right}_{'x' * 43}"
            started.keys["unknown"] = new_secret()[0]
            started.keys["malformed"] = "hunter2"
        yield started


# Keys


@pytest.mark.parametrize("key", [None, "malformed", "wrong", "unknown", "revoked"])
@pytest.mark.parametrize(("scope", "method", "path"), ROUTES)
def test_an_invalid_key_gets_401_and_nothing_else(
    scope: str, method: str, path: str, key: str | None, served: Served
) -> None:
    with served.client(key) as client:
        answer = client.request(method, path, content=b"{not even JSON")
    assert (answer.status_code, answer.json()) == (401, UNAUTHORIZED)


UNAUTHORIZED = {
    "type": "about:blank",
    "title": "Unauthorized",
    "status": 401,
    "detail": "a valid API key is needed",
}


@pytest.mark.parametrize(
    ("scope", "method", "path"), [route for route in ROUTES if route[0] in LOWER]
)
def test_a_key_of_a_lower_scope_gets_403_and_nothing_else(
    scope: str, method: str, path: str, served: Served
) -> None:
    with served.client(LOWER[scope]) as client:
        answer = client.request(method, path, content=b"{not even JSON")
    detail = f"the key has the scope {LOWER[scope]}; the request needs {scope}"
    assert (answer.status_code, answer.json()["detail"]) == (403, detail)


def test_a_large_body_without_a_key_gets_401(served: Served) -> None:
    with served.client(None) as client:
        assert client.post("/score", content=b"x" * 2_000_000).status_code == 401


def test_a_key_is_accepted_in_either_header(served: Served) -> None:
    with served.client(None) as client:
        answer = client.get("/brands", headers={"X-API-Key": served.keys["read"]})
    assert answer.status_code == 200


def request(secret: str, address: str = "192.0.2.1") -> Request:
    """Return a request with a key."""
    headers = [(b"authorization", f"Bearer {secret}".encode())]
    return Request({"type": "http", "headers": headers, "client": (address, 1)})


class Clock:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now_s


def status_of(authenticator: Authenticator, asked: Request) -> int:
    """Return the status that a request of the scope read gets."""
    try:
        asyncio.run(authenticator.authorize(asked, "read"))
    except HTTPException as refusal:
        return refusal.status_code
    return 200


def test_a_revoked_key_is_refused_within_seconds(store: Store) -> None:
    secret, clock = make_key(store, "ana", "read"), Clock()
    authenticator = Authenticator(Settings(), store, clock=clock)
    assert status_of(authenticator, request(secret)) == 200
    store.revoke_key("ana", START_MS)
    clock.now_s = CACHE_S
    assert status_of(authenticator, request(secret)) == 401


def test_a_revoked_key_is_no_longer_valid_for_a_stream(store: Store) -> None:
    secret, clock = make_key(store, "ana", "read"), Clock()
    authenticator, asked = Authenticator(Settings(), store, clock=clock), request(secret)
    assert asyncio.run(authenticator.is_still_valid(asked))
    store.revoke_key("ana", START_MS)
    clock.now_s = CACHE_S
    assert not asyncio.run(authenticator.is_still_valid(asked))


def test_each_key_has_its_own_rate_limit(store: Store) -> None:
    authenticator = Authenticator(Settings(api_rate=5), store, clock=Clock())
    busy, calm = make_key(store, "busy", "read"), make_key(store, "calm", "read")
    assert [status_of(authenticator, request(busy)) for _ in range(6)] == [200] * 5 + [429]
    assert status_of(authenticator, request(calm)) == 200


def test_a_429_has_retry_after(tmp_path: Path) -> None:
    with Served(tmp_path, API_RATE=1) as served, served.client() as client:
        client.get("/brands")
        answer = client.get("/brands")
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60


def test_guesses_of_keys_are_limited_by_address(store: Store) -> None:
    secret = make_key(store, "ana", "read")
    authenticator = Authenticator(Settings(), store, clock=Clock())
    guesses = [status_of(authenticator, request(new_secret()[0])) for _ in range(100)]
    assert (guesses[0], guesses[-1]) == (401, 429)
    assert status_of(authenticator, request(secret, address="192.0.2.2")) == 200


class SlowStore(Store):
    """A store that answers after ``let`` is set and records the queried prefixes."""

    def __init__(self, *parts: Any) -> None:
        super().__init__(*parts)
        self.asked: list[str] = []
        self.let = threading.Event()

    def key(self, prefix: str) -> tuple[ApiKey, bytes] | None:
        """Return the key after ``let`` is set."""
        self.asked.append(prefix)
        self.let.wait(30)
        return super().key(prefix)


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[SlowStore]:
    with SlowStore.open(f"sqlite:///{tmp_path / 'slow.db'}") as opened:
        yield opened


def authenticate_concurrently(store: SlowStore, asked: list[Request]) -> list[bool]:
    """Return which of some concurrent requests are valid, with a store that waits for all."""
    authenticator = Authenticator(Settings(), store, clock=Clock())

    async def ask() -> list[bool]:
        asking = [asyncio.create_task(authenticator.is_still_valid(secret)) for secret in asked]
        while not store.asked:
            await asyncio.sleep(0)
        store.let.set()
        return await asyncio.gather(*asking)

    return asyncio.run(ask())


def test_concurrent_guesses_are_limited_like_sequential_ones(slow: SlowStore) -> None:
    assert not any(authenticate_concurrently(slow, [request(new_secret()[0]) for _ in range(500)]))
    assert len(slow.asked) == 60


def test_concurrent_requests_of_one_key_cause_one_query(slow: SlowStore) -> None:
    secret = make_key(slow, "ana", "read")
    assert all(authenticate_concurrently(slow, [request(secret)] * 500))
    assert len(slow.asked) == 1


# Secrets


def test_no_secret_is_in_log_responses_metrics_or_database(tmp_path: Path) -> None:
    with Served(tmp_path, LOG_LEVEL="DEBUG") as served:
        secret = served.keys["read"]
        guess = secret[:-1] + ("x" if secret[-1] != "x" else "y")
        received = b""
        with served.client(None) as client:
            for key in (secret, guess):
                for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
                    received += client.get("/brands", headers=headers).content
                received += client.get(f"/metrics?key={key}").content
                received += client.post("/score", content=key).content
            client.get(f"/{secret}")
        served.end(signal.SIGTERM)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for key in (secret, guess):
        assert key.encode() not in received + kept
        assert key[12:].encode() not in kept


def test_the_log_has_the_name_of_the_key(served: Served) -> None:
    with served.client("read") as client:
        client.get("/alerts/the-log/1")
    lines = [orjson.loads(line) for line in served.log.read_text().splitlines()]
    assert [line["by"] for line in lines if line.get("path") == "/alerts/the-log/1"] == ["read"]


# Without keys


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(tmp_path_factory.mktemp("keyless")).start("--without-keys")
    yield served
    served.end(signal.SIGTERM)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Host": "localhost:1"}, 200),
        ({"Origin": "http://127.0.0.1:8501"}, 200),
        ({"Host": "rebound.example"}, 403),
        ({"Origin": "https://elsewhere.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Host": "["}, 403),
        ({"Origin": "http://["}, 403),
    ],
)
def test_without_keys_only_loopback_hosts_and_origins_are_accepted(
    headers: dict[str, str], status: int, open_to_all: Served
) -> None:
    assert httpx.get(f"{open_to_all.url}/brands", headers=headers).status_code == status


def test_without_keys_requires_a_loopback_address() -> None:
    refused = CliRunner().invoke(badbuzz, ["api", "--without-keys", "--host", "0.0.0.0"])
    assert refused.exit_code == 2
    assert "badbuzz keys add" in refused.output


# The commands


def keys(address: str, *arguments: str) -> Result:
    """Run ``badbuzz keys`` on a store."""
    return CliRunner().invoke(badbuzz, ["keys", *arguments], env={"BADBUZZ_STORE": address})


def test_a_secret_is_printed_alone_and_is_valid(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'keys.db'}"
    made = keys(address, "add", "ana", "--scope", "write")
    secret = made.stdout.strip()
    with Store.open(address) as store:
        key = store.key(secret.split("_")[1])
    assert key is not None
    assert (key[0].name, key[0].scopes, key[1]) == (
        "ana", frozenset({"write"}), digest(secret),
    )  # fmt: skip


def test_the_list_of_keys_has_no_secret(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'keys.db'}"
    secret = keys(address, "add", "ana").stdout.strip()
    listed = keys(address, "list", "--json").stdout
    assert [key["name"] for key in orjson.loads(listed)] == ["ana"]
    assert secret[12:] not in listed + keys(address, "list").output


def test_a_revoked_key_is_listed_as_such(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'keys.db'}"
    keys(address, "add", "ana")
    keys(address, "revoke", "ana")
    (listed,) = orjson.loads(keys(address, "list", "--json").stdout)
    assert listed["revoked_ms"] is not None


def test_an_unknown_key_cannot_be_revoked(tmp_path: Path) -> None:
    keys(f"sqlite:///{tmp_path / 'keys.db'}", "add", "ana")
    ran = subprocess.run(
        [sys.executable, "-m", "badbuzz", "keys", "revoke", "bob"],
        env={"BADBUZZ_STORE": f"sqlite:///{tmp_path / 'keys.db'}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 5
    assert "bob" in ran.stderr


def test_the_log_names_the_store(served: Served) -> None:
    lines = [orjson.loads(line) for line in served.log.read_text().splitlines()]
    (store,) = {line["store"] for line in lines if line["event"] == "serving"}
    address = urlsplit(served.address)
    if address.password is None:
        assert store == f"SQLite file {address.path[1:]}"
    else:
        assert store.startswith(f"PostgreSQL at 127.0.0.1:{address.port}/")
        assert address.password not in store


def test_the_keys_command_names_the_store(tmp_path: Path) -> None:
    printed = keys(f"sqlite:///{tmp_path / 'keys.db'}", "add", "ana").stderr.splitlines()
    assert printed[0] == f"store: SQLite file {tmp_path / 'keys.db'}"


@pytest.mark.parametrize("arguments", [("keys", "list"), ("keys", "revoke", "ana"), ("errors",)])
def test_a_command_that_reads_creates_no_store(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "badbuzz", *arguments],
        cwd=tmp_path,
        env={},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 5
    assert f"no store at {tmp_path / 'badbuzz.db'}: start badbuzz record" in ran.stderr
    assert list(tmp_path.iterdir()) == []


def document() -> dict[str, Any]:
    """Return the output of ``badbuzz api --openapi``."""
    printed: dict[str, Any] = orjson.loads(CliRunner().invoke(badbuzz, ["api", "--openapi"]).stdout)
    return printed


def test_every_route_needs_a_key_except_those_of_operators() -> None:
    opened = {
        path
        for path, operations in document()["paths"].items()
        for operation in operations.values()
        if "security" not in operation
    }
    assert opened == {"/healthz", "/readyz", "/metrics"}
