"""Verdicts on recorded tweets: recorded with them, a human's, remembered, or scored now."""

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
    """Takes a human's label for the verdict; a tweet without one has none.

    Attributes
    ----------
    n_labelled
        Tweets that had one.

    Examples
    --------
    >>> from badbuzz.model import Tweet
    >>> tweet = Tweet("1", "Air Paradis", "Lost my bag.", 0, 0)
    >>> LabelOracle().predictions([LabelledTweet(tweet, "negative", None)])[0].negative
    True
    """

    n_scored = 0

    def __init__(self) -> None:
        self.n_labelled = 0

    def predictions(self, recorded: Sequence[LabelledTweet]) -> list[Prediction | None]:
        """A verdict on each tweet, or None."""
        self.n_labelled += sum(one.label is not None for one in recorded)
        return [
            _BY_LABEL[one.label == "negative"] if one.label is not None else None
            for one in recorded
        ]

    def close(self) -> list[str]:
        """Nothing to keep."""
        return []


class _Member:
    """One bundle, with all the verdicts that it can give and the scores it has given."""

    def __init__(self, scorer: Scorer, folder: Path | None) -> None:
        self.scorer = scorer
        self.table = scorer.predictions(np.arange(SCORE_UNITS + 1) / SCORE_UNITS)
        self.cache = ScoreCache(folder / scorer.version if folder is not None else None)

    def score(self, texts: dict[int, str]) -> None:
        """Score texts, by digest, and remember."""
        scores = np.rint(self.scorer.score(list(texts.values())) * SCORE_UNITS)
        self.cache.add(list(texts), scores.astype(int).tolist())


class CachedScorer:
    """Gives the verdicts that the worker would give, or those that were recorded.

    Parameters
    ----------
    judges
        The worker's.
    folder
        Of the remembered scores; None remembers none.
    rescore
        Whether scores that were recorded with the tweets are passed over.

    Attributes
    ----------
    n_scored
        Texts that had to be scored.
    """

    def __init__(self, judges: ScorerSet, folder: Path | None, *, rescore: bool = False) -> None:
        members = {
            scorer.version: _Member(scorer, folder) for scorer in set(judges.scorers.values())
        }
        self._by_version = members
        self._by_language = {
            language: members[scorer.version] for language, scorer in judges.scorers.items()
        }
        self._rescore = rescore
        self.n_scored = 0

    def predictions(self, recorded: Sequence[LabelledTweet]) -> list[Prediction | None]:
        """A verdict on each tweet; None where no bundle reads its language."""
        given: list[Prediction | None] = [None] * len(recorded)
        places: list[tuple[int, _Member, int]] = []
        unscored: dict[str, dict[int, str]] = {}
        for place, one in enumerate(recorded):
            if one.score is not None and not self._rescore:
                given[place] = self._recorded(one, one.score)
                continue
            member = self._by_language.get(one.tweet.lang)
            if member is None or one.tweet.kind != "post":
                continue
            text = digest(one.tweet.text)
            score = member.cache.known.get(text)
            if score is not None:
                given[place] = member.table[score]
            else:
                unscored.setdefault(member.scorer.version, {})[text] = one.tweet.text
                places.append((place, member, text))
        for version, texts in unscored.items():
            self._by_version[version].score(texts)
            self.n_scored += len(texts)
        for place, member, text in places:
            given[place] = member.table[member.cache.known[text]]
        return given

    def _recorded(self, one: LabelledTweet, score: float) -> Prediction:
        """The verdict that was recorded; of an unknown bundle the score is taken as it is."""
        units = round(score * SCORE_UNITS)
        member = self._by_version.get(one.bundle or "")
        if member is not None:
            return member.table[units]
        negative = one.negative if one.negative is not None else score >= 0.5
        return Prediction(units / SCORE_UNITS, negative, units, one.bundle or _UNKNOWN)

    def close(self) -> list[str]:
        """Keep what was scored; returns why that was not possible, if it was not."""
        members = self._by_version.values()
        for member in members:
            member.cache.save()
        return [member.cache.trouble for member in members if member.cache.trouble]
