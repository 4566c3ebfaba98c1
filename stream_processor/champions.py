"""The hot swap: the champions of a registry take over between two batches."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import Any, Final, TypeVar

from mode import Service

from badbuzz.registry import Arrival, Failure, Watch
from badbuzz.scorer import Judges
from badbuzz.settings import Settings
from stream_processor import metrics

log = logging.getLogger(__name__)

_FIRST_LOOK_S: Final = 10.0
_Found = TypeVar("_Found")


class Champions(Service):
    """Keeps a worker's judges to the registry's champions; does nothing where none is set.

    A batch is scored in one go on the event loop, and the swap happens there too: so no batch
    sees two bundles of one language.

    Parameters
    ----------
    settings
        Of the worker.
    judges
        Whose scorers are swapped.
    """

    def __init__(self, settings: Settings, judges: Judges, **options: Any) -> None:
        super().__init__(**options)
        self._judges = judges
        self._every_s = settings.registry_poll_s
        self._watch = Watch(settings.mlflow_uri) if settings.mlflow_uri else None
        self._troubles: dict[str, str] = {}
        for language, scorer in judges.scorers.items():
            metrics.BUNDLE.labels(language, scorer.version).set(1)

    async def on_start(self) -> None:
        """Look once before the first tweet; a slow server is not waited for long."""
        try:
            async with asyncio.timeout(_FIRST_LOOK_S):
                await self._look()
        except TimeoutError:
            slow = f"no answer from the registry in {_FIRST_LOOK_S:.0f} s"
            for language in self._judges.scorers:
                self._note(Failure(language, "unreachable", slow))

    @Service.task
    async def _follow(self) -> None:
        while self._watch is not None and not self.should_stop:
            await self.sleep(self._every_s)
            if not self.should_stop:
                await self._look()

    async def _look(self) -> None:
        if self._watch is None:
            return
        watch = self._watch
        serving = {language: one.version for language, one in self._judges.scorers.items()}
        found = await _in_a_thread(lambda: watch.look(serving))
        failures = [one for one in found if isinstance(one, Failure)]
        for failure in failures:
            self._note(failure)
        for one in found:
            if isinstance(one, Arrival):
                self._swap(one)
        if not failures:
            metrics.REGISTRY_LOOK_SECONDS.set_to_current_time()
            if self._troubles:
                log.info("the registry answers again")
            self._troubles.clear()

    def _swap(self, arrival: Arrival) -> None:
        language = arrival.version.language
        before = self._judges.scorers[language].version
        self._judges.swap(language, arrival.scorer)
        metrics.BUNDLE.remove(language, before)
        metrics.BUNDLE.labels(language, arrival.scorer.version).set(1)
        metrics.BUNDLE_SWAPS.labels(language).inc()
        log.info(
            "%s serves from now on, instead of %s; fetched and checked in %.1f s",
            arrival.version, before, arrival.fetched_s,
        )  # fmt: skip

    def _note(self, failure: Failure) -> None:
        """Count a failure; say it when it is news."""
        metrics.REGISTRY_FAILURES.labels(failure.language, failure.kind).inc()
        if self._troubles.get(failure.language) != failure.message:
            serving = self._judges.scorers[failure.language].version
            log.warning("%s; %s goes on serving", failure.message, serving)
        self._troubles[failure.language] = failure.message


async def _in_a_thread(work: Callable[[], _Found]) -> _Found:
    """Do blocking work in a thread that the end of the process does not wait for.

    Those of asyncio.to_thread it would: a server that never answers would keep a worker from
    ending.
    """
    future: Future[_Found] = Future()

    def settle() -> None:
        future.set_running_or_notify_cancel()
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            future.set_exception(error)

    Thread(target=settle, name="registry", daemon=True).start()
    return await asyncio.wrap_future(future)
