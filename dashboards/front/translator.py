"""What the pages say, in English and French."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, get_args
from zoneinfo import ZoneInfo

from badbuzz.messages.text import Language
from dashboards.front.texts import alerts, history, labelling, live, models, shell, try_text

LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)
TABLES: Final[tuple[Mapping[str, tuple[str, str]], ...]] = (
    shell.SAID, live.SAID, alerts.SAID, try_text.SAID, labelling.SAID, history.SAID, models.SAID,
)  # fmt: skip
"""Key -> (English, French); no key stands in two of them."""

SAID: Final = {key: pair for table in TABLES for key, pair in table.items()}
_DAY: Final[dict[Language, str]] = {"en": "{:%d %b %Y}", "fr": "{:%d/%m/%Y}"}


class Translator:
    """What is said, in one language.

    Examples
    --------
    >>> words = Translator("fr")
    >>> words("page_alerts"), words.number(1234.5, 1), words.percent(0.456)
    ('Alertes', '1\\u202f234,5', '46\\xa0%')
    """

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._place = LANGUAGES.index(language)

    def __call__(self, key: str, **values: Any) -> str:
        """The sentence of a key, its ``{places}`` filled."""
        said = SAID[key][self._place]
        return said.format(**values) if values else said

    def number(self, value: float, places: int = 0) -> str:
        """A number, its thousands set apart."""
        told = f"{value:,.{places}f}"
        if self.language == "en":
            return told
        return told.replace(",", "\N{NARROW NO-BREAK SPACE}").replace(".", ",")

    def percent(self, rate: float | None) -> str:
        """A share in [0, 1] in percent; a dash where there is none."""
        return "–" if rate is None else f"{rate * 100:.0f}\N{NO-BREAK SPACE}%"

    def language_name(self, code: str) -> str:
        """A language by its code, in words where there are some; the code itself otherwise."""
        key = f"in_{code}"
        return self(key) if key in SAID else code

    def clock(self, at_ms: int, zone: str) -> str:
        """Hour and minute on a clock."""
        return f"{_at(at_ms, zone):%H:%M}"

    def day(self, at_ms: int, zone: str) -> str:
        """The day on a clock."""
        return _DAY[self.language].format(_at(at_ms, zone))

    def moment(self, at_ms: int, zone: str) -> str:
        """Day, hour and minute on a clock.

        Examples
        --------
        >>> Translator("fr").moment(1_764_000_900_000, "Europe/Paris")
        '24/11/2025 17:15'
        """
        return f"{self.day(at_ms, zone)} {self.clock(at_ms, zone)}"


def _at(at_ms: int, zone: str) -> datetime:
    return datetime.fromtimestamp(at_ms / 1000, ZoneInfo(zone))
