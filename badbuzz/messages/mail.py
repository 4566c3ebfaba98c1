"""What people are sent about an alert: every word of it, ready to be laid out."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, Literal

from badbuzz.messages.sms import sms
from badbuzz.messages.text import Language, chosen, headline, quoted, rates, title, why
from badbuzz.model import Alert

Mark = Literal["", "replay", "test"]
"""Why a message is no live alert; empty where it is one."""

_MARKS: Final[dict[Language, dict[Mark, str]]] = {
    "en": {"": "", "replay": "REPLAY", "test": "TEST"},
    "fr": {"": "", "replay": "REJEU", "test": "ESSAI"},
}
_PLAIN: Final = frozenset(string.ascii_letters + string.digits + "-._~")
"""What stands for itself in an address (RFC 3986)."""
_LOOSE: Final = re.compile(r" ([%;:])")
_SINCE: Final[dict[Language, str]] = {
    "en": "Since {:%d %B %Y, %H:%M} ({:%Z}).",
    "fr": "Depuis le {:%d/%m/%Y à %H:%M} ({:%Z}).",
}
_SPAN: Final[dict[Language, str]] = {
    "en": "From {:%d %B %Y, %H:%M} to {:%d %B %Y, %H:%M} ({:%Z}).",
    "fr": "Du {:%d/%m/%Y à %H:%M} au {:%d/%m/%Y à %H:%M} ({:%Z}).",
}


@dataclass(frozen=True, slots=True)
class Message:
    """An alert as people read it.

    Parameters
    ----------
    subject
        Of a mail: what is claimed, of whom; marked where it is no live alert.
    summary
        What was seen against what was expected.
    rates
        The negative rate against the usual one.
    since
        When it opened and, once over, when it ended, on the brand's clock.
    why
        What drives it and who says so, a sentence each; may be empty.
    examples
        At most two masked tweets, each with its permalink, which may be empty.
    dashboard
        Address of the alert on the dashboard, or empty.
    sms
        At most 160 characters.
    words
        By the name of a place in the layout, its text: ``open``, ``acknowledge``, ``how``,
        ``lost_title``, ``lost``.
    """

    subject: str
    summary: str
    rates: str
    since: str
    why: tuple[str, ...]
    examples: tuple[tuple[str, str], ...]
    dashboard: str
    sms: str
    words: dict[str, str]

    def annotations(self) -> dict[str, str]:
        """The message as flat names and texts, without those that are empty.

        Examples
        --------
        >>> from datetime import UTC
        >>> from badbuzz.messages.text import example
        >>> told = write(example(), UTC, "en").annotations()
        >>> told["example_2_url"], told["why"]
        ('https://social.example/status/7', 'Driven by: bags, lost, luggage. \
Mostly about: lost luggage.')
        """
        told = {
            "subject": self.subject,
            "summary": self.summary,
            "rates": self.rates,
            "since": self.since,
            "dashboard": self.dashboard,
            "sms": self.sms,
        }
        told |= dict(zip(("why", "voices"), self.why, strict=False))
        for number, (text, url) in enumerate(self.examples, 1):
            told |= {f"example_{number}": text, f"example_{number}_url": url}
        told |= {f"words_{place}": text for place, text in self.words.items()}
        return {name: text for name, text in told.items() if text}


def write(
    alert: Alert, zone: tzinfo, language: Language = "fr", dashboard: str = "", mark: Mark = ""
) -> Message:
    """The message about one change of an alert's phase.

    Parameters
    ----------
    alert
        At any phase.
    zone
        The brand's clock.
    language
        ``en`` or ``fr``; terms and tweets stay in their own.
    dashboard
        Address of the dashboard, or empty.
    mark
        Why it is no live alert, if it is none.

    Examples
    --------
    >>> from datetime import UTC
    >>> from badbuzz.messages.text import example
    >>> told = write(example(), UTC, mark="test")
    >>> write(example(), UTC, dashboard="https://buzz.example/").dashboard
    'https://buzz.example/?alert=Air%20Paradis%2F1767189600000'
    >>> told.subject, told.since
    ('[ESSAI] CRISE (critique) : Air Paradis', 'Depuis le 31/12/2025 à 14:05 (UTC).')
    """
    said = _MARKS[language][mark]
    return Message(
        subject=f"[{said}] {title(alert, language)}" if said else title(alert, language),
        summary=_unbroken(headline(alert, language)),
        rates=_unbroken(rates(alert, language)),
        since=_when(alert, zone, language),
        why=tuple(map(_unbroken, why(alert, language))),
        examples=tuple((quoted(tweet, language), tweet.url) for tweet in chosen(alert)),
        dashboard=_place(dashboard, alert),
        sms=sms(alert, zone, language, said),
        words=_LAYOUT[language],
    )


def _unbroken(text: str) -> str:
    """Keep a percent sign, and French punctuation, on the line of the word before."""
    return _LOOSE.sub("\N{NO-BREAK SPACE}\\1", text)


def _place(dashboard: str, alert: Alert) -> str:
    """The alert's place on the dashboard: a parameter of its address, behind those it has."""
    if not dashboard:
        return ""
    address, mark, rest = dashboard.partition("#")
    joint = "&" if "?" in address else "?"
    name = "".join(
        chr(byte) if chr(byte) in _PLAIN else f"%{byte:02X}" for byte in alert.id.encode()
    )
    return f"{address}{joint}alert={name}{mark}{rest}"


def _when(alert: Alert, zone: tzinfo, language: Language) -> str:
    opened = datetime.fromtimestamp(alert.opened_ms / 1000, zone)
    if alert.phase != "resolved":
        return _SINCE[language].format(opened, opened)
    ended = datetime.fromtimestamp(alert.window_end_ms / 1000, zone)
    return _SPAN[language].format(opened, ended, ended)


_LAYOUT: Final[dict[Language, dict[str, str]]] = {
    "en": {
        "open": "Open the dashboard",
        "acknowledge": "I am on it",
        "how": "Opens a silence: create it, and nobody else is reminded. You still hear when it "
        "gets worse, and when it is over.",
        "lost_title": "NO MORE WORD:",
        "lost": "No more word of this alert: badbuzz has stopped repeating it. It may not be over.",
    },
    "fr": {
        "open": "Ouvrir le tableau de bord",
        "acknowledge": "Je m'en occupe",
        "how": "Ouvre un silence : créez-le, et personne d'autre n'est relancé. Vous saurez si "
        "cela s'aggrave, et quand ce sera terminé.",
        "lost_title": "SANS NOUVELLES :",
        "lost": "Plus de nouvelles de cette alerte : badbuzz ne la répète plus. Elle n'est "
        "peut-être pas terminée.",
    },
}
