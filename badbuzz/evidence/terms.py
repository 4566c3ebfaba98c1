"""The words that say what a text is about, and those that set some texts apart from others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain, pairwise
from math import fsum, log, sqrt
from typing import Final

from badbuzz.evidence.reasons import PHRASES
from badbuzz.features import tokens as reading
from badbuzz.model import Term

MAX_TERM_BYTES: Final = 20
"""A longer word is no term."""
_SHORTEST: Final = 3
_PRIOR: Final = 50.0
_FLOOR: Final = 0.5

_ENGLISH: Final = (
    "the and for you your yours are was were been being but not never with without this that these "
    "those they them their theirs there here have has had having will would wont wouldnt can cant "
    "cannot could couldnt should shouldnt shall may might must did didnt does doesnt dont doing "
    "done isnt arent wasnt werent hasnt havent hadnt aint what when where which who whom whose why "
    "how all any both each few more most other others some such than too very just now then once "
    "again also still even ever yet only own same his her hers him she its our ours out off over "
    "under into onto from about after before because until while during between through against "
    "above below down get gets got getting gonna wanna let lets make makes made say says said tell "
    "told see seen know thing things really much many lot lots yes yeah please thanks thank thx "
    "guys guy like one two three first last next back way well good great nice amp via got ive "
    "youre youve theyre weve another every everyone someone something nothing anything something"
)
_FRENCH: Final = (
    "les des une aux dans par pour sur sous avec sans est sont etre ete etait etaient suis sommes "
    "etes ont avez avons avoir aura fait faire fais faites font que qui quoi quand comment dont "
    "mais pourquoi donc car pas plus moins tres trop tout tous toute toutes rien jamais encore "
    "toujours deja aussi alors ici cela ceci cet cette ces mon mes ton tes son ses notre nos votre "
    "vos leur leurs nous vous ils elle elles lui moi toi soi chez vers entre depuis pendant apres "
    "avant comme meme autre autres merci bonjour svp peu peut peux veut veux dit dire bien bon "
    "bonne aucun puis aucune non oui quel quelle quels quelles"
)
STOP_WORDS: Final = frozenset(f"{_ENGLISH} {_FRENCH}".split())
_PAIRS: Final = frozenset(tuple(phrase.split()) for phrase in PHRASES)


def words(text: str) -> list[str]:
    """The words of a text, in order, without masks, moods, punctuation and e-mail addresses.

    Examples
    --------
    >>> words("@united LOST my bag, again!! jane@example.org https://t.co/x")
    ['lost', 'my', 'bag', 'again']
    """
    return list(chain.from_iterable(map(_words, reading.chunks(text))))[: reading.MAX_TOKENS]


@lru_cache(maxsize=8192)
def _words(chunk: str) -> tuple[str, ...]:
    if "@" in chunk[1:]:
        return ()
    return tuple(word for word in reading.words(chunk) if word[0].isalpha())


def terms(words: Iterable[str]) -> list[str]:
    """The distinct terms among a text's words: telling words, and pairs that mean more together.

    Examples
    --------
    >>> terms(words("I was on hold with your customer service for an hour"))
    ['hold', 'customer', 'service', 'hour', 'on hold', 'customer service']
    """
    words = list(words)
    found = dict.fromkeys(filter(_is_telling, words))
    for pair in pairwise(words):
        if pair in _PAIRS:
            found[" ".join(pair)] = None
    return list(found)


@lru_cache(maxsize=8192)
def _is_telling(word: str) -> bool:
    n_bytes = len(word.encode("utf-8", "replace"))
    return len(word) >= _SHORTEST and word not in STOP_WORDS and n_bytes <= MAX_TERM_BYTES


def drivers(
    counts: Mapping[str, int], usual: Mapping[str, float], unseen: float, most: int
) -> list[Term]:
    """The terms whose share has risen most, by their log-odds ratio over its deviation.

    Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, Fightin'
    Words, Political Analysis 16, equations 16 and 22); the prior is the brand's own usual
    distribution, with a weight of 50 terms, itself counted from a half for every term.

    Parameters
    ----------
    counts
        In how many texts each term stands, >= 1.
    usual
        The same of the texts that are usual, decayed.
    unseen
        The most that a term may have been counted that is not in ``usual``, >= 0.
    most
        How many to give at most.

    Returns
    -------
    list of Term
        Strongest first: terms of two texts at least, z > 0, to two decimals. A word gives way to
        a pair that it mostly stands in.

    Examples
    --------
    >>> counts = {"bags": 9, "flight": 5, "lost": 7}
    >>> usual = {"flight": 400.0, "late": 300.0, "bags": 40.0, "lost": 30.0}
    >>> [driver.term for driver in drivers(counts, usual, 0.0, 3)]
    ['bags', 'lost']
    """
    n = sum(counts.values())
    n_usual = fsum(usual.values()) + unseen + _FLOOR * (len(counts.keys() | usual.keys()) + 1)
    found = []
    for term, seen in counts.items():
        if seen < 2:
            continue
        before = usual.get(term, unseen) + _FLOOR
        prior = _PRIOR * before / n_usual
        odds = log((seen + prior) / (n + _PRIOR - seen - prior))
        deviation = sqrt(1.0 / (seen + prior) + 1.0 / before)
        z = (odds - log(before / (n_usual - before))) / deviation
        found.append(Term(term, seen, round(z, 2)))
    said = {word: term.n for term in found for word in term.term.split() if " " in term.term}
    telling = [term for term in found if term.z > 0 and term.n >= 2 * said.get(term.term, 0)]
    return sorted(telling, key=lambda term: (-term.z, -term.n, term.term))[:most]
