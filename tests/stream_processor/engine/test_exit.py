"""The limit of a shutdown, and the exit code of a process that exceeds it."""

from __future__ import annotations

import subprocess
import sys

import pytest
from aiokafka.errors import ProducerFenced

from badbuzz.errors import BadbuzzError, DeadLettersError, StateError
from stream_processor.engine.exit import exit_code_of

ENDLESS = """
import threading
from badbuzz.errors import StateError
from stream_processor.engine.exit import limit_shutdown
limit_shutdown(0.1, crash_reason=lambda: {reason})
threading.Event().wait()
"""
FROZEN = """
import asyncio
from badbuzz.config.settings import Settings
from badbuzz.errors import DeadLettersError
from stream_processor.engine import consumer as module
module._DRAIN_S = 0.1
async def stop():
    consumer = module.PartitionedConsumer(Settings(), "tweets", "test", None)
    {before}
    async with consumer._lock:
        await consumer.on_stop()
asyncio.run(stop())
"""


def run(program: str) -> tuple[int, str]:
    """Run a program and return its exit code and its last line."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60
    )
    return done.returncode, done.stderr.splitlines()[-1]


def test_a_shutdown_that_never_ends_is_cut_off_with_one_line() -> None:
    assert run(ENDLESS.format(reason=None)) == (
        1, "badbuzz: the shutdown took longer than 0.1 s: ended without the last checkpoint"
    )  # fmt: skip


def test_a_crash_whose_shutdown_never_ends_has_its_own_line_and_exit_code() -> None:
    program = ENDLESS.format(reason='StateError("state was lost")')
    assert run(program) == (StateError.exit_code, "badbuzz: state was lost")


def test_a_crash_without_a_broker_has_its_own_line_and_exit_code() -> None:
    program = FROZEN.format(before='await consumer.crash(DeadLettersError("too many"))')
    assert run(program) == (DeadLettersError.exit_code, "badbuzz: too many")


def test_a_stop_without_a_broker_is_told_from_one_during_the_start() -> None:
    assert run(FROZEN.format(before="pass")) == (
        4, "badbuzz: no broker accepted the last checkpoint: its records are processed again"
    )  # fmt: skip
    assert run(FROZEN.format(before="consumer.assign([0])")) == (
        4, "badbuzz: stopped while partitions were opened: none of their records was processed"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("error", "code"), [(BadbuzzError(""), 1), (ProducerFenced(), 4), (KeyError("delay"), 1)]
)
def test_an_error_of_the_broker_is_one_of_kafka(error: Exception, code: int) -> None:
    assert exit_code_of(error) == code
