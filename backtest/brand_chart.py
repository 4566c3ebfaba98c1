"""Chart of a brand: negatives and their expected band, tracks of alerts and incidents, rates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, Literal

from backtest.alert_matching import severity, worst
from backtest.charts import AxisScale, Corner, Mark, area, bars, line, nice_scale, time_marks
from backtest.formatting import when
from backtest.run import Run
from backtest.series import Point, dispersion_ratio, points, span_for
from badbuzz.detection.alert_evaluation import Truth, spans
from badbuzz.model import BUCKET_MS, Alert, Window

_N_POINTS: Final = 320
_CLOSE_MS: Final = 3 * 3_600_000
_MIN_WIDTH: Final = 0.35
_MIN_TWEETS: Final = 3
"""Smallest number of tweets whose negative rate is drawn."""

_MAX_TIMES: Final = 9
_MAX_TIMES_CLOSE: Final = 5
_MINUTE_MS: Final = 60_000

Kind = Literal["alert", "other", "incident", "benign"]


@dataclass(frozen=True, slots=True)
class Span:
    """Bar of a track: position and width in percent, tooltip, text and link."""

    at: float
    width: float
    title: str
    text: str = ""
    href: str = ""


@dataclass(frozen=True, slots=True)
class Track:
    """Row of bars below a chart."""

    name: str
    kind: Kind
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """Paths and axis marks for the template; ``readout`` has the values of each point."""

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
    tracks: tuple[Track, ...]
    readout: tuple[tuple[Any, ...], ...]


def overview(
    brand: str, runs: Sequence[Run], numbers: dict[str, int], truth: Truth | None
) -> Chart:
    """Chart a brand over the whole recording, with a track of alerts for each rule set."""
    windows = runs[0].windows[brand]
    first_ms, last_ms = windows[0].start_ms, windows[-1].end_ms
    x = AxisScale(first_ms, last_ms)
    tracks = [
        _alert_track(run, brand, x, numbers, first=run is runs[0], n=len(runs)) for run in runs
    ]
    if truth is not None:
        tracks += _truth_tracks(brand, truth, x)
    span_ms = span_for(first_ms, last_ms, _N_POINTS)
    label = (
        f"{brand}: negative tweets against the expected band, {when(first_ms)} to {when(last_ms)}"
    )
    ratio = dispersion_ratio(runs[0].fold.brands[brand].baseline, span_ms)
    return _chart(label, points(windows, span_ms, ratio), span_ms, x, tuple(tracks))


def close_up(alert: Alert, end_ms: int, windows: Sequence[Window], truth: Truth | None) -> Chart:
    """Chart the five-minute windows from three hours before an alert opens to three hours after."""
    x = AxisScale(alert.opened_ms - _CLOSE_MS, alert.opened_ms + _CLOSE_MS)
    near = [w for w in windows if w.start_ms >= x.low and w.end_ms <= x.high]
    title = f"open from {when(alert.opened_ms)}"
    track = Track("Alert", "alert", (_span(x, alert.opened_ms, end_ms, title),))
    tracks = [track, *(_truth_tracks(alert.brand, truth, x) if truth is not None else ())]
    label = f"The six hours around the alert of {when(alert.opened_ms)}, in five minutes"
    return _chart(label, points(near, BUCKET_MS), BUCKET_MS, x, tuple(tracks), 3, _MAX_TIMES_CLOSE)


def _chart(
    label: str,
    series: list[Point],
    span_ms: int,
    x: AxisScale,
    tracks: tuple[Track, ...],
    n_marks: int = 4,
    n_times: int = _MAX_TIMES,
) -> Chart:
    y, counts = nice_scale(max((max(p.n_negative, p.high) for p in series), default=1.0), n_marks)
    rate_y = AxisScale(0.0, 1.0)
    runs = list(_contiguous(series))
    rated = [point for point in series if point.n >= _MIN_TWEETS]
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
        bars=bars(x, y, _heights(p for p in series if p.n_negative <= p.high)),
        bars_above=bars(x, y, _heights(p for p in series if p.n_negative > p.high)),
        rate=line(x, rate_y, _middles(rated, [p.rate for p in rated], span_ms)),
        adjusted=line(x, rate_y, _middles(rated, [p.adjusted_rate for p in rated], span_ms)),
        usual=line(x, rate_y, _middles(series, [p.usual_rate for p in series], span_ms)),
        shades=tracks[0].spans,
        tracks=tracks,
        readout=tuple(_readout(x, point) for point in series),
    )


def _heights(series: Iterator[Point]) -> Iterator[tuple[float, float, float]]:
    return ((point.start_ms, point.end_ms, point.n_negative) for point in series)


def _contiguous(series: list[Point]) -> Iterator[list[Point]]:
    """Yield runs of points without a gap between them."""
    start = 0
    for place, (before, after) in enumerate(pairwise(series), 1):
        if after.start_ms > before.end_ms:
            yield series[start:place]
            start = place
    if series:
        yield series[start:]


def _steps(series: Sequence[Point], values: Sequence[float]) -> list[Corner]:
    return [
        corner
        for point, value in zip(series, values, strict=True)
        for corner in ((point.start_ms, value), (point.end_ms, value))
    ]


def _middles(
    series: Sequence[Point], values: Sequence[float | None], span_ms: int
) -> Iterator[Corner | None]:
    """Yield the middle of each point; None, which lifts the pen, before a long gap."""
    last_ms = None
    for point, value in zip(series, values, strict=True):
        if value is None:
            continue
        if last_ms is not None and point.start_ms - last_ms > 6 * span_ms:
            yield None
        last_ms = point.end_ms
        yield (point.start_ms + point.end_ms) / 2, value


def _readout(x: AxisScale, point: Point) -> tuple[Any, ...]:
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


def _span(
    x: AxisScale, start_ms: int, end_ms: int, title: str, text: str = "", href: str = ""
) -> Span:
    return Span(x.at(start_ms), max(x.width(start_ms, end_ms), _MIN_WIDTH), title, text, href)


def _alert_track(
    run: Run, brand: str, x: AxisScale, numbers: dict[str, int], *, first: bool, n: int
) -> Track:
    alert_spans = []
    highest = worst(run.alerts)
    for alert, start_ms, end_ms in spans(run.alerts, run.watches):
        if alert.brand == brand:
            number = numbers.get(alert.id) if first else None
            how = severity(alert, highest[alert.id])
            title = f"alert ({how}), {when(start_ms)} to {when(end_ms)} UTC"
            text, href = (str(number), f"#alert-{number}") if number else ("", "")
            alert_spans.append(_span(x, start_ms, end_ms, title, text, href))
    name = "Alerts" if n == 1 else f"Alerts, {run.rules.name}"
    return Track(name, "alert" if first else "other", tuple(alert_spans))


def _truth_tracks(brand: str, truth: Truth, x: AxisScale) -> Iterator[Track]:
    kinds: tuple[tuple[str, Kind, Any], ...] = (
        ("Real crises", "incident", truth.incidents),
        ("Benign surges", "benign", truth.benign),
    )
    for name, kind, events in kinds:
        yield Track(
            name,
            kind,
            tuple(
                _span(
                    x, one.start_ms, one.end_ms,
                    f"{one.kind}, {when(one.start_ms)} to {when(one.end_ms)} UTC",
                )
                for one in events
                if one.brand == brand and one.start_ms < x.high and one.end_ms > x.low
            ),
        )  # fmt: skip
