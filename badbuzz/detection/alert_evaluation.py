"""Evaluate alerts against ground truth: incidents caught, delay and false alarms.

Definitions, in event time; every interval is half-open.

- An *incident* is a real crisis of one brand, an interval. An alert *catches* it when it opens in
  the interval or within five minutes (:data:`GRACE_MS`) after. This is range-based recall with the
  existence reward alone (Tatbul et al. 2018, "Precision and Recall for Time Series", alpha = 1):
  a team needs one alert in time, and more alerts add nothing.
- The *delay* runs from the incident's onset to the end of the window that opened the alert. Lavin
  and Ahmad (2015, "Evaluating Real-time Anomaly Detection Algorithms: the Numenta Anomaly
  Benchmark") fold it into a weight; here it is reported in minutes beside the share caught.
- An alert that catches nothing is a *false alarm*; several may catch one incident. Informational
  alerts are ignored; one that escalates to a higher severity opens at that time.
- A brand is *watched* in the buckets that close while it has a baseline and is not muted, from the
  first to the last. Brand-weeks are such buckets by the 2,016 of a week; an incident or a surge
  whose onset is not watched is left out of all figures.
- *Alert-hours* run from an alert's opening to its resolution, or to the end of the watch.
- A *benign surge* has many tweets without a raised negative rate; it is *alerted* when a false
  alarm opens in it or within five minutes after.
- Intervals are bootstrap percentiles (Efron and Tibshirani 1993, chapter 13): incidents are
  resampled for share and delay, brand-days (UTC) for false alarms, as alerts of one day depend on
  each other. If all draws agree, for example if no incident was missed, the interval is a point;
  that does not mean that the next incident will be caught.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Final, NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from badbuzz.model import BUCKET_MS, DAY_MS, HOUR_MS, Alert, Window

GRACE_MS: Final = 300_000
_BUCKETS_PER_WEEK: Final = 7 * DAY_MS // BUCKET_MS
_N_DRAWS: Final = 1000
_PERCENTILES: Final = (2.5, 97.5)


@dataclass(frozen=True, slots=True)
class Incident:
    """A real crisis of one brand, from the ground truth."""

    brand: str
    kind: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Truth:
    """Ground truth: incidents, and benign surges."""

    incidents: tuple[Incident, ...] = ()
    benign: tuple[Incident, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Incidents with the alerts that caught them, and false alarms.

    ``caught`` pairs each incident with the first alert that caught it, or None.
    """

    caught: tuple[tuple[Incident, Alert | None], ...]
    false_alarms: tuple[Alert, ...]

    @property
    def n_caught(self) -> int:
        """Number of incidents that an alert caught."""
        return sum(alert is not None for _, alert in self.caught)


def delay_ms(incident: Incident, alert: Alert) -> int:
    """Return the time from the incident's onset to the end of the window that opened the alert."""
    return alert.opened_ms - incident.start_ms


def openings(alerts: Iterable[Alert]) -> list[Alert]:
    """Return the first phase above ``info`` of each alert, in the order of opening.

    An alert that was informational at first opens with the phase that raised its severity.
    """
    claims = (a for a in alerts if a.phase != "resolved" and a.severity != "info")
    first: dict[str, Alert] = {}
    for alert in sorted(claims, key=lambda a: (a.phase != "firing", a.window_end_ms)):
        if alert.phase == "escalated" and alert.id not in first:
            alert = replace(alert, opened_ms=alert.window_end_ms)  # noqa: PLW2901
        first.setdefault(alert.id, alert)
    return sorted(first.values(), key=lambda alert: (alert.opened_ms, alert.brand))


def evaluate(alerts: Sequence[Alert], incidents: Sequence[Incident]) -> Evaluation:
    """Match alerts with incidents.

    Parameters
    ----------
    alerts
        Phase changes in any order; the first above ``info`` of each alert counts.
    incidents
        Ground truth.

    Returns
    -------
    Evaluation
        Incidents in the order of onset, false alarms in the order of opening.

    Examples
    --------
    >>> crisis = Incident("Air Paradis", "strike", start_ms=0, end_ms=3_600_000)
    >>> evaluate([], [crisis]).n_caught
    0
    """
    opened = openings(alerts)
    caught = []
    hits: set[str] = set()
    for incident in sorted(incidents, key=lambda one: (one.start_ms, one.brand)):
        matching = [alert for alert in opened if opens_in(alert, incident)]
        hits.update(alert.id for alert in matching)
        caught.append((incident, matching[0] if matching else None))
    return Evaluation(tuple(caught), tuple(a for a in opened if a.id not in hits))


