"""What is usual of a model: the reference on a bundle's card, which drift is measured against."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from badbuzz.features.drift import count_scores
from badbuzz.features.known_words import N_HASHES, hash_words
from training.datasets.rows import Floats

FEWEST: Final = 200
"""Texts that say what is usual: of fewer, chance alone makes a stability of 0.05."""


def held_out_reference(
    texts: Sequence[str], scores: Floats, folds: NDArray[np.int64], others: Iterable[str]
) -> dict[str, Any]:
    """The scores of texts by bin, and the share of their tokens that the other folds lack.

    Parameters
    ----------
    texts
        What the model was measured on.
    scores
        P(negative) of each by a model that did not see its fold.
    folds
        The fold of each.
    others
        What was learnt from beside them, in every fold.

    Examples
    --------
    >>> found = held_out_reference(["late", "late", "lost"], np.array([0.9, 0.8, 1.0]),
    ...                            np.array([0, 1, 1]), ["thanks"])
    >>> found["scores"][8:], found["unknown_rate"]
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
    """The reference as a part of a card; nothing where its texts are too few to say what is usual.

    Examples
    --------
    >>> on_card({"scores": [100, 99]}), list(on_card({"scores": [100, 100]}))
    ({}, ['reference'])
    """
    return {"reference": reference} if sum(reference["scores"]) >= FEWEST else {}
