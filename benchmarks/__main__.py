"""Runs all benchmarks one after the other: ``make bench``."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

BENCHMARKS = (
    "scorer", "drift", "fold", "evidence", "backtest", "store", "recorder", "api", "worker",
    "first_alert",
)  # fmt: skip


def main() -> None:
    """Print the machine, then run each benchmark in its own process."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    for name in BENCHMARKS:
        print(f"\n{name}", flush=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)


if __name__ == "__main__":
    main()