def opens_in(alert: Alert, incident: Incident) -> bool:
    """Check whether an alert opens in an incident or surge, or within five minutes after it."""
    in_time = incident.start_ms < alert.opened_ms <= incident.end_ms + GRACE_MS
    return alert.brand == incident.brand and in_time


@dataclass(slots=True)
class WatchedPeriod:
    """Time in which one brand was watched with a baseline.

    Parameters
    ----------
    since_ms, until_ms
        Start of the first watched bucket and end of the last; -1 if there is none.
    n_by_day
        Number of watched buckets by UTC day since 1970.
    muted_ms
        Half-open intervals of muted buckets.
    """

    since_ms: int = -1
    until_ms: int = -1
    n_by_day: dict[int, int] = field(default_factory=dict)
    muted_ms: list[tuple[int, int]] = field(default_factory=list)

    def note(self, window: Window) -> None:
        """Record the brand's next closed window."""
        if window.state == "no_baseline":
            return
        if window.state == "muted":
            start_ms = window.start_ms
            if self.muted_ms and self.muted_ms[-1][1] == start_ms:
                start_ms = self.muted_ms.pop()[0]
            self.muted_ms.append((start_ms, window.end_ms))
            return
        if self.since_ms < 0:
            self.since_ms = window.start_ms
        self.until_ms = window.end_ms
        day = window.start_ms // DAY_MS
        self.n_by_day[day] = self.n_by_day.get(day, 0) + 1

    def covers(self, incident: Incident) -> bool:
        """Check whether an incident's onset was watched."""
        muted = any(start <= incident.start_ms < end for start, end in self.muted_ms)
        return 0 <= self.since_ms <= incident.start_ms < self.until_ms and not muted


def is_watched(incident: Incident, watches: Mapping[str, WatchedPeriod]) -> bool:
    """Check whether the onset of an incident or a surge was watched."""
    return incident.brand in watches and watches[incident.brand].covers(incident)


