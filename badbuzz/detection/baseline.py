"""Baseline of a brand: level, season, dispersion, clustering and negative rate, all decayed.

The expected number of negatives in a bucket is ``level * season(hour)``. The level combines two
exponential averages: a fast one with a half-life of five hours is shrunk towards a slow one with a
half-life of eighteen, which has the weight of thirty negatives. The level of a big brand therefore
adapts within hours, and that of a small brand does not follow noise. The half-life of the season is
42 days, that of dispersion and clustering 30, that of the rate seven. Observations are winsorised
at two standard deviations above the expectation, so that a crisis does not raise its own baseline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import asin, sqrt
from typing import Any, Final

from badbuzz.detection.buckets import SCALES, Bucket, WindowCounts
from badbuzz.detection.statistics import CLUSTERING
from badbuzz.model import SCORE_UNITS

_HOURS: Final = 24
_BUCKETS_PER_HOUR: Final = 12
_LEVEL_DECAY: Final = 0.5 ** (1 / (18 * _BUCKETS_PER_HOUR))
_FAST_DECAY: Final = 0.5 ** (1 / (5 * _BUCKETS_PER_HOUR))
_FAST_SHRINKAGE: Final = 30.0  # weight of the slow level in the fast one, in negatives
_SEASON_DECAY: Final = 0.5 ** (1 / (42 * _BUCKETS_PER_HOUR))  # each hour is updated once a day
_DISPERSION_DECAY: Final = 0.5 ** (1 / (30 * 24 * _BUCKETS_PER_HOUR))
_RATE_DECAY: Final = 0.5 ** (1 / (7 * 24 * _BUCKETS_PER_HOUR))
_SEASON_PRIOR: Final = 20.0
_DISPERSION_PRIOR: Final = 0.1
_DISPERSION_PRIOR_WEIGHT: Final = 50.0
_DISPERSION_FLOOR: Final = 0.005
_CLUSTERING_WEIGHT: Final = 5000.0  # weight of the prior, in tweets of large windows
_CLUSTERING_FLOOR: Final = 0.02
_CLUSTERING_MIN_N: Final = 20
_TRIMMED_SQUARE: Final = 0.92  # mean square of a standard normal, winsorised at 2
_LEVEL_PRIOR: Final = (0.25, 0.5)
_RATE_PRIOR: Final = (2.0, 5.0)


@dataclass(slots=True)
class Baseline:
    """Baseline of one brand; every number is a decayed sum.

    Examples
    --------
    A brand with three negatives of five tweets in every bucket for a day:

    >>> from badbuzz.detection.buckets import window_sums
    >>> baseline = Baseline()
    >>> for i in range(288):
    ...     bucket = Bucket(n=5, n_negative=3, expected=baseline.expected(i / 12))
    ...     baseline.learn(i / 12, bucket, window_sums([bucket]))
    >>> round(baseline.expected(12.0), 1), round(baseline.rate, 2)
    (3.0, 0.6)
    """

    level_seen: float = 0.0
    level_exposure: float = 0.0
    fast_seen: float = 0.0
    fast_exposure: float = 0.0
    season_seen: list[float] = field(default_factory=lambda: [0.0] * _HOURS)
    season_expected: list[float] = field(default_factory=lambda: [0.0] * _HOURS)
    residual_squares: list[float] = field(default_factory=lambda: [0.0] * len(SCALES))
    mean_squares: list[float] = field(default_factory=lambda: [0.0] * len(SCALES))
    rate_negatives: float = 0.0
    rate_tweets: float = 0.0
    rate_adjusted: float = 0.0
    rate_squares: list[float] = field(default_factory=lambda: [0.0] * len(SCALES))
    rate_sizes: list[float] = field(default_factory=lambda: [0.0] * len(SCALES))

    @property
    def level(self) -> float:
        """Negatives per bucket without the effect of the hour, > 0."""
        seen, exposure = _LEVEL_PRIOR
        slow = (self.level_seen + seen) / (self.level_exposure + exposure)
        return (self.fast_seen + _FAST_SHRINKAGE) / (self.fast_exposure + _FAST_SHRINKAGE / slow)

    def season(self, hour: float) -> float:
        """Return the season's factor at an hour, > 0, interpolated between the hours' middles.

        Parameters
        ----------
        hour
            Local time in [0, 24).
        """
        before = int(hour - 0.5) if hour >= 0.5 else _HOURS - 1
        weight = (hour - 0.5) % 1.0
        return (1.0 - weight) * self._season_bin(before) + weight * self._season_bin(before + 1)

    def _season_bin(self, hour: int) -> float:
        hour %= _HOURS
        return (self.season_seen[hour] + _SEASON_PRIOR) / (
            self.season_expected[hour] + _SEASON_PRIOR
        )

    def expected(self, hour: float) -> float:
        """Return the expected number of negatives in a bucket at a local hour, > 0."""
        return self.level * self.season(hour)

    def dispersion(self, scale: int) -> float:
        """Return phi of Var = mu + phi * mu**2 at a scale, > 0."""
        prior = _DISPERSION_PRIOR * _DISPERSION_PRIOR_WEIGHT
        spread = (self.residual_squares[scale] + prior) / (
            self.mean_squares[scale] + _DISPERSION_PRIOR_WEIGHT
        )
        return max(spread, _DISPERSION_FLOOR)

    def uncertainty(self, hour: float) -> float:
        """Return the addition to phi for the uncertainty of the parameters, > 0."""
        seen = min(self.level_seen, self.fast_seen + _FAST_SHRINKAGE)
        level = 1.0 / (2.0 * seen + 1.0)
        season = 1.0 / (self.season_seen[int(hour) % _HOURS] + _SEASON_PRIOR)
        return level + season

    def clustering(self, scale: int) -> float:
        """Return the correlation of the tweets in one window at a scale, > 0.

        The rate of n tweets has 1 + clustering * (n - 1) times the variance of n independent ones.
        """
        prior = CLUSTERING * _CLUSTERING_WEIGHT
        squares = self.rate_squares[scale] + prior
        return max(squares / (self.rate_sizes[scale] + _CLUSTERING_WEIGHT), _CLUSTERING_FLOOR)

    @property
    def rate(self) -> float:
        """Baseline of the negative rate, in (0, 1)."""
        negatives, tweets = _RATE_PRIOR
        return (self.rate_negatives + negatives) / (self.rate_tweets + tweets)

    @property
    def adjusted_rate(self) -> float:
        """Baseline of the negative rate adjusted for the classifier's error, in [0, 1]."""
        if self.rate_tweets <= 0.0:
            return self.rate
        return min(max(self.rate_adjusted / self.rate_tweets, 0.0), 1.0)

    def ceiling(self, scale: int, expected: float) -> float:
        """Return the winsorising limit: two standard deviations above the expectation, plus one."""
        spread = self.dispersion(scale)
        return expected + 2.0 * sqrt(expected + spread * expected * expected) + 1.0

    def learn(
        self, hour: float, bucket: Bucket, sums: Sequence[WindowCounts], *, trusted: bool = True
    ) -> None:
        """Update the baseline with a closed bucket.

        Parameters
        ----------
        hour
            Local time of the bucket, in [0, 24).
        bucket
            Closed bucket, with its expected number of negatives.
        sums
            Windows that end with the bucket, one for each scale.
        trusted
            Whether the expectation is reliable: if so, the bucket is winsorised, and dispersion
            and clustering are updated.
        """
        negatives = float(bucket.n_negative)
        if trusted:
            negatives = min(negatives, self.ceiling(0, bucket.expected))
            self._learn_dispersion(sums)
            self._learn_clustering(sums)
        season, level = self.season(hour), self.level
        self.level_seen = self.level_seen * _LEVEL_DECAY + negatives
        self.level_exposure = self.level_exposure * _LEVEL_DECAY + season
        self.fast_seen = self.fast_seen * _FAST_DECAY + negatives
        self.fast_exposure = self.fast_exposure * _FAST_DECAY + season
        hour_bin = int(hour) % _HOURS
        self.season_seen[hour_bin] = self.season_seen[hour_bin] * _SEASON_DECAY + negatives
        self.season_expected[hour_bin] = self.season_expected[hour_bin] * _SEASON_DECAY + level
        trimmed = bucket.n_negative - negatives
        self.rate_negatives = self.rate_negatives * _RATE_DECAY + negatives
        self.rate_tweets = self.rate_tweets * _RATE_DECAY + bucket.n - trimmed
        adjusted = bucket.adjusted / SCORE_UNITS - trimmed
        self.rate_adjusted = self.rate_adjusted * _RATE_DECAY + adjusted

    def learn_empty(self, hour: float, level: float, season: float, means: Sequence[float]) -> None:
        """Update the baseline as :meth:`learn` does with an empty bucket in an empty hour.

        Parameters
        ----------
        hour
            Local time of the bucket, in [0, 24).
        level, season
            :attr:`level` and :meth:`season` at that hour.
        means
            Expected negatives at each scale; empty if the expectation is not reliable.
        """
        if means:
            decay = _DISPERSION_DECAY
            residuals, squares = self.residual_squares, self.mean_squares
            for scale, mean in enumerate(means):
                residuals[scale] = residuals[scale] * decay + (mean**2 - mean)
                squares[scale] = squares[scale] * decay + mean * mean
            if self.rate_sizes[-1]:  # an hour has tweets wherever a shorter window has
                self.rate_squares = [square * decay + 0.0 for square in self.rate_squares]
                self.rate_sizes = [size * decay for size in self.rate_sizes]
        self.level_seen *= _LEVEL_DECAY
        self.level_exposure = self.level_exposure * _LEVEL_DECAY + season
        self.fast_seen *= _FAST_DECAY
        self.fast_exposure = self.fast_exposure * _FAST_DECAY + season
        hour_bin = int(hour)
        self.season_seen[hour_bin] *= _SEASON_DECAY
        self.season_expected[hour_bin] = self.season_expected[hour_bin] * _SEASON_DECAY + level
        self.rate_negatives *= _RATE_DECAY
        self.rate_tweets *= _RATE_DECAY
        self.rate_adjusted = self.rate_adjusted * _RATE_DECAY + 0.0

    def _learn_dispersion(self, sums: Sequence[WindowCounts]) -> None:
        for scale, window in enumerate(sums):
            mean = window.expected
            count = min(float(window.n_negative), self.ceiling(scale, mean))
            self.residual_squares[scale] *= _DISPERSION_DECAY
            self.residual_squares[scale] += (count - mean) ** 2 - mean
            self.mean_squares[scale] *= _DISPERSION_DECAY
            self.mean_squares[scale] += mean * mean

    def _learn_clustering(self, sums: Sequence[WindowCounts]) -> None:
        """Update the moment estimate from windows with enough tweets for a normal approximation."""
        usual = asin(sqrt(self.rate))  # variance-stabilised
        for scale, window in enumerate(sums):
            square = size = 0.0
            if window.n >= _CLUSTERING_MIN_N:
                size = window.n - 1.0
                z = 2.0 * (asin(sqrt(window.n_negative / window.n)) - usual)
                ceiling = 4.0 * (1.0 + self.clustering(scale) * size)
                square = min(z * z * window.n, ceiling) - _TRIMMED_SQUARE
            self.rate_squares[scale] = self.rate_squares[scale] * _DISPERSION_DECAY + square
            self.rate_sizes[scale] = self.rate_sizes[scale] * _DISPERSION_DECAY + size

    def pack(self) -> list[Any]:
        """Return all numbers in the order of the fields."""
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def unpack(cls, packed: list[Any]) -> Baseline:
        """Return the baseline that :meth:`pack` packed."""
        return cls(*packed)
