"""The one thread that talks to the store, and whether the store answers."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

from badbuzz.errors import StoreDownError
from stream_processor.engine import metrics

log = logging.getLogger(__name__)

_ANSWER_S: Final = 3.0
_LATE_S: Final = 0.2
_SILENT: Final = f"the database has not answered for {_ANSWER_S:g} s"
_Answer = TypeVar("_Answer")


class StoreThread:
    """Calls to the store, one after the other, off the event loop, each with a limit.

    A call that outlives its limit goes on in its thread, as no thread can be ended: what it
    records is right whenever it is done, as rows and positions never move back. Until then the
    store counts as down.

    Examples
    --------
    >>> async def ask() -> int:
    ...     return await StoreThread().ask(lambda: 42)
    >>> asyncio.run(ask())
    42
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "store")
        self._turn = asyncio.Lock()
        self._late: asyncio.Future[Any] | None = None
        self.reason = ""

    @property
    def stuck(self) -> bool:
        """Whether a call is still out: Python would wait for its thread at the end."""
        return self._late is not None and not self._late.done()

    async def ask(self, call: Callable[[], _Answer], limit_s: float = _ANSWER_S) -> _Answer:
        """What a call gives.

        Parameters
        ----------
        call
            Runs in the thread.
        limit_s
            How long it may take.

        Raises
        ------
        StoreDownError
            When the store does not answer, or not in time.
        """
        async with self._turn:
            try:
                answer = await self._ask(call, limit_s)
            except StoreDownError as error:
                self._note(str(error))
                raise
            self._note("")
            return answer

    async def _ask(self, call: Callable[[], _Answer], limit_s: float) -> _Answer:
        if self._late is not None:
            await asyncio.wait({self._late}, timeout=_LATE_S)
            if not self._late.done():
                raise StoreDownError(_SILENT)
            self._late = None
        answer = asyncio.get_running_loop().run_in_executor(self._thread, call)
        answer.add_done_callback(_heard)
        self._late = answer  # until it is back, whether it is waited for or not
        done, _ = await asyncio.wait({answer}, timeout=limit_s)
        if not done:
            raise StoreDownError(_SILENT)
        self._late = None
        return answer.result()

    def _note(self, reason: str) -> None:
        if reason and not self.reason:
            log.warning("%s; waiting for it", reason)
        elif self.reason and not reason:
            log.info("the database answers again")
        self.reason = reason
        metrics.STORE_REACHED.set(not reason)


def _heard(answer: asyncio.Future[Any]) -> None:
    """Take note of how a call ended: whoever asked was told that it was late, or has left."""
    if not answer.cancelled():
        answer.exception()
