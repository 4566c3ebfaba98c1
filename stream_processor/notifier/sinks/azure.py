"""What both exporters to Azure Monitor need: a thread to block, and to keep to themselves."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from typing import Final

from badbuzz.errors import SettingsError

_SELF_REPORTS: Final = (
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED",
)
_GRACE_S: Final = 5.0


def keep_private() -> None:
    """Keep the exporters from telling Microsoft about this process, unless the operator asked."""
    for variable in _SELF_REPORTS:
        os.environ.setdefault(variable, "true")


def bad_connection_string(error: Exception) -> SettingsError:
    """The error of a connection string that an exporter does not take; never shows the string."""
    return SettingsError(
        f"BADBUZZ_AZURE_CONNECTION_STRING: {error}; copy it from the Application Insights "
        "resource: InstrumentationKey=...;IngestionEndpoint=..."
    )


async def in_thread(call: Callable[[], None], limit_s: float) -> None:
    """Run a call that blocks in a thread of its own, and wait for it.

    A thread that hangs is left behind, and does not hold up the process's end.

    Raises
    ------
    TimeoutError
        When it takes longer than its own limit should allow.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def settle(error: Exception | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def work() -> None:
        error: Exception | None = None
        try:
            call()
        except Exception as raised:  # noqa: BLE001 - raised where it is awaited
            error = raised
        if not loop.is_closed():
            loop.call_soon_threadsafe(settle, error)

    threading.Thread(target=work, name="azure", daemon=True).start()
    async with asyncio.timeout(limit_s + _GRACE_S):
        await done
