"""Fuzz every target for ten minutes of CPU: ``make fuzz``, which continues where it was stopped.

An input that raises an undeclared error, or takes a second of CPU, is written to ``corpus/``, which
the tests read. Progress is in ``build/fuzz.json``.
"""

from __future__ import annotations

import signal
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from random import Random
from types import FrameType
from typing import Final

import click
import orjson
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import integers

from tests.fuzz.inputs import make_input
from tests.fuzz.targets import TARGETS, Target
from tests.support.servers import ROOT

CORPUS: Final = Path(__file__).with_name("corpus")
LIMIT_S: Final = 1.0
"""Maximum CPU time of an input."""
_PROGRESS: Final = ROOT / "build" / "fuzz.json"
_ROUND: Final = 2000

Progress = dict[str, list[float]]
"""CPU seconds and number of rounds of each target."""


def check(target: Target, content: bytes, limit_s: float = LIMIT_S) -> None:
    """Let a target read an input; raise an error that is not declared, or TimeoutError."""
    try:
        with _cpu_limit(limit_s):
            target.read(content)
    except target.declared as error:
        str(error)


@contextmanager
def _cpu_limit(limit_s: float) -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"over {limit_s} s of CPU")

    former = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)


def _round(target: Target, number: int) -> bytes | None:
    """Try inputs until one fails, at most 2,000; return it, shortened."""
    failing: list[bytes] = []

    @seed(number)
    @settings(
        max_examples=_ROUND, database=None, deadline=None, phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(integers(0, 2**64))
    def attempt(drawn: int) -> None:
        content = make_input(target.seeds, Random(drawn))
        if not failing and failure(target, content) is not None:
            failing.append(content)

    attempt()
    return shorten(target, failing[0]) if failing else None


def failure(target: Target, content: bytes) -> Exception | None:
    """Return the undeclared error of an input, or None."""
    try:
        check(target, content)
    except Exception as error:  # noqa: BLE001 - this is what is looked for
        return error
    return None


def shorten(target: Target, content: bytes) -> bytes:
    """Remove parts of a failing input, ever shorter ones, as long as the error is of its type."""
    kind, size = type(failure(target, content)), len(content) // 2
    while size:
        for start in range(0, len(content), size):
            shorter = content[:start] + content[start + size :]
            if shorter != content and type(failure(target, shorter)) is kind:
                content = shorter
                break
        else:
            size //= 2
    return content


def _fuzz(name: str, seconds: float, progress: Progress, save: Callable[[], None]) -> int:
    """Fuzz a target until it has had its CPU time; return the number of failing inputs."""
    spent, n_rounds, n_found = *progress.setdefault(name, [0.0, 0]), 0
    while spent < seconds:
        begun = time.process_time()
        found = _round(TARGETS[name], int(n_rounds))
        spent, n_rounds = spent + time.process_time() - begun, n_rounds + 1
        progress[name] = [spent, n_rounds]
        save()
        if found is not None:
            n_found += 1
            path = CORPUS / name / sha256(found).hexdigest()[:12]
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(found)
            error = f"{failure(TARGETS[name], found)!r}"
            click.echo(f"{name}: {error:.200}: {path}", err=True)
            if n_found == 3:
                break
    click.echo(f"{name}: {n_rounds:.0f} rounds, {spent:.0f} s of CPU, {n_found} failures")
    return n_found


def main() -> int:
    """Fuzz the targets; return 1 if an input failed."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=600.0, help="CPU time of each target")
    parser.add_argument("--again", action="store_true", help="start from the beginning")
    chosen = parser.parse_args()
    progress: Progress = {}
    if _PROGRESS.exists() and not chosen.again:
        progress = orjson.loads(_PROGRESS.read_bytes())
    _PROGRESS.parent.mkdir(exist_ok=True)

    def save() -> None:
        _PROGRESS.write_bytes(orjson.dumps(progress))

    names = chosen.names or list(TARGETS)
    return min(sum(_fuzz(name, chosen.seconds, progress, save) for name in names), 1)


if __name__ == "__main__":
    sys.exit(main())
