"""Run the demo and fronts, and open their pages in a browser."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlencode

import psutil
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from badbuzz.messages.translator import Language
from badbuzz.store.database import Store
from demo.processes import answers, free_port
from tests.support.servers import await_line, die_with_parent, end_with_parent

LIVE: Final = ""
PATHS: Final = (LIVE, "alerts", "try", "label", "history", "models")
LANGUAGES: Final[tuple[Language, ...]] = ("en", "fr")
WIDE, NARROW = (1280, 900), (390, 844)
_ADDRESS: Final = re.compile(r"^  (\S.*?) +(http://\S+)$", re.MULTILINE)
_PATIENCE_MS: Final = 120_000
_START_S: Final = 120.0
_STOP_S: Final = 60.0
_GRAVE: Final = ("serious", "critical")


class Demo:
    """A running ``badbuzz demo --ui``, whose replay may not have ended.

    Parameters
    ----------
    folder
        Folder for the log and the database.
    options
        Further options of the command.

    Attributes
    ----------
    addresses
        URL by name: "the front", "the API" and so on.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self.log = folder / "demo.log"
        self.addresses: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        """Start it and wait until the front and the API answer."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "badbuzz", "demo", "--ui", "--headless",
                 "--keep", str(self._folder), *self._options],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                preexec_fn=end_with_parent,  # noqa: PLW1509
            )  # fmt: skip
        await_line(self.log, "the front", self._process, _START_S)
        self.addresses = dict(_ADDRESS.findall(self.log.read_text(encoding="utf-8")))
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop it as Ctrl-C does; fail if it exits with an error or leaves a process running."""
        assert self._process is not None
        started = psutil.Process(self._process.pid).children(recursive=True)
        self._process.send_signal(signal.SIGINT)
        assert self._process.wait(_STOP_S) == 0
        assert not [process.cmdline() for process in started if process.is_running()]

    @property
    def pid(self) -> int:
        """The id of its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def store_url(self) -> str:
        """The URL of its store."""
        return f"sqlite:///{self._folder / 'badbuzz.db'}"

    @contextmanager
    def store(self) -> Iterator[Store]:
        """Open its store."""
        with Store.open(self.store_url) as store:
            yield store


@contextmanager
def served(folder: Path, name: str, ready: str, port: int, **environ: str) -> Iterator[str]:
    """Run ``badbuzz NAME`` and yield its URL once it answers at a path."""
    url, log = f"http://127.0.0.1:{port}", folder / f"{name.split(maxsplit=1)[0]}-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "badbuzz", *name.split(), "--port", str(port)],
            env={**os.environ, **environ},
            stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            preexec_fn=die_with_parent,  # noqa: PLW1509
        )  # fmt: skip
    try:
        deadline_s = time.monotonic() + _START_S
        while not answers(f"{url}{ready}"):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline_s, log.read_text()
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        process.wait(_STOP_S)


@contextmanager
def front(folder: Path, api_url: str, language: Language) -> Iterator[str]:
    """Run another front with a default language and yield its URL."""
    environ = {"BADBUZZ_API_URL": api_url, "BADBUZZ_LANGUAGE": language}
    with served(folder, "front", "/_stcore/health", free_port(), **environ) as url:
        yield url


def open_page(
    browser: Browser, base: str, path: str, size: tuple[int, int] = WIDE, **asked: str
) -> Page:
    """Open a page of the front in a new tab and wait until it is drawn."""
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.set_default_timeout(_PATIENCE_MS)
    page.goto(f"{base}/{path}{'?' + urlencode(asked) if asked else ''}")
    page.wait_for_selector("h1")
    settle(page)
    return page


def settle(page: Page) -> None:
    """Wait until the script of the page has run and no placeholder is left."""
    page.wait_for_function(
        "document.querySelector('[data-testid=stApp]').dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-testid=stSkeleton]')",
        polling=100,
    )


def grave_faults(page: Page) -> list[str]:
    """Return the serious and critical violations that axe-core finds."""
    violations: list[dict[str, Any]] = Axe().run(page).response["violations"]
    return [
        f"{fault['id']} ({fault['impact']}): "
        + " | ".join(node["html"][:160] for node in fault["nodes"])
        for fault in violations
        if fault["impact"] in _GRAVE
    ]


def overflow_px(page: Page) -> int:
    """Return by how many pixels the page can be scrolled sideways."""
    scrolled: int = page.evaluate(
        "Math.max(...[document.documentElement, document.querySelector('[data-testid=stMain]')]"
        ".map(e => e.scrollWidth - e.clientWidth))"
    )
    return scrolled
