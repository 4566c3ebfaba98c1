"""Sentences, numbers and times in the language of a reader."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple, get_args
from zoneinfo import ZoneInfo

from badbuzz.messages.languages import en, fr

Language = Literal["en", "fr"]
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


class Catalogue(NamedTuple):
    """The sentences of one language, and the words by which its texts are recognised.

    Parameters
    ----------
    texts
        Template by key; a tuple holds one template per plural form.
    plural
        Function that maps a number to the index of its plural form.
    stop_words
        Frequent words of the language, in lower case.
    """

    texts: Mapping[str, str | tuple[str, ...]]
    plural: Callable[[int], int]
    stop_words: frozenset[str]


CATALOGUES: Final[dict[str, Catalogue]] = {
    "en": Catalogue(en.TEXTS, en.plural, frozenset(en.STOP_WORDS.split())),
    "fr": Catalogue(fr.TEXTS, fr.plural, frozenset(fr.STOP_WORDS.split())),
}
"""Catalogue by language: a new language is one file, an entry here and in :data:`Language`."""


class Translator:
    """Render sentences of a catalogue.

    Parameters
    ----------
    language
        Key of :data:`CATALOGUES`.

    Examples
    --------
    >>> t = Translator("fr")
    >>> t("page_alerts"), t.number(1234.5, 1), t.percent(0.456)
    ('Alertes', '1\\u202f234,5', '46\\xa0%')
    >>> t.plural("alike", 1), t.plural("alike", 5)
    ('et 1 semblable', 'et 5 semblables')
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._texts, self._plural, _ = CATALOGUES[language]

    def __contains__(self, key: str) -> bool:
        """Check whether the catalogue has a sentence of a key."""
        return key in self._texts

    def __call__(self, key: str, **values: Any) -> str:
        """Return the sentence of a key, its ``{placeholders}`` filled."""
        template = self._texts[key]
        assert isinstance(template, str), key
        return template.format(**values) if values else template

    def plural(self, key: str, n: int, /, **values: Any) -> str:
        """Return the plural form of a sentence for a number, which fills ``{n}`` by default."""
        return self._texts[key][self._plural(n)].format(**{"n": n, **values})

    def name(self, kind: str, code: str) -> str:
        """Return the name of a code, or the code itself where the catalogue has none.

        Parameters
        ----------
        kind
            Prefix of the key, such as ``reason`` or ``language``.
        code
            Code on a topic or of the API, such as ``booking`` or ``de``.

        Examples
        --------
        >>> t = Translator("fr")
        >>> t.name("language", "de"), t.name("language", "xx"), t.name("reason", "booking")
        ('allemand', 'xx', 'problèmes de réservation')
        """
        return self(key) if (key := f"{kind}_{code}") in self else code

    def number(self, value: float, places: int = 0) -> str:
        """Return a number with its thousands grouped and a number of decimal places."""
        marks = str.maketrans(",.", "".join((self("thousands"), self("decimal"))))
        return f"{value:,.{places}f}".translate(marks)

    def percent(self, rate: float | None) -> str:
        """Return a share in [0, 1] in percent, or a dash for None."""
        return "–" if rate is None else f"{rate * 100:.0f}\N{NO-BREAK SPACE}%"

    def clock(self, at_ms: int, zone: str) -> str:
        """Return hour and minute in a time zone (IANA name)."""
        return f"{_at(at_ms, zone):%H:%M}"

    def day(self, at_ms: int, zone: str) -> str:
        """Return the date in a time zone (IANA name)."""
        return self("day", at=_at(at_ms, zone))

    def moment(self, at_ms: int, zone: str) -> str:
        """Return date, hour and minute in a time zone (IANA name).

        Examples
        --------
        >>> Translator("fr").moment(1_764_000_900_000, "Europe/Paris")
        '24/11/2025 17:15'
        """
        return f"{self.day(at_ms, zone)} {self.clock(at_ms, zone)}"


def _at(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
