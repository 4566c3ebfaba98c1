"""Draws the README's picture: the demo's screen in the middle of a crisis.

Run: python -m demo.picture docs/demo.svg
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console

from badbuzz.model import Alert, Window
from demo.board import Board, Pulse
from demo.run import Plan, play

_WIDTH = 148
_AFTER_CRITICAL = 40


def main(path: str) -> None:
    """Run the demo, and draw its screen some windows after the second critical alert."""
    board = Board()
    plan = Plan((), days=10, seed=2, warmup_h=168, speed=5760.0, fast_h=168)
    n_critical = n_after = 0
    with tempfile.TemporaryDirectory() as folder:
        for found in play(plan, Path(folder), lambda _: None, lambda: False):
            if isinstance(found, Pulse):
                board.pulse = found
            elif isinstance(found, Alert | Window):
                board.show(found)
                n_after += n_critical >= 2
            if isinstance(found, Alert):
                n_critical += found.severity == "critical" and found.phase != "resolved"
            if n_after >= _AFTER_CRITICAL:
                break
    console = Console(record=True, width=_WIDTH)
    console.print(board)
    svg = re.sub(r"@font-face {.*?}", "", console.export_svg(title="badbuzz demo"), flags=re.DOTALL)
    Path(path).write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
