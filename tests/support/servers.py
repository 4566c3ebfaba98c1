"""Real servers for tests, which are skipped if a server is not installed."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from signal import Signals
from types import TracebackType
from typing import Any, Final, NoReturn, Self
from uuid import uuid4

import pytest

from badbuzz.config.settings import Settings
from demo.processes import free_port

ROOT: Final = Path(__file__).resolve().parents[2]

_SERVE: Final = ROOT / "deploy" / "kafka" / "serve.sh"
_STARTED: Final = "Kafka Server started"
_JVM_OPTIONS: Final = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1"  # starts in 0.6 of the CPU time
_START_S: Final = 120.0
_STOP_S: Final = 60.0
_SET_DEATH_SIGNAL: Final = 1

_POSTGRES_STARTED: Final = "database system is ready to accept connections"
_POSTGRES_FOLDERS: Final = "/usr/lib/postgresql/*/bin", "/opt/homebrew/opt/postgresql@*/bin"
_UNPRIVILEGED: Final = "postgres", "nobody"


def lacking(reason: str, variable: str) -> NoReturn:
    """Skip the test, or fail it if the environment variable is 1."""
    if os.environ.get(variable) == "1":
        pytest.fail(f"{reason}, and {variable}=1")
    pytest.skip(reason)


def new_prefix() -> str:
    """Return a new topic prefix."""
    return f"t{uuid4().hex[:8]}."


def settings_for(bootstrap_servers: str, prefix: str = "", **changes: Any) -> Settings:
    """Return the settings of a new deployment, with its own topics and group."""
    prefix = prefix or new_prefix()
    return Settings(
        **{
            "kafka_bootstrap_servers": bootstrap_servers,
            "topic_prefix": prefix,
            "app_id": f"{prefix}badbuzz",
            **changes,
        }
    )


def die_with_parent() -> None:
    """Make Linux send SIGKILL to the calling process when its parent dies."""
    _end_with_parent(signal.SIGKILL)


def end_with_parent() -> None:
    """Make Linux send SIGTERM to the calling process when its parent dies."""
    _end_with_parent(signal.SIGTERM)


def _end_with_parent(how: Signals) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_DEATH_SIGNAL, how)


def await_line(path: Path, text: str, process: subprocess.Popen[bytes], limit_s: float) -> None:
    """Wait until the log of a process contains a text; fail the test if the process ends."""
    deadline = time.monotonic() + limit_s
    while text not in (log := path.read_text(errors="replace")):
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"no {text!r} within {limit_s:g} s or before its end:\n{log[-4000:]}")
        time.sleep(0.05)


class KafkaServer:
    """Apache Kafka on the loopback interface, in its own process; its data stay when it ends.

    Parameters
    ----------
    folder
        Folder for data and log; a file ``more.properties`` in it adds broker settings.

    Attributes
    ----------
    ports
        Ports of the listener and of the controller.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "server.log"
        self.ports = (free_port(), free_port())
        self._process: subprocess.Popen[bytes] | None = None
        self.bootstrap_servers = f"127.0.0.1:{self.ports[0]}"

    @staticmethod
    def require() -> None:
        """Skip the test if Kafka cannot run, and fetch its jars if they are missing."""
        for program, name in (("java", "Java 17"), ("mvn", "Maven")):
            if shutil.which(program) is None:
                lacking(f"Apache Kafka needs {name}", "REQUIRE_SERVICES")
        fetched = subprocess.run([_SERVE, "--fetch"], capture_output=True, text=True, check=False)
        if fetched.returncode:
            lacking(f"Kafka's jars were not fetched: {fetched.stderr[-400:]}", "REQUIRE_SERVICES")

    def start(self) -> Self:
        """Start the server, again with the same port and data, and wait until it is ready."""
        self.launch()
        self.await_started()
        return self

    def launch(self) -> None:
        """Start the server without waiting for it."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(
                [_SERVE, *map(str, self.ports), self._folder],
                env={**os.environ, "KAFKA_JVM_PERFORMANCE_OPTS": _JVM_OPTIONS},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509
            )

    def await_started(self) -> None:
        """Wait until a launched server is ready."""
        assert self._process is not None
        await_line(self._log, _STARTED, self._process, _START_S)

    def __enter__(self) -> Self:
        """Start the server; skip the test if it cannot run."""
        self.require()
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Shut the server down."""
        self.stop()

    def stop(self) -> None:
        """Shut the server down in order."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Kill the server with SIGKILL."""
        self._end(signal.SIGKILL)

    def signal(self, number: Signals) -> None:
        """Send a signal to the server."""
        assert self._process is not None
        self._process.send_signal(number)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Freeze the server for the duration of a block."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def _end(self, how: Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(_STOP_S)
            self._process = None


