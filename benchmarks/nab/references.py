"""The scores of other detectors on the same series, as published per file by NAB.

Standard profile, and thresholds optimised over NAB's whole corpus, where ours are optimised over
these five series: the comparison is kind to us.
"""

from __future__ import annotations

from typing import Final, NamedTuple


class Published(NamedTuple):
    """A published detector's raw scores on our series, and its normalised one on all ten."""

    raw: dict[str, float]
    ten_series: float


def _five(aapl: float, amzn: float, crm: float, cvs: float, fb: float) -> dict[str, float]:
    names = ("AAPL", "AMZN", "CRM", "CVS", "FB")
    scores = (aapl, amzn, crm, cvs, fb)
    return {f"Twitter_volume_{n}": raw for n, raw in zip(names, scores, strict=True)}


PUBLISHED: Final = {
    "ARTime": Published(_five(2.9161, 2.7366, 2.1007, 1.8381, 1.2142), 81.8),
    "earthgecko Skyline": Published(_five(2.8876, 2.1876, 1.4834, 1.8645, 0.4840), 68.9),
    "CAD-OSE": Published(_five(1.6981, -0.3886, 2.5827, 2.7104, 1.7205), 74.5),
    "Numenta HTM": Published(_five(1.2639, -0.7440, 0.7236, 2.3095, 1.6105), 68.0),
    "Twitter ADVec": Published(_five(0.1688, 1.6686, 1.7827, 1.6537, -0.1469), 59.6),
    "windowed Gaussian": Published(_five(1.5140, 1.5585, 0.7638, 0.7737, 0.1198), 51.4),
}
"""By name, in the order of their score on our five series."""
