"""Alerts against what really happened: caught, how soon, and for nothing.

An *incident* is a real crisis of one brand, a half-open interval of event time. An alert *catches*
it when it opens in the interval or within five minutes after; its *delay* runs from the incident's
onset to the end of the window that opened the alert. An alert that catches nothing is a *false
alarm*. Informational alerts claim nothing and are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from badbuzz.model import Alert

GRACE_MS: Final = 300_000


@dataclass(frozen=True, slots=True)
class Incident:
    """A real crisis: truth, not a claim."""

    brand: str
    kind: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What became of each incident, and the alerts that caught none.

    ``caught`` pairs each incident with the alert that caught it first, or None.
    """

    caught: tuple[tuple[Incident, Alert | None], ...]
    false_alarms: tuple[Alert, ...]

    @property
    def n_caught(self) -> int:
        """Incidents that some alert caught."""
        return sum(alert is not None for _, alert in self.caught)


def delay_ms(incident: Incident, alert: Alert) -> int:
    """From the incident's onset to the end of the window that opened the alert."""
    return alert.opened_ms - incident.start_ms


def evaluate(alerts: Sequence[Alert], incidents: Sequence[Incident]) -> Evaluation:
    """Hold alerts against incidents.

    Parameters
    ----------
    alerts
        Phase changes in any order; only openings count, and severities above ``info``.
    incidents
        The truth.

    Returns
    -------
    Evaluation
        Incidents by onset; false alarms by opening.

    Examples
    --------
    >>> crisis = Incident("Air Paradis", "strike", start_ms=0, end_ms=3_600_000)
    >>> evaluate([], [crisis]).n_caught
    0
    """
    openings = sorted(
        (alert for alert in alerts if alert.phase == "firing" and alert.severity != "info"),
        key=lambda alert: (alert.opened_ms, alert.brand),
    )
    caught = []
    hits: set[str] = set()
    for incident in sorted(incidents, key=lambda one: (one.start_ms, one.brand)):
        found = [alert for alert in openings if _catches(alert, incident)]
        hits.update(alert.id for alert in found)
        caught.append((incident, found[0] if found else None))
    return Evaluation(tuple(caught), tuple(a for a in openings if a.id not in hits))


def _catches(alert: Alert, incident: Incident) -> bool:
    in_time = incident.start_ms < alert.opened_ms <= incident.end_ms + GRACE_MS
    return alert.brand == incident.brand and in_time
