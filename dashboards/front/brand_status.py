"""How a brand stands, as one word: what is most urgent to know of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from dashboards.responses import BrandStatus

State = Literal["critical", "warning", "info", "silent", "learning", "ok"]
URGENCY: Final[tuple[State, ...]] = ("critical", "warning", "info", "silent", "learning", "ok")
"""From what is looked at first to what can wait."""
ALARMING: Final[frozenset[State]] = frozenset({"critical", "warning"})
ICONS: Final[dict[State, str]] = {
    "critical": ":material/error:",
    "warning": ":material/warning:",
    "info": ":material/info:",
    "silent": ":material/sensors_off:",
    "learning": ":material/school:",
    "ok": ":material/check_circle:",
}
COLOURS: Final[dict[State, str]] = {
    "critical": "red",
    "warning": "orange",
    "info": "blue",
    "silent": "orange",
    "learning": "gray",
    "ok": "green",
}
PATIENCE_MS: Final = 11 * 60_000
"""Two windows and the lateness: a feed that lives has closed one within."""
_FIRST_MS: Final = 10_000


class Movement:
    """When each brand's newest window was seen to move, by the wall clock.

    What replays an old year lives while its windows move, however old they are.

    Examples
    --------
    >>> movement = Movement()
    >>> movement.moved_ms("Air Paradis", 5, now_ms=1_000_000) < 1_000_000
    True
    >>> movement.moved_ms("Air Paradis", 6, now_ms=1_001_000)
    1001000
    """

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int]] = {}

    def moved_ms(self, brand: str, end_ms: int, now_ms: int) -> int:
        """When the brand's window moved; one that is seen for the first time has ten seconds."""
        if brand not in self._seen:
            self._seen[brand] = (end_ms, now_ms - PATIENCE_MS + _FIRST_MS)
        elif self._seen[brand][0] != end_ms:
            self._seen[brand] = (end_ms, now_ms)
        return self._seen[brand][1]


def state_of(standing: BrandStatus, now_ms: int, moved_ms: int) -> State:
    """The state of a brand.

    Parameters
    ----------
    now_ms
        The wall clock.
    moved_ms
        When its newest window was seen to move, by the same clock.

    Examples
    --------
    >>> state_of(BrandStatus("Air Paradis", None, None, "Europe/Paris"), 0, 0)
    'learning'
    """
    if standing.open_alert is not None:
        return standing.open_alert.severity
    window = standing.last_window
    if window is None:
        return "learning"
    if now_ms - max(window.end_ms, moved_ms) > PATIENCE_MS:
        return "silent"
    return "learning" if window.state == "no_baseline" else "ok"


def most_urgent(states: Iterable[tuple[str, State]]) -> str:
    """The brand that is to be looked at first; of several the first.

    Examples
    --------
    >>> most_urgent([("Air Paradis", "ok"), ("Nordwind", "warning")])
    'Nordwind'
    """
    return min(states, key=lambda one: URGENCY.index(one[1]))[0]
