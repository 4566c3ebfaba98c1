"""Which corrections may be learnt from: guards against poison, mistakes and leaks.

A person's word is believed only as to the text, its language and what is right; what it says a
bundle predicted comes from the client. Near-duplicates are one text, and have one voice a person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from badbuzz.store.model import Feedback
from training.datasets.rows import Flags, Rows, group_keys, hashed_folds, words

UNREADABLE: Final = "unreadable"
FROZEN: Final = "frozen"
TAKEN_BACK: Final = "taken back"
CAP: Final = "cap"
TIED: Final = "tied"
OUTVOTED: Final = "outvoted"
DUPLICATE: Final = "duplicate"
KNOWN: Final = "known"

REASONS: Final = {
    UNREADABLE: "no language, or no word that could be read",
    FROZEN: "the text stands in the evaluation set, or nearly",
    TAKEN_BACK: "the same person said something of this text later",
    CAP: "the person said more than may count; the latest count",
    TIED: "as many people say the opposite of this text, the base data counted as one",
    OUTVOTED: "more people say the opposite of this text",
    DUPLICATE: "a near-duplicate counts already",
    KNOWN: "the base data say so already",
}
"""Why a word is left out -> the same in a sentence."""

_UNNAMED: Final = ("", "und")


@dataclass(frozen=True, slots=True)
class Rejected:
    """A person's word that is not learnt from, and why: one of :data:`REASONS`."""

    said: Feedback
    reason: str


@dataclass(frozen=True, slots=True)
class Sieved:
    """Base data and corrections, sorted.

    Parameters
    ----------
    base
        Which rows of the base data are trained on.
    learnt, held
        Corrections to train on, and to test on; of each text one.
    left
        Words that are in quarantine.
    n_foreign
        Words on texts in other languages, which are no concern of this model.
    n_frozen
        Rows of the base data that stand in the evaluation set, or nearly.
    """

    base: Flags
    learnt: list[Feedback]
    held: list[Feedback]
    left: list[Rejected]
    n_foreign: int
    n_frozen: int


def sieve(
    said: Sequence[Feedback], base: Rows, frozen: Sequence[str], language: str, per_author: int
) -> Sieved:
    """Sort what people said into what is learnt from, what is tested on, and quarantine.

    Parameters
    ----------
    said
        Everything that anybody said, in any language.
    base
        The rows that are trained on beside.
    frozen
        Texts of the evaluation set: neither they nor their near-duplicates are trained on.
    language
        Of the model.
    per_author
        How many texts of one person count at most: the latest.

    Examples
    --------
    >>> def word(text: str, by: str, right: bool) -> Feedback:
    ...     said = None, "", "en", text, "", None, None, right, "", "try"
    ...     return Feedback(text + by, 0, by, *said)
    >>> base = Rows(["Lovely crew"], np.array([False]), np.array([""]))
    >>> said = [word("Lovely crew", "eve", True), word("Late again", "ann", True)]
    >>> found = sieve(said, base, [], "en", per_author=10)
    >>> [one.text for one in found.learnt], [(one.said.by, one.reason) for one in found.left]
    (['Late again'], [('eve', 'tied')])
    """
    own = [one for one in said if _language(one) in (language, *_UNNAMED)]
    readable, left = _readable(own)
    keys = group_keys([*frozen, *base.texts, *(one.text for one in readable)])
    n_frozen, n_base = len(frozen), len(base)
    seen = set(keys[:n_frozen])
    base_keys = keys[n_frozen : n_frozen + n_base]
    keyed = _sorted(zip(keys[n_frozen + n_base :], readable, strict=True))
    clean = [(key, one) for key, one in keyed if key not in seen]
    left += [Rejected(one, FROZEN) for key, one in keyed if key in seen]
    voices = _voices(clean, per_author, left)
    kept, wrong = _vote(voices, _spoken(base), left)
    tested = _tested(kept)
    hidden = seen | tested
    return Sieved(
        base=np.array(
            [
                key not in hidden and (" ".join(words(text)), negative) not in wrong
                for key, text, negative in zip(
                    base_keys, base.texts, base.negative.tolist(), strict=True
                )
            ],
            np.bool_,
        ),
        learnt=[one for key, one in kept.items() if key not in tested],
        held=[one for key, one in kept.items() if key in tested],
        left=left,
        n_foreign=len(said) - len(own),
        n_frozen=sum(key in seen for key in base_keys),
    )


