"""Curation of corrections: guards against poisoning, errors and leaks.

Only the text, the language and the label of a correction are used; the prediction in it comes from
the client and is not trusted. Near-duplicates count as one text with one vote per person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from badbuzz.store.model import Feedback
from training.datasets.labelled import is_unicode
from training.datasets.rows import Flags, Rows, group_keys, hashed_folds, words

UNREADABLE: Final = "unreadable"
IN_HELDOUT_SET: Final = "frozen"
TAKEN_BACK: Final = "taken back"
CAP: Final = "cap"
TIED: Final = "tied"
OUTVOTED: Final = "outvoted"
DUPLICATE: Final = "duplicate"
KNOWN: Final = "known"

REASONS: Final = {
    UNREADABLE: "no language, or no readable word",
    IN_HELDOUT_SET: "the text or a near-duplicate is in the held-out set",
    TAKEN_BACK: "the same person corrected this text again later",
    CAP: "the person made more corrections than may count; the latest count",
    TIED: "as many people label this text the opposite way, with the base data counted as one",
    OUTVOTED: "more people label this text the opposite way",
    DUPLICATE: "a near-duplicate counts already",
    KNOWN: "the base data have this label already",
}
"""Descriptions of the reasons for rejecting a correction."""

_UNNAMED: Final = ("", "und")


@dataclass(frozen=True, slots=True)
class Rejected:
    """Correction that is not trained on, with a reason of :data:`REASONS`."""

    feedback: Feedback
    reason: str


@dataclass(frozen=True, slots=True)
class Curated:
    """Curated base data and corrections.

    Parameters
    ----------
    base
        Boolean [n]: whether each row of the base data is trained on.
    learnt, held
        Corrections to train on and to test on, one for each text.
    rejected
        Corrections in quarantine.
    n_foreign
        Number of corrections of texts in other languages.
    n_heldout
        Number of rows of the base data that are in the held-out set or near-duplicates of it.
    """

    base: Flags
    learnt: list[Feedback]
    held: list[Feedback]
    rejected: list[Rejected]
    n_foreign: int
    n_heldout: int


def curate(
    feedback: Sequence[Feedback], base: Rows, heldout: Sequence[str], language: str, per_author: int
) -> Curated:
    """Sort corrections into those to train on, those to test on, and rejected ones.

    Parameters
    ----------
    feedback
        All corrections, in any language.
    base
        Rows of the base data.
    heldout
        Texts of the held-out set; neither they nor their near-duplicates are trained on.
    language
        Language of the model, a BCP 47 primary subtag.
    per_author
        Largest number of texts of one person that count: the latest ones.

    Examples
    --------
    >>> def correction(text: str, by: str, label: bool) -> Feedback:
    ...     others = None, "", "en", text, "", None, None, label, "", "try"
    ...     return Feedback(text + by, 0, by, *others)
    >>> base = Rows(["Lovely crew"], np.array([False]), np.array([""]))
    >>> feedback = [correction("Lovely crew", "eve", True), correction("Late again", "ann", True)]
    >>> curated = curate(feedback, base, [], "en", per_author=10)
    >>> [one.text for one in curated.learnt]
    ['Late again']
    >>> [(one.feedback.by, one.reason) for one in curated.rejected]
    [('eve', 'tied')]
    """
    own = [one for one in feedback if _language(one) in (language, *_UNNAMED)]
    readable, rejected = _readable(own)
    heldout_keys, base_keys, keyed = _keyed(heldout, base, readable)
    rejected += [Rejected(one, IN_HELDOUT_SET) for key, one in keyed if key in heldout_keys]
    clean = [(key, one) for key, one in keyed if key not in heldout_keys]
    votes = _votes(clean, per_author, rejected)
    kept, wrong = _elect(votes, base.labels_by(word_key), rejected)
    tested = _tested(kept)
    return Curated(
        base=_is_trained_on(base, base_keys, heldout_keys | tested, wrong),
        learnt=[one for key, one in kept.items() if key not in tested],
        held=[one for key, one in kept.items() if key in tested],
        rejected=rejected,
        n_foreign=len(feedback) - len(own),
        n_heldout=sum(key in heldout_keys for key in base_keys),
    )


def _keyed(
    heldout: Sequence[str], base: Rows, feedback: Sequence[Feedback]
) -> tuple[set[str], list[str], list[tuple[str, Feedback]]]:
    """Return the near-duplicate keys of held-out texts and base rows, and corrections by key.

    The corrections are in order of time, the latest first.
    """
    keys = group_keys([*heldout, *base.texts, *(one.text for one in feedback)])
    n_heldout, n_known = len(heldout), len(heldout) + len(base)
    keyed = sorted(
        zip(keys[n_known:], feedback, strict=True),
        key=lambda pair: (pair[1].at_ms, pair[1].id),  # the order of the store does not matter
        reverse=True,
    )
    return set(keys[:n_heldout]), keys[n_heldout:n_known], keyed


def _is_trained_on(
    base: Rows, keys: Sequence[str], hidden: set[str], wrong: set[tuple[str, bool]]
) -> Flags:
    """Return whether each base row is trained on: neither held out nor outvoted."""
    return np.array(
        [
            key not in hidden and (word_key(text), negative) not in wrong
            for key, text, negative in zip(keys, base.texts, base.negative.tolist(), strict=True)
        ],
        np.bool_,
    )


def _language(feedback: Feedback) -> str:
    return feedback.lang.partition("-")[0].lower()


def _readable(feedback: Iterable[Feedback]) -> tuple[list[Feedback], list[Rejected]]:
    readable: list[Feedback] = []
    rejected: list[Rejected] = []
    for one in feedback:
        if not is_unicode(one.text) or _language(one) in _UNNAMED or not words(one.text):
            rejected.append(Rejected(one, UNREADABLE))
        else:
            readable.append(one)
    return readable, rejected


def _votes(
    keyed: Iterable[tuple[str, Feedback]], per_author: int, rejected: list[Rejected]
) -> dict[str, list[Feedback]]:
    """Return by text the vote of each person, the latest first, on their latest texts."""
    votes: dict[str, list[Feedback]] = {}
    voted: set[tuple[str, str]] = set()
    n_texts: Counter[str] = Counter()
    for key, one in keyed:
        if (one.by, key) in voted:
            rejected.append(Rejected(one, TAKEN_BACK))
        elif n_texts[one.by] == per_author:
            rejected.append(Rejected(one, CAP))
        else:
            voted.add((one.by, key))
            n_texts[one.by] += 1
            votes.setdefault(key, []).append(one)
    return votes


def word_key(text: str) -> str:
    """Return the words of a text as one string."""
    return " ".join(words(text))


def _elect(
    votes: dict[str, list[Feedback]], base: dict[str, set[bool]], rejected: list[Rejected]
) -> tuple[dict[str, Feedback], set[tuple[str, bool]]]:
    """Return the majority's correction of each text, and the outvoted labels of the base data."""
    kept: dict[str, Feedback] = {}
    wrong: set[tuple[str, bool]] = set()
    for key, given in votes.items():
        texts = sorted({word_key(one.text) for one in given})
        in_base = {one for text in texts for one in base.get(text, ())}
        count = Counter([*(one.ground_truth for one in given), *in_base])
        if count[True] == count[False]:
            rejected += [Rejected(one, TIED) for one in given]
            continue
        label = count[True] > count[False]
        wrong |= {(text, not label) for text in texts}
        rejected += [Rejected(one, OUTVOTED) for one in given if one.ground_truth != label]
        winners = [one for one in given if one.ground_truth == label]
        rejected += [Rejected(one, DUPLICATE) for one in winners[1:]]
        if label in in_base:
            rejected += [Rejected(one, KNOWN) for one in winners[:1]]
        else:
            kept[key] = winners[0]
    return kept, wrong


def _tested(kept: dict[str, Feedback]) -> set[str]:
    """Return one text in five by its hash, so that every retraining holds out the same ones."""
    keys = list(kept)
    if not keys:
        return set()
    folds = hashed_folds(keys, 1)[0].outer.tolist()
    return {key for key, fold in zip(keys, folds, strict=True) if fold == 0}


def rows_of(feedback: Sequence[Feedback]) -> Rows:
    """Return corrections as rows to train or test on."""
    return Rows(
        [one.text for one in feedback],
        np.array([one.ground_truth for one in feedback], np.bool_),
        np.array([one.brand for one in feedback], np.str_),
    )


@dataclass(frozen=True, slots=True)
class Author:
    """Number of a person's corrections that are trained on, tested on and rejected."""

    name: str
    n_learnt: int
    n_held: int
    n_left: int


def by_author(curated: Curated) -> list[Author]:
    """Return the numbers of each person, the person with most rejections first."""
    learnt, held, rejected = (
        Counter(one.by for one in part)
        for part in (curated.learnt, curated.held, [one.feedback for one in curated.rejected])
    )
    names = sorted({*learnt, *held, *rejected}, key=lambda name: (-rejected[name], name))
    return [Author(name, learnt[name], held[name], rejected[name]) for name in names]
