"""A background task that keeps the API's bundles and registry data up to date."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from typing import Literal

from badbuzz.config.settings import Settings
from badbuzz.errors import RegistryError
from badbuzz.models.champions import ChampionFailure, ChampionWatch, NewChampion
from badbuzz.models.history import ModelHistory
from dashboards.api.logs import log_event
from dashboards.api.metrics import Metrics
from dashboards.api.scorers import ScorerPool
from dashboards.responses import RegistryState


class ChampionSync:
    """Polls the registry and swaps in new champions; does nothing if no registry is configured.

    Parameters
    ----------
    settings
        Address of the registry and interval of the polls.
    scorers
        The scorers that are replaced by those of a new champion.
    metrics
        The metrics in which swaps and failures are counted.

    Attributes
    ----------
    registry
        The state of the registry after the last poll.
    histories
        Versions and events by language, from the last poll that succeeded.

    Raises
    ------
    RegistryError
        When a registry is configured and MLflow's client is not installed.
    """

    def __init__(self, settings: Settings, scorers: ScorerPool, metrics: Metrics) -> None:
        self._watch = (
            ChampionWatch(settings.mlflow_uri, n_scorers=2) if settings.mlflow_uri else None
        )
        self._interval_s = settings.registry_poll_s
        self._scorers = scorers
        self._metrics = metrics
        self.histories: Mapping[str, ModelHistory] = {}
        self.registry = (
            RegistryState("none", None, None)
            if self._watch is None
            else RegistryState("unread", _now_ms(), None)
        )

    async def run(self) -> None:
        """Poll until cancelled."""
        while self._watch is not None:
            await self._poll(self._watch)
            await asyncio.sleep(self._interval_s)

    async def _poll(self, watch: ChampionWatch) -> None:
        is_unreachable = False
        for result in await watch.check(self._scorers.serving):
            if isinstance(result, NewChampion):
                self._swap(result)
            else:
                self._record_failure(result)
                is_unreachable |= result.kind == "unreachable"
        if is_unreachable:
            self._update(None)
            return
        try:
            self._update(await watch.read_histories())
        except RegistryError as error:
            if self.registry.state != "unreachable":
                log_event("registry_failed", level=logging.WARNING, reason=str(error))
            self._update(None)

    def _swap(self, arrival: NewChampion) -> None:
        language = arrival.version.language
        self._scorers.swap(language, *arrival.scorers)
        self._metrics.swaps.labels(language).inc()
        log_event("bundle_swapped", language=language, bundle=arrival.scorers[0].version)

    def _record_failure(self, failure: ChampionFailure) -> None:
        self._metrics.registry_failures.labels(failure.language, failure.kind).inc()
        if failure.is_new:
            log_event("registry_failed", level=logging.WARNING, reason=failure.message)

    def _update(self, histories: Mapping[str, ModelHistory] | None) -> None:
        now_ms, before = _now_ms(), self.registry
        state: Literal["answers", "unreachable"] = "unreachable" if histories is None else "answers"
        since_ms = before.since_ms if before.state == state else now_ms
        self.registry = RegistryState(
            state, since_ms, before.read_ms if histories is None else now_ms
        )
        self.histories = self.histories if histories is None else histories


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