def _language(said: Feedback) -> str:
    return said.lang.partition("-")[0].lower()


def _sorted(keyed: Iterable[tuple[str, Feedback]]) -> list[tuple[str, Feedback]]:
    """The latest first, so that a store's order changes nothing."""
    return sorted(keyed, key=lambda pair: (pair[1].at_ms, pair[1].id), reverse=True)


def _readable(said: Iterable[Feedback]) -> tuple[list[Feedback], list[Rejected]]:
    found: list[Feedback] = []
    left: list[Rejected] = []
    for one in said:
        broken = any("\ud800" <= char <= "\udfff" for char in one.text)
        if broken or _language(one) in _UNNAMED or not words(one.text):
            left.append(Rejected(one, UNREADABLE))
        else:
            found.append(one)
    return found, left


def _voices(
    keyed: Iterable[tuple[str, Feedback]], per_author: int, left: list[Rejected]
) -> dict[str, list[Feedback]]:
    """What each person says of each text, their latest texts only; the latest word first."""
    voices: dict[str, list[Feedback]] = {}
    heard: set[tuple[str, str]] = set()
    n_texts: Counter[str] = Counter()
    for key, one in keyed:
        if (one.by, key) in heard:
            left.append(Rejected(one, TAKEN_BACK))
        elif n_texts[one.by] == per_author:
            left.append(Rejected(one, CAP))
        else:
            heard.add((one.by, key))
            n_texts[one.by] += 1
            voices.setdefault(key, []).append(one)
    return voices


def _spoken(base: Rows) -> dict[str, set[bool]]:
    """What the base data say of the same words."""
    found: dict[str, set[bool]] = {}
    for text, negative in zip(base.texts, base.negative.tolist(), strict=True):
        found.setdefault(" ".join(words(text)), set()).add(negative)
    return found


def _vote(
    voices: dict[str, list[Feedback]], spoken: dict[str, set[bool]], left: list[Rejected]
) -> tuple[dict[str, Feedback], set[tuple[str, bool]]]:
    """One word for each text, by majority, and what the base data say wrongly of the same words."""
    kept: dict[str, Feedback] = {}
    wrong: set[tuple[str, bool]] = set()
    for key, said in voices.items():
        texts = sorted({" ".join(words(one.text)) for one in said})
        based = {truth for text in texts for truth in spoken.get(text, ())}
        votes = Counter([*(one.right for one in said), *based])
        if votes[True] == votes[False]:
            left += [Rejected(one, TIED) for one in said]
            continue
        right = votes[True] > votes[False]
        wrong |= {(text, not right) for text in texts}
        left += [Rejected(one, OUTVOTED) for one in said if one.right != right]
        winners = [one for one in said if one.right == right]
        left += [Rejected(one, DUPLICATE) for one in winners[1:]]
        if right in based:
            left += [Rejected(one, KNOWN) for one in winners[:1]]
        else:
            kept[key] = winners[0]
    return kept, wrong


def _tested(kept: dict[str, Feedback]) -> set[str]:
    """One text in five, by its hash: the same ones whenever this is asked."""
    keys = list(kept)
    if not keys:
        return set()
    folds = hashed_folds(keys, 1)[0].outer.tolist()
    return {key for key, fold in zip(keys, folds, strict=True) if fold == 0}


def rows_of(said: Sequence[Feedback]) -> Rows:
    """Corrections as rows to train or test on."""
    return Rows(
        [one.text for one in said],
        np.array([one.right for one in said], np.bool_),
        np.array([one.brand for one in said], np.str_),
    )


@dataclass(frozen=True, slots=True)
class Author:
    """How many of one person's words are learnt from, tested on, and left out."""

    name: str
    n_learnt: int
    n_held: int
    n_left: int


def by_author(found: Sieved) -> list[Author]:
    """Each person whose words are in the language, the one who is left out most first."""
    learnt, held, left = (
        Counter(one.by for one in part)
        for part in (found.learnt, found.held, [one.said for one in found.left])
    )
    names = sorted({*learnt, *held, *left}, key=lambda name: (-left[name], name))
    return [Author(name, learnt[name], held[name], left[name]) for name in names]
