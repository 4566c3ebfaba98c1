"""The schema's revisions: ``migrations/versions/`` holds one file each.

To change the schema: change ``schema.py``, add a revision that does the same to a database that is
there, and see the tests compare the two. Revisions only go up: the way back is a backup.
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
from badbuzz.store.engine import writing
from badbuzz.store.failures import file_of, place_of, translated

FOLDER: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 8_246_013
"""What PostgreSQL locks while one of several that start at once migrates."""


def check(engine: Engine) -> None:
    """Nothing, where the tables are as they must be.

    Raises
    ------
    StoreError
        When the schema is older, or newer than is known here.
    """
    _, script = _scripts(FOLDER)
    with translated(engine.url), engine.begin() as connection:
        found = _revision(engine, connection, script)
    if found != script.get_current_head():
        raise StoreError(
            f"{place_of(engine.url)}: its tables are of an older version; "
            "start badbuzz record once to renew them"
        )


def check_made(engine: Engine) -> None:
    """Nothing, where there is a store, of whatever version; makes no file.

    Raises
    ------
    StoreError
        When there is no such file, or a database without the tables.
    """
    is_file = engine.url.get_backend_name() == "sqlite"
    place = file_of(engine.url) if is_file else place_of(engine.url)
    missing = is_file and not place.startswith("file:") and _is_empty(Path(place))
    if not missing:
        with translated(engine.url), engine.begin() as connection:
            missing = MigrationContext.configure(connection).get_current_revision() is None
    if missing:
        raise StoreError(f"no store at {place}: start badbuzz record, or set BADBUZZ_STORE")


def migrate(engine: Engine, folder: Path = FOLDER) -> None:
    """Bring the tables to the newest revision, with their rows.

    Parameters
    ----------
    folder
        Holds the revisions.

    Raises
    ------
    StoreError
        When the schema is newer than is known here.
    """
    config, script = _scripts(folder)
    with translated(engine.url), engine.begin() as connection:
        if _revision(engine, connection, script) == script.get_current_head():
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        _revision(engine, connection, script)
        upgrades = EnvironmentContext(
            config, script, fn=lambda found, _context: script._upgrade_revs("head", found)
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
    """The database's revision; None where it has no tables yet."""
    found = MigrationContext.configure(connection).get_current_revision()
    known = {one.revision for one in script.walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"{place_of(engine.url)}: its tables are of revision {found}, which this version "
            "does not know; use the newer badbuzz that made them"
        )
    return found
