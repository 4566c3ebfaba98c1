"""Every line of the tour in docs/api.md works."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import orjson

from badbuzz.store.database import Store
from tests.support.served import Served, fill
from tests.support.servers import ROOT

_ADDRESS = "http://127.0.0.1:8080"
_SERVE = "badbuzz api "


def tour() -> str:
    """Return the shell lines of the tour except the one that starts the API."""
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    return "".join(block for block in blocks if not block.startswith(_SERVE))


def test_every_line_of_the_tour_succeeds(tmp_path: Path) -> None:
    script = tour()
    with Served(tmp_path) as served:
        with Store.open(served.address) as store:
            fill(store)
        n_before = len(statuses(served.log))
        ran = subprocess.run(
            ["bash", "-c", script.replace(_ADDRESS, served.url)],
            cwd=tmp_path,
            env={
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "BADBUZZ_STORE": served.address,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        answered = statuses(served.log)[n_before:]
    assert "Traceback" not in ran.stderr
    assert [status for status in answered if not 200 <= status[1] < 300] == []
    assert len(answered) == len(re.findall(r"(?:^|\()api ['\"/]|^curl ", script, re.MULTILINE))


def statuses(log: Path) -> list[tuple[str, int]]:
    """Return path and status of each request in the log of an API."""
    lines = [orjson.loads(line) for line in log.read_text().splitlines()]
    return [
        (line["path"], line["status"])
        for line in lines
        if line["event"] == "request" and line["path"] != "/readyz"
    ]
