"""Extract terms from texts and rank the terms that are over-represented in some of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import chain, islice, pairwise
from math import fsum, log, sqrt
from typing import Final

from badbuzz.evidence.reasons import PHRASES
from badbuzz.features.tokens import MAX_TOKENS, split_chunks, tokenise_chunk
from badbuzz.model import Term

MAX_TERM_BYTES: Final = 20
"""Maximum length of a unigram, in bytes."""
_MIN_LENGTH: Final = 3
_PRIOR_WEIGHT: Final = 50.0
_SMOOTHING: Final = 0.5

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


def extract_words(text: str) -> list[str]:
    """Return the words of a text, in order, without marks, emoji, punctuation and e-mail addresses.

    Examples
    --------
    >>> extract_words("@united LOST my bag, again!! jane@example.org https://t.co/x")
    ['lost', 'my', 'bag', 'again']
    """
    return list(islice(chain.from_iterable(map(_words, split_chunks(text))), MAX_TOKENS))


@lru_cache(maxsize=8192)
def _words(chunk: str) -> tuple[str, ...]:
    if "@" in chunk[1:]:
        return ()
    return tuple(word for word in tokenise_chunk(chunk) if word[0].isalpha())


def extract_terms(words: Iterable[str]) -> list[str]:
    """Return the distinct terms among a text's words: unigrams and bigrams that carry meaning.

    Examples
    --------
    >>> extract_terms(extract_words("I was on hold with your customer service for an hour"))
    ['hold', 'customer', 'service', 'hour', 'on hold', 'customer service']
    """
    words = list(words)
    terms = dict.fromkeys(filter(_is_term, words))
    for pair in pairwise(words):
        if pair in _PAIRS:
            terms[" ".join(pair)] = None
    return list(terms)


@lru_cache(maxsize=8192)
def _is_term(word: str) -> bool:
    n_bytes = len(word.encode("utf-8", "replace"))
    return len(word) >= _MIN_LENGTH and word not in STOP_WORDS and n_bytes <= MAX_TERM_BYTES


def find_drivers(
    counts: Mapping[str, int], usual: Mapping[str, float], unseen: float, most: int
) -> list[Term]:
    """Return over-represented terms, ranked by log-odds ratio over its standard deviation.

    Log-odds ratio with an informative Dirichlet prior (Monroe, Colaresi and Quinn 2008, Fightin'
    Words, Political Analysis 16, equations 16 and 22). The prior is the brand's usual distribution
    with a weight of 50 terms, smoothed by 0.5 for every term.

    Parameters
    ----------
    counts
        Number of texts with each term, >= 1.
    usual
        Decayed number of the brand's usual texts with each term.
    unseen
        Upper limit of the number for a term that is not in ``usual``, >= 0.
    most
        Maximum number of terms to return.

    Returns
    -------
    list of Term
        Terms of at least two texts with z > 0 (two decimals), highest first. A word is left out
        if most of its texts have it in a listed bigram.

    Examples
    --------
    >>> counts = {"bags": 9, "flight": 5, "lost": 7}
    >>> usual = {"flight": 400.0, "late": 300.0, "bags": 40.0, "lost": 30.0}
    >>> [driver.term for driver in find_drivers(counts, usual, 0.0, 3)]
    ['bags', 'lost']
    """
    n = sum(counts.values())
    n_usual = fsum(usual.values()) + unseen + _SMOOTHING * (len(counts.keys() | usual.keys()) + 1)
    scored = []
    for term, seen in counts.items():
        if seen < 2:
            continue
        before = usual.get(term, unseen) + _SMOOTHING
        prior = _PRIOR_WEIGHT * before / n_usual
        odds = log((seen + prior) / (n + _PRIOR_WEIGHT - seen - prior))
        deviation = sqrt(1.0 / (seen + prior) + 1.0 / before)
        z = (odds - log(before / (n_usual - before))) / deviation
        scored.append(Term(term, seen, round(z, 2)))
    in_pair = {word: term.n for term in scored for word in term.term.split() if " " in term.term}
    drivers = [term for term in scored if term.z > 0 and term.n >= 2 * in_pair.get(term.term, 0)]
    return sorted(drivers, key=lambda term: (-term.z, -term.n, term.term))[:most]
