"""The screen of the demo: brands, alerts and throughput, drawn with rich."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from badbuzz.messages.text import examples, headline, why
from badbuzz.messages.translator import Language
from badbuzz.model import Alert, Window
from badbuzz.recordings.times import format_clock

_BARS: Final = "▁▂▃▄▅▆▇█"
_SPARKS: Final = 48
_ALERTS: Final = 5
_WIDE: Final = 110
_FIGURES: Final = 76  # columns without the bars
_FEWER_FIGURES: Final = 64
_FEWEST: Final = 8
_FRAME: Final = 4  # lines: borders of the alerts, status, cursor
_BORDERS: Final = 4
_STATES: Final = {
    "quiet": ("· quiet", "green"),
    "firing": ("! ALERT", "bold red"),
    "cooling": ("~ cooling down", "yellow"),
    "muted": ("x muted", "dim"),
    "no_baseline": ("? no baseline", "cyan"),
}
_STYLES: Final = {"info": "cyan", "warning": "bold yellow", "critical": "bold red"}
_MARKS: Final = {"firing": "!!", "escalated": "^^", "resolved": "ok"}


@dataclass
class WorkerStats:
    """Throughput, latency and number of tweets of the worker; None if a figure is unknown."""

    tweets_per_s: float | None = None
    latency_p99_s: float | None = None
    n_tweets: int = 0


@dataclass
class Board:
    """The values on the screen.

    Parameters
    ----------
    language
        Language of the alerts' sentences.
    finished
        Whether the replay has ended.
    """

    language: Language = "en"
    stats: WorkerStats = field(default_factory=WorkerStats)
    windows: dict[str, deque[Window]] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)
    finished: bool = False

    def add(self, output: Window | Alert | WorkerStats) -> None:
        """Add an output of the worker."""
        if isinstance(output, WorkerStats):
            self.stats = output
        elif isinstance(output, Alert):
            self.alerts.append(output)
        else:
            self.windows.setdefault(output.brand, deque(maxlen=_SPARKS)).append(output)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draw the screen: fewer bars in a narrow terminal, fewer alerts in a low one."""
        brands = self._brands(options.max_width)
        yield brands
        n_taken = len(console.render_lines(brands, options)) + _FRAME
        yield self._alerts(console, options, max(console.height - n_taken, _FEWEST))
        yield self._status(options.max_width)

    def _brands(self, width: int) -> Panel:
        wide = width >= _WIDE
        n_sparks = max(min(width - (_FIGURES if wide else _FEWER_FIGURES), _SPARKS), _FEWEST)
        table = Table.grid(padding=(0, 2), expand=True)
        titles = ["brand", f"negatives, last {n_sparks * 5} min", "now", "usually", "rate"]
        titles += ["adjusted", "state"] if wide else ["state"]
        for title in titles:
            table.add_column(title, no_wrap=True)
        table.add_row(*(Text(title, style="dim", overflow="ellipsis") for title in titles))
        for brand in sorted(self.windows):
            table.add_row(*self._row(brand, list(self.windows[brand])[-n_sparks:], wide=wide))
        return Panel(table, title="badbuzz", title_align="left", border_style="blue")

    def _row(self, brand: str, windows: list[Window], *, wide: bool) -> list[Text]:
        now = windows[-1]
        label, style = _STATES.get(now.state, (f"  {now.state}", ""))
        adjusted = [Text(_percent(now.adjusted_rate))] if wide else []
        return [
            Text(brand, style="bold", overflow="ellipsis"),
            sparkline(windows),
            Text(f"{now.n_negative} of {now.n}"),
            Text(f"{now.expected_low:.0f} to {now.expected_high:.0f}"),
            Text(_percent(now.rate)),
            *adjusted,
            Text(label, style=style),
        ]

    def _alerts(self, console: Console, options: ConsoleOptions, n_lines: int) -> Panel:
        """Draw the newest alerts that fit, oldest first."""
        inside = options.update(width=options.max_width - _BORDERS)
        shown: list[Text] = []
        for alert in reversed(self.alerts[-_ALERTS:]):
            block = self._alert(alert, wide=options.max_width >= _WIDE)
            n_lines -= len(console.render_lines(Group(*block), inside))
            if n_lines < 0 and shown:
                break
            shown = block + shown
        body: RenderableType = Group(*shown) if shown else Text("none so far", style="dim")
        return Panel(body, title="alerts", title_align="left", border_style="blue")

    def _alert(self, alert: Alert, *, wide: bool) -> list[Text]:
        """Draw an alert's headline and terms; for the newest also its authors and two tweets."""
        mark = f"{_MARKS.get(alert.phase, '  ')} {alert.phase:<9} {alert.severity:<8} "
        line = Text(f"{format_clock(alert.window_end_ms)}  ") + Text(mark, _style(alert))
        indent = " " * (len(format_clock(alert.window_end_ms)) if wide else 0) + "  "
        newest = next((one for one in reversed(self.alerts) if one.evidence), None)
        details = why(alert, self.language, reason_first=not wide)
        details = [*details, *examples(alert, self.language)] if alert is newest else details[:1]
        below = [
            Text(indent + one, style="dim", no_wrap=True, overflow="ellipsis") for one in details
        ]
        return [line + Text(headline(alert, self.language)), *below]

    def _status(self, width: int) -> Text:
        """Return the last line, shortened if it does not fit."""
        newest = max((w[-1].end_ms for w in self.windows.values()), default=None)
        now = f"{format_clock(newest)} UTC" if newest else "waiting for tweets"
        speed, latency_s = self.stats.tweets_per_s, self.stats.latency_p99_s
        flow = [] if speed is None else [f"{speed:,.0f} tweets/s"]
        latency = "" if latency_s is None else _duration(latency_s)
        whole = [f"event time {now}" if newest else now, f"{self.stats.n_tweets:,} tweets", *flow]
        whole += [f"prediction within {latency} (p99)"] if latency else []
        short = [now, *flow, *([f"p99 {latency}"] if latency else [])]
        hint = [] if self.finished else ["Ctrl-C to stop"]
        lines = [" · ".join(parts + hint) for parts in (whole, short)]
        return Text(lines[len(lines[0]) > width], style="dim")


def sparkline(windows: list[Window]) -> Text:
    """Negatives as bars: dim inside the expected band, red and underlined above it."""
    top = max(max((w.n_negative for w in windows), default=0), 8)
    line = Text()
    for window in windows:
        bar = _BARS[min(window.n_negative * len(_BARS) // (top + 1), len(_BARS) - 1)]
        above = window.n_negative > window.expected_high
        line.append(bar, style="bold underline red" if above else "blue")
    return line


def _duration(time_s: float) -> str:
    return f"{time_s:g} s" if time_s >= 1 else f"{time_s * 1000:.0f} ms"


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{rate * 100:.0f} %"


def _style(alert: Alert) -> str:
    if alert.phase == "resolved":
        return "green"
    return _STYLES.get(alert.severity, _STYLES["critical"])
