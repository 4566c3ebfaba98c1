"""Reference on a bundle's card, which drift is measured against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.features.drift import count_scores
from badbuzz.features.known_words import N_HASHES, hash_words
from training.datasets.rows import Floats

MIN_TEXTS: Final = 200
"""Smallest number of texts of a reference: with fewer, chance alone gives a stability of 0.05."""


def heldout_reference(
    texts: Sequence[str], scores: Floats, folds: NDArray[np.int64], others: Iterable[str]
) -> dict[str, Any]:
    """Return the histogram of scores, and the share of tokens that the other folds do not have.

    Parameters
    ----------
    texts
        Texts of the cross-validation.
    scores
        P(negative) of each text by a model without its fold.
    folds
        Fold of each text.
    others
        Texts that the model was trained on in every fold.

    Examples
    --------
    >>> reference = heldout_reference(["late", "late", "lost"], np.array([0.9, 0.8, 1.0]),
    ...                                np.array([0, 1, 1]), ["thanks"])
    >>> reference["scores"][8:], reference["unknown_rate"]
    ([1, 2], 0.3333)
    """
    elsewhere = np.zeros(N_HASHES, np.bool_)
    for text in others:
        elsewhere[hash_words(text)] = True
    hashes = [np.array(hash_words(text), np.int64) for text in texts]
    rows = np.repeat(np.arange(len(texts)), [len(one) for one in hashes])
    every = np.concatenate(hashes)
    n_all = np.bincount(every, minlength=N_HASHES)
    n_unknown = 0
    for fold in np.unique(folds):
        held = every[folds[rows] == fold]
        known = elsewhere | (n_all > np.bincount(held, minlength=N_HASHES))
        n_unknown += int((~known[held]).sum())
    return {
        "scores": count_scores(np.round(scores, 4)).tolist(),
        "unknown_rate": round(n_unknown / max(len(every), 1), 4),
    }


def on_card(reference: dict[str, Any]) -> dict[str, Any]:
    """Return the card's entry for a reference; none if it has fewer than :data:`MIN_TEXTS` texts.

    Examples
    --------
    >>> on_card({"scores": [100, 99]}), list(on_card({"scores": [100, 100]}))
    ({}, ['reference'])
    """
    return {"reference": reference} if sum(reference["scores"]) >= MIN_TEXTS else {}
