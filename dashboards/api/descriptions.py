"""Alerts and brands with sentences that describe them, in the language of the request."""

from __future__ import annotations

from dataclasses import fields
from typing import Annotated, Final

from fastapi import Query

from badbuzz.messages.text import headline, why
from badbuzz.messages.translator import Language
from badbuzz.model import Alert
from badbuzz.store.model import AlertHistory, BrandSummary
from dashboards.responses import BrandStatus, DescribedAlert, DescribedAlertHistory

LanguageQuery = Annotated[Language, Query(description="language of summary and why")]
"""Parameter of an endpoint: the language of the sentences that describe an alert."""

_NAMES: Final = tuple(field.name for field in fields(Alert))


def describe_alert(alert: Alert, language: Language = "en") -> DescribedAlert:
    """Add its sentences to an alert.

    Examples
    --------
    >>> from badbuzz.messages.text import example
    >>> describe_alert(example(), "fr").why[0]
    'Mots saillants : bags, lost, luggage. Surtout : bagages perdus.'
    """
    values = {name: getattr(alert, name) for name in _NAMES}
    return DescribedAlert(
        **values, summary=headline(alert, language), why=tuple(why(alert, language))
    )


def describe_history(history: AlertHistory, language: Language = "en") -> DescribedAlertHistory:
    """Add its sentences to each phase of an alert."""
    return DescribedAlertHistory(
        describe_alert(history.alert, language),
        tuple(describe_alert(phase, language) for phase in history.phases),
        history.acknowledged_by,
        history.acknowledged_ms,
        history.rulings,
    )


def describe_brand(summary: BrandSummary, zone: str, language: Language = "en") -> BrandStatus:
    """Add the time zone to a brand's state, and the sentences to its open alert."""
    opened = None if summary.open_alert is None else describe_alert(summary.open_alert, language)
    return BrandStatus(summary.brand, summary.last_window, opened, zone)
