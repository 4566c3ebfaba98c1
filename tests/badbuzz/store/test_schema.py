"""The schema's revisions make the tables that the code has, and keep the rows that were there."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from badbuzz.errors import StoreError
from badbuzz.store.database import Store
from badbuzz.store.engine import make_engine
from badbuzz.store.migrate import FOLDER, migrate
from badbuzz.store.schema import metadata
from tests.support.recorded import WINDOWS, window

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "0004"
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
