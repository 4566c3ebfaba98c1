"""One brand's chart: negatives against the expected band, lanes of alerts and truth, rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

from backtest.alert_matching import severity, worst
from backtest.charts import Corner, Mark, Scale, area, bars, line, nice_scale, time_marks
from backtest.formatting import when
from backtest.run import Run
from backtest.series import Point, dispersion_ebb, points, span_for
from badbuzz.detection.evaluation import Truth, spans
from badbuzz.model import BUCKET_MS, Alert, Window

_N_POINTS: Final = 320
_CLOSE_MS: Final = 3 * 3_600_000
_LEAST_WIDTH: Final = 0.35
_LEAST_TWEETS: Final = 3
"""Fewer have no rate worth a line."""

_MOST_TIMES: Final = 9
_MOST_TIMES_CLOSE: Final = 5
_MINUTE_MS: Final = 60_000

Kind = Literal["alert", "other", "incident", "benign"]


@dataclass(frozen=True, slots=True)
class Span:
    """A bar in a lane: where, how wide (percent), what a pointer is told, what stands on it."""

    at: float
    width: float
    title: str
    text: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One row of bars."""

    name: str
    kind: Kind
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Paths and marks for the template; ``readout`` is what a pointer is told, by point."""

    label: str
    every: str
    times: tuple[Mark, ...]
    counts: tuple[Mark, ...]
    band: str
    expected: str
    bars: str
    bars_above: str
    rate: str
    adjusted: str
    usual: str
    shades: tuple[Span, ...]
    lanes: tuple[Lane, ...]
    readout: tuple[tuple[Any, ...], ...]


def overview(
    brand: str, runs: Sequence[Run], numbers: dict[str, int], truth: Truth | None
) -> Chart:
    """A brand over the whole recording, an alert lane for each rule set."""
    windows = runs[0].windows[brand]
    first_ms, last_ms = windows[0].start_ms, windows[-1].end_ms
    x = Scale(first_ms, last_ms)
    lanes = [_alert_lane(run, brand, x, numbers, first=run is runs[0], n=len(runs)) for run in runs]
    if truth is not None:
        lanes += _truth_lanes(brand, truth, x)
    span_ms = span_for(first_ms, last_ms, _N_POINTS)
    label = (
        f"{brand}: negative tweets against the expected band, {when(first_ms)} to {when(last_ms)}"
    )
    ebb = dispersion_ebb(runs[0].fold.brands[brand].baseline, span_ms)
    return _chart(label, points(windows, span_ms, ebb), span_ms, x, tuple(lanes))


def close_up(alert: Alert, end_ms: int, windows: Sequence[Window], truth: Truth | None) -> Chart:
    """Five-minute windows from three hours before an alert's opening to three after."""
    x = Scale(alert.opened_ms - _CLOSE_MS, alert.opened_ms + _CLOSE_MS)
    near = [w for w in windows if w.start_ms >= x.low and w.end_ms <= x.high]
    title = f"open from {when(alert.opened_ms)}"
    lane = Lane("Alert", "alert", (_span(x, alert.opened_ms, end_ms, title),))
    lanes = [lane, *(_truth_lanes(alert.brand, truth, x) if truth is not None else ())]
    label = f"The six hours around the alert of {when(alert.opened_ms)}, in five minutes"
    return _chart(label, points(near, BUCKET_MS), BUCKET_MS, x, tuple(lanes), 3, _MOST_TIMES_CLOSE)


def _chart(
    label: str,
    found: list[Point],
    span_ms: int,
    x: Scale,
    lanes: tuple[Lane, ...],
    n_marks: int = 4,
    n_times: int = _MOST_TIMES,
) -> Chart:
    y, counts = nice_scale(max((max(p.n_negative, p.high) for p in found), default=1.0), n_marks)
    rate_y = Scale(0.0, 1.0)
    runs = list(_unbroken(found))
    told = [point for point in found if point.n >= _LEAST_TWEETS]
    return Chart(
        label=label,
        every=_every(span_ms),
        times=tuple(time_marks(x, n_times)),
        counts=tuple(counts),
        band="".join(
            area(x, y, _steps(run, [p.high for p in run]), _steps(run, [p.low for p in run]))
            for run in runs
        ),
        expected="".join(line(x, y, _steps(run, [p.expected for p in run])) for run in runs),
        bars=bars(x, y, _heights(p for p in found if p.n_negative <= p.high)),
        bars_above=bars(x, y, _heights(p for p in found if p.n_negative > p.high)),
        rate=line(x, rate_y, _middles(told, [p.rate for p in told], span_ms)),
        adjusted=line(x, rate_y, _middles(told, [p.adjusted_rate for p in told], span_ms)),
        usual=line(x, rate_y, _middles(found, [p.usual_rate for p in found], span_ms)),
        shades=lanes[0].spans,
        lanes=lanes,
        readout=tuple(_readout(x, point) for point in found),
    )


