"""Tuning the top layers, and distilling them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from training.bert.distil import fit_soft
from training.bert.folder import Encoder
from training.bert.ragged import Ragged
from training.bert.tuning import TunedLayers, Tuning, state_reader, tune
from training.compare.prepared import FoldParts
from training.datasets.rows import Floats
from training.recipes.graph import tensorflow
from training.recipes.linear import fit
from training.recipes.shipped import AIRLINE_EN

TUNING = Tuning(n_layers=1, n_epochs=4, n_batch=8, rate=1e-2)
TEXTS = ["my bag is lost again", "thanks great crew", "worst flight ever", "great flight"] * 16
NEGATIVE = np.array([True, False, True, False] * 16)


@pytest.fixture(scope="module")
def states(tiny: Encoder) -> Ragged:
    return state_reader(tiny, TUNING)(TEXTS)


@pytest.fixture(scope="module")
def tuned(tiny: Encoder, states: Ragged) -> TunedLayers:
    top = TunedLayers(tiny, TUNING)
    list(top.learn(states, NEGATIVE.astype(np.float64)))
    return top


def test_every_weight_of_the_top_is_tuned(tiny: Encoder, tuned: TunedLayers) -> None:
    before = dict(
        zip(
            [variable.name for variable in tuned.variables],
            TunedLayers(tiny, TUNING).weights(),
            strict=True,
        )
    )
    after = dict(zip(before, tuned.weights(), strict=True))
    assert {name for name in before if np.array_equal(before[name], after[name])} == set()
    assert {match[0] for name in before if (match := re.match(r"encoder\.layer\.\d+", name))} == {
        "encoder.layer.1"
    }


def test_negative_texts_get_positive_logits(states: Ragged, tuned: TunedLayers) -> None:
    assert ((tuned.logits(states) > 0) == NEGATIVE).all()


def test_a_weight_without_a_gradient_is_an_error(tiny: Encoder, states: Ragged) -> None:
    top = TunedLayers(tiny, TUNING)
    top.variables.append(tensorflow().Variable(0.0, name="idle"))
    with pytest.raises(RuntimeError, match="no gradient reaches idle"):
        next(top.learn(states, NEGATIVE.astype(np.float64)))


def test_the_epoch_with_the_lowest_validation_loss_is_kept(tiny: Encoder, states: Ragged) -> None:
    """Contradict the training rows in validation, so that the loss rises with every epoch."""
    negative = FoldParts(NEGATIVE, ~NEGATIVE, None)
    kept, first = TunedLayers(tiny, TUNING), TunedLayers(tiny, TUNING)
    curve = tune(kept, FoldParts(states, states, None), negative)
    next(first.learn(states, NEGATIVE.astype(np.float64)))
    assert curve.watch_loss[0] < curve.watch_loss[-1]
    np.testing.assert_allclose(kept.logits(states), first.logits(states), atol=1e-5)


def matrix(rows: list[list[int]]) -> sparse.csr_matrix:
    """Return binary rows with the given ids."""
    bits = sparse.lil_matrix((len(rows), AIRLINE_EN.features.n_buckets))
    for place, ids in enumerate(rows):
        bits[place, ids] = 1.0
    return bits.tocsr()


ROWS = [[1, 2], [1, 3], [4, 5], [4, 6], [7, 2]]
HARD = np.array([1.0, 1.0, 0.0, 0.0, 1.0])


def logits(target: Floats, counts: Floats) -> Floats:
    table = fit_soft(matrix(ROWS), target, counts, AIRLINE_EN, None)
    return table.logits(matrix(ROWS))


def test_targets_of_0_and_1_give_the_scores_of_the_recipe() -> None:
    table = fit(matrix(ROWS), HARD == 1, AIRLINE_EN.shape)
    np.testing.assert_allclose(logits(HARD, np.ones(5)), table.logits(matrix(ROWS)), atol=0.02)


def test_a_softer_target_gives_a_lower_logit() -> None:
    softer = np.array([1.0, 1.0, 0.0, 0.0, 0.6])
    assert logits(softer, np.ones(5))[4] < logits(HARD, np.ones(5))[4] - 0.1


def test_a_weight_of_ten_counts_more_than_a_weight_of_one() -> None:
    doubted = np.array([1.0, 1.0, 0.0, 0.0, 0.0])
    one, ten = (logits(doubted, np.array([1.0, 1.0, 1.0, 1.0, n])) for n in (1.0, 10.0))
    assert ten[4] < one[4] - 0.1


def test_tuning_is_the_same_each_time(tiny: Encoder, states: Ragged) -> None:
    once = replace(TUNING, n_epochs=1)
    runs = []
    for _ in range(2):
        top = TunedLayers(tiny, once)
        next(top.learn(states, NEGATIVE.astype(np.float64)))
        runs.append(top.logits(states))
    np.testing.assert_array_equal(runs[0], runs[1])
