"""The thread that makes all calls to the store, and whether the store answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from badbuzz.errors import StoreDownError
from stream_processor.engine import metrics

log = logging.getLogger(__name__)

_CALL_LIMIT_S: Final = 3.0
_LATE_S: Final = 0.2
_NO_ANSWER: Final = f"the database has not answered for {_CALL_LIMIT_S:g} s"
_Result = TypeVar("_Result")


class StoreThread:
    """Makes calls to the store one at a time, off the event loop, each with a time limit.

    A thread cannot be ended, so a call that exceeds its limit continues. It does no harm when it
    completes late, because rows and positions never move back. Until then, the store counts as
    down.

    Attributes
    ----------
    reason
        The error of the last call; empty if the store answered.

    Examples
    --------
    >>> async def answer() -> int:
    ...     return await StoreThread().call(lambda: 42)
    >>> asyncio.run(answer())
    42
    """

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "store")
        self._lock = asyncio.Lock()
        self._running: asyncio.Future[Any] | None = None
        self.reason = ""

    @property
    def stuck(self) -> bool:
        """True while a call is running, for whose thread Python would wait at exit."""
        return self._running is not None and not self._running.done()

    async def call(
        self, function: Callable[[], _Result], limit_s: float = _CALL_LIMIT_S
    ) -> _Result:
        """Call a function in the thread and return its result.

        Parameters
        ----------
        function
            Function to call.
        limit_s
            Longest time to wait for the result, in seconds.

        Raises
        ------
        StoreDownError
            When the store does not answer, or not in time.
        """
        async with self._lock:
            try:
                result = await self._call(function, limit_s)
            except StoreDownError as error:
                self._note(str(error))
                raise
            self._note("")
            return result

    async def _call(self, function: Callable[[], _Result], limit_s: float) -> _Result:
        if self._running is not None:
            await asyncio.wait({self._running}, timeout=_LATE_S)
            if not self._running.done():
                raise StoreDownError(_NO_ANSWER)
            self._running = None
        future = asyncio.get_running_loop().run_in_executor(self._executor, function)
        # asyncio would log the exception of a call that no caller awaits any more.
        future.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._running = future  # kept even if the caller is cancelled
        done, _ = await asyncio.wait({future}, timeout=limit_s)
        if not done:
            raise StoreDownError(_NO_ANSWER)
        self._running = None
        return future.result()

    def _note(self, reason: str) -> None:
        if reason and not self.reason:
            log.warning("%s; waiting for it", reason)
        elif self.reason and not reason:
            log.info("the database answers again")
        self.reason = reason
        metrics.STORE_REACHED.set(not reason)
