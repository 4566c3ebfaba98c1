"""A filled store and an API process that serves it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, Self

import httpx
import pytest

from badbuzz.model import Alert, Scored, Tweet, Window
from badbuzz.store.database import Store
from badbuzz.store.model import SourcePartition
from dashboards.api.credentials import SCOPES, digest, new_secret
from dashboards.api.examples import ALERT, WINDOW
from demo.processes import free_port
from tests.support.servers import die_with_parent

BRAND: Final = "Air Paradis"
STEP_MS: Final = 300_000
START_MS: Final = ALERT.window_start_ms
WINDOWS: Final = SourcePartition("windows", 0)
ALERTS: Final = SourcePartition("alerts", 0)
TWEETS: Final = SourcePartition("scored-tweets", 0)
_START_S: Final = 60.0
_STOP_S: Final = 20.0


def window(n: int, brand: str = BRAND) -> Window:
    """Return the n-th window of a brand."""
    start_ms = START_MS + n * STEP_MS
    alert_id = f"{brand}/{START_MS}"
    named = replace(WINDOW, brand=brand, alert_id=alert_id)
    return replace(named, start_ms=start_ms, end_ms=start_ms + STEP_MS)


def alert(n: int, **changes: Any) -> Alert:
    """Return an alert that the n-th window opened."""
    start_ms = START_MS + n * STEP_MS
    opened = replace(ALERT, id=f"{BRAND}/{start_ms}", opened_ms=start_ms + STEP_MS)
    return replace(opened, **changes)


def scored(n: int, text: str, score: float, created_ms: int | None = None) -> Scored:
    """Return a tweet with its prediction."""
    tweet = Tweet(
        id=f"t{n}",
        brand=BRAND,
        text=text,
        created_ms=START_MS + n * 1000 if created_ms is None else created_ms,
        produced_ms=START_MS + n * 1000,
        lang="en",
        author="5f1d3a",
    )
    return Scored(tweet, score, score >= 0.5, "airline-en@0123abcd")


def fill(store: Store) -> None:
    """Record windows, alerts and tweets, and the tweets of the day before."""
    store.record_windows(WINDOWS, [(n, window(n)) for n in range(8)], 8)
    phases = [alert(0), replace(alert(0), phase="resolved", evidence=None), alert(5)]
    store.record_alerts(ALERTS, list(enumerate(phases)), 3)
    day_ms = 86_400_000
    before = [scored(n, "the flight was late", 0.8, START_MS - day_ms + n) for n in range(100, 108)]
    now = [
        scored(1, "=HYPERLINK(1) my bags are lost", 0.97),
        scored(2, "lost bags, still no bags", 0.93),
        scored(3, "@jane_doe my bags, again", 0.55),
        scored(4, "lovely crew", 0.02),
    ]
    store.record_tweets(TWEETS, list(enumerate(before + now)), 12)


def make_key(store: Store, name: str, scope: str) -> str:
    """Create a key and return its secret."""
    secret, prefix = new_secret()
    store.add_key(name, frozenset({scope}), digest(secret), prefix, START_MS)
    return secret


class Served:
    """A process of ``badbuzz api`` on loopback with a store of its own.

    Parameters
    ----------
    folder
        Folder of its log and, without an address, of its SQLite database.
    address
        Address of the store; default: a SQLite file in the folder.
    """

    def __init__(self, folder: Path, address: str = "", **settings: object) -> None:
        self.log = folder / "api.log"
        self.address = address or f"sqlite:///{folder / 'api.db'}"
        self.url = ""
        self.keys: dict[str, str] = {}
        self._settings = {"STORE": self.address, "API_RATE": 100_000, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Create a key for each scope, with the name of the scope, and start the process."""
        with Store.open(self.address) as store:
            for scope in SCOPES:
                self.keys[scope] = make_key(store, scope, scope)
        return self.start()

    def start(self, *options: str) -> Self:
        """Start or restart the process and wait until it is ready."""
        port = free_port()
        environ = {k: v for k, v in os.environ.items() if not k.startswith("BADBUZZ_")}
        environ |= {f"BADBUZZ_{name}": str(value) for name, value in self._settings.items()}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "badbuzz", "api", "--port", str(port), *options],
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )
        self.url = f"http://127.0.0.1:{port}"
        self._await()
        return self

    def _await(self) -> None:
        deadline = time.monotonic() + _START_S
        while True:
            assert self._process is not None
            try:
                if httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            if self._process.poll() is not None or time.monotonic() > deadline:
                pytest.fail(f"the API does not serve:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    def __exit__(self, *raised: object) -> None:
        """Stop the process."""
        self.end(signal.SIGTERM)

    def end(self, how: signal.Signals) -> int:
        """Send a signal to the process and return its exit status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(how)
        return process.wait(_STOP_S)

    def client(self, scope: str | None = "admin", **options: Any) -> httpx.Client:
        """Return a client with the key of a scope; without a key for None."""
        headers = {"Authorization": f"Bearer {self.keys[scope]}"} if scope else {}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30, **options)
