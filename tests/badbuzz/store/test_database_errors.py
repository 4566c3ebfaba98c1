"""Database errors and the remedies in their messages."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, make_url
from sqlalchemy.exc import OperationalError

from badbuzz.errors import StoreDownError, StoreError
from badbuzz.store import engine
from badbuzz.store.database import Store, describe_address
from badbuzz.store.database_errors import translate_errors
from demo.processes import free_port
from tests.support.recorded import WINDOWS, window
from tests.support.servers import PostgresServer

MANY = [(number, window(number, bundle="b" * 100)) for number in range(2000)]


@pytest.mark.parametrize(
    "address",
    [
        "",
        "badbuzz.db",
        "mysql://kim:s3cret@db/badbuzz",
        "postgresql+psycopg2://kim:s3cret@db/badbuzz",
        "postgresql://kim:s3cret@db:port/badbuzz",
        "postgresql://kim:x@s3cret@db/badbuzz",
        "sqlite://",
        "sqlite:///:memory:",
    ],
)
def test_an_invalid_address_is_not_in_the_message(address: str) -> None:
    with pytest.raises(StoreError, match="expected sqlite:///FILE or postgresql://") as raised:
        Store.open(address)
    assert "cret" not in str(raised.value)


# SQLite


@pytest.mark.parametrize("content", [None, b""], ids=["no file", "an empty file"])
def test_a_missing_store_is_not_created_if_it_must_exist(
    content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "badbuzz.db"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(StoreError, match=f"^no store at {path}: start badbuzz record, or set"):
        Store.open("sqlite:///badbuzz.db", create=False)
    assert not path.exists() or path.read_bytes() == content


def test_a_store_describes_its_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert describe_address("sqlite:///badbuzz.db") == f"SQLite file {tmp_path}/badbuzz.db"


def test_a_missing_database_folder_names_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"nowhere/badbuzz\.db: .*; make its folder"):
        Store.open(f"sqlite:///{tmp_path}/nowhere/badbuzz.db")


def test_a_file_that_is_no_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("Not a database at all. " * 100)
    with pytest.raises(StoreError, match="name another file in BADBUZZ_STORE"):
        Store.open(f"sqlite:///{path}")
    assert path.read_text().startswith("Not a database")


def test_a_read_only_file_names_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "badbuzz.db"
    Store.open(f"sqlite:///{path}").close()
    with (
        Store.open(f"sqlite:///file:{path}?mode=ro&uri=true") as store,
        pytest.raises(StoreError, match="make the file and its folder writable"),
    ):
        store.record_windows(WINDOWS, MANY[:1], 1)


def test_a_full_disk_is_an_error_and_rolls_back(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/badbuzz.db") as store:
        store._engine.dispose()
        event.listen(
            store._engine,
            "connect",
            lambda connection, _: connection.execute("PRAGMA max_page_count = 100"),
        )
        with pytest.raises(StoreError, match="make room on its disk") as raised:
            store.record_windows(WINDOWS, MANY, len(MANY))
        assert not isinstance(raised.value, StoreDownError)
        assert (store.position(WINDOWS), store.changes({WINDOWS: -1})) == (-1, [])


def test_a_locked_database_is_down_until_it_is_unlocked(tmp_path: Path) -> None:
    path = tmp_path / "badbuzz.db"
    with Store.open(f"sqlite:///{path}?timeout=0.1") as store:
        other = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreDownError, match="database is locked"):
            store.record_windows(WINDOWS, MANY[:1], 1)
        assert store.position(WINDOWS) == -1
        other.execute("ROLLBACK")
        other.close()
        store.record_windows(WINDOWS, MANY[:1], 1)
        assert store.position(WINDOWS) == 1


def test_opening_waits_for_another_writer_of_a_new_file(tmp_path: Path) -> None:
    path = tmp_path / "badbuzz.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE theirs (number INTEGER)")
    other.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as threads:
        opening = threads.submit(Store.open, f"sqlite:///{path}")
        wait([opening], timeout=0.3)
        other.execute("COMMIT")
        opening.result().close()
    other.close()


def test_an_error_message_omits_the_values_of_the_statement(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path}/badbuzz.db") as store:
        with store._write() as connection:
            connection.exec_driver_sql("DROP TABLE keys")
        with pytest.raises(StoreError, match="no such table: keys") as raised:
            store.add_key("kim", frozenset({"read"}), b"d", "0123abcd", 5)
    assert "0123abcd" not in f"{raised.value}{raised.value.__cause__}"


# PostgreSQL


@pytest.mark.services
def test_a_wrong_password_names_the_remedy_and_is_not_in_the_message(
    postgres_server: PostgresServer,
) -> None:
    with pytest.raises(StoreError, match="check the user and the password") as raised:
        Store.open(postgres_server.url(password="wr0ng"))
    assert not isinstance(raised.value, StoreDownError)
    assert "wr0ng" not in f"{raised.value}{raised.value.__cause__}"


@pytest.mark.services
def test_a_database_without_tables_is_no_store(postgres_server: PostgresServer) -> None:
    address = postgres_server.new_schema()
    with pytest.raises(StoreError, match=r"^no store at PostgreSQL at .*: start badbuzz record"):
        Store.open(address, create=False)
    Store.open(address).close()
    Store.open(address, create=False).close()


@pytest.mark.services
def test_a_missing_database_names_the_remedy(postgres_server: PostgresServer) -> None:
    with pytest.raises(StoreError, match="create the database") as raised:
        Store.open(postgres_server.url("nowhere"))
    assert not isinstance(raised.value, StoreDownError)


@pytest.mark.services
def test_a_read_only_server_names_the_remedy(postgres_server: PostgresServer) -> None:
    address = postgres_server.new_schema()
    Store.open(address).close()
    with (
        Store.open(f"{address}%20-cdefault_transaction_read_only%3Don") as store,
        pytest.raises(StoreError, match="not a standby") as raised,
    ):
        store.record_windows(WINDOWS, MANY[:1], 1)
    assert not isinstance(raised.value, StoreDownError)


def test_an_unreachable_server_is_down() -> None:
    with pytest.raises(
        StoreDownError,
        match=r"PostgreSQL at 127\.0\.0\.1:\d+/badbuzz: [^?]*refused; is it running\?$",
    ):
        Store.open(f"postgresql://kim:s3cret@127.0.0.1:{free_port()}/badbuzz")


def test_a_server_that_accepts_and_does_not_answer_is_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(engine._TIMEOUTS, "connect_timeout", 2)
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(StoreDownError):
        Store.open(f"postgresql://kim@127.0.0.1:{silent.getsockname()[1]}/badbuzz")


@pytest.fixture
def mortal() -> Iterator[PostgresServer]:
    """A PostgreSQL of the test's own, to be killed."""
    with PostgresServer() as server:
        yield server


