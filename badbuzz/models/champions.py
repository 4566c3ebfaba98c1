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
from badbuzz.models.history import ModelHistory, read_lives
from badbuzz.models.registry import Registry, Version, need_mlflow
from badbuzz.models.scorer import Scorer

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class Arrival:
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
class Failure:
    """Why a language's champion could not be had; what serves goes on serving.

    ``unreachable`` is the server, ``broken`` the bundle, or an answer that makes no sense; ``news``
    is whether the language's last look said something else.
    """

    language: str
    kind: Literal["unreachable", "broken"]
    message: str
    news: bool = True


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
        need_mlflow()
        self._uri = uri
        self._n_scorers = n_scorers
        self._registry: Registry | None = None
        self._said: dict[str, str] = {}

    async def look(
        self, serving: Mapping[str, str], limit_s: float | None = None
    ) -> Sequence[Arrival | Failure]:
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
        work = partial(self.look_here, dict(serving))
        try:
            async with asyncio.timeout(limit_s):
                found = await _in_a_thread(work)
        except TimeoutError:
            slow = f"{self._uri}: no answer in {limit_s:g} s"
            found = [Failure(language, "unreachable", slow) for language in serving]
        told = [self._compared(one) if isinstance(one, Failure) else one for one in found]
        self._said = {one.language: one.message for one in told if isinstance(one, Failure)}
        return told

    def _compared(self, failure: Failure) -> Failure:
        return replace(failure, news=self._said.get(failure.language) != failure.message)

    def look_here(self, serving: Mapping[str, str]) -> list[Arrival | Failure]:
        """The same in this thread: it blocks, for seconds where the server is slow."""
        found: list[Arrival | Failure] = []
        for language, bundle in serving.items():
            try:
                arrival = self._arrival(language, bundle)
            except RegistryDownError as error:
                found.append(Failure(language, "unreachable", str(error)))
                break  # the other languages would wait as long
            except RegistryError as error:
                found.append(Failure(language, "unreachable", str(error)))
            except BundleError as error:
                found.append(Failure(language, "broken", str(error)))
            except Exception as error:  # noqa: BLE001 - a stranger's answer may break MLflow anywhere
                found.append(Failure(language, "broken", f"{self._uri}: {error!r}"))
            else:
                found += [arrival] if arrival is not None else []
        return found

    async def lives(self) -> dict[str, ModelHistory]:
        """What the registry tells of every language, read in a thread like :meth:`look`'s.

        Raises
        ------
        RegistryError
            When it does not answer, or what it answers makes no sense.
        """
        return await _in_a_thread(self._read_lives)

    def _read_lives(self) -> dict[str, ModelHistory]:
        try:
            return read_lives(self._connected())
        except RegistryError:
            raise
        except Exception as error:
            raise RegistryError(f"{self._uri}: {error!r}") from error

    def _connected(self) -> Registry:
        if self._registry is None:
            self._registry = Registry(self._uri, hurried=True)
        return self._registry

    def _arrival(self, language: str, bundle: str) -> Arrival | None:
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
        return Arrival(version, scorers, time.monotonic() - started_s)


async def _in_a_thread(work: Callable[[], _Found]) -> _Found:
    future: Future[_Found] = Future()

    def settle() -> None:
        future.set_running_or_notify_cancel()
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - raised where it is awaited
            future.set_exception(error)

    Thread(target=settle, name="registry", daemon=True).start()
    return await asyncio.wrap_future(future)
