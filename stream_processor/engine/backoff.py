"""The pauses between attempts to reach a server."""

from __future__ import annotations

import asyncio
import time
from math import inf


class Backoff:
    """Doubles the pause after each failed attempt, up to a longest pause.

    Parameters
    ----------
    first_s, longest_s
        First and longest pause in seconds.
    limit_s
        Seconds from now after which no further attempt is worth a pause; unlimited by default.

    Attributes
    ----------
    pause_s
        The current pause in seconds; 0 before the first failure and after :meth:`reset`.

    Examples
    --------
    >>> backoff = Backoff(0.5, longest_s=1.5)
    >>> [backoff.lengthen() for _ in range(3)]
    [0.5, 1.0, 1.5]
    """

    def __init__(self, first_s: float, longest_s: float, limit_s: float = inf) -> None:
        self.pause_s = 0.0
        self._first_s = first_s
        self._longest_s = longest_s
        self._deadline_s = time.monotonic() + limit_s

    @property
    def expired(self) -> bool:
        """True once the limit has passed."""
        return time.monotonic() >= self._deadline_s

    def lengthen(self) -> float:
        """Double the pause and return it in seconds."""
        self.pause_s = min(max(2 * self.pause_s, self._first_s), self._longest_s)
        return self.pause_s

    def reset(self) -> None:
        """Start again with the first pause."""
        self.pause_s = 0.0

    async def sleep(self) -> None:
        """Double the pause and sleep for it, at most until the limit."""
        left_s = self._deadline_s - time.monotonic()
        await asyncio.sleep(min(self.lengthen(), max(left_s, 0.0)))
