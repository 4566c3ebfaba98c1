"""Which language a text is in, by its commonest words: a first guess that people can correct."""

from __future__ import annotations

import re
from typing import Final

_WORD: Final = re.compile(r"[^\W\d_]+")
_SAID: Final = {
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
_COMMON: Final = {lang: frozenset(words.split()) for lang, words in _SAID.items()}


def guess(text: str, among: list[str]) -> str:
    """The language whose commonest words a text has most of; the first where none has any.

    Parameters
    ----------
    among
        Languages that it may be; one of which no word is known is never guessed.

    Examples
    --------
    >>> guess("Encore un vol annulé, merci pour rien", ["en", "fr"])
    'fr'
    >>> guess("You lost my bag again", ["en", "fr"]), guess("!!!", ["en", "fr"])
    ('en', 'en')
    """
    words = [word.casefold() for word in _WORD.findall(text)]
    return max(among, key=lambda lang: sum(word in _COMMON.get(lang, ()) for word in words))
