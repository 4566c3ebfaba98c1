"""The assessment of an encoder."""

from __future__ import annotations

import numpy as np
import pytest

from training.bert.assessment import assess, rated
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


def answer(*pairs: tuple[int, int]) -> tuple[str, ...]:
    """Return views with the given numbers of correct rows of champion and tuned encoder."""
    rows = Rows([], np.zeros(0, np.bool_), np.zeros(0, np.str_))
    views = []
    for name, (n_champion, n_tuned) in zip(("random", "unseen"), pairs, strict=False):
        records = (record(TUNED, n_tuned), record("hashed, shipped", n_champion))
        found = Comparison(Corpus("own", "en", rows), View(name, ()), records, 0)
        views.append((name, rated(found, "hashed, shipped")))
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
def test_it_is_worth_it_only_for_a_gain_that_is_sure_and_large(
    n_champion: int, n_tuned: int, expected: str
) -> None:
    assert answer((n_champion, n_tuned))[0].startswith(expected)


def test_views_that_disagree_are_told_apart() -> None:
    found = answer((850, 852), (830, 870))[0]
    assert found.startswith("It depends: on random no: the tuned encoder is not shown")
    assert "; on unseen yes: the tuned encoder is right about 40 more tweets of 1,000" in found


def test_money_is_told_for_every_rate() -> None:
    told = " ".join(answer((850, 860)))
    assert "133 times the CPU time and 7.0 times the memory" in told
    assert "219 a month instead of 36 at 1,000 tweets/s" in told
