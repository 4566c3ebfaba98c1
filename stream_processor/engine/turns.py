"""Turns of the event loop: long work is done in steps, between which other tasks run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Final

TURN_S: Final = 0.025
"""Time after which a task lets others run. One more step may follow, at most as long again."""

_Measure = Callable[[], AbstractContextManager[None]]


def run_turn(steps: Iterator[object]) -> bool:
    """Run steps until the turn is over, and return whether steps may be left.

    Examples
    --------
    >>> run_turn(iter([None] * 3))
    False
    """
    end_s = time.perf_counter() + TURN_S
    return any(time.perf_counter() >= end_s for _ in steps)


async def in_turns(steps: Iterable[object], measure: _Measure = nullcontext) -> None:
    """Run all steps, and let other tasks run after each turn.

    Parameters
    ----------
    steps
        Work to be done; each item ends a step.
    measure
        Context manager that surrounds each turn; none by default.

    Examples
    --------
    >>> done = []
    >>> asyncio.run(in_turns(done.append(n) for n in range(3)))
    >>> done
    [0, 1, 2]
    """
    left = iter(steps)
    while True:
        with measure():
            if not run_turn(left):
                return
        await asyncio.sleep(0)
