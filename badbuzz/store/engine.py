"""One database, its connections, and transactions that read or write."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from badbuzz.errors import StoreError
from badbuzz.store.failures import place_of, translated

_PATIENCE_S: Final = 10
_PAUSE_S: Final = 0.02
_DIALECTS: Final = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_EXPECTED: Final = "BADBUZZ_STORE: expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
_ALIVE: Final = {
    "connect_timeout": _PATIENCE_S,
    "keepalives_idle": _PATIENCE_S,
    "tcp_user_timeout": _PATIENCE_S * 1000,
}
"""How libpq finds out that a server is gone without a word."""
_FROZEN: Final = "-c idle_in_transaction_session_timeout=30s"
"""How the server finds out that one who holds locks is frozen, and lets the others go on."""


class Connected:
    """A database that was opened: what every part of the store stands on.

    Safe to share between threads; each transaction has a connection of its own.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """A transaction that reads, and sees one moment throughout."""
        with translated(self._engine.url), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """A transaction that writes: committed when the block is left in good order."""
        with writing(self._engine) as connection:
            yield connection


def connect(address: str) -> Engine:
    """An engine for an address as in ``BADBUZZ_STORE``; connects to nothing yet.

    Raises
    ------
    StoreError
        When the address is none; the message does not repeat it, as it may hold a password.
    """
    url = _parsed(address)
    if url.get_backend_name() == "sqlite":
        patience = {"timeout": str(_PATIENCE_S), **url.query}
        engine = create_engine(url.set(query=patience), hide_parameters=True)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine
    arguments = {**_ALIVE, "options": url.query.get("options", _FROZEN)}
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)


def where(address: str) -> str:
    """Where an address leads: without user, password and options, a file by its absolute path.

    Raises
    ------
    StoreError
        When the address is none.

    Examples
    --------
    >>> where("postgresql://kim:s3cret@db/badbuzz")
    'PostgreSQL at db:5432/badbuzz'
    """
    return place_of(_parsed(address))


def _parsed(address: str) -> URL:
    try:
        url = make_url(address.strip())
    except (ArgumentError, ValueError):
        raise StoreError(f"{_EXPECTED}; percent-encode what is odd in a password") from None
    if url.drivername not in _DIALECTS or "@" in f"{url.host}{url.database}":
        raise StoreError(f"{_EXPECTED}; percent-encode what is odd in a password")
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError(f"{_EXPECTED}; this one names no file")
    return url.set(drivername=_DIALECTS[url.drivername])


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that writes; SQLite has one at a time, and it waits for its turn."""
    with translated(engine.url), engine.connect() as connection:
        connection = connection.execution_options(badbuzz_writes=True)  # noqa: PLW2901
        with connection.begin():
            yield connection


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    """Leave transactions to :func:`_begin`; write ahead, and to the disk before an answer."""
    connection.isolation_level = None
    _write_ahead(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Turn to a write-ahead log; where another does so now, SQLite refuses without waiting."""
    (patience_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    deadline_s = time.monotonic() + patience_ms / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline_s:
                raise
            time.sleep(_PAUSE_S)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("badbuzz_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
