"""The limit of a shutdown."""

from __future__ import annotations

import subprocess
import sys

ENDLESS = """
import threading
from stream_processor.engine.exit import limit_shutdown
limit_shutdown(0.1)
threading.Event().wait()
"""


def test_a_shutdown_that_never_ends_is_cut_off_with_one_line() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENDLESS], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1
    assert done.stderr == (
        "badbuzz: the shutdown took longer than 0.1 s: ended without the last checkpoint\n"
    )
