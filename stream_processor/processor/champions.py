"""The hot swap: the champions of a registry take over between two batches."""

from __future__ import annotations

import logging
from typing import Any, Final

from mode import Service

from badbuzz.config.settings import Settings
from badbuzz.models.champions import ChampionFailure, ChampionWatch, NewChampion
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine import metrics

log = logging.getLogger(__name__)

_FIRST_LOOK_S: Final = 10.0


class ChampionSwapper(Service):
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

    def __init__(self, settings: Settings, judges: ScorerSet, **options: Any) -> None:
        super().__init__(**options)
        self._judges = judges
        self._every_s = settings.registry_poll_s
        self._watch = ChampionWatch(settings.mlflow_uri) if settings.mlflow_uri else None
        for language, scorer in judges.scorers.items():
            metrics.BUNDLE.labels(language, scorer.version).set(1)

    async def on_start(self) -> None:
        """Look once before the first tweet; a slow server is not waited for long."""
        await self._look(_FIRST_LOOK_S)

    @Service.task
    async def _follow(self) -> None:
        while self._watch is not None and not self.should_stop:
            await self.sleep(self._every_s)
            if not self.should_stop:
                await self._look()

    async def _look(self, limit_s: float | None = None) -> None:
        if self._watch is None:
            return
        serving = {language: one.version for language, one in self._judges.scorers.items()}
        failures = []
        for found in await self._watch.check(serving, limit_s):
            if isinstance(found, NewChampion):
                self._swap(found)
            else:
                self._note(found)
                failures.append(found)
        if not failures:
            metrics.REGISTRY_LOOK_SECONDS.set_to_current_time()

    def _swap(self, arrival: NewChampion) -> None:
        language, (scorer, *_) = arrival.version.language, arrival.scorers
        before = self._judges.scorers[language].version
        self._judges.swap(language, scorer)
        metrics.BUNDLE.remove(language, before)
        metrics.BUNDLE.labels(language, scorer.version).set(1)
        metrics.BUNDLE_SWAPS.labels(language).inc()
        log.info(
            "%s serves from now on, instead of %s; fetched and checked in %.1f s",
            arrival.version, before, arrival.fetched_s,
        )  # fmt: skip

    def _note(self, failure: ChampionFailure) -> None:
        """Count a failure; say it when it is news."""
        metrics.REGISTRY_FAILURES.labels(failure.language, failure.kind).inc()
        if failure.is_new:
            serving = self._judges.scorers[failure.language].version
            log.warning("%s; %s goes on serving", failure.message, serving)
