"""SQL store of windows, alerts, sampled tweets, feedback and API keys: SQLite or PostgreSQL.

Only this package uses SQL. Its methods take and return the frozen values of
:mod:`badbuzz.store.model` and :mod:`badbuzz.model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from badbuzz import wire
from badbuzz.store.alerts import AlertStore
from badbuzz.store.engine import describe_address, make_engine
from badbuzz.store.feedback import FeedbackStore
from badbuzz.store.keys import ApiKeyStore
from badbuzz.store.migrate import check_exists, check_revision
from badbuzz.store.migrate import migrate as migrate_tables
from badbuzz.store.model import BrandSummary, Change, SourcePartition
from badbuzz.store.pages import check_limit
from badbuzz.store.positions import PositionStore
from badbuzz.store.sample import SampleWriter
from badbuzz.store.tweets import SampleReader
from badbuzz.store.windows import WindowStore

__all__ = ["Store", "describe_address"]


class Store(
    PositionStore, WindowStore, AlertStore, SampleWriter, SampleReader, FeedbackStore, ApiKeyStore
):
    """Store of the recorded topics and of people's feedback; safe to share between threads.

    Methods raise :class:`~badbuzz.errors.StoreDownError` while the database does not answer (the
    store need not be reopened), :class:`~badbuzz.errors.StoreError` if it cannot be used, and
    :class:`~badbuzz.errors.QueryError` if an argument is invalid.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder, Store.open(f"sqlite:///{folder}/badbuzz.db") as store:
    ...     store.record_windows(SourcePartition("windows", 0), [], next_offset=7)
    ...     store.position(SourcePartition("windows", 0))
    7
    """

    @classmethod
    def open(cls, address: str, *, migrate: bool = True, create: bool = True) -> Self:
        """Open a store and check or migrate its tables.

        Parameters
        ----------
        address
            Value of ``BADBUZZ_STORE``: ``sqlite:///FILE`` or
            ``postgresql://USER:PASSWORD@HOST/NAME``.
        create
            Whether to create a missing file or missing tables; otherwise they are an error.
        migrate
            Whether to migrate older tables; otherwise they are an error.

        Raises
        ------
        StoreError
            If the database cannot be used or has a newer schema.
        StoreDownError
            If the database does not answer.
        """
        engine = make_engine(address)
        try:
            if not create:
                check_exists(engine)
            if migrate:
                migrate_tables(engine)
            else:
                check_revision(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def brands(self) -> list[BrandSummary]:
        """Return the summaries of all brands with a window or an alert, by name."""
        with self._read() as connection:
            windows, alerts = self._last_windows(connection), self._open_alerts(connection)
        return [BrandSummary(brand, last, alerts.get(brand)) for brand, last in windows.items()]

    def brand(self, name: str) -> BrandSummary | None:
        """Return the summary of a brand; None if it has no window and no alert."""
        with self._read() as connection:
            last = self._last_windows(connection, name)
            if name not in last:
                return None
            return BrandSummary(name, last[name], self._open_alerts(connection, name).get(name))

    def changes(self, after: Mapping[SourcePartition, int], limit: int = 1000) -> list[Change]:
        """Return the windows and alerts recorded after the given offsets, in order per partition.

        None is missed, because each partition has one writer, which commits in order. A rewritten
        record is returned with its new offset only.

        Parameters
        ----------
        after
            Last known offset by partition; other partitions are not read.
        limit
            Maximum number of changes per partition.
        """
        check_limit(limit)
        changes: list[Change] = []
        with self._read() as connection:
            for source, offset in sorted(after.items()):
                query = connection, source.partition, offset, limit
                if source.topic == wire.WINDOWS:
                    changes += [(source, at, one) for at, one in self._changed_windows(*query)]
                elif source.topic == wire.ALERTS:
                    changes += [(source, at, one) for at, one in self._changed_alerts(*query)]
        return changes
