"""Runs the benchmarks one after the other: ``make bench``."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import click

BENCHMARKS = (
    "scorer", "drift", "fold", "evidence", "backtest", "store", "recorder", "api", "worker",
    "catch_up", "first_alert",
)  # fmt: skip


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(BENCHMARKS))
def main(names: tuple[str, ...]) -> None:
    """Measure speed and memory by the named benchmarks, each in its own process; all by default.

    \b
    Examples:
      make bench
      make bench ARGS="scorer fold"
    """
    machine = f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    click.echo(machine)
    for name in names or BENCHMARKS:
        click.echo(f"\n{name}")
        ended = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False)
        if ended.returncode:
            raise click.ClickException(f"{name} ended with {ended.returncode}")


if __name__ == "__main__":
    main()
