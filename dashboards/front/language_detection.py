"""Guess the language of a text by stop words; the user can correct the guess."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")
_STOP_WORDS_TEXT: Final = {
    "en": (
        "the a an and is are was were be been it its this that my your our their you we they he "
        "she of to in on for with at by from not no so but if have has had do does did don doesn "
        "didn can could would will just again what when where why how all any more than too"
    ),
    "fr": (
        "le la les un une des du de et est sont était été être ce cet cette ces mon ma mes votre "
        "vos notre nos leur je tu il elle on nous vous ils elles que qui quoi dont où ne pas plus "
        "rien jamais pour avec sans dans sur en au aux par mais si très trop c j l d n s qu y a ai "
        "avez ont avais avait fait encore toujours merci bonjour"
    ),
}
_STOP_WORDS: Final = {lang: frozenset(words.split()) for lang, words in _STOP_WORDS_TEXT.items()}


def guess(text: str, among: list[str]) -> str:
    """Return the language with the most stop words in a text, the first one on a tie.

    Parameters
    ----------
    among
        Candidate languages; one without stop words is chosen only if it is the first.

    Examples
    --------
    >>> guess("Encore un vol annulé, merci pour rien", ["en", "fr"])
    'fr'
    >>> guess("You lost my bag again", ["en", "fr"]), guess("!!!", ["en", "fr"])
    ('en', 'en')
    """
    words = [word.casefold() for word in _WORD.findall(text)]
    return max(among, key=lambda lang: sum(word in _STOP_WORDS.get(lang, ()) for word in words))
