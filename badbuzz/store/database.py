"""Everything that people ask about, in SQL: SQLite in a file, or PostgreSQL.

The one place that knows SQL; it takes and gives the frozen values of :mod:`badbuzz.store.model` and
:mod:`badbuzz.model`.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Self

from badbuzz import wire
from badbuzz.store.alerts import Alerts
from badbuzz.store.engine import connect, where
from badbuzz.store.feedback import People
from badbuzz.store.forwarding import Passing
from badbuzz.store.keys import Keys
from badbuzz.store.migrate import check, check_made
from badbuzz.store.migrate import migrate as renew
from badbuzz.store.model import BrandSummary, Change, SourcePartition
from badbuzz.store.pages import checked_limit
from badbuzz.store.positions import Positions
from badbuzz.store.sample import SampleRecorder
from badbuzz.store.tweets import Tweets
from badbuzz.store.windows import Windows

__all__ = ["Store", "where"]


class Store(Positions, Windows, Alerts, SampleRecorder, Tweets, People, Passing, Keys):
    """A database of what was seen and what people said of it; safe to share between threads.

    Every method raises :class:`~badbuzz.errors.StoreDownError` when the database does not answer
    (the same store works again once it does), :class:`~badbuzz.errors.StoreError` when it cannot
    be used, and :class:`~badbuzz.errors.QueryError` when what is asked cannot be.

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
        """A store whose tables are as this version of badbuzz needs them.

        Parameters
        ----------
        address
            As in ``BADBUZZ_STORE``: ``sqlite:///FILE``, made when missing, or
            ``postgresql://USER:PASSWORD@HOST/NAME``.
        create
            Make the file and the tables where there are none; otherwise that is an error.
        migrate
            Bring the tables to this version's; otherwise older ones are an error.

        Raises
        ------
        StoreError
            When the database cannot be used, or is of a newer version.
        StoreDownError
            When it does not answer.
        """
        engine = connect(address)
        try:
            if not create:
                check_made(engine)
            if migrate:
                renew(engine)
            else:
                check(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def brands(self) -> list[BrandSummary]:
        """Where every brand stands that has a window or an alert, by name."""
        with self._reading() as connection:
            windows, alerts = self._last_windows(connection), self._open_alerts(connection)
        return [BrandSummary(brand, last, alerts.get(brand)) for brand, last in windows.items()]

    def brand(self, name: str) -> BrandSummary | None:
        """Where one brand stands; None when it has neither window nor alert."""
        with self._reading() as connection:
            last = self._last_windows(connection, name)
            if name not in last:
                return None
            return BrandSummary(name, last[name], self._open_alerts(connection, name).get(name))

    def changes(self, after: Mapping[SourcePartition, int], limit: int = 1000) -> list[Change]:
        """Windows and alerts recorded beyond the offsets, a place after the other, each in order.

        None is missed, as a place has one writer at a time and commits in order. What was written
        again has its new offset only.

        Parameters
        ----------
        after
            The last offset that is known of each place; places not named are not read.
        limit
            At most so many of each place.
        """
        checked_limit(limit)
        found: list[Change] = []
        with self._reading() as connection:
            for place, offset in sorted(after.items()):
                asked = connection, place.partition, offset, limit
                if place.topic == wire.WINDOWS:
                    found += [(place, at, one) for at, one in self._changed_windows(*asked)]
                elif place.topic == wire.ALERTS:
                    found += [(place, at, one) for at, one in self._changed_alerts(*asked)]
        return found
