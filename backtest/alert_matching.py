"""What the truth says of a run's alerts, and what became of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from backtest.run import Run
from badbuzz.detection.evaluation import Incident, Truth, delay_ms, evaluate, is_judged, opens_in
from badbuzz.model import Alert, Severity

_RANK: Final[dict[Severity, int]] = {"info": 0, "warning": 1, "critical": 2}


class AlertMatch(NamedTuple):
    """What the truth says of one alert: a sort, and words that begin in lower case."""

    sort: Literal["hit", "benign", "false"]
    words: str

    @property
    def sign(self) -> str:
        """A tick for a hit, a cross for all else."""
        return "✓" if self.sort == "hit" else "✗"


def match_alert(alert: Alert, truth: Truth) -> AlertMatch:
    """Whether an alert was right.

    Parameters
    ----------
    alert
        As it opened.
    truth
        What really happened.

    Examples
    --------
    >>> from badbuzz.messages.text import example
    >>> match_alert(example(), Truth()).words
    'false alarm'
    """
    for incident in sorted(truth.incidents, key=lambda one: one.start_ms):
        if opens_in(alert, incident):
            minutes = delay_ms(incident, alert) / 60_000
            return AlertMatch(
                "hit", f"real crisis: {_kind(incident)}, {minutes:.0f} min after onset"
            )
    for surge in truth.benign:
        if opens_in(alert, surge):
            return AlertMatch("benign", f"false alarm: a benign surge ({_kind(surge)})")
    return AlertMatch("false", "false alarm")


class Uncaught(NamedTuple):
    """Incidents that no alert caught: those that were watched, and those that nobody did."""

    missed: tuple[Incident, ...]
    unjudged: tuple[Incident, ...]


def uncaught(run: Run, truth: Truth) -> Uncaught:
    """The incidents that a run did not catch, by onset; what was not watched counts as unjudged."""
    caught = evaluate(run.alerts, truth.incidents).caught
    judged = [(one, alert) for one, alert in caught if is_judged(one, run.watches)]
    return Uncaught(
        tuple(one for one, alert in judged if alert is None),
        tuple(one for one, _ in caught if not is_judged(one, run.watches)),
    )


def worst(alerts: Iterable[Alert]) -> dict[str, Alert]:
    """By alert, the phase in which it first was as severe as it ever became."""
    found: dict[str, Alert] = {}
    for alert in alerts:
        so_far = found.get(alert.id)
        if so_far is None or _RANK[alert.severity] > _RANK[so_far.severity]:
            found[alert.id] = alert
    return found


def severity(opened: Alert, highest: Alert) -> str:
    """How severe an alert was when it opened, and what it rose to how much later."""
    if highest.severity == opened.severity:
        return opened.severity
    minutes = (highest.window_end_ms - opened.opened_ms) / 60_000
    return f"{opened.severity}, {highest.severity} after {minutes:.0f} min"


def _kind(incident: Incident) -> str:
    return incident.kind.replace("_", " ")
