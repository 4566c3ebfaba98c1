"""Tests of the capture of a client's log messages."""

from __future__ import annotations

import logging

from badbuzz.terminal.client_logs import capture_last_message

NAME = "a.kafka.client"


def test_a_captured_message_is_not_printed() -> None:
    with capture_last_message(NAME):
        assert not logging.getLogger(NAME).propagate
    assert logging.getLogger(NAME).propagate


def test_captures_that_overlap_restore_the_logger() -> None:
    first, second = capture_last_message(NAME), capture_last_message(NAME)
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert not logging.getLogger(NAME).propagate
    second.__exit__(None, None, None)
    assert logging.getLogger(NAME).propagate