class Interval(NamedTuple):
    """Bootstrap interval that contains 95 % of the draws."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Scorecard:
    """Figures of a detector, by the definitions of this module.

    Shares are in [0, 1]. A figure is None if there are no data for it. ``n_incidents`` and
    ``n_benign`` count incidents and surges that are not unjudged.
    """

    n_alerts: int
    n_incidents: int
    n_caught: int
    n_unjudged: int
    n_false_alarms: int
    n_benign: int
    n_benign_alerted: int
    n_benign_unjudged: int
    brand_weeks: float
    alert_hours: float
    median_delay_min: float | None
    caught_interval: Interval | None
    delay_interval: Interval | None
    false_alarms_interval: Interval | None

    @property
    def caught_share(self) -> float | None:
        """Share of watched incidents that were caught."""
        return self.n_caught / self.n_incidents if self.n_incidents else None

    @property
    def false_alarms_per_week(self) -> float | None:
        """False alarms per brand-week."""
        return self.n_false_alarms / self.brand_weeks if self.brand_weeks else None

    @property
    def alerts_per_week(self) -> float | None:
        """Alerts per brand-week, false alarms included."""
        return self.n_alerts / self.brand_weeks if self.brand_weeks else None


def score(
    alerts: Sequence[Alert],
    truth: Truth,
    watches: Mapping[str, WatchedPeriod],
    rng: Generator,
    n_draws: int = _N_DRAWS,
) -> Scorecard:
    """Compute the figures of a detector.

    Parameters
    ----------
    alerts
        Phase changes of all brands, in order for each brand.
    truth
        Incidents and benign surges.
    watches
        Watched period of each brand by name.
    rng
        Generator for the bootstrap; equal states give equal intervals.
    n_draws
        Number of bootstrap draws, >= 0; 0 for no intervals.

    Examples
    --------
    >>> from numpy.random import Generator, PCG64
    >>> crisis = Incident("Air Paradis", "strike", start_ms=0, end_ms=3_600_000)
    >>> watch = WatchedPeriod(0, 604_800_000, {day: 288 for day in range(7)})
    >>> card = score([], Truth((crisis,)), {"Air Paradis": watch}, Generator(PCG64(1)))
    >>> card.caught_share, card.false_alarms_per_week
    (0.0, 0.0)
    """
    evaluation = evaluate(alerts, truth.incidents)
    watched = [
        (incident, alert) for incident, alert in evaluation.caught if is_watched(incident, watches)
    ]
    delays = np.array(
        [delay_ms(i, alert) / 60_000 if alert is not None else np.nan for i, alert in watched]
    )
    benign = [surge for surge in truth.benign if is_watched(surge, watches)]
    n_buckets = sum(sum(watch.n_by_day.values()) for watch in watches.values())
    n_benign_alerted = sum(
        any(opens_in(alert, surge) for alert in evaluation.false_alarms) for surge in benign
    )
    caught, delay = _incident_intervals(delays, rng, n_draws)
    return Scorecard(
        n_alerts=len(openings(alerts)),
        n_incidents=len(watched),
        n_caught=int(np.count_nonzero(~np.isnan(delays))),
        n_unjudged=len(evaluation.caught) - len(watched),
        n_false_alarms=len(evaluation.false_alarms),
        n_benign=len(benign),
        n_benign_alerted=n_benign_alerted,
        n_benign_unjudged=len(truth.benign) - len(benign),
        brand_weeks=n_buckets / _BUCKETS_PER_WEEK,
        alert_hours=sum(end - start for _, start, end in spans(alerts, watches)) / HOUR_MS,
        median_delay_min=_median(delays),
        caught_interval=caught,
        delay_interval=delay,
        false_alarms_interval=_false_alarm_interval(evaluation.false_alarms, watches, rng, n_draws),
    )


def spans(
    alerts: Iterable[Alert], watches: Mapping[str, WatchedPeriod]
) -> list[tuple[Alert, int, int]]:
    """Return each alert above ``info`` with the times of its opening and its resolution.

    An alert that is not resolved lasts to the end of the brand's watched period.
    """
    phases = list(alerts)
    resolved_ms = {alert.id: alert.window_end_ms for alert in phases if alert.phase == "resolved"}
    watched_ms = {brand: watch.until_ms for brand, watch in watches.items()}
    lasting = []
    for alert in openings(phases):
        end_ms = resolved_ms.get(alert.id, watched_ms.get(alert.brand, 0))
        lasting.append((alert, alert.opened_ms, max(end_ms, alert.opened_ms)))
    return lasting


def _median(delays: NDArray[np.float64]) -> float | None:
    known = delays[~np.isnan(delays)].tolist()
    return float(median(known)) if known else None


def _incident_intervals(
    delays: NDArray[np.float64], rng: Generator, n_draws: int
) -> tuple[Interval | None, Interval | None]:
    if not len(delays) or not n_draws:
        return None, None
    drawn = delays[rng.integers(0, len(delays), (n_draws, len(delays)))]
    shares = np.mean(~np.isnan(drawn), axis=1)
    medians = [delay for delay in map(_median, drawn) if delay is not None]
    return _interval(shares), _interval(np.array(medians)) if medians else None


def _false_alarm_interval(
    false_alarms: Sequence[Alert],
    watches: Mapping[str, WatchedPeriod],
    rng: Generator,
    n_draws: int,
) -> Interval | None:
    days = [(brand, day) for brand, watch in sorted(watches.items()) for day in watch.n_by_day]
    if not days or not n_draws:
        return None
    counts = dict.fromkeys(days, 0)
    for alert in false_alarms:
        day = alert.brand, (alert.opened_ms - BUCKET_MS) // DAY_MS
        if day in counts:
            counts[day] += 1
    weeks = np.array([watches[brand].n_by_day[day] for brand, day in days]) / _BUCKETS_PER_WEEK
    drawn = rng.integers(0, len(days), (n_draws, len(days)))
    rates = np.array(list(counts.values()))[drawn].sum(axis=1) / weeks[drawn].sum(axis=1)
    return _interval(rates)


def _interval(values: NDArray[np.float64]) -> Interval:
    low, high = np.percentile(values, _PERCENTILES).tolist()
    return Interval(low, high)
