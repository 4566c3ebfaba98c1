"""Detection and loading of new champions while the current bundles serve."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Literal, TypeVar

from badbuzz.errors import BundleError, RegistryDownError, RegistryError
from badbuzz.models.history import ModelHistory, read_histories
from badbuzz.models.registry import Registry, Version, require_mlflow
from badbuzz.models.scorer import Scorer

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class NewChampion:
    """Champion whose bundle is loaded and checked but does not serve yet.

    Parameters
    ----------
    version
        Registered version.
    scorers
        Equal scorers, one per thread.
    fetched_s
        Duration of download and checks, seconds.
    """

    version: Version
    scorers: tuple[Scorer, ...]
    fetched_s: float


@dataclass(frozen=True, slots=True)
class ChampionFailure:
    """Reason why a language's champion could not be loaded; the serving bundle stays in use.

    Parameters
    ----------
    language
        Primary language of the champion.
    kind
        ``unreachable`` if the server does not answer or refuses, ``broken`` if the bundle or the
        server's answer is invalid.
    message
        Error message, one line.
    is_new
        Whether the previous check of this language had a different result.
    """

    language: str
    kind: Literal["unreachable", "broken"]
    message: str
    is_new: bool = True


class ChampionWatch:
    """Watch for champions that differ from the serving bundles.

    Parameters
    ----------
    uri
        Address of the MLflow server.
    n_scorers
        Number of scorers to load of a new champion, >= 1.

    Raises
    ------
    RegistryError
        If MLflow's client is not installed.
    """

    def __init__(self, uri: str, n_scorers: int = 1) -> None:
        require_mlflow()
        self._uri = uri
        self._n_scorers = n_scorers
        self._registry: Registry | None = None
        self._last_messages: dict[str, str] = {}

    async def check(
        self, serving: Mapping[str, str], limit_s: float | None = None
    ) -> Sequence[NewChampion | ChampionFailure]:
        """Return the new champions and the failures; skip languages without a champion.

        The registry is read in a daemon thread, so a server that never answers does not delay the
        end of the process (threads of :func:`asyncio.to_thread` would).

        Parameters
        ----------
        serving
            Version of the serving bundle by language.
        limit_s
            Timeout in seconds, after which every language counts as unreachable; None for none.
        """
        work = partial(self.check_now, dict(serving))
        try:
            async with asyncio.timeout(limit_s):
                results = await _run_in_thread(work)
        except TimeoutError:
            message = f"{self._uri}: no answer in {limit_s:g} s"
            results = [ChampionFailure(language, "unreachable", message) for language in serving]
        earlier, self._last_messages = self._last_messages, {}
        for index, result in enumerate(results):
            if isinstance(result, ChampionFailure):
                is_new = earlier.get(result.language) != result.message
                results[index] = replace(result, is_new=is_new)
                self._last_messages[result.language] = result.message
        return results

    def check_now(self, serving: Mapping[str, str]) -> list[NewChampion | ChampionFailure]:
        """Do the same as :meth:`check` in the calling thread, without a timeout."""
        results: list[NewChampion | ChampionFailure] = []
        for language, bundle in serving.items():
            try:
                if (champion := self._load_new(language, bundle)) is not None:
                    results.append(champion)
            except RegistryError as error:
                results.append(ChampionFailure(language, "unreachable", str(error)))
                if isinstance(error, RegistryDownError):
                    break  # the other languages would wait as long
            except BundleError as error:
                results.append(ChampionFailure(language, "broken", str(error)))
            except Exception as error:  # noqa: BLE001 - MLflow may fail anywhere on a bad answer
                results.append(ChampionFailure(language, "broken", f"{self._uri}: {error!r}"))
        return results

    async def read_histories(self) -> dict[str, ModelHistory]:
        """Return the history of every language, read in a daemon thread.

        Raises
        ------
        RegistryError
            If the server does not answer or its answer is invalid.
        """
        return await _run_in_thread(self._read_histories)

    def _read_histories(self) -> dict[str, ModelHistory]:
        try:
            return read_histories(self._connected())
        except RegistryError:
            raise
        except Exception as error:
            raise RegistryError(f"{self._uri}: {error!r}") from error

    def _connected(self) -> Registry:
        if self._registry is None:
            self._registry = Registry(self._uri, short_timeouts=True)
        return self._registry

    def _load_new(self, language: str, bundle: str) -> NewChampion | None:
        registry = self._connected()
        version = registry.find_version(language)
        if version is None or version.bundle == bundle:
            return None
        started_s = time.monotonic()
        with TemporaryDirectory(prefix="badbuzz-bundle-") as folder:
            scorer, path = registry.fetch(version, Path(folder))
            registry.check_promoted(version, scorer)
            scorers = (scorer, *(Scorer(path) for _ in range(self._n_scorers - 1)))
        if scorer.version == bundle:
            return None
        return NewChampion(version, scorers, time.monotonic() - started_s)


async def _run_in_thread(work: Callable[[], _Result]) -> _Result:
    future: Future[_Result] = Future()

    def settle() -> None:
        future.set_running_or_notify_cancel()
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - raised by the await
            future.set_exception(error)

    Thread(target=settle, name="registry", daemon=True).start()
    return await asyncio.wrap_future(future)
