"""The hot swap: new champions of the registry replace bundles between two batches."""

from __future__ import annotations

import logging
from typing import Final

from mode import Service

from badbuzz.config.settings import Settings
from badbuzz.models.champions import ChampionFailure, ChampionWatch, NewChampion
from badbuzz.models.scorer import ScorerSet
from stream_processor.engine import metrics

log = logging.getLogger(__name__)

_FIRST_CHECK_S: Final = 10.0


class ChampionSwapper(Service):
    """Replaces a worker's scorers by the registry's champions; idle if no registry is configured.

    A batch is scored in one call on the event loop, and scorers are swapped there too. Therefore
    no batch is scored by two bundles of one language.

    Parameters
    ----------
    settings
        Settings of the worker.
    scorer_set
        The set whose scorers are swapped.
    """

    def __init__(self, settings: Settings, scorer_set: ScorerSet) -> None:
        super().__init__()
        self._scorer_set = scorer_set
        self._interval_s = settings.registry_poll_s
        self._watch = ChampionWatch(settings.mlflow_uri) if settings.mlflow_uri else None
        for language, scorer in scorer_set.scorers.items():
            metrics.BUNDLE.labels(language, scorer.version).set(1)

    async def on_start(self) -> None:
        """Check once before the first tweet, with a time limit."""
        await self._check(_FIRST_CHECK_S)

    @Service.task
    async def _follow(self) -> None:
        while self._watch is not None and not self.should_stop:
            await self.sleep(self._interval_s)
            if not self.should_stop:
                await self._check()

    async def _check(self, limit_s: float | None = None) -> None:
        if self._watch is None:
            return
        serving = {lang: scorer.version for lang, scorer in self._scorer_set.scorers.items()}
        has_failed = False
        for result in await self._watch.check(serving, limit_s):
            if isinstance(result, NewChampion):
                self._swap(result)
            else:
                self._note(result)
                has_failed = True
        if not has_failed:
            metrics.REGISTRY_LOOK_SECONDS.set_to_current_time()

    def _swap(self, arrival: NewChampion) -> None:
        language, (scorer, *_) = arrival.version.language, arrival.scorers
        before = self._scorer_set.scorers[language].version
        self._scorer_set.swap(language, scorer)
        metrics.BUNDLE.remove(language, before)
        metrics.BUNDLE.labels(language, scorer.version).set(1)
        metrics.BUNDLE_SWAPS.labels(language).inc()
        log.info(
            "%s is in use instead of %s; fetched and validated in %.1f s",
            arrival.version, before, arrival.fetched_s,
        )  # fmt: skip

    def _note(self, failure: ChampionFailure) -> None:
        """Count a failure, and log it unless it repeats the last one."""
        metrics.REGISTRY_FAILURES.labels(failure.language, failure.kind).inc()
        if failure.is_new:
            serving = self._scorer_set.scorers[failure.language].version
            log.warning("%s; %s stays in use", failure.message, serving)
