"""SVG paths and axis marks of charts, with positions in percent.

The SVG is stretched to the width of the page while its strokes keep their width. Text and dots are
HTML elements placed in percent, so that a chart is readable at any width.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import floor, log10
from typing import Final

from badbuzz.model import HOUR_MS

WIDTH: Final = 1000
HEIGHT: Final = 100
_TICKS_H: Final = (1, 2, 3, 6, 12, 24, 48, 96, 168, 336, 672)


@dataclass(frozen=True, slots=True)
class Mark:
    """Label of an axis and its position in percent of the axis."""

    at: float
    text: str
    minor: bool = False


@dataclass(frozen=True, slots=True)
class AxisScale:
    """Scale from values between ``low`` and ``high`` to percent of an axis.

    Examples
    --------
    >>> AxisScale(0.0, 50.0).at(20.0)
    40.0
    """

    low: float
    high: float

    def at(self, value: float) -> float:
        """Return the position of a value in percent, at most 100 and at least 0."""
        share = (value - self.low) / (self.high - self.low or 1.0)
        return round(min(max(share, 0.0), 1.0) * 100.0, 3)

    def width(self, start: float, end: float) -> float:
        """Return the distance between two values in percent."""
        return round(self.at(end) - self.at(start), 3)


def nice_scale(most: float, n_marks: int = 4) -> tuple[AxisScale, list[Mark]]:
    """Return a scale from 0 to at least ``most``, with marks at round numbers.

    Examples
    --------
    >>> scale, marks = nice_scale(38.0)
    >>> scale.high, [mark.text for mark in marks]
    (40.0, ['0', '10', '20', '30', '40'])
    """
    step = _nice(max(most, 1e-9) / n_marks)
    high = step * max(-(-most // step), 1.0)
    scale = AxisScale(0.0, high)
    return scale, [Mark(scale.at(i * step), f"{i * step:g}") for i in range(round(high / step) + 1)]


def _nice(step: float) -> float:
    size: float = 10.0 ** floor(log10(step))
    return next(factor * size for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if step <= factor * size)


def time_marks(scale: AxisScale, n_most: int) -> list[Mark]:
    """Return at most ``n_most`` marks at round UTC times; every second mark is minor."""
    span_h = (scale.high - scale.low) / HOUR_MS
    step_h = next((h for h in _TICKS_H if span_h / h <= n_most), int(span_h / n_most) + 1)
    first = datetime.fromtimestamp(scale.low / 1000, UTC)
    instant = first.replace(minute=0, second=0, microsecond=0)
    if step_h >= 24:
        instant = instant.replace(hour=0)
    elif step_h > 1:
        instant = instant.replace(hour=instant.hour - instant.hour % step_h)
    marks: list[Mark] = []
    while (time_ms := instant.timestamp() * 1000) <= scale.high:
        if time_ms >= scale.low:
            text = f"{instant:%d %b}" if step_h >= 24 or instant.hour == 0 else f"{instant:%H:%M}"
            marks.append(Mark(scale.at(time_ms), text, minor=len(marks) % 2 == 1))
        instant += timedelta(hours=step_h)
    return marks


Corner = tuple[float, float]


def _place(x: AxisScale, y: AxisScale, corner: Corner) -> str:
    across = x.at(corner[0]) * WIDTH / 100
    down = HEIGHT - y.at(corner[1]) * HEIGHT / 100
    return f"{across:.1f} {down:.2f}"


def line(x: AxisScale, y: AxisScale, corners: Iterable[Corner | None]) -> str:
    """Return an SVG path through corners; None lifts the pen.

    Examples
    --------
    >>> line(AxisScale(0, 10), AxisScale(0, 1), [(0, 0), (5, 1), None, (10, 0)])
    'M0.0 100.00L500.0 0.00M1000.0 100.00'
    """
    parts = []
    pen = "M"
    for corner in corners:
        if corner is None:
            pen = "M"
            continue
        parts.append(pen + _place(x, y, corner))
        pen = "L"
    return "".join(parts)


def area(x: AxisScale, y: AxisScale, above: Sequence[Corner], below: Sequence[Corner]) -> str:
    """Return the closed SVG path between two lines."""
    if not above:
        return ""
    return line(x, y, [*above, *reversed(below)]) + "Z"


def bars(x: AxisScale, y: AxisScale, spans: Iterable[tuple[float, float, float]]) -> str:
    """Return the SVG path of bars, given as start, end and height, with a gap between bars."""
    parts = []
    floor_at = f"{HEIGHT - y.at(0.0) * HEIGHT / 100:.2f}"
    for start, end, value in spans:
        if value > 0:
            gap = (end - start) * 0.1
            left, right = start + gap, end - gap
            parts.append(
                f"M{_place(x, y, (left, 0.0))}L{_place(x, y, (left, value))}"
                f"L{_place(x, y, (right, value))}L{x.at(right) * WIDTH / 100:.1f} {floor_at}Z"
            )
    return "".join(parts)
