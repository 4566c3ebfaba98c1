"""Incidents of a simulation: crises and benign surges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import orjson

from badbuzz.errors import RecordingError
from badbuzz.model import DAY_MS
from badbuzz.recordings.limits import read_file, shown
from badbuzz.recordings.outputs import file_errors
from producers.airlines import Airline

CRISES: Final = ("delay", "lost_luggage", "strike", "viral_video")
BENIGN: Final = ("fare_sale", "new_route", "retweet_storm")

_LISTS: Final = ("incidents", "benign")
WARMUP_DAYS: Final = 7
_MINUTE_MS: Final = 60_000
_RAMP: Final = 0.2
_EBB: Final = 0.25
_CRISES_PER_BRAND_DAY: Final = 5 / 9
_BENIGN_PER_BRAND_DAY: Final = 3 / 9
_SLOT_HOURS: Final = (8.0, 12.0, 16.0, 20.0)
"""Local hours at which incidents may begin; an alert ends before the next one."""


@dataclass(frozen=True, slots=True)
class SimulatedIncident:
    """A crisis or benign surge of one brand.

    Parameters
    ----------
    kind
        One of :data:`CRISES` or :data:`BENIGN`.
    start_ms, end_ms
        Half-open interval of event time, Unix ms.
    magnitude
        Peak number of negative tweets (crisis) or of all tweets (benign surge), as a multiple
        of the expected number at that hour; > 1.
    """

    brand: str
    kind: str
    start_ms: int
    end_ms: int
    magnitude: float

    def strength(self, at_ms: int) -> float:
        """Return the strength in [0, 1]: it ramps up, stays at 1, and ramps down.

        Examples
        --------
        >>> incident = SimulatedIncident("Nordwind", "delay", 0, 100, 5.0)
        >>> [incident.strength(at) for at in (-1, 10, 50, 100)]
        [0.0, 0.5, 1.0, 0.0]
        """
        share = (at_ms - self.start_ms) / (self.end_ms - self.start_ms)
        if not 0.0 <= share < 1.0:
            return 0.0
        return min(share / _RAMP, (1.0 - share) / _EBB, 1.0)


def schedule_incidents(
    airlines: Sequence[Airline], start_ms: int, end_ms: int, rng: np.random.Generator
) -> tuple[SimulatedIncident, ...]:
    """Schedule incidents, spread over brands and days; the first seven days have none.

    Parameters
    ----------
    airlines
        Brands of the simulation.
    start_ms, end_ms
        Simulated period, Unix ms. If it is shorter than ten days, only its last 30 % have
        incidents.
    rng
        Random generator.

    Returns
    -------
    tuple of Incident
        Incidents in time order: five crises and three benign surges per nine brand-days. The
        kinds take turns.
    """
    quiet_ms = min(WARMUP_DAYS * DAY_MS, int(0.7 * (end_ms - start_ms)))
    slots = _slots(airlines, start_ms + quiet_ms, end_ms, rng)
    brand_days = len(airlines) * (end_ms - start_ms - quiet_ms) / DAY_MS
    n_crises = round(brand_days * _CRISES_PER_BRAND_DAY)
    n_benign = round(brand_days * _BENIGN_PER_BRAND_DAY)
    kinds = _cycle(CRISES, n_crises, rng) + _cycle(BENIGN, n_benign, rng)
    chosen = [
        _incident(airline.brand, kind, at_ms, rng)
        for kind, (airline, at_ms) in zip(kinds, slots, strict=False)
    ]
    return tuple(sorted(chosen, key=lambda incident: (incident.start_ms, incident.brand)))


def _cycle(kinds: tuple[str, ...], n: int, rng: np.random.Generator) -> list[str]:
    shuffled = [kinds[int(index)] for index in rng.permutation(len(kinds))]
    return [shuffled[i % len(kinds)] for i in range(n)]


def _slots(
    airlines: Sequence[Airline], start_ms: int, end_ms: int, rng: np.random.Generator
) -> list[tuple[Airline, int]]:
    """Return possible starts as (airline, Unix ms): shuffled, the brands take turns."""
    by_airline = []
    for airline in airlines:
        moments = []
        day = datetime.fromtimestamp(start_ms / 1000, airline.zone).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        while day.timestamp() * 1000 < end_ms:
            for hour in _SLOT_HOURS:
                begin = day + timedelta(hours=hour + float(rng.random()))
                at_ms = int(begin.timestamp() * 1000)
                if start_ms <= at_ms and at_ms + 3 * 60 * _MINUTE_MS <= end_ms:
                    moments.append((airline, at_ms))
            day += timedelta(days=1)
        by_airline.append([moments[int(i)] for i in rng.permutation(len(moments))])
    return [
        moments[turn]
        for turn in range(max(map(len, by_airline), default=0))
        for moments in by_airline
        if turn < len(moments)
    ]


def _incident(brand: str, kind: str, at_ms: int, rng: np.random.Generator) -> SimulatedIncident:
    if kind in CRISES:
        minutes = int(rng.integers(45, 121))
        magnitude = 3.0 * (10.0 / 3.0) ** float(rng.random())
    else:
        minutes = int(rng.integers(60, 121))
        magnitude = 4.0
    end_ms = at_ms + minutes * _MINUTE_MS
    return SimulatedIncident(brand, kind, at_ms, end_ms, round(magnitude, 2))


def as_truth(incidents: Sequence[SimulatedIncident]) -> dict[str, Any]:
    """Return incidents as JSON values: crises under ``incidents``, the rest under ``benign``."""
    return {
        "incidents": [asdict(each) for each in incidents if each.kind in CRISES],
        "benign": [asdict(each) for each in incidents if each.kind in BENIGN],
    }


def read_incidents(path: str, brands: Sequence[str]) -> tuple[SimulatedIncident, ...]:
    """Read incidents from a file in the format of :func:`as_truth`.

    Raises
    ------
    RecordingError
        If the file cannot be read or has an unknown brand or kind.
    """
    try:
        with file_errors(path, "read"):
            plain = orjson.loads(read_file(path))
    except orjson.JSONDecodeError as error:
        raise RecordingError(
            f"{path}: is not a file of incidents: invalid JSON: {error}"
        ) from error
    lists: list[Any] = [plain.get(name, []) if isinstance(plain, dict) else None for name in _LISTS]
    if not all(isinstance(entries, list) for entries in lists):
        raise RecordingError(
            f"{path}: is not a file of incidents: expected an object with lists {', '.join(_LISTS)}"
        )
    incidents = [_entry(entry, path) for entries in lists for entry in entries]
    bad = [each for each in incidents if not _is_plausible(each)]
    if bad:
        raise RecordingError(
            f"{path}: {bad[0].brand}, {bad[0].kind}: expected start_ms < end_ms, in Unix "
            "milliseconds, and magnitude > 1"
        )
    for incident in incidents:
        if incident.kind not in CRISES + BENIGN:
            kinds = ", ".join(CRISES + BENIGN)
            raise RecordingError(f"{path}: kind {incident.kind!r} is none of {kinds}")
        if incident.brand not in brands:
            raise RecordingError(f"{path}: brand {incident.brand!r} is none of {', '.join(brands)}")
    return tuple(sorted(incidents, key=lambda incident: (incident.start_ms, incident.brand)))


def _entry(entry: Any, path: str) -> SimulatedIncident:
    expected = [spec.name for spec in fields(SimulatedIncident)]
    if not isinstance(entry, dict) or set(entry) != set(expected):
        keys = ", ".join(entry) if isinstance(entry, dict) else shown(entry)
        raise RecordingError(
            f"{path}: is not a file of incidents: expected entries of {', '.join(expected)} "
            f"(times in Unix milliseconds), found {keys or 'nothing'}"
        )
    return SimulatedIncident(**entry)


def _is_plausible(incident: SimulatedIncident) -> bool:
    times = type(incident.start_ms) is type(incident.end_ms) is int
    is_number = type(incident.magnitude) in (int, float)
    return times and is_number and incident.start_ms < incident.end_ms and incident.magnitude > 1
