"""Tests of the back-off."""

from __future__ import annotations

import asyncio

from stream_processor.engine.backoff import Backoff


def test_a_reset_starts_again_with_the_first_pause() -> None:
    backoff = Backoff(0.5, 8.0)
    backoff.lengthen()
    backoff.lengthen()
    backoff.reset()
    assert backoff.pause_s == 0.0
    assert backoff.lengthen() == 0.5


def test_it_is_expired_once_its_limit_has_passed() -> None:
    assert Backoff(0.5, 8.0, limit_s=0.0).expired
    assert not Backoff(0.5, 8.0, limit_s=60.0).expired
    assert not Backoff(0.5, 8.0).expired


def test_it_never_sleeps_beyond_its_limit() -> None:
    backoff = Backoff(60.0, 60.0, limit_s=0.0)
    asyncio.run(asyncio.wait_for(backoff.sleep(), 10.0))
    assert backoff.pause_s == 60.0
