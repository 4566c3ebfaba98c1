"""SQLAlchemy engine of the store, and its read and write transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from badbuzz.errors import StoreError
from badbuzz.store.database_errors import describe_url, translate_errors

_TIMEOUT_S: Final = 10
_RETRY_S: Final = 0.02
_DIALECTS: Final = {
    "sqlite": "sqlite+pysqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
}
_EXPECTED: Final = "BADBUZZ_STORE: expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
_ESCAPE: Final = f"{_EXPECTED}; percent-encode special characters in the password"
_TIMEOUTS: Final = {
    "connect_timeout": _TIMEOUT_S,
    "keepalives_idle": _TIMEOUT_S,
    "tcp_user_timeout": _TIMEOUT_S * 1000,
}
"""libpq options that detect a dead server."""
_SESSION_OPTIONS: Final = "-c idle_in_transaction_session_timeout=30s"
"""Server option that ends the session of a frozen client, which releases its locks."""


class DatabaseAccess:
    """Transactions of an open database; the base of every part of the store.

    It is safe to share between threads: each transaction has its own connection.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        """Open a read transaction, which sees one snapshot."""
        with translate_errors(self._engine.url), self._engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def _write(self) -> AbstractContextManager[Connection]:
        """Open a write transaction; commit it at the end of the block unless an error is raised."""
        return write_transaction(self._engine)


def make_engine(address: str) -> Engine:
    """Create an engine for a value of ``BADBUZZ_STORE``, without connecting.

    Raises
    ------
    StoreError
        If the address is invalid. The message omits it, because it may contain a password.
    """
    url = _parsed(address)
    if url.get_backend_name() == "sqlite":
        query = {"timeout": str(_TIMEOUT_S), **url.query}
        engine = create_engine(url.set(query=query), hide_parameters=True)
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "begin", _begin)
        return engine
    connect_args = {**_TIMEOUTS, "options": url.query.get("options", _SESSION_OPTIONS)}
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=connect_args)


def describe_address(address: str) -> str:
    """Describe an address without user, password and options; a file by its absolute path.

    Raises
    ------
    StoreError
        If the address is invalid.

    Examples
    --------
    >>> describe_address("postgresql://kim:s3cret@db/badbuzz")
    'PostgreSQL at db:5432/badbuzz'
    """
    return describe_url(_parsed(address))


def _parsed(address: str) -> URL:
    try:
        url = make_url(address.strip())
    except (ArgumentError, ValueError):
        raise StoreError(_ESCAPE) from None
    if url.drivername not in _DIALECTS or "@" in f"{url.host}{url.database}":
        raise StoreError(_ESCAPE)
    if url.drivername == "sqlite" and url.database in (None, "", ":memory:"):
        raise StoreError(f"{_EXPECTED}; this one has no file")
    return url.set(drivername=_DIALECTS[url.drivername])


@contextmanager
def write_transaction(engine: Engine) -> Iterator[Connection]:
    """Open a write transaction; SQLite has one at a time, so it may wait."""
    with translate_errors(engine.url), engine.connect() as connection:
        connection = connection.execution_options(badbuzz_writes=True)  # noqa: PLW2901
        with connection.begin():
            yield connection


def _prepare(connection: sqlite3.Connection, _record: object) -> None:
    """Set up a SQLite connection: no implicit transactions, write-ahead log, full sync."""
    connection.isolation_level = None
    _write_ahead(connection)
    for pragma in ("synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Enable the write-ahead log; retry, because SQLite does not wait for concurrent changes."""
    (timeout_ms,) = connection.execute("PRAGMA busy_timeout").fetchone()
    deadline_s = time.monotonic() + timeout_ms / 1000
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").close()
        except sqlite3.OperationalError as error:
            is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() > deadline_s:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("badbuzz_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
