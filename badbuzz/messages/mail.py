"""Render an alert as an e-mail and an SMS: every sentence, ready for a layout."""

from __future__ import annotations

import re
import string
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final, Literal

from badbuzz.messages.sms import sms
from badbuzz.messages.text import chosen, headline, quoted, rates, title, why
from badbuzz.messages.translator import Language, Translator
from badbuzz.model import Alert

Mark = Literal["", "replay", "test"]
"""Mark of a message that is not about a live alert; empty for a live alert."""

_UNRESERVED: Final = frozenset(string.ascii_letters + string.digits + "-._~")
"""Characters that are not percent-encoded in a URL (RFC 3986)."""
_LOOSE: Final = re.compile(r" ([%;:])")
_LAYOUT: Final = ("open", "acknowledge", "how", "lost_title", "lost")


@dataclass(frozen=True, slots=True)
class Message:
    """The texts of one notification.

    Parameters
    ----------
    subject
        Subject of the mail: phase, severity and brand, after the mark if there is one.
    summary
        Headline: negative tweets and the expected number.
    rates
        Sentence with the observed and the expected negative rate.
    since
        Sentence with the time when the alert opened and, if resolved, ended, in the brand's zone.
    why
        Zero to two sentences: the drivers of the alert and its reach.
    examples
        Zero to two masked tweets, each with its permalink, which may be empty.
    dashboard
        URL of the alert on the dashboard, or empty.
    sms
        Text message of at most 160 characters.
    words
        Fixed texts of the layout: ``open``, ``acknowledge``, ``how``, ``lost_title``, ``lost``.
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
        """Return the texts by flat name, without empty ones.

        Examples
        --------
        >>> from datetime import UTC
        >>> from badbuzz.messages.text import example
        >>> texts = write(example(), UTC, "en").annotations()
        >>> texts["example_2_url"], texts["why"]
        ('https://social.example/status/7', 'Driven by: bags, lost, luggage. \
Mostly about: lost luggage.')
        """
        names = ("subject", "summary", "rates", "since", "dashboard", "sms")
        texts: dict[str, str] = {name: getattr(self, name) for name in names}
        texts |= dict(zip(("why", "voices"), self.why, strict=False))
        for number, (text, url) in enumerate(self.examples, 1):
            texts |= {f"example_{number}": text, f"example_{number}_url": url}
        texts |= {f"words_{place}": text for place, text in self.words.items()}
        return {name: text for name, text in texts.items() if text}


def write(
    alert: Alert, zone: tzinfo, language: Language = "fr", dashboard: str = "", mark: Mark = ""
) -> Message:
    """Return the message about one change of an alert's phase.

    Parameters
    ----------
    alert
        Alert in any phase.
    zone
        Time zone of the brand.
    language
        Language of the message; terms and tweets keep their own.
    dashboard
        URL of the dashboard, or empty.
    mark
        Mark of a message that is not about a live alert.

    Examples
    --------
    >>> from datetime import UTC
    >>> from badbuzz.messages.text import example
    >>> message = write(example(), UTC, mark="test")
    >>> write(example(), UTC, dashboard="https://buzz.example/").dashboard
    'https://buzz.example/?alert=Air%20Paradis%2F1767189600000'
    >>> message.subject, message.since
    ('[ESSAI] CRISE (critique) : Air Paradis', 'Depuis le 31/12/2025 à 14:05 (UTC).')
    """
    t = Translator(language)
    shown_mark = t(f"mark_{mark}") if mark else ""
    subject = title(alert, language)
    return Message(
        subject=f"[{shown_mark}] {subject}" if mark else subject,
        summary=_no_break(headline(alert, language)),
        rates=_no_break(rates(alert, language)),
        since=_since(alert, zone, t),
        why=tuple(map(_no_break, why(alert, language))),
        examples=tuple((quoted(tweet, language), tweet.url) for tweet in chosen(alert)),
        dashboard=_url(dashboard, alert),
        sms=sms(alert, zone, language, shown_mark),
        words={place: t(f"layout_{place}") for place in _LAYOUT},
    )


def _no_break(text: str) -> str:
    """Put a no-break space before a percent sign and before French punctuation."""
    return _LOOSE.sub("\N{NO-BREAK SPACE}\\1", text)


def _url(dashboard: str, alert: Alert) -> str:
    """Return the dashboard's URL with the alert's id as a further query parameter."""
    if not dashboard:
        return ""
    address, hash_sign, fragment = dashboard.partition("#")
    separator = "&" if "?" in address else "?"
    name = "".join(
        chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}" for byte in alert.id.encode()
    )
    return f"{address}{separator}alert={name}{hash_sign}{fragment}"


def _since(alert: Alert, zone: tzinfo, t: Translator) -> str:
    start = datetime.fromtimestamp(alert.opened_ms / 1000, zone)
    if alert.phase != "resolved":
        return t("mail_since", start=start)
    return t("mail_span", start=start, end=datetime.fromtimestamp(alert.window_end_ms / 1000, zone))
