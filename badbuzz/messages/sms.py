"""An alert in a text message: at most 160 characters of the alphabet that every phone has.

With a single character outside GSM 03.38 a message holds 70; so accents that the alphabet lacks are
dropped, and what it cannot write at all becomes a question mark.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import datetime, tzinfo
from typing import Final

from badbuzz.messages.text import Language, title
from badbuzz.model import Alert

MOST: Final = 160

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "ÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_DOUBLE: Final = frozenset("^{}\\[~]|€")
"""Characters that take two places: an escape goes before each."""

_PLAIN: Final = {"’": "'", "‘": "'", "“": '"', "”": '"', "«": '"', "»": '"', "…": "...", "œ": "oe"}
_SHORTENED: Final = 24
_COUNTS: Final[dict[Language, str]] = {
    "en": "{} of {} tweets negative in {} min, {} expected",
    "fr": "{} tweets négatifs sur {} en {} min, {} attendus",
}
_SINCE: Final[dict[Language, str]] = {"en": ", since {}", "fr": ", depuis {}"}
_WHY: Final[dict[Language, str]] = {"en": ". Driven by: ", "fr": ". Mots: "}


def sms(alert: Alert, zone: tzinfo, language: Language = "fr", mark: str = "") -> str:
    """Who, how much against what is usual, since when and why, in 160 characters.

    What does not fit is left out: terms one by one, then since when; then a long brand is
    cut.

    Parameters
    ----------
    alert
        At any phase.
    zone
        The brand's clock.
    language
        ``en`` or ``fr``; terms stay in the tweets' own.
    mark
        Set before it, in brackets, such as ``TEST``.

    Examples
    --------
    >>> from datetime import UTC
    >>> from badbuzz.messages.text import example
    >>> print(sms(example(), UTC, "en"))
    CRISIS (critical): Air Paradis: 38 of 51 tweets negative in 15 min, 6 expected, since 14:05. \
Driven by: bags, lost, luggage
    >>> n_places(sms(example(), UTC)) <= MOST
    True
    """
    told = _ever_shorter(alert, zone, language, f"({mark}) " if mark else "")
    return next(short for short in map(gsm, told) if n_places(short) <= MOST)


def _ever_shorter(alert: Alert, zone: tzinfo, language: Language, mark: str) -> Iterator[str]:
    since = _SINCE[language].format(f"{datetime.fromtimestamp(alert.opened_ms / 1000, zone):%H:%M}")
    expected = round(alert.expected)
    counts = _COUNTS[language].format(alert.n_negative, alert.n, alert.scale_min, expected)
    head = f"{mark}{title(alert, language)}: "
    terms = [term.term for term in alert.evidence.terms] if alert.evidence else []
    for n in range(len(terms), 0, -1):
        yield head + counts + since + _WHY[language] + ", ".join(terms[:n])
    yield head + counts + since
    yield head + counts
    cut = title(alert, language).removesuffix(alert.brand) + alert.brand[:_SHORTENED]
    yield f"{mark}{cut}: {counts}"
    yield gsm(f"{mark}{title(alert, language)}")[: MOST // 2]


def gsm(text: str) -> str:
    """The text in the alphabet of GSM 03.38.

    Examples
    --------
    >>> gsm("Ça coûte 5 € « déjà » 🙂")
    'Ça coute 5 € " déjà " ?'
    """
    return "".join(map(_nearest, text))


def _nearest(character: str) -> str:
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
    """Places that a text takes in a message, of which it has 160.

    Examples
    --------
    >>> n_places("a €")
    4
    """
    return len(text) + sum(character in _DOUBLE for character in text)
