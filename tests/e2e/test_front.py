"""The front as people use it: in a browser, before the running demo."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson
import psutil
import pytest
from playwright.sync_api import Browser, Page, expect

from badbuzz.render import Language
from tests.browser import chromium
from tests.e2e.stream import await_that
from tests.front import (
    LANGUAGES,
    NARROW,
    PATHS,
    WIDE,
    Demo,
    Front,
    grave_faults,
    open_page,
    overflow_px,
    settle,
)
from tests.rooms.served import Served

pytestmark = [pytest.mark.e2e, pytest.mark.services, pytest.mark.slow]

BRAND = "Air Paradis"
LIVE = ""
SPEED = "1000"  # the crisis, at 7:40, comes half a minute after midnight
DAYS = ("--days", "3", "--seed", "1", "--warmup", "48h", "--speed", SPEED)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo, whose crisis comes soon after it serves."""
    with Demo(tmp_path_factory.mktemp("demo"), *DAYS) as running:
        yield running


def asked(demo: Demo, path: str) -> Any:
    """What the API answers."""
    with urllib.request.urlopen(demo.addresses["the API"] + path, timeout=30) as answer:
        return orjson.loads(answer.read())


def alerts(demo: Demo) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = asked(demo, "/alerts")["items"]
    return found


@pytest.fixture(scope="module")
def alerted(demo: Demo) -> Demo:
    """The demo, once its store has an alert."""
    await_that(lambda: bool(alerts(demo)), "an alert")
    return demo


def test_a_crisis_appears_without_reload(demo: Demo, browser: Browser) -> None:
    page = open_page(browser, demo.addresses["the front"], LIVE, brand=BRAND)
    claim = page.get_by_text(f"tweets about {BRAND} in the last").first
    expect(claim).not_to_be_visible()
    page.evaluate("window.notReloaded = true")
    expect(claim).to_be_visible(timeout=90_000)
    assert page.evaluate("window.notReloaded")
    page.close()