class PostgresServer:
    """PostgreSQL on the loopback interface, in its own process; its data are removed at the end.

    If root runs the tests, the server runs as the user ``postgres`` or ``nobody``.

    Parameters
    ----------
    fsync
        Whether commits survive a power failure; they always survive a kill. False by default.
    """

    USER: Final = "badbuzz"
    PASSWORD: Final = "s3cret"

    def __init__(self, *, fsync: bool = False) -> None:
        self._fsync = fsync
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    @staticmethod
    def binaries() -> Path:
        """Return the folder of its programs; skip the test if there is none."""
        initdb = shutil.which("initdb")
        if initdb is not None:
            return Path(initdb).parent
        for pattern in _POSTGRES_FOLDERS:
            folders = [path.parent for path in Path("/").glob(f"{pattern[1:]}/initdb")]
            if folders:
                return max(folders, key=lambda folder: (len(folder.parent.name), folder))
        lacking("PostgreSQL is not installed (Debian: postgresql)", "REQUIRE_SERVICES")

    @staticmethod
    def user() -> pwd.struct_passwd | None:
        """Return the user that the server runs as; None for the user of the tests."""
        if os.getuid() != 0:
            return None
        known = {entry.pw_name: entry for entry in pwd.getpwall()}
        return next(known[name] for name in _UNPRIVILEGED if name in known)

    def __enter__(self) -> Self:
        """Create the data and start the server; skip the test if it cannot run."""
        initdb = self.binaries() / "initdb"
        self._folder = Path(tempfile.mkdtemp(prefix="badbuzz-postgres-"))
        password = self._folder / "password"
        password.write_text(self.PASSWORD)
        user = self.user()
        if user is not None:
            for path in (self._folder, password):
                os.chown(path, user.pw_uid, user.pw_gid)
        made = self._run(
            initdb, "--pgdata", self._folder / "data", "--username", self.USER, "--pwfile",
            password, "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync",
        )  # fmt: skip
        if made.wait(_START_S):
            pytest.fail(f"initdb failed: {(self._folder / 'log').read_text(errors='replace')}")
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Kill the server and remove its data."""
        self.kill()
        shutil.rmtree(self._folder)

    def _run(self, *command: str | Path) -> subprocess.Popen[bytes]:
        user = self.user()
        with (self._folder / "log").open("wb") as log:
            return subprocess.Popen(
                command,
                cwd=self._folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=die_with_parent,  # noqa: PLW1509
                user=None if user is None else user.pw_uid,
                group=None if user is None else user.pw_gid,
                extra_groups=None if user is None else [],
            )

    def start(self) -> Self:
        """Start the server, again with the same port and data, and wait until it is ready."""
        self._process = self._run(
            self.binaries() / "postgres", "-D", self._folder / "data", "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={self._folder}",
            "-c", f"fsync={'on' if self._fsync else 'off'}",
        )  # fmt: skip
        await_line(self._folder / "log", _POSTGRES_STARTED, self._process, _START_S)
        return self

    def shut_down(self) -> None:
        """Refuse new connections, and end when the last one is closed."""
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Close all connections and shut the server down in order."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(_STOP_S)
            self._process = None

    def signal(self, number: Signals) -> None:
        """Send a signal to all processes of the server, such as SIGSTOP, which freezes them."""
        import psutil

        assert self._process is not None
        server = psutil.Process(self._process.pid)
        for process in [server, *server.children(recursive=True)]:
            process.send_signal(number)

    def kill(self) -> None:
        """Kill the server and all its processes with SIGKILL."""
        import psutil

        if self._process is not None:
            backends = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            self._process.wait(_STOP_S)
            for backend in backends:
                with suppress(psutil.NoSuchProcess):
                    backend.kill()
            psutil.wait_procs(backends, _STOP_S)
            self._process = None

    def url(self, database: str = "postgres", password: str = PASSWORD) -> str:
        """Return the URL of a database, as ``BADBUZZ_STORE`` expects it."""
        return f"postgresql://{self.USER}:{password}@127.0.0.1:{self.port}/{database}"

    def new_schema(self) -> str:
        """Create a schema and return its URL; it is faster to create than a database."""
        import psycopg
        from psycopg import sql

        name = f"t{uuid4().hex[:12]}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        return f"{self.url()}?options=-csearch_path%3D{name}"