def _heights(found: Iterator[Point]) -> Iterator[tuple[float, float, float]]:
    return ((point.start_ms, point.end_ms, point.n_negative) for point in found)


def _unbroken(found: list[Point]) -> Iterator[list[Point]]:
    """Stretches of points without a gap between them."""
    start = 0
    for place, (before, after) in enumerate(pairwise(found), 1):
        if after.start_ms > before.end_ms:
            yield found[start:place]
            start = place
    if found:
        yield found[start:]


def _steps(found: Sequence[Point], values: Sequence[float]) -> list[Corner]:
    return [
        corner
        for point, value in zip(found, values, strict=True)
        for corner in ((point.start_ms, value), (point.end_ms, value))
    ]


def _middles(
    found: Sequence[Point], values: Sequence[float | None], span_ms: int
) -> Iterator[Corner | None]:
    """The middles of points; the pen is lifted where the next is far."""
    last_ms = None
    for point, value in zip(found, values, strict=True):
        if value is None:
            continue
        if last_ms is not None and point.start_ms - last_ms > 6 * span_ms:
            yield None
        last_ms = point.end_ms
        yield (point.start_ms + point.end_ms) / 2, value


def _readout(x: Scale, point: Point) -> tuple[Any, ...]:
    rates = [None if r is None else round(r * 100) for r in (point.rate, point.adjusted_rate)]
    return (
        x.at((point.start_ms + point.end_ms) / 2), when(point.start_ms), point.n_negative, point.n,
        round(point.expected, 1), round(point.low, 1), round(point.high, 1), *rates,
    )  # fmt: skip


def _every(span_ms: int) -> str:
    minutes = span_ms // _MINUTE_MS
    if minutes < 60:
        return f"{minutes} minutes"
    hours = minutes // 60
    return "hour" if hours == 1 else f"{hours} hours" if hours < 24 else f"{hours // 24} days"


def _span(x: Scale, start_ms: int, end_ms: int, title: str, text: str = "", href: str = "") -> Span:
    return Span(x.at(start_ms), max(x.width(start_ms, end_ms), _LEAST_WIDTH), title, text, href)


def _alert_lane(
    run: Run, brand: str, x: Scale, numbers: dict[str, int], *, first: bool, n: int
) -> Lane:
    found = []
    highest = worst(run.alerts)
    for alert, start_ms, end_ms in spans(run.alerts, run.watches):
        if alert.brand == brand:
            number = numbers.get(alert.id) if first else None
            how = severity(alert, highest[alert.id])
            title = f"alert ({how}), {when(start_ms)} to {when(end_ms)} UTC"
            text, href = (str(number), f"#alert-{number}") if number else ("", "")
            found.append(_span(x, start_ms, end_ms, title, text, href))
    name = "Alerts" if n == 1 else f"Alerts, {run.rules.name}"
    return Lane(name, "alert" if first else "other", tuple(found))


def _truth_lanes(brand: str, truth: Truth, x: Scale) -> Iterator[Lane]:
    kinds: tuple[tuple[str, Kind, Any], ...] = (
        ("Real crises", "incident", truth.incidents),
        ("Benign surges", "benign", truth.benign),
    )
    for name, kind, told in kinds:
        yield Lane(
            name,
            kind,
            tuple(
                _span(
                    x, one.start_ms, one.end_ms,
                    f"{one.kind}, {when(one.start_ms)} to {when(one.end_ms)} UTC",
                )
                for one in told
                if one.brand == brand and one.start_ms < x.high and one.end_ms > x.low
            ),
        )  # fmt: skip
