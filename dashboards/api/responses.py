"""Alerts with what ``badbuzz alerts`` says of them, as answers hold them."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Final

from fastapi import Query

from badbuzz.messages.text import Language, headline, why
from badbuzz.model import Alert
from badbuzz.store.model import AlertHistory, BrandSummary

SpokenIn = Annotated[Language, Query(description="of summary and why")]
"""An endpoint's argument: the language that alerts are told in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldAlert(Alert):
    """An alert in figures and in words.

    Parameters
    ----------
    summary
        What was seen against what was expected, in one sentence.
    why
        What drives it, and who says so, a sentence or two each; empty when it is resolved.
    """

    summary: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToldLife(AlertHistory):
    """An alert and all that became of it, each phase in words too."""

    alert: ToldAlert
    phases: tuple[ToldAlert, ...]


@dataclass(frozen=True, slots=True)
class ToldSummary(BrandSummary):
    """Where a brand stands: its last closed window, its newest alert that is not resolved.

    ``zone`` is its customers' clock, an IANA name.
    """

    open_alert: ToldAlert | None
    zone: str


_NAMES: Final = tuple(field.name for field in fields(Alert))


def told(alert: Alert, language: Language = "en") -> ToldAlert:
    """An alert with its words.

    Examples
    --------
    >>> from badbuzz.messages.text import example
    >>> told(example(), "fr").why[0]
    'Mots saillants : bags, lost, luggage. Surtout : bagages perdus.'
    """
    values = {name: getattr(alert, name) for name in _NAMES}
    return ToldAlert(**values, summary=headline(alert, language), why=tuple(why(alert, language)))


def told_life(life: AlertHistory, language: Language = "en") -> ToldLife:
    """What became of an alert, with the words of each phase."""
    return ToldLife(
        told(life.alert, language),
        tuple(told(phase, language) for phase in life.phases),
        life.acknowledged_by,
        life.acknowledged_ms,
        life.rulings,
    )


def told_summary(summary: BrandSummary, zone: str, language: Language = "en") -> ToldSummary:
    """Where a brand stands, with the words of its open alert, and its clock's name."""
    opened = None if summary.open_alert is None else told(summary.open_alert, language)
    return ToldSummary(summary.brand, summary.last_window, opened, zone)
