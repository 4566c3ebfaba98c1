"""Attribution of a score to the words of its text by occlusion, for any bundle."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from math import log
from typing import Final

from badbuzz.features.tokens import locate_tokens, mark_negation

_MIN_SCORE: Final = 2.0**-24
"""Scores are clipped to [2**-24, 1 - 2**-24], so logits are within ±16.7."""
_MAX_GAP: Final = 8


@dataclass(frozen=True, slots=True)
class LogitContribution:
    """Contribution of one word, punctuation mark or emoji to the logit of the text's score.

    Parameters
    ----------
    start, end
        Position in the text as given: half-open range of characters.
    token
        Characters at that position.
    logit
        Contribution to the logit; above zero if it makes the text more negative.
    """

    start: int
    end: int
    token: str
    logit: float


@dataclass(frozen=True, slots=True)
class Explanation:
    """Score of a text and the contribution of each of its parts.

    Parameters
    ----------
    score
        P(negative) in [0, 1], rounded like all scores.
    logit
        log(p / (1 - p)) of the unrounded score; the sum of ``bias`` and all contributions.
    bias
        Logit of the empty text.
    contributions
        Parts in the order of the text; parts without tokens are left out.
    """

    score: float
    logit: float
    bias: float
    contributions: tuple[LogitContribution, ...]


@dataclass(frozen=True, slots=True)
class Occlusion:
    """Text split into parts, and the text without each part.

    Parameters
    ----------
    text
        Text as given.
    parts
        Position of each part, a half-open range of characters, and its index in ``without``.
    without
        Texts with one part removed wherever it occurs, cut at the end of the last part. More than
        eight characters without tokens are a space, which leaves the scores of usual texts as they
        are.
    """

    text: str
    parts: tuple[tuple[int, int, int], ...]
    without: tuple[str, ...]


def occlude(text: str) -> Occlusion:
    """Split a text into parts and remove each in turn.

    All occurrences of a word are removed together, because one left over would keep the score. A
    word after a negation counts as a different word.

    Examples
    --------
    >>> occlude("Late, late! Not good.").without
    (' ,  ! Not good.', 'Late, late  Not good.', 'Late, late!   good.', \
'Late, late! Not  .', 'Late, late! Not good ')
    """
    located = locate_tokens(text)
    marked = iter(mark_negation([token for _, _, tokens in located for token in tokens]))
    ranges: dict[tuple[str, ...], list[tuple[int, int]]] = {}
    indices: dict[tuple[str, ...], int] = {}
    parts, at, read = [], 0, ""
    for start, end, tokens in located:
        key = tuple(islice(marked, len(tokens)))
        read += text[at:start] if start - at <= _MAX_GAP else " "
        ranges.setdefault(key, []).append((len(read), len(read) + end - start))
        read, at = read + text[start:end], end
        parts.append((start, end, indices.setdefault(key, len(indices))))
    return Occlusion(text, tuple(parts), tuple(_remove(read, each) for each in ranges.values()))


def _remove(text: str, ranges: Sequence[tuple[int, int]]) -> str:
    """Replace each of the ranges of a text by a space."""
    kept, at = [], 0
    for start, end in ranges:
        kept.append(text[at:start])
        at = end
    return " ".join([*kept, text[at:]])


def explain_score(
    occluded: Occlusion, score: float, raw: float, without: Sequence[float], empty: float
) -> Explanation:
    """Attribute the logit of a score to the parts of the text.

    The contribution of a part is the drop of the logit without the part, plus an equal share of
    the remainder, so that bias and contributions sum to the logit (equal allocation of
    nonseparable costs, Moulin 1985). A part whose removal does not change the score contributes
    nothing, unless this is true of every part.

    Parameters
    ----------
    occluded
        Text split into parts.
    score
        Rounded score of the text.
    raw, without, empty
        Unrounded P(negative) of the text, of each of ``occluded.without``, and of the empty text.

    Examples
    --------
    >>> explanation = explain_score(occlude("lost bag"), 0.9, 0.9, [0.5, 0.8], 0.4)
    >>> [(part.token, round(part.logit, 2)) for part in explanation.contributions]
    [('lost', 1.99), ('bag', 0.61)]
    >>> round(explanation.logit - explanation.bias, 2)
    2.6
    """
    logit, bias = _logit(raw), _logit(empty)
    drops = [logit - _logit(one) for one in without]
    n_parts = Counter(index for _, _, index in occluded.parts)
    remainder = logit - bias - sum(drops)
    sharing = {index for index, drop in enumerate(drops) if drop} or set(range(len(drops)))
    share = remainder / sum(n_parts[index] for index in sharing) if drops else 0.0
    logits = [
        drop / n_parts[index] + (share if index in sharing else 0.0)
        for index, drop in enumerate(drops)
    ]
    contributions = tuple(
        LogitContribution(start, end, occluded.text[start:end], logits[index])
        for start, end, index in occluded.parts
    )
    return Explanation(score, logit, bias, contributions)


def _logit(score: float) -> float:
    clipped = min(max(score, _MIN_SCORE), 1.0 - _MIN_SCORE)
    return log(clipped / (1.0 - clipped))
