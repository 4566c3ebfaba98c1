"""The API follows the registry: its champions, as the worker does, and what it tells of models."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from badbuzz.config.settings import Settings
from badbuzz.errors import RegistryError
from badbuzz.models.champions import ChampionFailure, ChampionWatch, NewChampion
from badbuzz.models.history import ModelHistory
from dashboards.api.logs import note
from dashboards.api.metrics import Metrics
from dashboards.api.scorers import ScorerPool


@dataclass(frozen=True, slots=True)
class Heard:
    """What the registry told last.

    Parameters
    ----------
    state
        ``none`` is set, ``unread`` so far, it ``answers``, or is ``unreachable``.
    since_ms
        Since when it is in that state, Unix milliseconds; None where none is set.
    read_ms
        When ``lives`` were read; None when never.
    lives
        What it told of each language; kept while it is unreachable.
    """

    state: Literal["none", "unread", "answers", "unreachable"]
    since_ms: int | None = None
    read_ms: int | None = None
    lives: Mapping[str, ModelHistory] = field(default_factory=dict)


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

    Attributes
    ----------
    heard
        What the registry told last.

    Raises
    ------
    RegistryError
        When a registry is set, and MLflow's client is not installed.
    """

    def __init__(self, settings: Settings, judging: ScorerPool, metrics: Metrics) -> None:
        self._watch = (
            ChampionWatch(settings.mlflow_uri, n_scorers=2) if settings.mlflow_uri else None
        )
        self._every_s = settings.registry_poll_s
        self._judging = judging
        self._metrics = metrics
        self.heard = Heard("none") if self._watch is None else Heard("unread", _now_ms())

    async def run(self) -> None:
        """Look now, then again and again; for ever."""
        while self._watch is not None:
            await self._look(self._watch)
            await asyncio.sleep(self._every_s)

    async def _look(self, watch: ChampionWatch) -> None:
        is_away = False
        for found in await watch.check(self._judging.serving):
            if isinstance(found, NewChampion):
                self._swap(found)
            else:
                self._note(found)
                is_away |= found.kind == "unreachable"
        if is_away:
            self._hear(None)
            return
        try:
            self._hear(await watch.read_histories())
        except RegistryError as error:
            if self.heard.state != "unreachable":
                note("registry_failed", level=logging.WARNING, said=str(error))
            self._hear(None)

    def _swap(self, arrival: NewChampion) -> None:
        language = arrival.version.language
        self._judging.swap(language, *arrival.scorers)
        self._metrics.swaps.labels(language).inc()
        note("bundle_swapped", language=language, bundle=arrival.scorers[0].version)

    def _note(self, failure: ChampionFailure) -> None:
        self._metrics.registry_failures.labels(failure.language, failure.kind).inc()
        if failure.is_new:
            note("registry_failed", level=logging.WARNING, said=failure.message)

    def _hear(self, lives: Mapping[str, ModelHistory] | None) -> None:
        now_ms = _now_ms()
        state: Literal["answers", "unreachable"] = "unreachable" if lives is None else "answers"
        if self.heard.state != state:
            self.heard = replace(self.heard, state=state, since_ms=now_ms)
        if lives is not None:
            self.heard = replace(self.heard, read_ms=now_ms, lives=lives)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
