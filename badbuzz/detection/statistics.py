"""Statistics of a window: z-scores of its negative count and of its negative rate."""

from __future__ import annotations

from math import asin, copysign, erfc, log, log1p, sinh, sqrt
from typing import Final

EMPTY_Z: Final = -3.0
CLUSTERING: Final = 0.03
"""Prior correlation of the tweets in one window: n of them are worth n / (1 + 0.03 (n - 1))
independent ones, the design effect of a cluster sample (Kish 1965)."""


def count_z(n_negative: int, expected: float, dispersion: float) -> float:
    """Return the z-score of a window's negative count.

    Saddlepoint approximation of the negative-binomial upper tail P(X >= n_negative)
    (Lugannani and Rice 1980), with the second continuity correction of Daniels (1987) and in
    Barndorff-Nielsen's form (1986), which stays exact far out in the tail; |error| < 0.06
    against the exact tail.

    Parameters
    ----------
    n_negative
        Negative tweets in the window, >= 0.
    expected
        Baseline mean of that count, > 0.
    dispersion
        phi in Var = mu + phi * mu**2, >= 0; 0 is Poisson.

    Returns
    -------
    float
        Standard deviations; negative below the mean; -3.0 for an empty window.

    Examples
    --------
    >>> round(count_z(38, expected=6.1, dispersion=0.1), 1)
    5.9
    >>> count_z(0, expected=6.1, dispersion=0.1)
    -3.0
    """
    if n_negative <= 0:
        return EMPTY_Z
    x = n_negative - 0.5
    variance = x * (1.0 + dispersion * x)
    growth = log1p(dispersion * (x - expected) / (1.0 + dispersion * expected))
    tilt = log(x / expected) - growth
    if abs(tilt) < 1e-4:
        # w and u both vanish here: use the limit, which is the skewness term
        skewness = (1.0 + 2.0 * dispersion * x) / sqrt(variance)
        return (x - expected) / sqrt(variance) + skewness / 6.0
    excess_information = growth / dispersion if dispersion else x - expected
    deviance = 2.0 * (x * tilt - excess_information)
    w = copysign(sqrt(deviance), tilt)
    u = 2.0 * sinh(tilt / 2.0) * sqrt(variance)
    return max(w + log(u / w) / w, EMPTY_Z)


def rate_z(n_negative: int, n: int, baseline_rate: float, clustering: float = CLUSTERING) -> float:
    """Return the z-score of a window's negative rate.

    Difference of variance-stabilised proportions (Anscombe 1948), with the number of independent
    tweets that n clustered ones are worth.

    Parameters
    ----------
    n_negative, n
        Negatives and tweets in the window, 0 <= n_negative <= n.
    baseline_rate
        Baseline of the negative rate, in [0, 1].
    clustering
        Correlation of the tweets in one window, in [0, 1].

    Returns
    -------
    float
        Standard deviations; 0.0 for an empty window.

    Examples
    --------
    >>> round(rate_z(38, 51, baseline_rate=0.3), 1)
    4.1
    >>> rate_z(0, 0, baseline_rate=0.3)
    0.0
    """
    if n == 0:
        return 0.0
    n_effective = n / (1.0 + clustering * (n - 1))
    seen = asin(sqrt(max(n_negative - 0.5, 0.0) / n))
    return 2.0 * (seen - asin(sqrt(baseline_rate))) * sqrt(n_effective)


def p_value(z: float) -> float:
    """Return the probability of a z-score as high or higher, in [0, 1].

    Examples
    --------
    >>> round(p_value(1.6449), 3)
    0.05
    """
    return 0.5 * erfc(z / sqrt(2.0))
