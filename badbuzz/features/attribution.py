"""What each word of a text does to its score, asked of the score alone, whatever the bundle is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import log
from typing import Final

from badbuzz.features import tokens as reading

_MIN_SCORE: Final = 2.0**-24
"""How near to 0 or 1 a float32 score is told from them: logits are within ±16.7."""


@dataclass(frozen=True, slots=True)
class TokenContribution:
    """What one word, mark or emoji of a text adds to the logit of the text's score.

    Parameters
    ----------
    start, end
        Where it stands in the text as it was given, half-open, in characters.
    token
        What stands there.
    logit
        Above zero it speaks for negative, below against.
    """

    start: int
    end: int
    token: str
    logit: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """A score, and what each part of the text adds to it.

    Parameters
    ----------
    score
        P(negative) in [0, 1], as the bundle rounds it.
    logit
        log(p / (1 - p)) of the score before rounding: ``bias`` and all contributions, summed.
    bias
        The logit of a text without words.
    contributions
        In the order of the text, without what the bundle does not read.
    """

    score: float
    logit: float
    bias: float
    contributions: tuple[TokenContribution, ...]


@dataclass(frozen=True, slots=True)
class Occlusion:
    """A text in parts, and the same text without each of them.

    Parameters
    ----------
    text
        As it was given.
    parts
        Where each stands, half-open, in characters, and which of ``without`` leaves it out.
    without
        What is read of the text, without one part, wherever that part stands.
    """

    text: str
    parts: tuple[tuple[int, int, int], ...]
    without: tuple[str, ...]


def occlude(text: str) -> Occlusion:
    """A text, and what to score to explain it.

    A word that stands there twice is left out twice: half of it left would say the same. A word
    under a negation is another word.

    Examples
    --------
    >>> occlude("Late, late! Not good.").without
    (' ,  ! Not good.', 'Late, late  Not good.', 'Late, late!   good.', \
'Late, late! Not  .', 'Late, late! Not good ')
    """
    found = reading.locate_tokens(text)
    marked = iter(reading.mark_negation([word for _, _, words in found for word in words]))
    numbers: dict[tuple[str, ...], int] = {}
    places: list[list[tuple[int, int]]] = []
    parts = []
    for start, end, words in found:
        number = numbers.setdefault(tuple(islice(marked, len(words))), len(numbers))
        if number == len(places):
            places.append([])
        places[number].append((start, end))
        parts.append((start, end, number))
    read = text[: found[-1][1]] if found else ""
    return Occlusion(text, tuple(parts), tuple(_without(read, own) for own in places))


def _without(text: str, places: Sequence[tuple[int, int]]) -> str:
    """The text with a space instead of what stands in these places."""
    kept, at = [], 0
    for start, end in places:
        kept.append(text[at:start])
        at = end
    return " ".join([*kept, text[at:]])


def explain_score(
    occluded: Occlusion, score: float, raw: float, without: Sequence[float], empty: float
) -> Explanation:
    """What the parts of a text add to the logit of its score.

    A part adds what the logit loses without it, and an equal share of what no part accounts for
    alone, so that all is accounted for (equal allocation of nonseparable costs, Moulin 1985). A
    part without which the score is the same adds nothing, unless they are all like that.

    Parameters
    ----------
    occluded
        The text in parts.
    score
        Of the text, as it is shown.
    raw, without, empty
        P(negative), not rounded, of the text, of each of ``occluded.without``, and of no text.

    Examples
    --------
    >>> told = explain_score(occlude("lost bag"), 0.9, 0.9, [0.5, 0.8], 0.4)
    >>> [(part.token, round(part.logit, 2)) for part in told.contributions]
    [('lost', 1.99), ('bag', 0.61)]
    >>> round(told.logit - told.bias, 2)
    2.6
    """
    logit, bias = _logit(raw), _logit(empty)
    lost = [logit - _logit(one) for one in without]
    n_parts = [0] * len(lost)
    for _, _, place in occluded.parts:
        n_parts[place] += 1
    rest = logit - bias - sum(lost)
    n_sharing = sum(n for n, own in zip(n_parts, lost, strict=True) if own) or sum(n_parts)
    every = not any(lost)
    shares = [
        own / n + (rest / n_sharing if own or every else 0.0)
        for n, own in zip(n_parts, lost, strict=True)
    ]
    return Explanation(
        score,
        logit,
        bias,
        tuple(
            TokenContribution(start, end, occluded.text[start:end], shares[place])
            for start, end, place in occluded.parts
        ),
    )


def _logit(score: float) -> float:
    sure = min(max(score, _MIN_SCORE), 1.0 - _MIN_SCORE)
    return log(sure / (1.0 - sure))
