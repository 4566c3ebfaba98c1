"""How many tweets a brand gets, five minutes by five minutes, when nothing happens."""

from __future__ import annotations

from datetime import datetime, tzinfo
from math import exp, sqrt
from typing import Final

import numpy as np

BUCKET_MS: Final = 300_000

_BY_HOUR: Final = (
    0.35, 0.2, 0.12, 0.08, 0.1, 0.25, 0.6, 1.05, 1.4, 1.45, 1.4, 1.35,
    1.3, 1.3, 1.35, 1.4, 1.5, 1.6, 1.6, 1.5, 1.4, 1.2, 0.9, 0.6,
)  # fmt: skip
"""Tweets of a local hour, as a multiple of the day's mean."""

_WEEKEND: Final = 0.8
_MEAN_OF_WEEK: Final = (5 + 2 * _WEEKEND) / 7
_DAY_SD: Final = 0.25
_AR_SD: Final = 0.3
_AR_KEPT: Final = exp(-5 / 20)
"""Autoregressive noise with a memory of twenty minutes."""

_CLUSTER_SHAPE: Final = 10.0
_MOOD_SHAPE: Final = 60.0
"""Gamma noise of five minutes: of all tweets, and of either class by itself."""


def season(local: datetime) -> float:
    """Tweets expected at a local time, as a multiple of the week's mean.

    Examples
    --------
    >>> from datetime import UTC
    >>> monday = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    >>> season(monday) > season(monday.replace(hour=3)), season(monday.replace(day=7)) < 1.4
    (True, True)
    """
    hour = local.hour + local.minute / 60 - 0.5
    before = int(hour // 1) % 24
    share = hour % 1.0
    level = (1 - share) * _BY_HOUR[before] + share * _BY_HOUR[(before + 1) % 24]
    return level * (_WEEKEND if local.weekday() >= 5 else 1.0) / _MEAN_OF_WEEK


class Rhythm:
    """The background of one brand: season, good and bad days, clusters and chance.

    Parameters
    ----------
    zone
        The brand's clock.
    rng
        What decides; drawn from alike whatever else happens.
    """

    def __init__(self, zone: tzinfo, rng: np.random.Generator) -> None:
        self._zone = zone
        self._rng = rng
        self._day = -1
        self._day_factor = 1.0
        self._noise = _AR_SD * float(rng.standard_normal())

    def step(self, start_ms: int) -> tuple[float, float, float]:
        """The next bucket's mean, and the factors of its negative and its other tweets.

        Returns
        -------
        tuple of float
            What is usual at that time, as a multiple of the brand's mean; and what chance
            makes of it for either class, 1 on average.
        """
        local = datetime.fromtimestamp((start_ms + BUCKET_MS // 2) / 1000, self._zone)
        if local.toordinal() != self._day:
            self._day = local.toordinal()
            self._day_factor = max(1.0 + _DAY_SD * float(self._rng.standard_normal()), 0.3)
        fresh = sqrt(1 - _AR_KEPT**2) * _AR_SD * float(self._rng.standard_normal())
        self._noise = _AR_KEPT * self._noise + fresh
        shared = exp(self._noise - _AR_SD**2 / 2) * self._gamma(_CLUSTER_SHAPE)
        negative, other = self._gamma(_MOOD_SHAPE), self._gamma(_MOOD_SHAPE)
        return season(local) * self._day_factor, shared * negative, shared * other

    def _gamma(self, shape: float) -> float:
        return float(self._rng.gamma(shape, 1 / shape))
