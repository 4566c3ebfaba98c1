"""The API follows the registry's champions, as the worker does."""

from __future__ import annotations

import asyncio
import logging

from badbuzz.champions import Arrival, Watch
from badbuzz.settings import Settings
from dashboards.judging import Judging
from dashboards.logs import note
from dashboards.metrics import Metrics


class Following:
    """Swaps a judging's bundles for the champions, while it serves; idle where no registry is set.

    Parameters
    ----------
    settings
        Where the registry is, and how often to look.
    judging
        Whose bundles are swapped.
    metrics
        Swaps and failures are counted there.

    Raises
    ------
    RegistryError
        When a registry is set, and MLflow's client is not installed.
    """

    def __init__(self, settings: Settings, judging: Judging, metrics: Metrics) -> None:
        self._watch = Watch(settings.mlflow_uri, n_scorers=2) if settings.mlflow_uri else None
        self._every_s = settings.registry_poll_s
        self._judging = judging
        self._metrics = metrics

    async def run(self) -> None:
        """Look now, then again and again; for ever."""
        while self._watch is not None:
            await self._look(self._watch)
            await asyncio.sleep(self._every_s)

    async def _look(self, watch: Watch) -> None:
        for found in await watch.look(self._judging.serving):
            if isinstance(found, Arrival):
                language = found.version.language
                self._judging.swap(language, *found.scorers)
                self._metrics.swaps.labels(language).inc()
                note("bundle_swapped", language=language, bundle=found.scorers[0].version)
                continue
            self._metrics.registry_failures.labels(found.language, found.kind).inc()
            if found.news:
                note("registry_failed", level=logging.WARNING, said=found.message)
