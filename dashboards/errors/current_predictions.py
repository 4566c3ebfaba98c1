"""What the bundles in use say today of a label that was wrong, and by which words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from badbuzz.features.attribution import Explanation
from badbuzz.models.scorer import ScorerSet
from badbuzz.quality.mispredictions import Misprediction

_MAX_WORDS: Final = 3
_LEAST: Final = 0.1


@dataclass(frozen=True, slots=True)
class Today:
    """What a bundle in use says of a text.

    Parameters
    ----------
    bundle
        Its version.
    score
        P(negative) in [0, 1].
    wrong
        Whether its label is still not what the person said.
    pulled_by
        Words that pull towards the wrong label most, and by how much of the logit, all their
        occurrences together; at most three, of 0.1 at least.
    """

    bundle: str
    score: float
    wrong: bool
    pulled_by: tuple[tuple[str, float], ...]


def today(mistakes: Sequence[Misprediction], judges: ScorerSet) -> list[Today | None]:
    """What the bundles in use say of each text; None where none reads its language.

    Texts are masked, so a score may differ a little from that of the tweet.

    Examples
    --------
    >>> from badbuzz.store.model import Feedback
    >>> said = Feedback("1", 0, "kim", None, "", "en", "Worst crew? Far from it!", "", True, 0.9,
    ...                 False, "b@1", "try")
    >>> (again,) = today([Misprediction(said, 0.4, 1)], ScorerSet.read("en=airline-en"))
    >>> again.pulled_by[0][0]
    'Worst'
    """
    found: list[Today | None] = []
    for one in mistakes:
        scorer = judges.scorers.get(one.feedback.lang)
        if scorer is None:
            found.append(None)
            continue
        (told,) = scorer.explain([one.feedback.text])
        wrong = (told.score >= scorer.threshold) != one.feedback.right
        pulled_by = _pulling(told, towards=-1 if one.feedback.right else 1)
        found.append(Today(scorer.version, told.score, wrong, pulled_by))
    return found


def _pulling(told: Explanation, towards: int) -> tuple[tuple[str, float], ...]:
    pulls: dict[str, float] = {}
    for part in told.contributions:
        pulls[part.token] = pulls.get(part.token, 0.0) + part.logit
    ranked = sorted(pulls.items(), key=lambda pull: -towards * pull[1])
    strong = [(token, round(pull, 2)) for token, pull in ranked if towards * pull >= _LEAST]
    return tuple(strong[:_MAX_WORDS])
