"""The rate limit of each caller: a token bucket."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

_MIN_BURST: Final = 10
_MAX_CALLERS: Final = 10_000


class RateLimiter:
    """A token bucket for each caller, refilled evenly.

    Parameters
    ----------
    per_minute
        Requests per minute, >= 1. A bucket holds a tenth of them, at least 10, at most
        ``per_minute``.

    Examples
    --------
    >>> limiter = RateLimiter(per_minute=6)
    >>> [limiter.wait_s("ana", now_s=0.0) for _ in range(7)]
    [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 10.0]
    >>> limiter.wait_s("ana", now_s=10.0)
    0.0
    """

    def __init__(self, per_minute: int) -> None:
        self._per_s = per_minute / 60
        self._burst = float(min(per_minute, max(_MIN_BURST, per_minute // 10)))
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, caller: str, now_s: float) -> float:
        """Take one request and return 0.0, or return the seconds until one is available.

        Parameters
        ----------
        caller
            Name or address. The 10,000 most recent callers are remembered.
        now_s
            Time of a monotonic clock, seconds.
        """
        tokens, filled_s = self._buckets.pop(caller, (self._burst, now_s))
        tokens = min(self._burst, tokens + (now_s - filled_s) * self._per_s)
        is_allowed = tokens >= 1.0
        self._buckets[caller] = (tokens - 1.0 if is_allowed else tokens, now_s)
        if len(self._buckets) > _MAX_CALLERS:
            self._buckets.popitem(last=False)
        return 0.0 if is_allowed else (1.0 - tokens) / self._per_s

    def give_back(self, caller: str) -> None:
        """Return the last request to the caller's bucket.

        Examples
        --------
        >>> limiter = RateLimiter(per_minute=1)
        >>> limiter.wait_s("ana", now_s=0.0)
        0.0
        >>> limiter.give_back("ana")
        >>> limiter.wait_s("ana", now_s=0.0)
        0.0
        """
        if caller in self._buckets:
            tokens, filled_s = self._buckets[caller]
            self._buckets[caller] = (min(self._burst, tokens + 1.0), filled_s)
