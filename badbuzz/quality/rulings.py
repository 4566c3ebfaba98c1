"""What people said of alerts: real, false alarm or benign, by severity, brand and driving term."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, get_args

from badbuzz.model import Severity
from badbuzz.quality.proportions import Share
from badbuzz.store.model import AlertLife, Ruling, RulingKind

_SEVERITIES: Final = get_args(Severity)
NO_TERM: Final = "none"


@dataclass(frozen=True, slots=True)
class RulingCounts:
    """Alerts that have something in common, by what people said of them."""

    name: str
    n_real: int
    n_false_alarm: int
    n_benign: int

    @property
    def n(self) -> int:
        """How many alerts."""
        return self.n_real + self.n_false_alarm + self.n_benign

    @property
    def real(self) -> Share:
        """How many of them were real."""
        return Share(self.n_real, self.n)


@dataclass(frozen=True, slots=True)
class RulingSummary:
    """What people said of alerts.

    Parameters
    ----------
    overall
        Each alert once, by the latest ruling on it.
    n_contested
        Alerts of which people said different things.
    severities
        By the worst that the alert reached, gravest first.
    brands, terms
        Most alerts first; an alert counts in each of its driving terms.
    """

    overall: RulingCounts
    n_contested: int
    severities: tuple[RulingCounts, ...]
    brands: tuple[RulingCounts, ...]
    terms: tuple[RulingCounts, ...]


def summarise_rulings(rulings: Iterable[tuple[Ruling, AlertLife]]) -> RulingSummary:
    """What people said of alerts in a period.

    Examples
    --------
    >>> summarise_rulings([]).overall
    RulingCounts(name='all', n_real=0, n_false_alarm=0, n_benign=0)
    """
    latest: dict[str, tuple[Ruling, AlertLife]] = {}
    verdicts: dict[str, dict[str, RulingKind]] = {}
    for ruling, life in sorted(rulings, key=lambda pair: (pair[0].at_ms, pair[0].by)):
        latest[ruling.alert_id] = ruling, life
        verdicts.setdefault(ruling.alert_id, {})[ruling.by] = ruling.verdict
    pairs = list(latest.values())
    by_severity = {
        one.name: one for one in _group_rulings(pairs, lambda life: (_worst_severity(life),))
    }
    return RulingSummary(
        overall=_count_rulings("all", [ruling.verdict for ruling, _ in pairs]),
        n_contested=sum(len(set(its.values())) > 1 for its in verdicts.values()),
        severities=tuple(
            by_severity[name] for name in reversed(_SEVERITIES) if name in by_severity
        ),
        brands=_group_rulings(pairs, lambda life: (life.alert.brand,)),
        terms=_group_rulings(pairs, _driving_terms),
    )


def _worst_severity(life: AlertLife) -> Severity:
    return max((phase.severity for phase in life.phases), key=_SEVERITIES.index)


def _driving_terms(life: AlertLife) -> tuple[str, ...]:
    """The terms of the last evidence that the alert had."""
    told = [phase.evidence for phase in life.phases if phase.evidence is not None]
    return tuple(term.term for term in told[-1].terms) if told else (NO_TERM,)


def _group_rulings(
    pairs: list[tuple[Ruling, AlertLife]], names_of: Callable[[AlertLife], Iterable[str]]
) -> tuple[RulingCounts, ...]:
    verdicts: dict[str, list[RulingKind]] = {}
    for ruling, life in pairs:
        for name in names_of(life):
            verdicts.setdefault(name, []).append(ruling.verdict)
    groups = [_count_rulings(name, its) for name, its in verdicts.items()]
    return tuple(sorted(groups, key=lambda one: (-one.n, one.name)))


def _count_rulings(name: str, verdicts: list[RulingKind]) -> RulingCounts:
    counts = Counter(verdicts)
    return RulingCounts(name, counts["real"], counts["false_alarm"], counts["benign"])
