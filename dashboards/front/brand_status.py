"""Reduce a brand's last window and open alert to one state."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from dashboards.responses import BrandStatus

State = Literal["critical", "warning", "info", "silent", "learning", "ok"]
URGENCY: Final[tuple[State, ...]] = ("critical", "warning", "info", "silent", "learning", "ok")
"""States, the most urgent first."""
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
"""Age of the last window, two windows and the lateness, above which a feed is silent."""
_FIRST_MS: Final = 10_000


class Movement:
    """The wall-clock times at which each brand's last window changed.

    A replay of old tweets is not silent as long as its windows advance.

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
        """Return when the brand's window changed; a new brand counts as silent after 10 s."""
        if brand not in self._seen:
            self._seen[brand] = (end_ms, now_ms - PATIENCE_MS + _FIRST_MS)
        elif self._seen[brand][0] != end_ms:
            self._seen[brand] = (end_ms, now_ms)
        return self._seen[brand][1]


def known(state: str) -> State:
    """Return the state as which a state is drawn: critical if this version does not know it.

    Examples
    --------
    >>> known("warning"), known("major")
    ('warning', 'critical')
    """
    return state if state in URGENCY else "critical"


def state_of(status: BrandStatus, now_ms: int, moved_ms: int) -> str:
    """Return the state of a brand, which is a :data:`State` or a severity of a newer version.

    Parameters
    ----------
    now_ms
        Wall-clock time in Unix milliseconds.
    moved_ms
        Wall-clock time of the last change of its window, from :class:`Movement`.

    Examples
    --------
    >>> state_of(BrandStatus("Air Paradis", None, None, "Europe/Paris"), 0, 0)
    'learning'
    """
    if status.open_alert is not None:
        return status.open_alert.severity
    window = status.last_window
    if window is None:
        return "learning"
    if now_ms - max(window.end_ms, moved_ms) > PATIENCE_MS:
        return "silent"
    return "learning" if window.state == "no_baseline" else "ok"


def most_urgent(states: Iterable[tuple[str, str]]) -> str:
    """Return the brand with the most urgent state, the first one on a tie.

    Examples
    --------
    >>> most_urgent([("Air Paradis", "ok"), ("Nordwind", "warning")])
    'Nordwind'
    """
    return min(states, key=lambda one: URGENCY.index(known(one[1])))[0]
