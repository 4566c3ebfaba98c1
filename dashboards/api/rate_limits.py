"""How often a caller may ask: a token bucket each."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

_LEAST_BURST: Final = 10
_MOST_CALLERS: Final = 10_000


class Limits:
    """A token bucket for each caller: a tenth of a minute's requests at once, then evenly.

    Parameters
    ----------
    per_minute
        Requests a minute, >= 1. A caller may begin with a tenth of them, ten at least, but never
        more than a minute's.

    Examples
    --------
    >>> limits = Limits(per_minute=6)
    >>> [limits.wait_s("ana", now_s=0.0) for _ in range(7)]
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 10.0]
    >>> limits.wait_s("ana", now_s=10.0)
    0.0
    """

    def __init__(self, per_minute: int) -> None:
        self._per_s = per_minute / 60
        self._burst = float(min(per_minute, max(_LEAST_BURST, per_minute // 10)))
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str, now_s: float) -> float:
        """Seconds until the caller may ask; 0.0 when it may now, and then one request is taken.

        Parameters
        ----------
        caller
            Who asks. The ten thousand who asked last are remembered.
        now_s
            A clock that never goes back.
        """
        tokens, filled_s = self._buckets.pop(caller, (self._burst, now_s))
        tokens = min(self._burst, tokens + (now_s - filled_s) * self._per_s)
        allowed = tokens >= 1.0
        self._buckets[caller] = (tokens - 1.0 if allowed else tokens, now_s)
        if len(self._buckets) > _MOST_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1.0 - tokens) / self._per_s

    def give_back(self, caller: str) -> None:
        """Let a request that was taken not count.

        Examples
        --------
        >>> limits = Limits(per_minute=1)
        >>> limits.wait_s("ana", now_s=0.0)
        0.0
        >>> limits.give_back("ana")
        >>> limits.wait_s("ana", now_s=0.0)
        0.0
        """
        if caller in self._buckets:
            tokens, filled_s = self._buckets[caller]
            self._buckets[caller] = (min(self._burst, tokens + 1.0), filled_s)
