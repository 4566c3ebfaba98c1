"""Calibration of the p-value: how often windows without a crisis have one as low."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from badbuzz.detection.buckets import SCALES
from badbuzz.detection.state import Rules
from benchmarks.protocol.figures import ALL, BANDS
from benchmarks.protocol.run import Unit
from benchmarks.protocol.stream import BUCKET_MIN, PER_DAY, WARMUP_DAYS, Stream, draw
from benchmarks.protocol.trace import trace

LEVELS: Final = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
"""P-values whose frequency is measured."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """Counts of crisis-free windows by their p-value.

    Parameters
    ----------
    mean
        Negatives in five minutes of their brand.
    n
        Number of windows.
    n_below
        Number of windows with a p-value at most each level.
    """

    mean: float
    n: int
    n_below: tuple[int, ...]

    def frequency(self, level: int) -> float:
        """Return the share of the windows with a p-value at most a level, by its index."""
        return self.n_below[level] / self.n if self.n else float("nan")


def calibrate(unit: Unit) -> Calibration:
    """Draw one stream and count its p-values where nothing happened."""
    stream = draw(*unit)
    p_values = trace(stream, Rules()).p_value[uneventful(stream)]
    below = tuple(int((p_values <= level).sum()) for level in LEVELS)
    return Calibration(stream.mean, len(p_values), below)


def uneventful(stream: Stream, warmup_days: int = WARMUP_DAYS) -> npt.NDArray[np.bool_]:
    """Return the buckets after the warm-up whose last hour had no crisis and no surge.

    Examples
    --------
    >>> stream = draw("United", 4, 1, warmup_days=7, evaluated_days=3)
    >>> bool(uneventful(stream, 7)[stream.events[0].start_min // 5])
    False
    """
    quiet = np.arange(len(stream.negatives)) >= warmup_days * PER_DAY
    for event in stream.events:
        last = (event.end_min - 1) // BUCKET_MIN
        quiet[event.start_min // BUCKET_MIN : last + SCALES[-1]] = False
    return quiet


def pooled(counted: Sequence[Calibration]) -> dict[str, Calibration]:
    """Return the counts by band of volume, over all, and of the brand with most at 1e-5."""

    def of(low: float, high: float) -> Calibration:
        own = [one for one in counted if low <= one.mean < high]
        below = (sum(one.n_below[place] for one in own) for place in range(len(LEVELS)))
        return Calibration(low, sum(one.n for one in own), tuple(below))

    bands = {band: of(low, high) for band, (low, high) in BANDS.items()}
    brands = [of(mean, np.nextafter(mean, np.inf)) for mean in {one.mean for one in counted}]
    worst = max(brands, key=lambda one: one.frequency(LEVELS.index(1e-5)))
    return {**bands, ALL: of(0.0, np.inf), "worst brand": worst}


def show_calibration(console: Console, found: Mapping[str, Calibration]) -> None:
    """Print how often each p-value was seen, and how many times too often that is."""
    title = "windows without a crisis whose p-value is at most p: share, and as a multiple of p"
    table = Table(title=title, title_justify="left")
    table.add_column("mean negatives in 5 min")
    for column in ("windows", *(f"p = {level:g}" for level in LEVELS)):
        table.add_column(column, justify="right")
    for band, one in found.items():
        shares = [one.frequency(place) for place in range(len(LEVELS))]
        cells = [f"{s:.2g}, x{s / p:.2g}" for s, p in zip(shares, LEVELS, strict=True)]
        table.add_row(band, f"{one.n:,}", *cells)
    console.print(table)
