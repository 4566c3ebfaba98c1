"""The schema's revisions: ``migrations/versions/`` holds one file each.

To change the schema: change ``schema.py``, add a revision that does the same to a database that is
there, and see the tests compare the two.
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
from badbuzz.store.failures import place_of, translated

HEAD: Final = "head"
_FOLDER: Final = Path(__file__).with_name("migrations")
_LOCK: Final = 8_246_013
"""What PostgreSQL locks while one of several that start at once migrates."""


def check(engine: Engine) -> None:
    """Nothing, where the tables are as they must be.

    Raises
    ------
    StoreError
        When the schema is older, or newer than is known here.
    """
    _, script = _scripts()
    with translated(engine.url), engine.begin() as connection:
        found = _revision(engine, connection, script)
    if found != script.get_current_head():
        raise StoreError(
            f"{place_of(engine.url)}: its tables are of an older version; "
            "start badbuzz record or badbuzz api once to renew them"
        )


def migrate_to(engine: Engine, revision: str = HEAD) -> None:
    """Bring the tables to a revision, the newest when none is named, with their rows.

    Raises
    ------
    StoreError
        When the schema is newer than is known here.
    """
    config, script = _scripts()
    with translated(engine.url), engine.begin() as connection:
        if revision == HEAD and _revision(engine, connection, script) == script.get_current_head():
            return
    with writing(engine) as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        _run(connection, config, script, _revision(engine, connection, script), revision)


def _scripts() -> tuple[Config, ScriptDirectory]:
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
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


def _run(
    connection: Connection, config: Config, script: ScriptDirectory, found: str | None, to: str
) -> None:
    goes_down = to == "base" or (to != HEAD and found is not None and to < found)
    walk = script._downgrade_revs if goes_down else script._upgrade_revs
    with EnvironmentContext(config, script, fn=lambda at, _context: walk(to, at)) as environment:
        environment.configure(connection=connection)
        environment.run_migrations()
