"""Runs every detector over every stream, in parallel processes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Final, TypeVar

from badbuzz.detection.state import Rules
from benchmarks.protocol.peers import PEERS
from benchmarks.protocol.profiles import PROFILES
from benchmarks.protocol.river_peers import installed
from benchmarks.protocol.stream import VOLUMES, Stream, draw
from benchmarks.protocol.trace import DetectorScores, trace

PRODUCT: Final = "badbuzz"
ORACLE: Final = "oracle: knows the true mean"

T = TypeVar("T")

Unit = tuple[str, int, int]
"""Brand, volume and seed."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A stream and its scores by detector."""

    stream: Stream
    scored: dict[str, DetectorScores]


def names() -> list[str]:
    """Return the detectors that can run here, the product first."""
    able = [name for name in PEERS if installed() or not name.startswith("River")]
    return [PRODUCT, *able, ORACLE]


def missing() -> list[str]:
    """Return the detectors that cannot run here."""
    return [name for name in PEERS if name not in names()]


def units(seeds: tuple[int, ...]) -> list[Unit]:
    """Return every brand at every volume, for each seed."""
    return [(brand, volume, seed) for seed in seeds for volume in VOLUMES for brand in PROFILES]


def measure(unit: Unit) -> Measured:
    """Draw one stream and score it by every detector."""
    stream = draw(*unit)
    rules = Rules()
    own = trace(stream, rules)
    scored = {PRODUCT: own.found, ORACLE: trace(stream, rules, oracle=True).found}
    for name in names()[1:-1]:
        scored[name] = PEERS[name](stream, own)
    return Measured(stream, scored)


def each(work: Callable[[Unit], T], wanted: list[Unit], jobs: int) -> Iterator[T]:
    """Yield the result of ``work`` for each unit, in order, on several processes."""
    if jobs == 1:
        yield from map(work, wanted)
        return
    with get_context("spawn").Pool(jobs) as pool:
        yield from pool.imap(work, wanted)
