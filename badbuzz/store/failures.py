"""What databases complain of, as errors that say what to do about it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from badbuzz.errors import StoreDownError, StoreError

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
"""SQLSTATEs, or how they begin: no connection, frozen too long,
a lost race, too many clients, shutting down."""

_LIBPQ_ASKS: Final = re.compile(r" Is the server running [^?]*\?")
_LOGIN: Final = "check the user and the password in BADBUZZ_STORE"
_MISSING: Final = "create the database, or name another in BADBUZZ_STORE"
_POSTGRES_REMEDIES: Final = {
    "28": _LOGIN,
    "3D000": _MISSING,
    "42501": "grant the user the rights to the database and its schema",
    "53100": "make room on the server's disk",
    "53300": "raise its max_connections, or try again",
    "40": "another transaction was in the way; try again",
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
"""What a server says when it never lets somebody in, which comes without an SQLSTATE; whoever is
told that it starts, stops, or has too many clients comes in later."""


def place_of(url: URL) -> str:
    """Where a database is, without user, password and options; a file by its absolute path."""
    if url.get_backend_name() == "sqlite":
        return f"SQLite file {file_of(url)}"
    host = f"[{url.host}]" if url.host and ":" in url.host else url.host or "localhost"
    return f"PostgreSQL at {host}:{url.port or 5432}/{url.database or ''}"


def file_of(url: URL) -> str:
    """The absolute path of a SQLite database; a URI as it is."""
    name = url.database or ""
    return name if name.startswith("file:") else str(Path(name).absolute())


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn what SQLAlchemy raises into the store's errors.

    Raises
    ------
    StoreDownError
        When the database does not answer, or has no time.
    StoreError
        Whatever else it complains of.
    """
    try:
        yield
    except PoolTimeoutError as error:
        raise StoreDownError(f"{place_of(url)}: every connection is busy; try again") from error
    except DBAPIError as error:
        raise _failure(url, error) from error
    except SQLAlchemyError as error:
        raise StoreError(f"{place_of(url)}: {error}") from error


def _failure(url: URL, error: DBAPIError) -> StoreError:
    said = _LIBPQ_ASKS.sub("", " ".join(str(error.orig).split()))
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        is_down, remedy = code in _SQLITE_DOWN, _SQLITE_REMEDIES.get(code)
    else:
        is_down, remedy = _postgres_failure(error, said)
    message = f"{place_of(url)}: {said}"
    if is_down:
        return StoreDownError(f"{message}; {remedy or 'is it running?'}")
    return StoreError(f"{message}; {remedy}" if remedy else message)


def _postgres_failure(error: DBAPIError, said: str) -> tuple[bool, str | None]:
    state = getattr(error.orig, "sqlstate", None)
    if state is None:
        if type(error.orig).__name__ not in ("OperationalError", "InterfaceError"):
            return error.connection_invalidated, None
        refusals = (remedy for part, remedy in _REFUSALS.items() if re.search(part, said))
        remedy = next(refusals, None) if "FATAL" in said or "invalid" in said else None
        return remedy is None, remedy
    remedies = (remedy for start, remedy in _POSTGRES_REMEDIES.items() if state.startswith(start))
    return state.startswith(_POSTGRES_DOWN), next(remedies, None)
