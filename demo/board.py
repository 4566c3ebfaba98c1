"""What the demo shows: the brands, the alerts and the stream's pulse, drawn with rich."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Final

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from badbuzz.model import Alert, Window
from badbuzz.render import Language, examples, headline, why

_BARS: Final = "▁▂▃▄▅▆▇█"
_SPARKS: Final = 48
_ALERTS: Final = 5
_STATES: Final = {
    "quiet": ("· quiet", "green"),
    "firing": ("! ALERT", "bold red"),
    "cooling": ("~ cooling down", "yellow"),
    "muted": ("x muted", "dim"),
    "no_baseline": ("? no baseline", "cyan"),
}
_MARKS: Final = {"firing": "!!", "escalated": "^^", "resolved": "ok"}


@dataclass
class Pulse:
    """How the worker is doing; a figure is None until it is known."""

    tweets_per_s: float | None = None
    latency_p99_s: float | None = None
    n_tweets: int = 0


@dataclass
class Board:
    """Everything on the screen.

    Parameters
    ----------
    language
        Of the alerts' sentences.
    """

    language: Language = "en"
    pulse: Pulse = field(default_factory=Pulse)
    windows: dict[str, deque[Window]] = field(default_factory=dict)
    alerts: list[Alert] = field(default_factory=list)

    def show(self, found: Window | Alert) -> None:
        """Take in a closed window or an alert's change of phase."""
        if isinstance(found, Alert):
            self.alerts.append(found)
            return
        self.windows.setdefault(found.brand, deque(maxlen=_SPARKS)).append(found)

    def __rich__(self) -> RenderableType:
        """The whole screen."""
        return Group(self._brands(), self._alerts(), self._pulse())

    def _brands(self) -> Panel:
        table = Table.grid(padding=(0, 2), expand=True)
        for title, width in (("brand", 14), ("last four hours of negatives", _SPARKS)):
            table.add_column(title, min_width=width, no_wrap=True)
        for title in ("negatives", "expected", "negative", "adjusted", "state"):
            table.add_column(title, no_wrap=True)
        titles = [Text(str(column.header), style="dim") for column in table.columns]
        table.add_row(*titles)
        for brand in sorted(self.windows):
            table.add_row(*self._row(brand, self.windows[brand]))
        return Panel(table, title="badbuzz", title_align="left", border_style="blue")

    def _row(self, brand: str, windows: deque[Window]) -> tuple[Text, ...]:
        now = windows[-1]
        word, style = _STATES[now.state]
        return (
            Text(brand, style="bold"),
            sparkline(list(windows)),
            Text(str(now.n_negative)),
            Text(f"{now.expected_low:.0f} to {now.expected_high:.0f}"),
            Text(_percent(now.rate)),
            Text(_percent(now.adjusted_rate)),
            Text(word, style=style),
        )

    def _alerts(self) -> Panel:
        lines = [line for alert in self.alerts[-_ALERTS:] for line in self._alert(alert)]
        body: RenderableType = Group(*lines) if lines else Text("none so far", style="dim")
        return Panel(body, title="alerts", title_align="left", border_style="blue")

    def _alert(self, alert: Alert) -> list[Text]:
        """What is claimed and what drives it; of the newest who says so too, and two tweets."""
        mark = f"{_MARKS[alert.phase]} {alert.phase:<9} {alert.severity:<8} "
        line = Text(f"{clock(alert.window_end_ms)}  ") + Text(mark, _style(alert))
        indent = " " * len(clock(alert.window_end_ms)) + "  "
        newest = next((one for one in reversed(self.alerts) if one.evidence), None)
        told = why(alert, self.language)
        if alert is newest:
            told += examples(alert, self.language)
        else:
            told = told[:1]
        below = [Text(indent + one, style="dim", no_wrap=True, overflow="ellipsis") for one in told]
        return [line + Text(headline(alert, self.language)), *below]

    def _pulse(self) -> Text:
        newest = max((w[-1].end_ms for w in self.windows.values()), default=None)
        parts = [
            f"event time {clock(newest)} UTC" if newest else "waiting for tweets",
            f"{self.pulse.n_tweets:,} tweets",
        ]
        if self.pulse.tweets_per_s is not None:
            parts.append(f"{self.pulse.tweets_per_s:,.0f} tweets/s")
        if self.pulse.latency_p99_s is not None:
            parts.append(f"verdict within {self.pulse.latency_p99_s * 1000:.0f} ms (p99)")
        return Text(" · ".join([*parts, "Ctrl-C ends it"]), style="dim")


def clock(time_ms: int, zone: tzinfo = UTC) -> str:
    """An instant on a clock, to the minute."""
    return f"{datetime.fromtimestamp(time_ms / 1000, zone):%a %d %b %H:%M}"


def sparkline(windows: list[Window]) -> Text:
    """Negatives as bars: dim inside the expected band, red and underlined above it."""
    top = max(max((w.n_negative for w in windows), default=0), 8)
    line = Text()
    for window in windows:
        bar = _BARS[min(window.n_negative * len(_BARS) // (top + 1), len(_BARS) - 1)]
        above = window.n_negative > window.expected_high
        line.append(bar, style="bold underline red" if above else "blue")
    return line


def _percent(rate: float | None) -> str:
    return "–" if rate is None else f"{rate * 100:.0f} %"


def _style(alert: Alert) -> str:
    if alert.phase == "resolved":
        return "green"
    return {"info": "cyan", "warning": "bold yellow", "critical": "bold red"}[alert.severity]
