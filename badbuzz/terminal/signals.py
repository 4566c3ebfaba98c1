"""Clean shutdown at the first Ctrl-C."""

from __future__ import annotations

import signal
from typing import Any


class SignalGuard:
    """Flag set by the first Ctrl-C, SIGTERM or SIGHUP; the second ends the process at once.

    The handler only sets the flag, because one that raises could do so inside a C extension.

    Attributes
    ----------
    signal
        Number of the received signal, or 0.

    Examples
    --------
    >>> with SignalGuard() as stopping:
    ...     signal.raise_signal(signal.SIGTERM)
    ...     stopping()
    True
    """

    def __init__(self) -> None:
        self.signal = 0
        self._former: dict[int, Any] = {}

    def __call__(self) -> bool:
        """Tell whether a signal was received."""
        return self.signal != 0

    def __enter__(self) -> SignalGuard:
        self._former = {
            number: signal.signal(number, self._note)
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
        return self

    def __exit__(self, *raised: object) -> None:
        self._restore()

    def _note(self, number: int, frame: object) -> None:
        self.signal = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
