"""Each kind of model as a table of ids and a function of their rows.

The linear part of a model before its first non-linearity folds into the table: a row has the id's
contribution to a sum and to its divisor. A mean of vectors followed by a linear model needs one
number for each word; followed by a dense layer, one number for each unit.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.errors import SettingsError
from training.compare.embeddings import LONGEST, LetterVectors
from training.compare.networks import FittedNetwork, Standardise
from training.conversion.fitting import FittedCandidate
from training.datasets.rows import Floats
from training.recipes.graph import LEAST_SQUARE, Linear, Network
from training.recipes.linear import Table
from training.recipes.quality import Calibrated

_LEAST_WEIGHT: Final = 1e-6
_UNSERVED: Final = {
    "majority": "does not read the text",
    "vader": "is a lexicon with rules of its own, in Python",
    **dict.fromkeys(
        ("lightgbm", "boosting", "forest"),
        "is an ensemble of trees, which the bundle's graph cannot express",
    ),
}


@dataclass(frozen=True)
class Form:
    """A model in the form of a bundle.

    Parameters
    ----------
    kind, features
        Kind and features of the featuriser; without the width if ``width`` is None.
    """

    kind: str
    features: dict[str, Any]
    network: Network
    width: int | None = None


def unserved_error(name: str, classifier: str) -> SettingsError:
    """Return the error for a model that no graph expresses.

    Examples
    --------
    >>> str(unserved_error("text, vader", "vader")).partition(";")[0]
    'text, vader: cannot become a bundle: it is a lexicon with rules of its own, in Python'
    """
    return SettingsError(
        f"{name}: cannot become a bundle: it {_UNSERVED[classifier]}; choose a linear model or "
        "a network, such as 'tfidf-words, logistic' or 'fasttext-mean, dense'"
    )


def is_served(classifier: str) -> bool:
    """Return True if a graph can express the classifier.

    Examples
    --------
    >>> is_served("ridge"), is_served("forest")
    (True, False)
    """
    return classifier not in _UNSERVED


def form_of(fitted: FittedCandidate) -> Form:
    """Return the form of a fitted model."""
    return _FORMS[fitted.candidate.features.partition("-")[0]](fitted)


# Hashed ids


def _hashed(fitted: FittedCandidate) -> Form:
    features, fitted_model = fitted.prepared.fitted.features, fitted.classifier.fitted_model
    config = {name: getattr(features, name) for name in features.__slots__}
    width = config.pop("width")
    if isinstance(fitted_model, Table):
        return Form("hashed", config, Linear.of(fitted_model, fitted.calibrated).network, width)
    return Form("hashed", config, _bag(fitted_model, fitted.calibrated), width)


def _bag(fitted_model: Any, calibrated: Calibrated) -> Network:
    """Convert a bag of vectors with a linear layer to a sum over the root of a count."""
    vectors, kernel, bias = (
        np.asarray(one, np.float64) for one in fitted_model.model.get_weights()
    )
    sums = calibrated.slope * (vectors @ kernel)[:-1]
    table = np.concatenate([sums, np.ones_like(sums)], axis=1).astype(np.float32)
    offset = float(calibrated.slope * bias[0] + calibrated.bias)
    width = fitted_model.prepare.width

    def logits(tf: Any, rows: Any, _: Any) -> Any:
        sums = tf.reduce_sum(rows[:width], axis=0)
        return sums[:, 0] * tf.math.rsqrt(sums[:, 1] + 1.0) + offset

    return Network(np.concatenate([table, np.zeros_like(table[:1])]), logits)


# TF-IDF


def _counted(fitted: FittedCandidate) -> Form:
    """Convert TF-IDF, normalised for each vectoriser: two columns of the table for each."""
    vectorisers = fitted.prepared.fitted.vectorisers
    slope = fitted.calibrated.slope
    fitted_model = fitted.classifier.fitted_model
    coefficients = slope * np.ravel(fitted_model.coef_)
    offset = float(slope * np.ravel(fitted_model.intercept_)[0] + fitted.calibrated.bias)
    terms: dict[str, list[str]] = {"word": [], "char_wb": []}
    table = np.zeros((1 + len(coefficients), 2 * len(vectorisers)), np.float32)
    first = 0
    for number, one in enumerate(vectorisers):
        own = sorted(one.vocabulary_, key=one.vocabulary_.__getitem__)
        terms[one.analyzer] = own
        places = slice(first + 1, first + 1 + len(own))
        table[places, 2 * number] = coefficients[first : first + len(own)] * one.idf_
        table[places, 2 * number + 1] = one.idf_**2
        first += len(own)
    shortest, longest = next(
        (one.ngram_range for one in vectorisers if one.analyzer == "char_wb"), (1, 0)
    )
    features = {
        "words": terms["word"], "letters": terms["char_wb"],
        "shortest": shortest, "longest": longest,
    }  # fmt: skip

    def logits(tf: Any, rows: Any, weights: Any) -> Any:
        weighted = rows * weights
        sums = tf.reduce_sum(weighted, axis=0)[:, 0::2]
        squares = tf.reduce_sum(weighted * weights, axis=0)[:, 1::2]
        return tf.reduce_sum(sums * tf.math.rsqrt(tf.maximum(squares, LEAST_SQUARE)), 1) + offset

    return Form("counts", features, Network(table, logits, weighted=True))


# Vectors of words


def _embedded(fitted: FittedCandidate) -> Form:
    if fitted.candidate.features == "word2vec-words":
        return _convolved(fitted)
    means = fitted.prepared.fitted
    projection, head = _head(fitted.classifier.fitted_model, fitted.calibrated)
    if isinstance(means.vectors, LetterVectors):
        return _of_letters(means, projection, head)
    table = _weighed(means.vectors.table @ projection, means.rarity)
    table[0] = 0.0
    return Form("words", {"words": means.vectors.words}, Network(table, head))


def _head(
    fitted_model: Any, calibrated: Calibrated
) -> tuple[Floats, Callable[[Any, Any, Any], Any]]:
    """Return the matrix applied to vectors, and the function from their mean to logits."""
    if isinstance(fitted_model, FittedNetwork):
        assert isinstance(fitted_model.prepare, Standardise)
        kernel, bias, outer, outer_bias = (
            np.asarray(one, np.float64) for one in fitted_model.model.get_weights()
        )
        projection = kernel / np.asarray(fitted_model.prepare.spread, np.float64)[:, None]
        inner = bias - fitted_model.prepare.mean @ projection
        scale = (calibrated.slope * outer[:, 0]).astype(np.float32)
        offset = float(calibrated.slope * outer_bias[0] + calibrated.bias)
    else:
        scaler, model = fitted_model[0], fitted_model[-1]
        projection = (np.ravel(model.coef_) / scaler.scale_)[:, None] * calibrated.slope
        inner, scale = np.zeros(1), None
        intercept = calibrated.slope * float(np.ravel(model.intercept_)[0]) + calibrated.bias
        offset = float(intercept - scaler.mean_ @ projection[:, 0])
    shift = inner.astype(np.float32)

    def head(tf: Any, rows: Any, weights: Any) -> Any:
        sums = tf.reduce_sum(rows if weights is None else rows * weights, axis=0)
        means = sums[:, :-1] / tf.maximum(sums[:, -1:], _LEAST_WEIGHT)
        if scale is None:
            return means[:, 0] + offset
        return tf.reduce_sum(tf.nn.relu(means + shift) * scale, axis=1) + offset

    return projection, head


def _weighed(
    values: NDArray[Any], weights: NDArray[np.float32] | np.float32 | None
) -> NDArray[np.float32]:
    """Return rows times their weights, and the weights as one more column."""
    column = np.ones((len(values), 1))
    if weights is not None:
        column *= np.reshape(weights, (-1, 1))
    return np.concatenate([values * column, column], axis=1).astype(np.float32)


def _of_letters(means: Any, projection: Floats, head: Callable[[Any, Any, Any], Any]) -> Form:
    """Convert known words and those with a rarity by name, other words by letter sequences."""
    vectors, rarity = means.vectors, means.rarity
    letters = vectors.letters
    rarest = None if rarity is None else rarity.max()
    named = [
        (place, word)
        for place, word in enumerate(vectors.words, 1)
        if vectors.is_known(word)
        or (rarity is not None and place < len(rarity) and rarity[place] < rarest)
    ]
    places = [place for place, _ in named]
    own = vectors.table[places] @ projection
    weights = None if rarity is None else rarity[places]
    table = np.concatenate(
        [
            np.zeros((1, projection.shape[1] + 1), np.float32),
            _weighed(own, weights),
            _weighed(letters.table @ projection, rarest),
        ]
    )
    features = {
        "words": [word for _, word in named], "n_buckets": len(letters.table),
        "shortest": letters.shortest, "longest": letters.longest,
    }  # fmt: skip
    return Form("subwords", features, Network(table, head, weighted=True))


def _convolved(fitted: FittedCandidate) -> Form:
    weights = fitted.classifier.fitted_model.model.get_weights()
    table, kernel, bias, outer, outer_bias = (np.asarray(one, np.float32) for one in weights)
    slope, offset = fitted.calibrated.slope, fitted.calibrated.bias

    def logits(tf: Any, rows: Any, _: Any) -> Any:
        convolved = tf.nn.conv1d(tf.transpose(rows, [1, 0, 2]), kernel, stride=1, padding="VALID")
        strongest = tf.reduce_max(tf.nn.relu(convolved + bias), axis=1)
        return slope * (tf.reduce_sum(strongest * outer[:, 0], axis=1) + outer_bias[0]) + offset

    words = fitted.prepared.fitted.vectors.words
    return Form("words", {"words": words}, Network(table, logits), LONGEST)


_FORMS: Final[dict[str, Callable[[FittedCandidate], Form]]] = {
    "hashed": _hashed,
    "tfidf": _counted,
    "word2vec": _embedded,
    "fasttext": _embedded,
}
