"""Measure the wall time from the command ``demo`` to its first alert.

Run: python -m benchmarks.first_alert
"""

from __future__ import annotations

import subprocess
import sys
import time


def main() -> None:
    """Start the demo, and stop it at its first alert."""
    started_s = time.monotonic()
    demo = subprocess.Popen(
        [sys.executable, "-m", "badbuzz", "demo", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert demo.stdout is not None
    demo.stdout.readline()
    print(f"first alert after {time.monotonic() - started_s:.0f} s")
    demo.terminate()
    demo.wait()


if __name__ == "__main__":
    main()