@pytest.mark.services
@pytest.mark.parametrize("end", [PostgresServer.kill, PostgresServer.stop])
def test_a_store_works_again_when_its_server_does(mortal: PostgresServer, end: object) -> None:
    assert callable(end)
    with Store.open(mortal.url()) as store:
        store.record_windows(WINDOWS, MANY[:10], 10)
        end(mortal)
        with pytest.raises(StoreDownError, match="is it running"):
            store.record_windows(WINDOWS, MANY[10:20], 20)
        with pytest.raises(StoreDownError):
            store.position(WINDOWS)
        mortal.start()
        assert store.position(WINDOWS) == 10
        store.record_windows(WINDOWS, MANY[10:20], 20)
        assert [offset for _, offset, _ in store.changes({WINDOWS: -1})] == list(range(20))


@pytest.mark.services
def test_a_frozen_transaction_does_not_block_writers(postgres: str) -> None:
    impatient = f"{postgres}?options=-c%20idle_in_transaction_session_timeout%3D100"
    with Store.open(postgres) as other, Store.open(impatient) as frozen:

        def freeze() -> None:
            with frozen._write() as held:
                held.exec_driver_sql("LOCK TABLE positions")
                other.record_windows(WINDOWS, MANY[:1], 1)

        with pytest.raises(StoreDownError):
            freeze()
        assert frozen.position(WINDOWS) == 1


@pytest.mark.services
def test_a_server_restart_between_transactions_is_no_error(mortal: PostgresServer) -> None:
    with Store.open(mortal.url()) as store:
        store.record_windows(WINDOWS, MANY[:10], 10)
        mortal.stop()
        mortal.start()
        assert store.position(WINDOWS) == 10


def test_a_server_that_is_shutting_down_is_down_not_without_a_database(
    mortal: PostgresServer,
) -> None:
    def enter_until_refused() -> None:
        while True:
            Store.open(mortal.url()).close()

    with Store.open(mortal.url()) as guest, guest._engine.connect() as held:
        held.exec_driver_sql("SELECT 1")
        mortal.shut_down()
        with pytest.raises(StoreDownError, match="shutting down; is it running"):
            enter_until_refused()


@pytest.mark.parametrize(
    "reason",
    [
        "the database system is starting up",
        "the database system is in recovery mode",
        "the database system is not yet accepting connections",
        'too many connections for database "badbuzz"',
        'too many connections for role "kim"',
    ],
)
def test_a_temporary_refusal_means_that_the_server_is_down(reason: str) -> None:
    refused = OperationalError("", None, psycopg.OperationalError(f"failed: FATAL:  {reason}"))
    with pytest.raises(StoreDownError), translate_errors(make_url("postgresql://kim@db/badbuzz")):
        raise refused


@pytest.mark.services
def test_a_server_that_stops_within_a_transaction_is_down(mortal: PostgresServer) -> None:
    def die_halfway(store: Store) -> None:
        with store._write() as connection:
            connection.exec_driver_sql("SELECT 1")
            mortal.kill()
            connection.exec_driver_sql("SELECT 1")

    with Store.open(mortal.url()) as store:
        with pytest.raises(StoreDownError):
            die_halfway(store)
        mortal.start()
        store.record_windows(WINDOWS, MANY[:1], 1)
        assert store.position(WINDOWS) == 1
