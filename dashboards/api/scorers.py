"""Scoring on request, with the bundles and the code of the stream processor."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from starlette.concurrency import run_in_threadpool

from badbuzz.features.attribution import Explanation
from badbuzz.model import Prediction, Tweet
from badbuzz.models.scorer import Scorer, ScorerSet

_MAX_INLINE: Final = 4096
"""Characters up to which the event loop scores: below it a hand-over to a thread costs more."""
_BATCH: Final = 32


class ScorerPool:
    """Two sets of scorers: one for the event loop, one for threads, which take turns.

    A scorer serves one thread at a time.

    Parameters
    ----------
    spec
        Comma-separated ``language=bundle``, as in ``BADBUZZ_BUNDLES``.

    Raises
    ------
    BundleError
        When a bundle cannot be used.

    Examples
    --------
    >>> scorers = ScorerPool("en=airline-en")
    >>> texts = [("en", "Worst airline"), ("fr", "Nul")]
    >>> [prediction and prediction.negative for prediction in scorers.predict_blocking(texts)]
    [True, None]
    """

    def __init__(self, spec: str) -> None:
        self._loop_scorers = ScorerSet.read(spec)
        self._thread_scorers = ScorerSet.read(spec)
        self._lock = threading.Lock()

    @property
    def serving(self) -> dict[str, str]:
        """The version of the bundle in use, by language."""
        return {language: one.version for language, one in self.scorers.items()}

    @property
    def scorers(self) -> dict[str, Scorer]:
        """The scorer in use, by language: to read its card, not to score."""
        return dict(self._loop_scorers.scorers)

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of the bundles in use, sorted."""
        return self._loop_scorers.versions

    def swap(self, language: str, for_loop: Scorer, for_threads: Scorer) -> None:
        """Replace the scorers of a language. Call it on the event loop.

        A thread that is scoring finishes its batch with the scorer that it began with.
        """
        self._loop_scorers.swap(language, for_loop)
        self._thread_scorers.swap(language, for_threads)

    async def predict(self, texts: Sequence[tuple[str, str]]) -> list[Prediction | None]:
        """Predict pairs of language and text; None where no bundle reads the language."""
        if sum(len(text) for _, text in texts) <= _MAX_INLINE:
            return self._loop_scorers.predict(_tweets(texts))
        return await run_in_threadpool(self.predict_blocking, texts)

    def predict_blocking(self, texts: Sequence[tuple[str, str]]) -> list[Prediction | None]:
        """Predict like :meth:`predict`, in the calling thread, which may wait for others."""
        tweets = _tweets(texts)
        predictions: list[Prediction | None] = []
        for start in range(0, len(tweets), _BATCH):
            with self._lock:
                predictions += self._thread_scorers.predict(tweets[start : start + _BATCH])
        return predictions

    @contextmanager
    def lock_scorers(self) -> Iterator[ScorerSet]:
        """Yield the scorers of the threads; other threads wait until the block ends."""
        with self._lock:
            yield self._thread_scorers

    def explain(self, lang: str, text: str) -> Explanation:
        """Explain the score of a text whose language a bundle reads; may block."""
        with self._lock:
            (explanation,) = self._thread_scorers.scorers[lang].explain([text])
        return explanation


def _tweets(texts: Sequence[tuple[str, str]]) -> list[Tweet]:
    return [
        Tweet(id="", brand="", text=text, created_ms=0, produced_ms=0, lang=lang)
        for lang, text in texts
    ]
