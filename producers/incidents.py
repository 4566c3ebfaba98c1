"""What happens in a simulation: crises, which are incidents, and surges that are benign."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from badbuzz.errors import RecordingError
from producers.airlines import Airline

CRISES: Final = ("delay", "lost_luggage", "strike", "viral_video")
BENIGN: Final = ("fare_sale", "new_route", "retweet_storm")

_LISTS: Final = ("incidents", "benign")
WARMUP_DAYS: Final = 7
_MINUTE_MS: Final = 60_000
_DAY_MS: Final = 86_400_000
_RAMP: Final = 0.2
_EBB: Final = 0.25
_CRISES_PER_BRAND_DAY: Final = 5 / 9
_BENIGN_PER_BRAND_DAY: Final = 3 / 9
_SLOT_HOURS: Final = (8.0, 12.0, 16.0, 20.0)
"""Local hours at which something may begin, far enough apart for an alert to end between."""


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that happens to a brand.

    Parameters
    ----------
    kind
        One of :data:`CRISES` or :data:`BENIGN`.
    start_ms, end_ms
        Half-open, event time.
    magnitude
        At its height the negatives of a crisis, or all tweets of a benign surge, as a
        multiple of what is usual at that hour; > 1.
    """

    brand: str
    kind: str
    start_ms: int
    end_ms: int
    magnitude: float

    def strength(self, at_ms: int) -> float:
        """How far it is at its height, in [0, 1]: it swells, lasts, and ebbs away.

        Examples
        --------
        >>> incident = Incident("Nordwind", "delay", 0, 100, 5.0)
        >>> [incident.strength(at) for at in (-1, 10, 50, 100)]
        [0.0, 0.5, 1.0, 0.0]
        """
        share = (at_ms - self.start_ms) / (self.end_ms - self.start_ms)
        if not 0.0 <= share < 1.0:
            return 0.0
        return min(share / _RAMP, (1.0 - share) / _EBB, 1.0)


def place(
    parts: Sequence[Airline], start_ms: int, end_ms: int, rng: np.random.Generator
) -> tuple[Incident, ...]:
    """Incidents for a time, spread over brands and days, none in its first seven days.

    Parameters
    ----------
    parts
        The brands.
    start_ms, end_ms
        The simulated time; where it is shorter than ten days, its last three tenths have
        incidents.
    rng
        What decides.

    Returns
    -------
    tuple of Incident
        In time order: five crises for nine days of one brand, every kind among any four; and
        three benign surges.
    """
    quiet_ms = min(WARMUP_DAYS * _DAY_MS, int(0.7 * (end_ms - start_ms)))
    slots = _slots(parts, start_ms + quiet_ms, end_ms, rng)
    brand_days = len(parts) * (end_ms - start_ms - quiet_ms) / _DAY_MS
    n_crises = round(brand_days * _CRISES_PER_BRAND_DAY)
    n_benign = round(brand_days * _BENIGN_PER_BRAND_DAY)
    kinds = _cycle(CRISES, n_crises, rng) + _cycle(BENIGN, n_benign, rng)
    chosen = [
        _incident(part.brand, kind, at_ms, rng)
        for kind, (part, at_ms) in zip(kinds, slots, strict=False)
    ]
    return tuple(sorted(chosen, key=lambda incident: (incident.start_ms, incident.brand)))


def _cycle(kinds: tuple[str, ...], n: int, rng: np.random.Generator) -> list[str]:
    shuffled = [kinds[int(place)] for place in rng.permutation(len(kinds))]
    return [shuffled[i % len(kinds)] for i in range(n)]


def _slots(
    parts: Sequence[Airline], start_ms: int, end_ms: int, rng: np.random.Generator
) -> list[tuple[Airline, int]]:
    """Moments at which something may begin: shuffled, the brands taking turns."""
    of_part = []
    for part in parts:
        moments = []
        day = datetime.fromtimestamp(start_ms / 1000, part.zone).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        while day.timestamp() * 1000 < end_ms:
            for hour in _SLOT_HOURS:
                begin = day + timedelta(hours=hour + float(rng.random()))
                at_ms = int(begin.timestamp() * 1000)
                if start_ms <= at_ms and at_ms + 3 * 60 * _MINUTE_MS <= end_ms:
                    moments.append((part, at_ms))
            day += timedelta(days=1)
        of_part.append([moments[int(i)] for i in rng.permutation(len(moments))])
    return [
        moments[turn]
        for turn in range(max(map(len, of_part), default=0))
        for moments in of_part
        if turn < len(moments)
    ]


def _incident(brand: str, kind: str, at_ms: int, rng: np.random.Generator) -> Incident:
    if kind in CRISES:
        minutes = int(rng.integers(45, 121))
        magnitude = 3.0 * (10.0 / 3.0) ** float(rng.random())
    else:
        minutes = int(rng.integers(60, 121))
        magnitude = 4.0
    end_ms = at_ms + minutes * _MINUTE_MS
    return Incident(brand, kind, at_ms, end_ms, round(magnitude, 2))


def truth(incidents: Sequence[Incident]) -> dict[str, Any]:
    """Incidents as plain values: crises under ``incidents``, the rest under ``benign``."""
    return {
        "incidents": [asdict(each) for each in incidents if each.kind in CRISES],
        "benign": [asdict(each) for each in incidents if each.kind in BENIGN],
    }


def read_incidents(path: str, brands: Sequence[str]) -> tuple[Incident, ...]:
    """Incidents from a file as :func:`truth` writes it.

    Raises
    ------
    RecordingError
        When it cannot be read or names a brand or kind that there is not.
    """
    try:
        plain = orjson.loads(Path(path).read_bytes())
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
    except orjson.JSONDecodeError as error:
        raise RecordingError(f"{path}: is no file of incidents: is no JSON: {error}") from error
    lists: list[Any] = [plain.get(name, []) if isinstance(plain, dict) else None for name in _LISTS]
    if not all(isinstance(entries, list) for entries in lists):
        raise RecordingError(
            f"{path}: is no file of incidents: expected an object with lists {', '.join(_LISTS)}"
        )
    found = [_entry(entry, path) for entries in lists for entry in entries]
    bad = [each for each in found if not _plausible(each)]
    if bad:
        raise RecordingError(
            f"{path}: {bad[0].brand}, {bad[0].kind}: expected start_ms < end_ms, in Unix "
            "milliseconds, and magnitude > 1"
        )
    for incident in found:
        if incident.kind not in CRISES + BENIGN:
            kinds = ", ".join(CRISES + BENIGN)
            raise RecordingError(f"{path}: kind {incident.kind!r} is none of {kinds}")
        if incident.brand not in brands:
            raise RecordingError(f"{path}: brand {incident.brand!r} is none of {', '.join(brands)}")
    return tuple(sorted(found, key=lambda incident: (incident.start_ms, incident.brand)))


def _entry(entry: Any, path: str) -> Incident:
    expected = [spec.name for spec in fields(Incident)]
    if not isinstance(entry, dict) or set(entry) != set(expected):
        told = ", ".join(entry) if isinstance(entry, dict) else f"{entry!r:.40}"
        raise RecordingError(
            f"{path}: is no file of incidents: expected entries of {', '.join(expected)} "
            f"(times in Unix milliseconds), found {told or 'nothing'}"
        )
    return Incident(**entry)


def _plausible(incident: Incident) -> bool:
    times = type(incident.start_ms) is type(incident.end_ms) is int
    is_number = type(incident.magnitude) in (int, float)
    return times and is_number and incident.start_ms < incident.end_ms and incident.magnitude > 1
