"""Streams with crises in them: the counts of one brand, and what was put into them.

The background follows a brand's hourly profile. What a day and what twenty minutes make of it is
shared by negative and other tweets; five minutes have a gamma factor for either kind. Crises
multiply the negatives, benign surges every tweet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.protocol.profiles import PROFILES, Profile

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

BUCKET_MIN: Final = 5
PER_DAY: Final = 288
WARMUP_DAYS: Final = 21
EVALUATED_DAYS: Final = 84
VOLUMES: Final = (1, 4, 16)
FACTORS: Final = (2, 3, 5)
START_MS: Final = 1_700_438_400_000
"""A Monday, 00:00 UTC."""

_SLOT_H: Final = 36
_APART_MIN: Final = 240
_DAY_SD: Final = 0.25
_WEEKEND: Final = 0.8
_AR_SD: Final = 0.3
_AR_MIN: Final = 20
_GAMMA_SHAPE: Final = 30.0
_BENIGN_FACTOR: Final = 4.0


@dataclass(frozen=True, slots=True)
class Event:
    """A crisis (``factor`` on the negatives) or, with factor 0, a benign surge.

    ``start_min`` and ``end_min`` are minutes from the stream's start, half-open.
    """

    start_min: int
    end_min: int
    factor: int


@dataclass(frozen=True, slots=True)
class Stream:
    """Counts of one brand in buckets of five minutes.

    Parameters
    ----------
    brand, volume, seed
        Profile, volume factor and seed of the simulation.
    negatives, others
        Tweets in each bucket.
    expected
        Mean negatives of each bucket as an oracle knows them: hour, day and weekend, but neither
        the noise nor the events.
    events
        Events by start; none in the warm-up.
    """

    brand: str
    volume: int
    seed: int
    negatives: Ints
    others: Ints
    expected: Floats
    events: tuple[Event, ...]

    @property
    def mean(self) -> float:
        """Negatives in five minutes, by the profile."""
        return PROFILES[self.brand].mean * self.volume


def draw(
    brand: str,
    volume: int,
    seed: int,
    *,
    warmup_days: int = WARMUP_DAYS,
    evaluated_days: int = EVALUATED_DAYS,
) -> Stream:
    """Draw the counts of one brand.

    Parameters
    ----------
    brand
        A key of :data:`PROFILES`.
    volume
        Factor on the profile.
    seed
        The same one draws the same counts.
    warmup_days, evaluated_days
        Days without events, and days with.

    Examples
    --------
    >>> stream = draw("United", 4, 1, warmup_days=7, evaluated_days=3)
    >>> len(stream.negatives), len(stream.events)
    (2880, 3)
    """
    profile = PROFILES[brand]
    place = sorted(PROFILES).index(brand)
    rng = np.random.default_rng((seed, place, volume))
    n_days = warmup_days + evaluated_days
    events = _events(rng, profile, warmup_days, evaluated_days)
    days = _days(rng, n_days)
    shared = _slow_noise(rng, n_days * PER_DAY)
    own = rng.gamma(_GAMMA_SHAPE, 1 / _GAMMA_SHAPE, (2, n_days * PER_DAY))
    negatives = np.tile(_by_bucket(profile.negative), n_days) * days * volume
    others = np.tile(_by_bucket(profile.other), n_days) * days * volume
    crisis, surge = _lifts(events, n_days * PER_DAY)
    return Stream(
        brand=brand,
        volume=volume,
        seed=seed,
        negatives=rng.poisson(negatives * shared * own[0] * crisis * surge),
        others=rng.poisson(others * shared * own[1] * surge),
        expected=negatives,
        events=events,
    )


def _by_bucket(hourly: Floats) -> Floats:
    """Return a day's buckets, interpolated between hour centres."""
    hours = (np.arange(PER_DAY) + 0.5) / 12
    return np.interp(hours, np.arange(24) + 0.5, hourly, period=24)


def _days(rng: np.random.Generator, n_days: int) -> Floats:
    factors = np.exp(_DAY_SD * rng.standard_normal(n_days) - _DAY_SD**2 / 2)
    factors[np.arange(n_days) % 7 >= 5] *= _WEEKEND
    return np.repeat(factors, PER_DAY)


def _slow_noise(rng: np.random.Generator, n: int) -> Floats:
    """First-order autoregressive noise that forgets in twenty minutes, of mean 1."""
    keep = np.exp(-BUCKET_MIN / _AR_MIN)
    steps = rng.standard_normal(n) * _AR_SD * np.sqrt(1 - keep**2)
    steps[0] = rng.standard_normal() * _AR_SD
    logs = np.empty(n)
    level = 0.0
    for i, step in enumerate(steps):
        level = keep * level + step
        logs[i] = level
    return np.asarray(np.exp(logs - _AR_SD**2 / 2))


def _events(
    rng: np.random.Generator, profile: Profile, warmup_days: int, evaluated_days: int
) -> tuple[Event, ...]:
    """Draw a crisis every 36 hours, with factors in turn, and a benign surge every 72."""
    events: list[Event] = []
    n_slots = evaluated_days * 24 // _SLOT_H
    factors = [int(f) for _ in range(n_slots // 3 + 1) for f in rng.permutation(FACTORS)]
    for slot in range(n_slots):
        start_h = warmup_days * 24 + slot * _SLOT_H
        slot_h = range(start_h, start_h + _SLOT_H - 2)
        hours = [hour for hour in slot_h if hour % 24 in profile.active]
        events.append(_place(rng, hours, factors[slot], events))
        if slot % 2:
            events.append(_place(rng, hours, 0, events))
    return tuple(sorted(events, key=lambda event: event.start_min))


def _place(rng: np.random.Generator, hours: list[int], factor: int, others: list[Event]) -> Event:
    while True:
        start_min = int(rng.choice(hours)) * 60 + int(rng.integers(60))
        end_min = start_min + int(rng.integers(30, 61))
        if all(
            end_min + _APART_MIN <= other.start_min or other.end_min + _APART_MIN <= start_min
            for other in others
        ):
            return Event(start_min, end_min, factor)


def _lifts(events: tuple[Event, ...], n: int) -> tuple[Floats, Floats]:
    """Factors on negatives by crises, and on every tweet by benign surges, for each bucket."""
    crisis, surge = np.ones(n), np.ones(n)
    for event in events:
        lift, factor = (crisis, event.factor) if event.factor else (surge, _BENIGN_FACTOR)
        for bucket in range(event.start_min // BUCKET_MIN, -(-event.end_min // BUCKET_MIN)):
            start_min = bucket * BUCKET_MIN
            overlap = min(event.end_min, start_min + BUCKET_MIN) - max(event.start_min, start_min)
            lift[bucket] += (factor - 1) * overlap / BUCKET_MIN
    return crisis, surge
