"""Expected tweets of a brand per five-minute bucket outside incidents."""

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
"""Number of tweets by local hour, as a multiple of the daily mean."""

_WEEKEND: Final = 0.8
_MEAN_OF_WEEK: Final = (5 + 2 * _WEEKEND) / 7
_DAY_SD: Final = 0.25
_AR_SD: Final = 0.3
_AR_KEPT: Final = exp(-5 / 20)
"""AR(1) coefficient of the noise: a time constant of twenty minutes."""

_CLUSTER_SHAPE: Final = 10.0
_MOOD_SHAPE: Final = 60.0
"""Shapes of the gamma noise of a bucket: shared by all tweets, and one for each class."""


def seasonal_factor(local: datetime) -> float:
    """Return the tweets expected at a local time, as a multiple of the weekly mean.

    Examples
    --------
    >>> from datetime import UTC
    >>> monday = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
    >>> seasonal_factor(monday) > seasonal_factor(monday.replace(hour=3))
    True
    >>> seasonal_factor(monday.replace(day=7)) < 1.4
    True
    """
    hour = local.hour + local.minute / 60 - 0.5
    before = int(hour // 1) % 24
    share = hour % 1.0
    level = (1 - share) * _BY_HOUR[before] + share * _BY_HOUR[(before + 1) % 24]
    return level * (_WEEKEND if local.weekday() >= 5 else 1.0) / _MEAN_OF_WEEK


class DailyProfile:
    """Number of tweets of one brand: seasonality, level of the day, clustering and noise.

    Parameters
    ----------
    zone
        Time zone of the brand.
    rng
        Random generator. The number of draws does not depend on incidents.
    """

    def __init__(self, zone: tzinfo, rng: np.random.Generator) -> None:
        self._zone = zone
        self._rng = rng
        self._day = -1
        self._day_factor = 1.0
        self._noise = _AR_SD * float(rng.standard_normal())

    def step(self, start_ms: int) -> tuple[float, float, float]:
        """Return the expected tweets of the next bucket and its noise factors.

        Returns
        -------
        tuple of float
            Expected tweets as a multiple of the brand's mean, and the noise factors of the
            negative and of the other tweets; their mean is 1.
        """
        local = datetime.fromtimestamp((start_ms + BUCKET_MS // 2) / 1000, self._zone)
        if local.toordinal() != self._day:
            self._day = local.toordinal()
            self._day_factor = max(1.0 + _DAY_SD * float(self._rng.standard_normal()), 0.3)
        fresh = sqrt(1 - _AR_KEPT**2) * _AR_SD * float(self._rng.standard_normal())
        self._noise = _AR_KEPT * self._noise + fresh
        shared = exp(self._noise - _AR_SD**2 / 2) * self._gamma(_CLUSTER_SHAPE)
        negative, other = self._gamma(_MOOD_SHAPE), self._gamma(_MOOD_SHAPE)
        return seasonal_factor(local) * self._day_factor, shared * negative, shared * other

    def _gamma(self, shape: float) -> float:
        return float(self._rng.gamma(shape, 1 / shape))
