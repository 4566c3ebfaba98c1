"""Render an alert as an SMS of at most 160 characters of the alphabet GSM 03.38.

A message with a character outside this alphabet holds 70 characters only. Accents that the
alphabet lacks are therefore dropped; other characters become a question mark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Final

from badbuzz.messages.text import title
from badbuzz.messages.translator import Language, Translator
from badbuzz.model import Alert

MAX_PLACES: Final = 160

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE: Final = frozenset("^{}\\[~]|€")
"""Characters that take two places, because an escape precedes each."""

_PLAIN: Final = {"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "…": "...", "œ": "oe"}
_SHORTENED: Final = 24


def sms(alert: Alert, zone: tzinfo, language: Language = "fr", mark: str = "") -> str:
    """Return brand, counts, start and terms of an alert in at most 160 characters.

    If the text is too long, it drops the terms one by one, then the start, and then cuts the
    brand.

    Parameters
    ----------
    alert
        Alert in any phase.
    zone
        Time zone of the brand.
    language
        Language of the text; terms keep their own.
    mark
        Mark to put in parentheses before the text, such as ``TEST``; default: none.

    Examples
    --------
    >>> from datetime import UTC
    >>> from badbuzz.messages.text import example
    >>> print(sms(example(), UTC, "en"))
    CRISIS (critical): Air Paradis: 38 of 51 tweets negative in 15 min, 6 expected, since 14:05. \
Driven by: bags, lost, luggage
    >>> n_places(sms(example(), UTC)) <= MAX_PLACES
    True
    """
    candidates = _candidates(alert, zone, Translator(language), f"({mark}) " if mark else "")
    return next(text for text in map(gsm, candidates) if n_places(text) <= MAX_PLACES)


def _candidates(alert: Alert, zone: tzinfo, t: Translator, mark: str) -> Iterator[str]:
    """Yield the texts to try, each shorter than the one before."""
    opened = datetime.fromtimestamp(alert.opened_ms / 1000, zone)
    since = t("sms_since", time=f"{opened:%H:%M}")
    counts = t(
        "sms_counts",
        n=alert.n_negative,
        total=alert.n,
        minutes=alert.scale_min,
        expected=round(alert.expected),
    )
    head = f"{mark}{title(alert, t.language)}"
    terms = [term.term for term in alert.evidence.terms] if alert.evidence else []
    for n in range(len(terms), 0, -1):
        yield f"{head}: {counts}{since}{t('sms_terms', terms=', '.join(terms[:n]))}"
    yield f"{head}: {counts}{since}"
    yield f"{head}: {counts}"
    cut = replace(alert, brand=alert.brand[:_SHORTENED])
    yield f"{mark}{title(cut, t.language)}: {counts}"
    yield gsm(head)[: MAX_PLACES // 2]


def gsm(text: str) -> str:
    """Return a text in the alphabet GSM 03.38.

    Examples
    --------
    >>> gsm("Ça coûte 5 € « déjà » 🙂")
    'Ça coute 5 € " déjà " ?'
    """
    return "".join(map(_to_alphabet, text))


def _to_alphabet(character: str) -> str:
    if character in _BASIC or character in _DOUBLE:
        return character
    if character in _PLAIN:
        return _PLAIN[character]
    if character.isspace():
        return " "
    bare = unicodedata.normalize("NFKD", character)
    kept = "".join(one for one in bare if one in _BASIC or one in _DOUBLE)
    return kept or ("" if unicodedata.combining(character) else "?")


def n_places(text: str) -> int:
    """Return the number of places, of 160, that a text takes in a message.

    Examples
    --------
    >>> n_places("a €")
    4
    """
    return len(text) + sum(character in _DOUBLE for character in text)
