"""Predictions for recorded tweets: recorded scores, labels, cached scores or new ones."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from backtest.scores import ScoreCache, digest
from badbuzz.model import SCORE_UNITS, Prediction
from badbuzz.models.scorer import Scorer, ScorerSet
from badbuzz.recordings.reader import LabelledTweet

_HUMAN: Final = "human@truth"
_UNKNOWN: Final = "recorded@unknown"
_BY_LABEL: Final = {
    False: Prediction(score=0.0, negative=False, adjusted=0, bundle=_HUMAN),
    True: Prediction(score=1.0, negative=True, adjusted=SCORE_UNITS, bundle=_HUMAN),
}


class LabelOracle:
    """Predicts what a person labelled; a tweet without a label has no prediction.

    Attributes
    ----------
    n_labelled
        Number of tweets with a label.

    Examples
    --------
    >>> from badbuzz.model import Tweet
    >>> tweet = Tweet("1", "Air Paradis", "Lost my bag.", 0, 0)
    >>> LabelOracle().predictions([LabelledTweet(tweet, "negative", None)])[0].negative
    True
    """

    def __init__(self) -> None:
        self.n_labelled = 0

    def predictions(self, recorded: Sequence[LabelledTweet]) -> list[Prediction | None]:
        """Return the prediction for each tweet; None for a tweet without a label."""
        self.n_labelled += sum(one.label is not None for one in recorded)
        return [
            _BY_LABEL[one.label == "negative"] if one.label is not None else None
            for one in recorded
        ]

    def close(self) -> list[str]:
        """Return no warnings: there is nothing to save."""
        return []


class _CachedBundle:
    """Bundle with a prediction for every possible score and a cache of its scores."""

    def __init__(self, scorer: Scorer, folder: Path | None) -> None:
        self.scorer = scorer
        self.table = scorer.predictions(np.arange(SCORE_UNITS + 1) / SCORE_UNITS)
        self.cache = ScoreCache(folder / scorer.version if folder is not None else None)

    def score(self, texts: dict[int, str]) -> None:
        """Score texts, given by digest, and cache the scores."""
        scores = np.rint(self.scorer.score(list(texts.values())) * SCORE_UNITS)
        self.cache.add(list(texts), scores.astype(int).tolist())


class CachedScorer:
    """Predicts what the worker would predict, or what was recorded.

    Parameters
    ----------
    scorers
        The worker's scorers.
    folder
        Folder of the cached scores; None caches in memory only.
    rescore
        Whether to ignore scores that were recorded with the tweets.

    Attributes
    ----------
    n_scored
        Number of texts that were not in the cache.
    """

    def __init__(self, scorers: ScorerSet, folder: Path | None, *, rescore: bool = False) -> None:
        bundles = {
            scorer.version: _CachedBundle(scorer, folder)
            for scorer in set(scorers.scorers.values())
        }
        self._by_version = bundles
        self._by_language = {
            language: bundles[scorer.version] for language, scorer in scorers.scorers.items()
        }
        self._rescore = rescore
        self.n_scored = 0

    def predictions(self, recorded: Sequence[LabelledTweet]) -> list[Prediction | None]:
        """Return the prediction for each tweet; None if no bundle has its language."""
        predictions: list[Prediction | None] = [None] * len(recorded)
        places: list[tuple[int, _CachedBundle, int]] = []
        unscored: dict[str, dict[int, str]] = {}
        for place, one in enumerate(recorded):
            if one.score is not None and not self._rescore:
                predictions[place] = self._recorded(one, one.score)
                continue
            bundle = self._by_language.get(one.tweet.lang)
            if bundle is None or one.tweet.kind != "post":
                continue
            text = digest(one.tweet.text)
            score = bundle.cache.known.get(text)
            if score is not None:
                predictions[place] = bundle.table[score]
            else:
                unscored.setdefault(bundle.scorer.version, {})[text] = one.tweet.text
                places.append((place, bundle, text))
        for version, texts in unscored.items():
            self._by_version[version].score(texts)
            self.n_scored += len(texts)
        for place, bundle, text in places:
            predictions[place] = bundle.table[bundle.cache.known[text]]
        return predictions

    def _recorded(self, one: LabelledTweet, score: float) -> Prediction:
        """Return the recorded prediction; the score of an unknown bundle is not adjusted."""
        units = round(score * SCORE_UNITS)
        bundle = self._by_version.get(one.bundle or "")
        if bundle is not None:
            return bundle.table[units]
        negative = one.negative if one.negative is not None else score >= 0.5
        return Prediction(units / SCORE_UNITS, negative, units, one.bundle or _UNKNOWN)

    def close(self) -> list[str]:
        """Save the new scores; return a warning for each cache that cannot be written."""
        caches = [bundle.cache for bundle in self._by_version.values()]
        for cache in caches:
            cache.save()
        return [cache.trouble for cache in caches if cache.trouble]
