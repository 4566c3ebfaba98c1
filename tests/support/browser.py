"""Run Debian's Chromium by Playwright; as a module, take the README's picture.

Run: python -m tests.support.browser docs/backtest.png
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.support.servers import lacking


@contextmanager
def chromium() -> Iterator[Browser]:
    """Yield a headless Chromium; skip the test if it is not installed."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        lacking("the report is opened in Chromium: apt-get install chromium", "REQUIRE_SERVICES")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


def main(path: str) -> None:
    """Backtest ten simulated days and take a picture of the top of the report."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        week, report = Path(folder) / "week.jsonl", Path(folder) / "report.html"
        truth = f"{week}.truth.json"
        badbuzz = [sys.executable, "-m", "badbuzz"]
        subprocess.run([*badbuzz, "simulate", "--seed", "2", "-o", week, "--quiet"], check=True)
        subprocess.run(
            [*badbuzz, "backtest", week, "--truth", truth, "--sweep", "theta=3:5:0.25",
             "--report", report, "--quiet", "--json"],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        page = browser.new_page(viewport={"width": 1280, "height": 1500})
        page.goto(report.as_uri())
        card = page.locator("section.brand:has(.card) .card").first.bounding_box()
        assert card is not None
        page.set_viewport_size({"width": 1280, "height": round(card["y"] + card["height"] + 20)})
        page.screenshot(path=path)


if __name__ == "__main__":
    main(sys.argv[1])
