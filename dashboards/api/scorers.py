"""Scores on request, by the bundles and the code of the stream."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from starlette.concurrency import run_in_threadpool

from badbuzz.features.attribution import Explanation
from badbuzz.model import Prediction, Tweet
from badbuzz.models.scorer import Scorer, ScorerSet

_SHORT: Final = 4096
"""Characters that are scored where they come in; it takes less than to hand them to a thread."""
_AT_ONCE: Final = 32


class ScorerPool:
    """Verdicts and explanations; a scorer serves one thread at a time, so each side has its own.

    Parameters
    ----------
    spec
        ``language=bundle``, comma between, as in ``BADBUZZ_BUNDLES``.

    Raises
    ------
    BundleError
        When a bundle cannot be used.

    Examples
    --------
    >>> judging = ScorerPool("en=airline-en")
    >>> [verdict and verdict.negative for verdict in judging.wait([("en", "Worst airline"),
    ...                                                            ("fr", "Nul")])]
    [True, None]
    """

    def __init__(self, spec: str) -> None:
        self._here = ScorerSet.read(spec)
        self._threads = ScorerSet.read(spec)
        self._lock = threading.Lock()

    @property
    def serving(self) -> dict[str, str]:
        """Version of the bundle by language."""
        return {language: one.version for language, one in self._here.scorers.items()}

    @property
    def scorers(self) -> dict[str, Scorer]:
        """What serves each language: to read its card, not to score, which is :meth:`judge`'s."""
        return dict(self._here.scorers)

    @property
    def versions(self) -> tuple[str, ...]:
        """Of the bundles that serve, sorted."""
        return self._here.versions

    def swap(self, language: str, here: Scorer, threads: Scorer) -> None:
        """Let two scorers of another bundle serve a language, from the next text on either side.

        To be called where :meth:`judge` is awaited; a thread that judges ends with what it began.
        """
        self._here.swap(language, here)
        self._threads.swap(language, threads)

    async def predict(self, texts: Sequence[tuple[str, str]]) -> list[Prediction | None]:
        """A verdict on each text, given with its language; None where no bundle reads that."""
        if sum(len(text) for _, text in texts) <= _SHORT:
            return self._here.predict(_tweets(texts))
        return await run_in_threadpool(self.wait, texts)

    def wait(self, texts: Sequence[tuple[str, str]]) -> list[Prediction | None]:
        """The same, for a thread that may wait for others; they take turns."""
        tweets = _tweets(texts)
        verdicts: list[Prediction | None] = []
        for start in range(0, len(tweets), _AT_ONCE):
            with self._lock:
                verdicts += self._threads.predict(tweets[start : start + _AT_ONCE])
        return verdicts

    @contextmanager
    def lent(self) -> Iterator[ScorerSet]:
        """The bundles that serve, for a thread that may wait; the others wait until it ends."""
        with self._lock:
            yield self._threads

    def explain(self, lang: str, text: str) -> Explanation:
        """Why a text that has a verdict has it; for a thread that may wait."""
        with self._lock:
            (told,) = self._threads.scorers[lang].explain([text])
        return told


def _tweets(texts: Sequence[tuple[str, str]]) -> list[Tweet]:
    return [
        Tweet(id="", brand="", text=text, created_ms=0, produced_ms=0, lang=lang)
        for lang, text in texts
    ]
