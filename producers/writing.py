"""Output of a simulation: tweets as JSON lines, and the ground truth as JSON."""

from __future__ import annotations

import gzip
import io
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Final

import orjson
from rich.console import Console
from rich.progress import Progress

from badbuzz import wire
from badbuzz.recordings.outputs import file_errors
from badbuzz.recordings.rows import STDIN
from producers.incidents import as_truth
from producers.simulate import Simulation

_UPDATE_EVERY: Final = 1000
_BUFFER: Final = 1 << 16


def write_truth(path: str, simulation: Simulation) -> None:
    """Write the incidents of a simulation as JSON.

    Raises
    ------
    RecordingError
        If the file cannot be written.
    """
    plain = {
        "seed": simulation.seed,
        "start_ms": simulation.start_ms,
        "end_ms": simulation.end_ms,
        **as_truth(simulation.incidents),
    }
    with file_errors(path):
        Path(path).write_bytes(
            orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
        )


def write_tweets(simulation: Simulation, path: str, *, labelled: bool, shown: bool) -> int:
    """Write the tweets of a simulation as JSON lines; return their number.

    Parameters
    ----------
    path
        Output file, compressed if it ends in ``.gz``; ``-`` is standard output.
    labelled
        Whether to add the ground truth as ``label``.
    shown
        Whether to show a progress bar if standard error is a terminal.

    Raises
    ------
    RecordingError
        If the file cannot be written.
    """
    console = Console(stderr=True)
    n_written = 0
    span_ms = simulation.end_ms - simulation.start_ms
    with (
        file_errors(path),
        _opened(path) as out,
        Progress(
            console=console, transient=True, disable=not (shown and console.is_terminal)
        ) as bar,
    ):
        task = bar.add_task("simulating", total=span_ms)
        for written in simulation.run():
            line = wire.encode_tweet(written.tweet)
            if labelled:
                line = line[:-1] + b',"label":"' + written.mood.encode() + b'"}'
            out.write(line + b"\n")
            n_written += 1
            if n_written % _UPDATE_EVERY == 0:
                bar.update(task, completed=written.tweet.created_ms - simulation.start_ms)
        out.flush()
    return n_written


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    if path == STDIN:
        yield sys.stdout.buffer
        return
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(Path(path).open("wb"))
        if path.endswith(".gz"):
            zipped = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)
            file = stack.enter_context(io.BufferedWriter(stack.enter_context(zipped), _BUFFER))
        yield file
