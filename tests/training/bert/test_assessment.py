"""The assessment of an encoder."""

from __future__ import annotations

import numpy as np
import pytest

from training.bert.assessment import assess, rate_models
from training.bert.cost import Cost
from training.bert.models import TUNED
from training.compare.comparison import Comparison
from training.compare.record import Record
from training.compare.views import View
from training.datasets.corpus import Corpus
from training.datasets.rows import Rows

N = 1000
CHAMPION, ENCODER = Cost(0.1, 30.0, 50.0, 2.0), Cost(5.0, 4000.0, 350.0, 90.0)


def record(model: str, n_right: int) -> Record:
    """Return a model that labels the first rows correctly."""
    features, _, classifier = model.rpartition(", ")
    negative = np.arange(N) % 2 == 0
    scores = np.where((np.arange(N) < n_right) == negative, 0.9, 0.1)
    return Record("", features, classifier, {"accuracy": n_right / N}, {}, scores, negative, None)


def conclude(*pairs: tuple[int, int]) -> tuple[str, ...]:
    """Return views with the given numbers of correct rows of champion and tuned encoder."""
    rows = Rows([], np.zeros(0, np.bool_), np.zeros(0, np.str_))
    views = []
    for name, (n_champion, n_tuned) in zip(("random", "unseen"), pairs, strict=False):
        records = (record(TUNED, n_tuned), record("hashed, shipped", n_champion))
        compared = Comparison(Corpus("own", "en", rows), View(name, ()), records, 0)
        views.append((name, rate_models(compared, "hashed, shipped")))
    return assess(views, CHAMPION, ENCODER, 0.05)


@pytest.mark.parametrize(
    ("n_champion", "n_tuned", "expected"),
    [
        (850, 852, "No: the tuned encoder is not shown to be right more often"),
        (850, 840, "No: "),
        (850, 860, "Hardly: the tuned encoder is right about 10 more tweets of 1,000"),
        (850, 880, "Yes: the tuned encoder is right about 30 more tweets of 1,000"),
    ],
)
def test_only_a_significant_and_large_gain_is_worth_the_price(
    n_champion: int, n_tuned: int, expected: str
) -> None:
    assert conclude((n_champion, n_tuned))[0].startswith(expected)


def test_views_with_different_conclusions_are_listed() -> None:
    conclusion = conclude((850, 852), (830, 870))[0]
    assert conclusion.startswith("It depends: on random no: the tuned encoder is not shown")
    assert "; on unseen yes: the tuned encoder is right about 40 more tweets of 1,000" in conclusion


def test_every_rate_has_a_price() -> None:
    text = " ".join(conclude((850, 860)))
    assert "133 times the CPU time and 7.0 times the memory" in text
    assert "219 a month instead of 36 at 1,000 tweets/s" in text
