"""The models, their figures, and the choice among them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.training.compare.small import TINY
from training.compare.candidates import Candidate, candidates, features_of
from training.compare.choice import choose
from training.compare.figures import figures, worst
from training.compare.prepared import Experiment
from training.compare.record import Record
from training.compare.run import Outcome, fit_and_score
from training.compare.views import View
from training.datasets.corpus import Corpus


def outcome_on(corpus: Corpus, view: View, candidate: Candidate) -> Outcome:
    experiment = Experiment(corpus.rows, features_of(corpus), TINY)
    return fit_and_score(candidate, view, experiment, lambda: None)


@pytest.mark.slow
def test_every_model_returns_one_score_in_0_to_1_per_row(corpus: Corpus, random_view: View) -> None:
    offered = candidates(corpus, TINY)
    experiment = Experiment(corpus.rows, features_of(corpus), TINY)
    for candidate in offered:
        outcome = fit_and_score(candidate, random_view, experiment, lambda: None)
        assert len(outcome.scores) == len(random_view.folds[0].test), candidate.name
        assert ((outcome.scores >= 0) & (outcome.scores <= 1)).all(), candidate.name
        assert figures(outcome)["auc"] > 0.6 or candidate.classifier == "majority", candidate.name
        assert outcome.n_bytes > 0, candidate.name


def test_every_kind_of_features_and_classifier_is_compared(corpus: Corpus) -> None:
    offered = candidates(corpus, TINY)
    assert {candidate.classifier for candidate in offered} == {
        "majority", "vader", "logistic", "ridge", "lightgbm", "boosting", "forest",
        "dense", "convolution", "bag", "linear",
    }  # fmt: skip
    assert len({candidate.name for candidate in offered}) == len(offered)


def test_vader_scores_english_only(corpus: Corpus) -> None:
    french = candidates(replace(corpus, language="fr"), TINY)
    assert "vader" not in {candidate.classifier for candidate in french}


@pytest.mark.slow
@pytest.mark.parametrize("model", ["fasttext-mean, dense", "word2vec-idf, forest"])
def test_a_model_fitted_twice_has_the_same_scores(
    corpus: Corpus, random_view: View, model: str
) -> None:
    (candidate,) = (offered for offered in candidates(corpus, TINY) if offered.name == model)
    once, twice = (outcome_on(corpus, random_view, candidate).scores for _ in range(2))
    np.testing.assert_array_equal(once, twice)


# Figures and the choice


def outcome_of(scores: list[float], negative: list[bool]) -> Outcome:
    n = len(scores)
    values = np.array(scores)
    return Outcome(
        np.arange(n), np.zeros(n, np.int64), np.array(negative), values, values, 1.0, 2.0, 3, None
    )


def test_figures_of_known_scores() -> None:
    measured = figures(outcome_of([0.9, 0.8, 0.4, 0.1], [True, False, True, False]))
    assert measured["accuracy"] == 0.5
    assert measured["macro_f1"] == 0.5
    assert measured["f1_negative"] == 0.5
    assert measured["auc"] == 0.75
    assert measured["average_precision"] == pytest.approx((1 + 2 / 3) / 2, abs=1e-5)


def test_the_share_of_labels_is_biased_and_the_adjusted_share_is_not() -> None:
    negative = [True] * 100 + [False] * 100
    scores = [0.9] * 100 + [0.9] * 40 + [0.1] * 60
    shares = [(score - 0.42) / (0.9 - 0.42) for score in scores]
    measured = figures(replace(outcome_of(scores, negative), shares=np.array(shares)))
    assert measured["share_bias_plain_0.2"] == pytest.approx(0.32, abs=0.01)
    assert measured["share_bias_adjusted_0.2"] == pytest.approx(0.0, abs=0.01)


def test_the_worst_errors_come_first() -> None:
    errors = worst(outcome_of([0.1, 0.95, 0.6, 0.9], [True, False, False, True]), list("abcd"))
    assert [error.text for error in errors] == ["b", "a", "c"]


def record_of(name: str, n_right: int, us: float, n: int = 1000) -> Record:
    negative = np.arange(n) % 2 == 0
    right = np.arange(n) < n_right
    scores = np.where(right == negative, 0.9, 0.1)
    numbers = {"accuracy": n_right / n, "auc": 0.5, "score_cpu_us": us}
    return Record("", "features", name, numbers, {}, scores, negative, None)


def test_the_cheapest_model_about_as_good_as_the_best_is_chosen() -> None:
    records = [
        record_of("dear", 902, us=500),
        record_of("cheap", 901, us=20),
        record_of("poor", 700, us=1),
    ]
    choice = choose(records, core_hour=0.05)
    assert (choice.chosen.classifier, choice.best.classifier) == ("cheap", "dear")
    assert choice.n_as_good == 2


def test_a_cheaper_model_that_few_rows_cannot_tell_from_the_best_is_not_chosen() -> None:
    records = [record_of("dear", 90, us=500, n=100), record_of("cheap", 88, us=20, n=100)]
    assert choose(records, core_hour=0.05).chosen.classifier == "dear"


def test_a_choice_has_reasons() -> None:
    choice = choose([record_of("dear", 902, us=500), record_of("cheap", 901, us=20)], core_hour=3.6)
    assert choice.reasons == (
        "features, cheap is right about 90.1% of 1,000 test rows, AUC 0.500; the best, "
        "features, dear, 90.2%: a difference of -0.1 points (-0.3 to +0.0). Of the 2 that are "
        "shown to be at most 1.5 points worse it is the cheapest to run",
        "against the next best, features, dear: -0.1 points (-0.3 to +0.0), McNemar p = 1: "
        "the two cannot be told apart",
        "a million texts cost 0.02 where the best takes 0.5, at 3.6 for an hour of a core",
    )
