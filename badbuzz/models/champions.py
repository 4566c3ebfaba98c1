"""Champions that come and go: noticed, fetched and checked while what serves goes on serving."""

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
    """A champion that does not serve yet: its bundle, loaded and checked.

    Parameters
    ----------
    version
        Which.
    scorers
        Alike, as many as were asked for: one serves one thread at a time.
    fetched_s
        Seconds that it took.
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
    """Looks whether the champions are the bundles that serve.

    Parameters
    ----------
    uri
        Of the MLflow server.
    n_scorers
        How many scorers of a new champion are wanted, >= 1.

    Raises
    ------
    RegistryError
        When MLflow's client is not installed.
    """

    def __init__(self, uri: str, n_scorers: int = 1) -> None:
        require_mlflow()
        self._uri = uri
        self._n_scorers = n_scorers
        self._registry: Registry | None = None
        self._said: dict[str, str] = {}

    async def check(
        self, serving: Mapping[str, str], limit_s: float | None = None
    ) -> Sequence[NewChampion | ChampionFailure]:
        """What has come since, and what went wrong; a language without a champion is left alone.

        The work is done in a thread that the end of the process does not wait for, as it would
        for those of :func:`asyncio.to_thread`: a server that never answers keeps nobody alive.

        Parameters
        ----------
        serving
            Version of the bundle by language.
        limit_s
            Seconds after which all languages are unreachable; None for as long as it takes.
        """
        work = partial(self.check_now, dict(serving))
        try:
            async with asyncio.timeout(limit_s):
                found = await _run_in_thread(work)
        except TimeoutError:
            slow = f"{self._uri}: no answer in {limit_s:g} s"
            found = [ChampionFailure(language, "unreachable", slow) for language in serving]
        told = [self._compared(one) if isinstance(one, ChampionFailure) else one for one in found]
        self._said = {one.language: one.message for one in told if isinstance(one, ChampionFailure)}
        return told

    def _compared(self, failure: ChampionFailure) -> ChampionFailure:
        return replace(failure, is_new=self._said.get(failure.language) != failure.message)

    def check_now(self, serving: Mapping[str, str]) -> list[NewChampion | ChampionFailure]:
        """The same in this thread: it blocks, for seconds where the server is slow."""
        found: list[NewChampion | ChampionFailure] = []
        for language, bundle in serving.items():
            try:
                arrival = self._arrival(language, bundle)
            except RegistryDownError as error:
                found.append(ChampionFailure(language, "unreachable", str(error)))
                break  # the other languages would wait as long
            except RegistryError as error:
                found.append(ChampionFailure(language, "unreachable", str(error)))
            except BundleError as error:
                found.append(ChampionFailure(language, "broken", str(error)))
            except Exception as error:  # noqa: BLE001 - a stranger's answer may break MLflow anywhere
                found.append(ChampionFailure(language, "broken", f"{self._uri}: {error!r}"))
            else:
                found += [arrival] if arrival is not None else []
        return found

    async def read_histories(self) -> dict[str, ModelHistory]:
        """What the registry tells of every language, read in a thread like :meth:`check`'s.

        Raises
        ------
        RegistryError
            When it does not answer, or what it answers makes no sense.
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
            self._registry = Registry(self._uri, hurried=True)
        return self._registry

    def _arrival(self, language: str, bundle: str) -> NewChampion | None:
        registry = self._connected()
        version = registry.find(language)
        if version is None or version.bundle == bundle:
            return None
        started_s = time.monotonic()
        with TemporaryDirectory(prefix="badbuzz-bundle-") as folder:
            scorer, path = registry.fetch(version, Path(folder))
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
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            future.set_exception(error)

    Thread(target=settle, name="registry", daemon=True).start()
    return await asyncio.wrap_future(future)
