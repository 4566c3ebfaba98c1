"""Draws the picture of the README: the screen of the demo during a crisis.

Run: python -m demo.picture docs/demo.svg
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from badbuzz.model import Alert, Window
from demo.board import Board, WorkerStats
from demo.run import Plan, run_demo

_WIDTH = 148
_AFTER_CRITICAL = 40


def main(path: str) -> None:
    """Run the demo and draw its screen some windows after the second critical alert."""
    board = Board()
    plan = Plan((), days=10, seed=2, warmup_h=168, speed=5760.0)
    n_critical = n_after = 0
    with tempfile.TemporaryDirectory() as folder:
        for event in run_demo(plan, Path(folder), lambda _: None, lambda: False):
            if isinstance(event, Alert | Window | WorkerStats):
                board.add(event)
                n_after += n_critical >= 2 and not isinstance(event, WorkerStats)
            if isinstance(event, Alert):
                n_critical += event.severity == "critical" and event.phase != "resolved"
            if n_after >= _AFTER_CRITICAL:
                break
    console = Console(record=True, width=_WIDTH)
    console.print(board)
    svg = re.sub(r"@font-face {.*?}", "", console.export_svg(title="badbuzz demo"), flags=re.DOTALL)
    Path(path).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
