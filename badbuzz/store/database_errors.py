"""Errors of SQLite and PostgreSQL as the store's errors, with remedies."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from badbuzz.errors import StoreDownError, StoreError, UnstorableError

_SQLITE_DOWN: Final = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_REMEDIES: Final = {
    sqlite3.SQLITE_BUSY: "another process writes to it; try again",
    sqlite3.SQLITE_LOCKED: "another process writes to it; try again",
    sqlite3.SQLITE_FULL: "make room on its disk",
    sqlite3.SQLITE_READONLY: "make the file and its folder writable",
    sqlite3.SQLITE_PERM: "make the file and its folder writable",
    sqlite3.SQLITE_CANTOPEN: "make its folder, and make it writable",
    sqlite3.SQLITE_IOERR: "check its disk, and that there is room on it",
    sqlite3.SQLITE_NOTADB: "name another file in BADBUZZ_STORE",
    sqlite3.SQLITE_CORRUPT: "restore the file from a backup",
}
_POSTGRES_DOWN: Final = ("08", "25P03", "40001", "40P01", "53300", "55P03", "57P")
"""SQLSTATEs or their prefixes: no connection, idle timeout, serialisation failure, too many
clients, shutdown."""

_LIBPQ_QUESTION: Final = re.compile(r" Is the server running [^?]{0,400}\?")
_MAX_MESSAGE: Final = 2000
_LOGIN: Final = "check the user and the password in BADBUZZ_STORE"
_MISSING: Final = "create the database, or name another in BADBUZZ_STORE"
_POSTGRES_REMEDIES: Final = {
    "28": _LOGIN,
    "3D000": _MISSING,
    "42501": "grant the user the rights to the database and its schema",
    "53100": "make room on the server's disk",
    "53300": "raise its max_connections, or try again",
    "40": "it conflicted with another transaction; try again",
    "25006": "name the primary server in BADBUZZ_STORE, not a standby",
}
_REFUSALS: Final = {
    "authentication failed": _LOGIN,
    "no password supplied": _LOGIN,
    'role ".*" (does not exist|is not permitted)': _LOGIN,
    "pg_hba.conf": "let the user in, in the server's pg_hba.conf",
    'database ".*" does not exist': _MISSING,
    'permission denied for database ".*"': "grant the user the right to connect to the database",
    "invalid connection option": "check the options in BADBUZZ_STORE",
}
"""Messages of permanently refused connections, which have no SQLSTATE; starting up, shutting down
and too many clients are temporary."""


def describe_url(url: URL) -> str:
    """Describe a URL without user, password and options; a file by its absolute path."""
    if url.get_backend_name() == "sqlite":
        return f"SQLite file {sqlite_path(url)}"
    host = f"[{url.host}]" if url.host and ":" in url.host else url.host or "localhost"
    return f"PostgreSQL at {host}:{url.port or 5432}/{url.database or ''}"


def sqlite_path(url: URL) -> str:
    """Return the absolute path of a SQLite database; a ``file:`` URI is returned unchanged."""
    name = url.database or ""
    return name if name.startswith("file:") else str(Path(name).absolute())


@contextmanager
def translate_errors(url: URL) -> Iterator[None]:
    """Translate SQLAlchemy errors into the store's errors.

    Raises
    ------
    StoreDownError
        If the database does not answer or is busy.
    UnstorableError
        If the database refuses a value.
    StoreError
        For all other errors.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreDownError(f"{describe_url(url)}: every connection is busy; try again") from error
    except DBAPIError as error:
        raise _failure(url, error) from error
    except StatementError as error:  # a value that cannot become one of its column
        raise UnstorableError(f"{describe_url(url)}: {error}") from error
    except SQLAlchemyError as error:
        raise StoreError(f"{describe_url(url)}: {error}") from error


def _failure(url: URL, error: DBAPIError) -> StoreError:
    text = _LIBPQ_QUESTION.sub("", " ".join(str(error.orig)[:_MAX_MESSAGE].split()))
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        is_down, remedy = code in _SQLITE_DOWN, _SQLITE_REMEDIES.get(code)
    else:
        is_down, remedy = _postgres_failure(error, text)
    message = f"{describe_url(url)}: {text}"
    if isinstance(error, DataError | IntegrityError):
        return UnstorableError(message)
    if is_down:
        return StoreDownError(f"{message}; {remedy or 'is it running?'}")
    return StoreError(f"{message}; {remedy}" if remedy else message)


def _postgres_failure(error: DBAPIError, text: str) -> tuple[bool, str | None]:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        kinds = {kind.__name__ for kind in type(error.orig).__mro__}
        if kinds.isdisjoint({"OperationalError", "InterfaceError"}):
            return error.connection_invalidated, None
        refusals = (remedy for part, remedy in _REFUSALS.items() if re.search(part, text))
        remedy = next(refusals, None) if "FATAL" in text or "invalid" in text else None
        return remedy is None, remedy
    remedies = (remedy for start, remedy in _POSTGRES_REMEDIES.items() if state.startswith(start))
    return state.startswith(_POSTGRES_DOWN), next(remedies, None)
