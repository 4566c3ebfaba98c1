"""Guess the language of a text by stop words; the user can correct the guess."""

from __future__ import annotations

import re
from typing import Final

from badbuzz.features.tokens import MAX_CHARS
from badbuzz.messages.translator import CATALOGUES

_WORD: Final = re.compile(r"[^\W\d_]+")


def guess(text: str, among: list[str]) -> str:
    """Return the language with the most stop words in a text, the first one on a tie.

    The first 4,096 characters of the text are read.

    Parameters
    ----------
    among
        Candidate languages; one without a catalogue is chosen only if it is the first.

    Examples
    --------
    >>> guess("Encore un vol annulé, merci pour rien", ["en", "fr"])
    'fr'
    >>> guess("You lost my bag again", ["en", "fr"]), guess("!!!", ["en", "fr"])
    ('en', 'en')
    """
    words = [word.casefold() for word in _WORD.findall(text[:MAX_CHARS])]

    def n_stop_words(lang: str) -> int:
        known = CATALOGUES[lang].stop_words if lang in CATALOGUES else frozenset()
        return sum(word in known for word in words)

    return max(among, key=n_stop_words)
