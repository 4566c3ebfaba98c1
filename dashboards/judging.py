"""Scores on request, by the bundles and the code of the stream."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Final

from starlette.concurrency import run_in_threadpool

from badbuzz.contributions import Explanation
from badbuzz.model import Tweet, Verdict
from badbuzz.scorer import Judges

_SHORT: Final = 4096
"""Characters that are scored where they come in; it takes less than to hand them to a thread."""
_AT_ONCE: Final = 32


class Judging:
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
    >>> judging = Judging("en=airline-en")
    >>> [verdict and verdict.negative for verdict in judging.wait([("en", "Worst airline"),
    ...                                                            ("fr", "Nul")])]
    [True, None]
    """

    def __init__(self, spec: str) -> None:
        self._here = Judges.read(spec)
        self._threads = Judges.read(spec)
        self._lock = threading.Lock()
        self.versions = self._here.versions

    async def judge(self, texts: Sequence[tuple[str, str]]) -> list[Verdict | None]:
        """A verdict on each text, given with its language; None where no bundle reads that."""
        if sum(len(text) for _, text in texts) <= _SHORT:
            return self._here.judge(_tweets(texts))
        return await run_in_threadpool(self.wait, texts)

    def wait(self, texts: Sequence[tuple[str, str]]) -> list[Verdict | None]:
        """The same, for a thread that may wait for others; they take turns."""
        tweets = _tweets(texts)
        verdicts: list[Verdict | None] = []
        for start in range(0, len(tweets), _AT_ONCE):
            with self._lock:
                verdicts += self._threads.judge(tweets[start : start + _AT_ONCE])
        return verdicts

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
