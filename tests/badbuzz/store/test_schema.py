"""The schema's revisions make the tables that the code has, and keep the rows that were there."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from badbuzz.errors import StoreError
from badbuzz.store.database import Store
from badbuzz.store.engine import make_engine
from badbuzz.store.migrate import FOLDER, migrate
from badbuzz.store.schema import metadata
from tests.support.recorded import TWEETS, WINDOWS, scored, window

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("windows", sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))
"""


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    """Revisions of a version to come, which adds a column."""
    folder = tmp_path / "newer"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "versions" / "next.py").write_text(NEXT)
    return folder


def test_the_revisions_make_the_tables_that_the_code_has(store: Store) -> None:
    with store._read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_revisions_make_the_primary_keys_that_the_code_has(store: Store) -> None:
    found = inspect(store._engine)
    for name, table in metadata.tables.items():
        key = found.get_pk_constraint(name)
        assert key["constrained_columns"] == [column.name for column in table.primary_key]
        assert key["name"] == f"pk_{name}"


def test_an_older_database_is_migrated_with_its_rows(store_url: str, newer: Path) -> None:
    with Store.open(store_url) as store:
        store.record_windows(WINDOWS, [(0, window())], 1)
        migrate(store._engine, newer)
        with store._read() as connection:
            moods = connection.exec_driver_sql("SELECT mood FROM windows").scalars().all()
        assert moods == ["calm"]
        assert store.changes({WINDOWS: -1}) == [(WINDOWS, 0, window())]


@pytest.mark.parametrize("is_migrated", [True, False])
def test_a_newer_database_is_refused(store_url: str, newer: Path, *, is_migrated: bool) -> None:
    engine = make_engine(store_url)
    migrate(engine, newer)
    engine.dispose()
    with pytest.raises(StoreError, match="have revision 9999, which this version does not know"):
        Store.open(store_url, migrate=is_migrated)


def test_a_database_without_tables_is_not_migrated_unless_allowed(store_url: str) -> None:
    with pytest.raises(StoreError, match="start badbuzz record once"):
        Store.open(store_url, migrate=False)


def test_a_current_database_opens_without_migration(store_url: str) -> None:
    Store.open(store_url).close()
    with Store.open(store_url, migrate=False) as store:
        assert store.brands() == []


def test_several_stores_can_open_an_empty_database_at_once(store_url: str) -> None:
    with ThreadPoolExecutor(4) as threads:
        stores = list(threads.map(lambda _: Store.open(store_url), range(4)))
    assert [store.positions() for store in stores] == [{}] * 4
    for store in stores:
        store.close()


OLD_ROWS = """
INSERT INTO alerts (id, brand, phase, severity, opened_ms, window_end_ms, peak_score, partition,
    source_offset) VALUES ('a/0', 'a', 'firing', 'info', 1, 1, 7.0, 0, 0);
INSERT INTO alert_phases (alert_id, phase, window_end_ms, record, partition, source_offset)
    VALUES ('a/0', 'firing', 1, '{}', 0, 0);
INSERT INTO examples (brand, tweet_id, alert_id, phase, window_end_ms)
    VALUES ('a', '7', 'a/0', 'firing', 1);
INSERT INTO sample (brand, tweet_id, window_start_ms, created_ms, text, lang, url, author,
    n_retweets, score, doubt, negative, bundle, removed, recorded_ms, partition, source_offset,
    network) VALUES ('a', '7', 0, 1, 'late', 'en', 'u', 'k', 2, 0.9, 0.4, true, 'b@1', false, 5, 0,
    3, 'x');
INSERT INTO deletions (brand, tweet_id, kind, at_ms, partition, source_offset, network)
    VALUES ('a', '8', 'delete', 1, 0, 4, '');
"""


def test_tweets_keep_their_rows_when_the_network_joins_their_key(
    store_url: str, tmp_path: Path
) -> None:
    older = tmp_path / "older"
    ignored = shutil.ignore_patterns("__pycache__", "tweet_keys.py")
    shutil.copytree(FOLDER, older, ignore=ignored)
    engine = make_engine(store_url)
    migrate(engine, older)
    with engine.begin() as connection:
        for statement in OLD_ROWS.split(";")[:-1]:
            connection.exec_driver_sql(statement)
    engine.dispose()
    with Store.open(store_url) as store:
        other = scored("7", brand="a", source="y", created_ms=1)
        store.record_tweets(TWEETS, [(5, other), (6, scored("8", brand="a", created_ms=1))], 7)
        assert {tweet.text for tweet in store.tweets("a", 0, 9).items} == {"late", "text of 7"}
        with store._read() as connection:
            rows = connection.exec_driver_sql("SELECT * FROM sample WHERE network = 'x'").one()
            keys = [
                connection.exec_driver_sql(f"SELECT tweet_id, network FROM {table}").one()
                for table in ("deletions", "examples")
            ]
        assert rows._asdict() == {
            "brand": "a", "tweet_id": "7", "network": "x", "window_start_ms": 0, "created_ms": 1,
            "text": "late", "lang": "en", "url": "u", "author": "k", "n_retweets": 2, "score": 0.9,
            "doubt": 0.4, "negative": True, "bundle": "b@1", "removed": False, "recorded_ms": 5,
            "partition": 0, "source_offset": 3,
        }  # fmt: skip
        assert keys == [("8", ""), ("7", "")]
