"""A comparison small enough for tests."""

from __future__ import annotations

from dataclasses import replace

from training.compare.comparison import Comparison, compare
from training.compare.scale import QUICK
from training.compare.tracking import Tracking
from training.datasets.corpus import Corpus

TINY = replace(
    QUICK, name="tiny", n_trees=5, n_components=8, n_dimensions=8, n_passes=2, n_epochs=2
)
CHEAP = ("text, majority", "tfidf-words, *")


class Silent:
    """Progress that is not shown."""

    def begin(self, corpus: str, view: str, n_folds: int) -> None: ...

    def trying(self, model: str) -> None: ...

    def step(self, n_folds: int = 1) -> None: ...


def compared(corpus: Corpus, place: str, progress: Silent | None = None) -> list[Comparison]:
    return compare([corpus], TINY, Tracking(place), progress or Silent(), CHEAP)
