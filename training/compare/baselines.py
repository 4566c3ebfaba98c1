"""Baselines of a comparison: the majority class, VADER, and the shipped recipe."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import numpy as np
from scipy import sparse
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from badbuzz.features.hashing import HashedFeaturiser
from training.compare.fitted_classifier import FittedClassifier
from training.compare.prepared import Prepared
from training.compare.scale import Scale
from training.datasets.corpus import Corpus
from training.datasets.rows import Flags, Floats, Rows, read_rows
from training.recipes.linear import Prior, Shape, fit, fit_prior, presence
from training.recipes.shipped import Recipe
from training.recipes.study import VADER_NEGATIVE, own_sentences

_SURE: Final = 4.0
_N_NUMBERS: Final = 2


def majority(prepared: Prepared, _: Scale) -> FittedClassifier:
    """Says of every text what most are."""
    share = float(prepared.negative.train.mean())
    logit = float(np.log(share / (1 - share)))
    return FittedClassifier(lambda inputs: np.full(len(inputs), logit), 8, untrained=True)


def vader(_: Prepared, __: Scale) -> FittedClassifier:
    """Judges by its authors' lexicon and threshold, without training."""
    analyser = SentimentIntensityAnalyzer()

    def logits(texts: Any) -> Floats:
        compound = np.array([analyser.polarity_scores(text)["compound"] for text in texts])
        return np.asarray(_SURE * (VADER_NEGATIVE - compound))

    return FittedClassifier(logits, sum(len(word) + 8 for word in analyser.lexicon), untrained=True)


class Shipped:
    """The linear model over hashed ids that bundles are made of.

    Parameters
    ----------
    shape
        Weighting and regularisation of the features.
    beside
        Additional training rows of the shipped recipe, or None.
    """

    def __init__(self, shape: Shape, beside: Beside | None = None) -> None:
        self._shape = shape
        self._beside = beside

    def __call__(self, prepared: Prepared, _: Scale) -> FittedClassifier:
        """Learn from the training rows, and from what stands beside."""
        n_buckets = prepared.fitted.features.n_buckets
        inputs, negative = presence(prepared.inputs.train, n_buckets), prepared.negative.train
        prior, learnt_before_s = None, 0.0
        texts: Sequence[str] = ()
        if self._beside is not None:
            learnt_before_s = self._beside.seconds
            prior = self._beside.prior
            texts = self._beside.texts
            inputs = sparse.vstack([inputs, self._beside.own]).tocsr()
            negative = np.concatenate([negative, self._beside.own_negative])
        table = fit(inputs, negative, self._shape, prior)
        return FittedClassifier(
            lambda rows: table.logits(presence(rows, n_buckets)),
            4 * _N_NUMBERS * (n_buckets + 1),
            learnt_before_s=learnt_before_s,
            fitted_model=table,
            beside=texts,
        )


class Beside:
    """A larger corpus and sentences of our own, which a shipped recipe learns from too.

    Read when they are first needed, once for all folds; ``seconds`` says of how much CPU time,
    0.0 before.
    """

    def __init__(self, recipe: Recipe, folder: Path, scale: Scale) -> None:
        self._recipe = recipe
        self._folder = folder
        self._most = scale.most_prior_rows
        self.seconds = 0.0

    @cached_property
    def digest(self) -> str:
        """A hash of the files that are read, and of how much of them."""
        found = sha256(f"{self._most} ".encode())
        for name in self._recipe.prior.files if self._recipe.prior else ():
            found.update((self._folder / name).read_bytes())
        for text in self._sentences.texts:
            found.update(text.encode())
        return found.hexdigest()[:16]

    @property
    def is_there(self) -> bool:
        """Return True if the folder contains the recipe's data."""
        files = self._recipe.prior.files if self._recipe.prior else ()
        return all((self._folder / name).is_file() for name in files)

    def _present(self, rows: Rows) -> Any:
        features = self._recipe.features
        return presence(HashedFeaturiser(features).rows(rows.texts), features.n_buckets)

    @cached_property
    def prior(self) -> Prior | None:
        """The model of the larger corpus, where the recipe has one."""
        recipe = self._recipe
        if recipe.prior is None or recipe.prior_shape is None:
            return None
        clock = time.process_time()
        rows = self._prior_rows
        found = fit_prior(self._present(rows), rows.negative, recipe.prior_shape)
        self.seconds = time.process_time() - clock
        return found

    @cached_property
    def _prior_rows(self) -> Rows:
        source = self._recipe.prior
        rows = read_rows(self._folder, *(source.files if source else ()))
        return Corpus("prior", self._recipe.language, rows).sample(self._most).rows

    @property
    def texts(self) -> list[str]:
        """All that is trained on beside."""
        return [*self._sentences.texts, *self._prior_rows.texts]

    @cached_property
    def _sentences(self) -> Rows:
        return own_sentences(self._recipe.sentences)

    @cached_property
    def own(self) -> Any:
        """Our own sentences, as a sparse matrix."""
        return self._present(self._sentences)

    @property
    def own_negative(self) -> Flags:
        """Return the labels of the rows."""
        return self._sentences.negative
