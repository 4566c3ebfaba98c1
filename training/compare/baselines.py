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

from training.compare.fitted_classifier import FittedClassifier
from training.compare.prepared import Prepared
from training.compare.scale import Scale
from training.datasets.corpus import Corpus
from training.datasets.rows import Floats, Rows, has_files, read_rows
from training.recipes.linear import Prior, Shape, fit, fit_prior, hashed_presence, presence
from training.recipes.shipped import Recipe
from training.recipes.study import VADER_NEGATIVE, own_sentences

_SURE: Final = 4.0
_N_NUMBERS: Final = 2


def majority(prepared: Prepared, _: Scale) -> FittedClassifier:
    """Predict the majority class for every text."""
    share = float(prepared.negative.train.mean())
    logit = float(np.log(share / (1 - share)))
    return FittedClassifier(lambda inputs: np.full(len(inputs), logit), 8, untrained=True)


def vader(_: Prepared, __: Scale) -> FittedClassifier:
    """Score by VADER's lexicon and threshold, without training."""
    analyser = SentimentIntensityAnalyzer()

    def logits(texts: Any) -> Floats:
        compound = np.array([analyser.polarity_scores(text)["compound"] for text in texts])
        return np.asarray(_SURE * (VADER_NEGATIVE - compound))

    return FittedClassifier(logits, sum(len(word) + 8 for word in analyser.lexicon), untrained=True)


class HashedLinear:
    """Fits the linear model over hashed ids that bundles are made of.

    Parameters
    ----------
    shape
        Weighting and regularisation of the features.
    additional
        Additional data of the shipped recipe, or None.
    """

    def __init__(self, shape: Shape, additional: AdditionalData | None = None) -> None:
        self._shape = shape
        self._additional = additional

    def __call__(self, prepared: Prepared, _: Scale) -> FittedClassifier:
        """Fit to the training rows and the additional data."""
        n_buckets = prepared.fitted.features.n_buckets
        inputs, negative = presence(prepared.inputs.train, n_buckets), prepared.negative.train
        prior, shared_s = None, 0.0
        texts: Sequence[str] = ()
        if self._additional is not None:
            shared_s = self._additional.seconds
            prior = self._additional.prior
            texts = self._additional.texts
            inputs = sparse.vstack([inputs, self._additional.own_present]).tocsr()
            negative = np.concatenate([negative, self._additional.own.negative])
        table = fit(inputs, negative, self._shape, prior)
        return FittedClassifier(
            lambda rows: table.logits(presence(rows, n_buckets)),
            4 * _N_NUMBERS * (n_buckets + 1),
            shared_s=shared_s,
            fitted_model=table,
            additional_texts=texts,
        )


class AdditionalData:
    """Data that a shipped recipe is trained on besides the rows: a larger corpus and sentences.

    They are read when they are first needed, once for all folds; ``seconds`` is the CPU time of
    the prior's fit, 0.0 before it.
    """

    def __init__(self, recipe: Recipe, folder: Path, scale: Scale) -> None:
        self._recipe = recipe
        self._folder = folder
        self._n_rows = scale.most_prior_rows
        self._files = recipe.prior.files if recipe.prior else ()
        self.seconds = 0.0

    @cached_property
    def digest(self) -> str:
        """Hash of the files, the number of rows and the sentences, 16 hexadecimal digits."""
        digest = sha256(f"{self._n_rows} ".encode())
        for name in self._files:
            digest.update((self._folder / name).read_bytes())
        for text in self.own.texts:
            digest.update(text.encode())
        return digest.hexdigest()[:16]

    @property
    def exists(self) -> bool:
        """True if the folder contains the recipe's data."""
        return has_files(self._folder, self._files)

    @cached_property
    def prior(self) -> Prior | None:
        """Model of the larger corpus; None if the recipe has none."""
        recipe = self._recipe
        if recipe.prior is None or recipe.prior_shape is None:
            return None
        clock = time.process_time()
        rows = self._prior_rows
        present = hashed_presence(rows.texts, recipe.features)
        prior = fit_prior(present, rows.negative, recipe.prior_shape)
        self.seconds = time.process_time() - clock
        return prior

    @cached_property
    def _prior_rows(self) -> Rows:
        rows = read_rows(self._folder, *self._files)
        return Corpus("prior", self._recipe.language, rows).sample(self._n_rows).rows

    @property
    def texts(self) -> list[str]:
        """Every additional text that is trained on."""
        return [*self.own.texts, *self._prior_rows.texts]

    @cached_property
    def own(self) -> Rows:
        """Sentences of this project's own."""
        return own_sentences(self._recipe.sentences)

    @cached_property
    def own_present(self) -> Any:
        """Sentences of this project's own as a sparse matrix of features."""
        return hashed_presence(self.own.texts, self._recipe.features)
