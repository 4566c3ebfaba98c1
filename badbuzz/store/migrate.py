"""Schema migrations: ``migrations/versions/`` has one file per revision.

To change the schema, change ``schema.py`` and add a revision that changes existing databases in
the same way; the tests compare the two. There are no downgrades: restore a backup instead.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from badbuzz.errors import StoreError
from badbuzz.store.database_errors import describe_url, sqlite_path, translate_errors
from badbuzz.store.engine import write_transaction

FOLDER: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 8_246_013
"""Key of the PostgreSQL advisory lock that serialises migrations of concurrent starts."""


def check_revision(engine: Engine) -> None:
    """Check that the tables have the newest revision.

    Raises
    ------
    StoreError
        If the schema is older than this version, or newer.
    """
    _, script = _scripts(FOLDER)
    with translate_errors(engine.url), engine.begin() as connection:
        revision = _revision(engine, connection, script)
    if revision != script.get_current_head():
        raise StoreError(
            f"{describe_url(engine.url)}: its tables have an older version; "
            "start badbuzz record once to migrate them"
        )


def check_exists(engine: Engine) -> None:
    """Check that a store of any version exists; create no file.

    Raises
    ------
    StoreError
        If the file or the tables do not exist.
    """
    is_file = engine.url.get_backend_name() == "sqlite"
    address = sqlite_path(engine.url) if is_file else describe_url(engine.url)
    missing = is_file and not address.startswith("file:") and _is_empty(Path(address))
    if not missing:
        with translate_errors(engine.url), engine.begin() as connection:
            missing = MigrationContext.configure(connection).get_current_revision() is None
    if missing:
        raise StoreError(f"no store at {address}: start badbuzz record, or set BADBUZZ_STORE")


def migrate(engine: Engine, folder: Path = FOLDER) -> None:
    """Migrate the tables and their rows to the newest revision.

    Parameters
    ----------
    folder
        Folder of the revisions.

    Raises
    ------
    StoreError
        If the schema is newer than this version.
    """
    config, script = _scripts(folder)
    with translate_errors(engine.url), engine.begin() as connection:
        if _revision(engine, connection, script) == script.get_current_head():
            return
    with write_transaction(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        _revision(engine, connection, script)
        upgrades = EnvironmentContext(
            config, script, fn=lambda revision, _context: script._upgrade_revs("head", revision)
        )
        with upgrades:
            upgrades.configure(connection=connection)
            upgrades.run_migrations()


def _is_empty(path: Path) -> bool:
    return not path.exists() or (path.is_file() and path.stat().st_size == 0)


def _scripts(folder: Path) -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config, ScriptDirectory.from_config(config)


def _revision(engine: Engine, connection: Connection, script: ScriptDirectory) -> str | None:
    """Return the revision of the database; None if it has no tables."""
    revision = MigrationContext.configure(connection).get_current_revision()
    known = {one.revision for one in script.walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"{describe_url(engine.url)}: its tables have revision {revision}, which this version "
            "does not know; use the newer badbuzz that created them"
        )
    return revision
