"""Airlines of a simulation: names, time zones, volumes and languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from zoneinfo import ZoneInfo

LANGUAGES: Final = ("en", "fr")
"""Values that ``--lang`` accepts."""

OTHERS: Final = ("es", "de")
OTHERS_SHARE: Final = 0.03
"""Share of tweets in a language of :data:`OTHERS`."""


@dataclass(frozen=True, slots=True)
class Airline:
    """An airline of the simulation.

    Parameters
    ----------
    brand, handle, code
        Name, account with the ``@``, and prefix of flight numbers.
    zone
        Time zone of the airline's customers.
    loudness
        Number of tweets as a multiple of the average brand's, > 0.
    negative_rate
        Share of negative tweets outside incidents, in [0, 1].
    languages
        Weights of the customers' languages; only their ratios matter.
    """

    brand: str
    handle: str
    code: str
    zone: ZoneInfo
    loudness: float
    negative_rate: float
    languages: Mapping[str, float] = field(default_factory=lambda: {"en": 1.0})


_NAMED: Final = (
    ("Air Paradis", "AP", "Europe/Paris", 1.3, 0.48, 0.55),
    ("Nordwind", "NW", "Europe/Berlin", 0.7, 0.42, 0.08),
    ("Costa Air", "CA", "America/New_York", 1.0, 0.55, 0.03),
)
_FIRST: Final = ("Alba", "Boreal", "Cirrus", "Delfin", "Ember", "Fjord", "Granit", "Halo", "Iris")
_SECOND: Final = ("Air", "Airways", "Jet", "Wings", "Lines", "Express", "Sky", "Connect", "Fly")
_ZONES: Final = ("Europe/Paris", "America/New_York", "Asia/Tokyo", "Europe/London", "America/Lima")


def build_airlines(n_brands: int) -> tuple[Airline, ...]:
    """Return the first ``n_brands`` airlines; the list is always the same.

    Examples
    --------
    >>> [airline.brand for airline in build_airlines(4)]
    ['Air Paradis', 'Nordwind', 'Costa Air', 'Alba Air']
    """
    return tuple(_named(n) if n < len(_NAMED) else _invented(n) for n in range(n_brands))


def _named(n: int) -> Airline:
    brand, code, zone, loudness, negative_rate, french = _NAMED[n]
    return _airline((brand, code, zone), loudness, negative_rate, french)


def _invented(n: int) -> Airline:
    n -= len(_NAMED)
    first, rest = _FIRST[n % len(_FIRST)], n // len(_FIRST)
    second, lap = _SECOND[rest % len(_SECOND)], rest // len(_SECOND)
    brand = f"{first} {second}" + (f" {lap + 1}" if lap else "")
    loudness = (1.5, 0.3, 0.8, 0.1)[n % 4]
    rate = (0.45, 0.5, 0.4, 0.55, 0.6)[n % 5]
    names = brand, first[0] + second[0], _ZONES[n % len(_ZONES)]
    return _airline(names, loudness, rate, french=n % 3 * 0.2)


def _airline(
    names: tuple[str, str, str], loudness: float, negative_rate: float, french: float
) -> Airline:
    brand, code, zone = names
    return Airline(
        brand=brand,
        handle="@" + brand.replace(" ", ""),
        code=code,
        zone=ZoneInfo(zone),
        loudness=loudness,
        negative_rate=negative_rate,
        languages={"en": 1.0 - french, "fr": french},
    )
