"""Summary of rulings on alerts (real, false alarm or benign) by severity, brand and term."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from badbuzz.model import severity_rank
from badbuzz.quality.proportions import Share
from badbuzz.store.model import AlertHistory, Ruling, RulingKind

NO_TERM: Final = "none"
"""Name of the group of alerts without driving terms."""


@dataclass(frozen=True, slots=True)
class RulingCounts:
    """Number of alerts of a group by ruling."""

    name: str
    n_real: int
    n_false_alarm: int
    n_benign: int

    @property
    def n(self) -> int:
        """Number of alerts."""
        return self.n_real + self.n_false_alarm + self.n_benign

    @property
    def real(self) -> Share:
        """Share of real alerts."""
        return Share(self.n_real, self.n)


@dataclass(frozen=True, slots=True)
class RulingSummary:
    """Counts of rulings.

    Parameters
    ----------
    overall
        All alerts, each by its latest ruling.
    n_contested
        Number of alerts on which people disagree.
    severities
        Counts by the highest severity the alert reached, most severe first.
    brands, terms
        Counts by brand and driving term, most alerts first; an alert counts in each of its terms.
    """

    overall: RulingCounts
    n_contested: int
    severities: tuple[RulingCounts, ...]
    brands: tuple[RulingCounts, ...]
    terms: tuple[RulingCounts, ...]


def summarise_rulings(rulings: Iterable[tuple[Ruling, AlertHistory]]) -> RulingSummary:
    """Count the rulings on alerts.

    Examples
    --------
    >>> summarise_rulings([]).overall
    RulingCounts(name='all', n_real=0, n_false_alarm=0, n_benign=0)
    """
    latest: dict[str, tuple[Ruling, AlertHistory]] = {}
    by_person: dict[str, dict[str, RulingKind]] = {}
    for ruling, alert in sorted(rulings, key=lambda pair: (pair[0].at_ms, pair[0].by)):
        latest[ruling.alert_id] = ruling, alert
        by_person.setdefault(ruling.alert_id, {})[ruling.by] = ruling.verdict
    pairs = list(latest.values())
    severities = _group_rulings(pairs, lambda alert: (highest_severity(alert),))
    return RulingSummary(
        overall=_count_rulings("all", [ruling.verdict for ruling, _ in pairs]),
        n_contested=sum(len(set(kinds.values())) > 1 for kinds in by_person.values()),
        severities=tuple(sorted(severities, key=lambda one: severity_rank(one.name), reverse=True)),
        brands=_group_rulings(pairs, lambda alert: (alert.alert.brand,)),
        terms=_group_rulings(pairs, _driving_terms),
    )


def highest_severity(alert: AlertHistory) -> str:
    """Return the highest severity that an alert reached."""
    return max((phase.severity for phase in alert.phases), key=severity_rank)


def _driving_terms(alert: AlertHistory) -> tuple[str, ...]:
    """Return the terms of the alert's last evidence."""
    evidence = [phase.evidence for phase in alert.phases if phase.evidence is not None]
    return tuple(term.term for term in evidence[-1].terms) if evidence else (NO_TERM,)


def _group_rulings(
    pairs: list[tuple[Ruling, AlertHistory]], names_of: Callable[[AlertHistory], Iterable[str]]
) -> tuple[RulingCounts, ...]:
    kinds: dict[str, list[RulingKind]] = {}
    for ruling, alert in pairs:
        for name in names_of(alert):
            kinds.setdefault(name, []).append(ruling.verdict)
    groups = [_count_rulings(name, group) for name, group in kinds.items()]
    return tuple(sorted(groups, key=lambda one: (-one.n, one.name)))


def _count_rulings(name: str, kinds: list[RulingKind]) -> RulingCounts:
    counts = Counter(kinds)
    return RulingCounts(name, counts["real"], counts["false_alarm"], counts["benign"])
