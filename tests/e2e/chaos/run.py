"""Disturb many runs at random: ``make chaos``, which continues where it was stopped.

Results are in ``build/chaos.jsonl``, one line a round. The logs of a round that fails stay in
``build/chaos/``.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from subprocess import TimeoutExpired
from typing import Any, Final, Self

import click
import orjson
import pytest
from confluent_kafka import KafkaException
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from tests.e2e.chaos.campaign import (
    PRODUCERS,
    Outputs,
    StateRefusedError,
    run_campaign,
    undisturbed_outputs,
)
from tests.e2e.chaos.disturbances import DISTURBANCES, ENDINGS
from tests.e2e.scenario import write_scenario
from tests.support.kafka_cluster import KafkaCluster
from tests.support.servers import ROOT

RESULTS: Final = ROOT / "build" / "chaos.jsonl"
N_BROKERS: Final = 1, 3
FAULTS: Final = (
    AssertionError, KafkaException, StateRefusedError, TimeoutExpired, pytest.fail.Exception,
)  # fmt: skip
"""Errors by which a round fails; any other is an error of the campaign itself."""
_N_DISTURBANCES: Final = 8
_BY_NAME: Final = {disturb.__name__: disturb for disturb in (*DISTURBANCES, *ENDINGS)}


@dataclass(frozen=True)
class Round:
    """A round of the campaign.

    Attributes
    ----------
    seed
        Seed of the round; it chooses everything else.
    n_brokers
        Number of brokers.
    producer
        Whether the replay numbers its tweets.
    disturbances
        Names of what disturbs the replay.
    ending
        Name of what ends the workers.
    """

    seed: int
    n_brokers: int
    producer: str
    disturbances: tuple[str, ...]
    ending: str

    @classmethod
    def of(cls, seed: int) -> Self:
        """Return the round of a seed; eight in a row try each producer, ending and cluster."""
        chosen = random.Random(seed).sample(DISTURBANCES, _N_DISTURBANCES)
        return cls(
            seed,
            N_BROKERS[seed // 4 % 2],
            tuple(PRODUCERS)[seed % 2],
            tuple(disturb.__name__ for disturb in chosen),
            ENDINGS[seed // 2 % 2].__name__,
        )


@dataclass(frozen=True)
class Laboratory:
    """Brokers, a recording, and the outputs of a run that nothing disturbs."""

    cluster: KafkaCluster
    recording: Path
    expected: Outputs

    def run(self, this: Round, folder: Path) -> str:
        """Run a round with its logs in a folder; return its first fault, or an empty text."""
        return run_campaign(
            self.cluster,
            self.recording,
            folder,
            this.seed,
            [_BY_NAME[name] for name in this.disturbances],
            _BY_NAME[this.ending],
            producer=this.producer,
            expected=self.expected,
        )


@contextmanager
def laboratory(folder: Path, n_brokers: int) -> Iterator[Laboratory]:
    """Start brokers, and run an undisturbed deployment on them."""
    recording = write_scenario(folder / "scenario", brands=12, tweets_per_day=6000)
    with KafkaCluster(folder / "kafka", n_brokers) as cluster:
        expected = undisturbed_outputs(cluster, recording, folder / "undisturbed")
        yield Laboratory(cluster, recording, expected)


def _read_results() -> list[dict[str, Any]]:
    if not RESULTS.exists():
        return []
    return [orjson.loads(line) for line in RESULTS.read_bytes().splitlines()]


def _fault(place: Laboratory, this: Round) -> str:
    """Run a round; keep its logs if it fails."""
    logs = RESULTS.with_suffix("") / str(this.seed)
    shutil.rmtree(logs, ignore_errors=True)
    try:
        fault = place.run(this, logs)
    except FAULTS as error:
        fault = f"{type(error).__name__}: {error}"[-2000:]
    if not fault:
        shutil.rmtree(logs)
    return fault


def _run(rounds: Sequence[Round], progress: Progress) -> None:
    task = progress.add_task("rounds", total=len(rounds))
    for n_brokers in N_BROKERS:
        these = [this for this in rounds if this.n_brokers == n_brokers]
        if not these:
            continue
        with (
            tempfile.TemporaryDirectory(prefix="badbuzz-chaos-") as folder,
            laboratory(Path(folder), n_brokers) as place,
        ):
            for this in these:
                result = {**asdict(this), "fault": _fault(place, this)}
                with RESULTS.open("ab") as results:
                    results.write(orjson.dumps(result) + b"\n")
                progress.advance(task)


def _report(results: Sequence[dict[str, Any]], console: Console) -> None:
    tried = Counter(
        chain.from_iterable((*each["disturbances"], each["ending"]) for each in results)
    )
    for name, disturb in _BY_NAME.items():
        console.print(f"{tried[name]:5d}  {disturb.__doc__}", soft_wrap=True)
    for each in results:
        if each["fault"]:
            console.print(
                f"round {each['seed']}: {each['fault']}", style="red", markup=False, soft_wrap=True
            )


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--rounds", default=100, show_default=True, help="Number of rounds, by seed from 0.")
@click.option("--again", is_flag=True, help="Also run rounds again that failed.")
def main(rounds: int, again: bool) -> None:
    """Disturb runs at random, and compare their outputs with those of an undisturbed run."""
    RESULTS.parent.mkdir(exist_ok=True)
    done = {each["seed"] for each in _read_results() if not (again and each["fault"])}
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        _run([Round.of(seed) for seed in range(rounds) if seed not in done], progress)
    latest = {each["seed"]: each for each in _read_results()}
    results = [each for seed, each in latest.items() if seed < rounds]
    _report(results, Console())
    failed = sum(bool(each["fault"]) for each in results)
    click.echo(f"{len(results)} rounds, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
