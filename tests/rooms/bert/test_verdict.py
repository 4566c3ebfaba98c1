"""When an encoder is worth its price."""

from __future__ import annotations

import numpy as np
import pytest

from training.bert.cost import Cost
from training.bert.models import TUNED
from training.bert.verdict import rated, verdict
from training.compare.corpus import Corpus
from training.compare.record import Record
from training.compare.run import Comparison
from training.compare.views import View
from training.rows import Rows

N = 1000
CHAMPION, ENCODER = Cost(0.1, 30.0, 50.0, 2.0), Cost(5.0, 4000.0, 350.0, 90.0)


def record(model: str, n_right: int) -> Record:
    """A model that is right about the first rows."""
    features, _, classifier = model.rpartition(", ")
    negative = np.arange(N) % 2 == 0
    scores = np.where((np.arange(N) < n_right) == negative, 0.9, 0.1)
    return Record("", features, classifier, {"accuracy": n_right / N}, {}, scores, negative, None)


def answer(n_champion: int, n_tuned: int) -> tuple[str, ...]:
    rows = Rows([], np.zeros(0, np.bool_), np.zeros(0, np.str_))
    records = (record(TUNED, n_tuned), record("hashed, shipped", n_champion))
    found = Comparison(Corpus("own", "en", rows), View("random", ()), records, 0)
    views = [("random split", rated(found, "hashed, shipped"))]
    return verdict(views, CHAMPION, ENCODER, 0.05)


@pytest.mark.parametrize(
    ("n_champion", "n_tuned", "expected"),
    [
        (850, 852, "No: on these rows the tuned encoder is not shown to be better"),
        (850, 840, "No: "),
        (850, 860, "Hardly: it is surely better, but only about 10 tweets of 1,000"),
        (850, 880, "Yes, where it can be afforded: it is right about 30 more tweets of 1,000"),
    ],
)
def test_it_is_worth_it_only_for_a_gain_that_is_sure_and_large(
    n_champion: int, n_tuned: int, expected: str
) -> None:
    assert answer(n_champion, n_tuned)[0].startswith(expected)


def test_money_is_told_for_every_rate() -> None:
    told = " ".join(answer(850, 860))
    assert "133 times the CPU time and 7.0 times the memory" in told
    assert "219 a month instead of 36 at 1,000 tweets/s" in told
