"""Matching a run's alerts with the real incidents, and their severity over time."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from backtest.run import Run
from badbuzz.detection.alert_evaluation import (
    Incident,
    Truth,
    delay_ms,
    evaluate,
    is_watched,
    opens_in,
)
from badbuzz.model import Alert, severity_rank


class AlertMatch(NamedTuple):
    """Kind of a match between an alert and the truth, with a phrase in lower case."""

    kind: Literal["hit", "benign", "false"]
    phrase: str

    @property
    def sign(self) -> str:
        """Tick for a hit, cross for anything else."""
        return "✓" if self.kind == "hit" else "✗"


def match_alert(alert: Alert, truth: Truth) -> AlertMatch:
    """Match an alert with the incidents and benign surges that happened.

    Parameters
    ----------
    alert
        First phase of an alert.
    truth
        Incidents and benign surges.

    Examples
    --------
    >>> from badbuzz.messages.text import example
    >>> match_alert(example(), Truth()).phrase
    'false alarm'
    """
    for incident in sorted(truth.incidents, key=lambda incident: incident.start_ms):
        if opens_in(alert, incident):
            minutes = delay_ms(incident, alert) / 60_000
            return AlertMatch(
                "hit", f"real crisis: {_plain_kind(incident)}, {minutes:.0f} min after onset"
            )
    for surge in truth.benign:
        if opens_in(alert, surge):
            return AlertMatch("benign", f"false alarm: a benign surge ({_plain_kind(surge)})")
    return AlertMatch("false", "false alarm")


class Uncaught(NamedTuple):
    """Incidents without an alert: of watched brands, and of brands that were not watched yet."""

    missed: tuple[Incident, ...]
    unjudged: tuple[Incident, ...]


def uncaught(run: Run, truth: Truth) -> Uncaught:
    """Return the incidents that a run did not catch, by onset.

    An incident counts as unjudged if its brand was not watched when it began.
    """
    caught = evaluate(run.alerts, truth.incidents).caught
    watched = [(incident, alert) for incident, alert in caught if is_watched(incident, run.watches)]
    return Uncaught(
        tuple(incident for incident, alert in watched if alert is None),
        tuple(incident for incident, _ in caught if not is_watched(incident, run.watches)),
    )


def worst(alerts: Iterable[Alert]) -> dict[str, Alert]:
    """Return, by alert id, the first phase with the alert's highest severity."""
    highest: dict[str, Alert] = {}
    for alert in alerts:
        so_far = highest.get(alert.id)
        if so_far is None or severity_rank(alert.severity) > severity_rank(so_far.severity):
            highest[alert.id] = alert
    return highest


def severity(opened: Alert, highest: Alert) -> str:
    """Describe an alert's first severity and, if it rose, its highest one and the delay."""
    if highest.severity == opened.severity:
        return opened.severity
    minutes = (highest.window_end_ms - opened.opened_ms) / 60_000
    return f"{opened.severity}, {highest.severity} after {minutes:.0f} min"


def _plain_kind(incident: Incident) -> str:
    return incident.kind.replace("_", " ")
