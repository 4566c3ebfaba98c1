"""The injected-crisis protocol: ``make backtest``."""

from __future__ import annotations

import sys

import click
from rich.console import Console
from rich.progress import track

from benchmarks.protocol.calibration import calibrate, pooled, show_calibration
from benchmarks.protocol.figures import ALL, at, at_budget
from benchmarks.protocol.lead import leads
from benchmarks.protocol.report import as_json, show
from benchmarks.protocol.run import PRODUCT, each, measure, missing, names, units
from benchmarks.protocol.targets import THETA, targets

CURVE = (3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0)

EPILOG = """\b
Examples:
  python -m benchmarks.protocol
  python -m benchmarks.protocol --seed 11 --seed 12
  python -m benchmarks.protocol --json > figures.json
  python -m benchmarks.protocol --calibration
"""


@click.command(epilog=EPILOG)
@click.option(
    "--seed", "seeds", multiple=True, default=(1, 2, 3), show_default=True, help="Repeatable."
)
@click.option("--jobs", default=2, show_default=True, help="Maximum number of processes.")
@click.option("--json", "json_", is_flag=True, help="Print JSON instead of tables.")
@click.option("--calibration", is_flag=True, help="Print only the calibration of the p-value.")
def main(seeds: tuple[int, ...], jobs: int, json_: bool, calibration: bool) -> None:
    """Evaluate the detector and ten others on crises injected into known streams.

    Six brands at three volumes, three weeks of warm-up and twelve evaluated for each seed. Exits
    with 1 when a target is missed.
    """
    wanted = units(seeds)
    console = Console(stderr=True)
    total = len(wanted)
    if calibration:
        counted = list(track(each(calibrate, wanted, jobs), "Streams", total, console=console))
        show_calibration(Console(width=120), pooled(counted))
        return
    measured = list(track(each(measure, wanted, jobs), "Streams", total, console=console))
    at_theta = at(measured, PRODUCT, THETA)
    curve = {theta: at(measured, PRODUCT, theta)[ALL] for theta in CURVE}
    budgeted = {name: at_budget(measured, name) for name in names()}
    checked = targets(at_theta, budgeted, missing())
    found = (at_theta, curve, budgeted, missing(), checked, leads(measured, budgeted))
    if json_:
        click.echo(as_json(*found))
    else:
        show(Console(width=120), *found)
    sys.exit(not all(target.met for target in checked))


if __name__ == "__main__":
    main()
