"""Take pictures of every page of the front during a crisis, and cut the README's from them.

Run: python -m tests.screenshots FOLDER, which fails if axe-core finds a serious fault or a page
can be scrolled sideways.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import orjson
from PIL import Image
from playwright.sync_api import Browser, Page

from badbuzz.messages.translator import Language
from tests.support.browser import chromium
from tests.support.front import (
    LANGUAGES,
    LIVE,
    NARROW,
    PATHS,
    WIDE,
    Demo,
    front,
    grave_faults,
    open_page,
    overflow_px,
    settle,
)
from tests.support.servers import ROOT
from tests.support.stream import await_that

BRAND: Final = "Air Paradis"
_SEED: Final = "7"
_END_MS: Final = 1_794_212_940_000  # bags are lost, and the alert is critical
_COLOURS: Final = 64
_TEXTS: Final = {
    "en": "Three hours late, my bag is lost and nobody answers",
    "fr": "Trois heures de retard, ma valise est perdue et personne ne répond",
}
_SHOWN: Final = {
    "live-en-1280": 1240,
    "live-fr-390": 1240,
    "alert-en-390": 1240,
    "try-fr-1280": 1240,
}
"""Pictures that stand in the README as ``docs/front-NAME.png``, and how far down they go."""
_SCORE: Final = {"en": "Score text", "fr": "Évaluer"}


@contextmanager
def crisis(folder: Path) -> Iterator[Demo]:
    """Run the demo on a recording that ends while an alert is open."""
    whole, cut = folder / "whole.jsonl", folder / "crisis.jsonl"
    badbuzz = [sys.executable, "-m", "badbuzz"]
    subprocess.run([*badbuzz, "simulate", "--seed", _SEED, "-o", whole, "--quiet"], check=True)
    with whole.open("rb") as lines, cut.open("wb") as kept:
        kept.writelines(line for line in lines if orjson.loads(line)["created_ms"] < _END_MS)
    with Demo(folder / "demo", "--speed", "max", "--language", "en", str(cut)) as demo:
        await_that(lambda: "still serving" in demo.log.read_text(), "the replay's end", 300)
        yield demo


def _prepare(page: Page, path: str, language: Language) -> None:
    """Do what a user does before the picture."""
    if path == "try":
        page.locator("textarea").fill(_TEXTS[language])
        page.get_by_role("button", name=_SCORE[language]).click()
        page.wait_for_selector("table")
        settle(page)


def _take(page: Page, target: Path) -> None:
    """Take a picture of the whole page in few colours, to keep the file small."""
    height = page.evaluate(
        "Math.ceil(document.querySelector('[data-testid=stMainBlockContainer]').scrollHeight)"
    )
    width = page.viewport_size["width"] if page.viewport_size else WIDE[0]
    page.set_viewport_size({"width": width, "height": max(height, 600)})
    settle(page)
    page.wait_for_timeout(500)  # Vega draws anew when the window grows
    page.screenshot(path=target)
    with Image.open(target) as picture:
        picture.convert("RGB").quantize(_COLOURS, dither=Image.Dither.NONE).save(
            target, optimize=True
        )


def take_all(browser: Browser, fronts: dict[Language, str], alert: str, folder: Path) -> list[str]:
    """Take a picture of every page in each language and width, and return the faults."""
    faults: list[str] = []
    pages: list[tuple[str, str, dict[str, Any]]] = [(path or "live", path, {}) for path in PATHS]
    pages[0] = ("live", LIVE, {"brand": BRAND})
    pages.append(("alert", "alerts", {"alert": alert}))
    for name, path, asked in pages:
        for language in LANGUAGES:
            for size in (WIDE, NARROW):
                page = open_page(browser, fronts[language], path, size, **asked)
                _prepare(page, path, language)
                picture = folder / f"{name}-{language}-{size[0]}.png"
                of_page = grave_faults(page) + ["sideways scroll"] * (overflow_px(page) > 0)
                faults += [f"{picture.name}: {fault}" for fault in of_page]
                _take(page, picture)
                page.close()
    return faults


def show(folder: Path) -> None:
    """Cut the README's pictures out of the others."""
    for name, height in _SHOWN.items():
        with Image.open(folder / f"{name}.png") as picture:
            cut = picture.crop((0, 0, picture.width, min(height, picture.height)))
            cut.save(ROOT / "docs" / f"front-{name}.png", optimize=True)


def main(target: str) -> None:
    """Start demo, front and browser, and take the pictures."""
    folder = Path(target)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch, crisis(Path(scratch)) as demo:
        api = demo.addresses["the API"]
        alerts = httpx.get(f"{api}/alerts?brand={quote(BRAND)}").json()["items"]
        with front(Path(scratch), api, "fr") as french, chromium() as browser:
            fronts: dict[Language, str] = {"en": demo.addresses["the front"], "fr": french}
            faults = take_all(browser, fronts, alerts[0]["alert"]["id"], folder)
    show(folder)
    if faults:
        raise SystemExit("\n".join(faults))


if __name__ == "__main__":
    main(sys.argv[1])
