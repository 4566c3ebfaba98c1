"""Cost of serving a model, measured in a process of its own: time, memory, size.

The process imports what serving needs, neither TensorFlow nor other libraries of the training.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson

from badbuzz.errors import BundleError
from badbuzz.models.scorer import Scorer, import_interpreter
from training.bert.folder import read_tokeniser
from training.bert.tokens import EncoderTokeniser

_N_ALONE: Final = 50
_STATUS: Final = Path("/proc/self/status")

Score = Callable[[Sequence[str]], Any]


@dataclass(frozen=True)
class Cost:
    """Cost of one model in the TFLite interpreter on one thread.

    Parameters
    ----------
    alone_ms
        CPU-milliseconds of scoring a single text, the median.
    batch_us
        CPU-microseconds per text in a batch.
    memory_mb
        Peak memory of the process, including Python and its libraries.
    size_mb
        Size of the served files in MB.
    """

    alone_ms: float
    batch_us: float
    memory_mb: float
    size_mb: float


def measure_cost(kind: str, folder: Path, texts: Sequence[str]) -> Cost:
    """Measure the cost in a new process.

    Parameters
    ----------
    kind
        ``bundle``, or ``encoder``: ``model.tflite`` and ``tokenizer.json``.
    folder
        Folder with the served files only.
    texts
        Texts to score, at least a hundred.

    Raises
    ------
    BundleError
        When that process fails.
    """
    process = subprocess.run(
        [sys.executable, "-m", __name__, kind, str(folder)],
        input=orjson.dumps(list(texts)),
        capture_output=True,
        check=False,
    )
    if process.returncode:
        last = process.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise BundleError(f"{kind} {folder}: serving it cannot be measured: {last}")
    return Cost(**orjson.loads(process.stdout))


def main(kind: str, place: str) -> None:
    """Measure in this process, with texts from standard input and the cost to standard output."""
    texts = orjson.loads(sys.stdin.buffer.read())
    folder = Path(place)
    score = _SCORERS[kind](folder)
    score(texts[:2])
    alone = [_seconds(score, [text]) for text in texts[:_N_ALONE]]
    cost = Cost(
        alone_ms=1e3 * statistics.median(alone),
        batch_us=1e6 * _seconds(score, texts) / len(texts),
        memory_mb=_memory_mb(),
        size_mb=sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
    )
    sys.stdout.buffer.write(orjson.dumps(asdict(cost)))


def _bundle(folder: Path) -> Score:
    return Scorer.load(str(folder)).score


def _encoder(folder: Path) -> Score:
    tokeniser = EncoderTokeniser(read_tokeniser(folder))
    interpreter = import_interpreter().Interpreter(
        model_path=str(folder / "model.tflite"), num_threads=1
    )
    sources = {one["dtype"]: one["index"] for one in interpreter.get_input_details()}
    target = interpreter.get_output_details()[0]["index"]

    def score(texts: Sequence[str]) -> Any:
        ids = tokeniser.transform(texts)
        scores = np.zeros(len(texts), np.float32)
        for places in ids.batches():
            rows, real = ids.padded(places)
            for array in (rows, real):
                interpreter.resize_tensor_input(sources[array.dtype.type], array.shape)
            interpreter.allocate_tensors()
            for array in (rows, real):
                interpreter.set_tensor(sources[array.dtype.type], array)
            interpreter.invoke()
            scores[places] = interpreter.get_tensor(target)
        return scores

    return score


_SCORERS: Final[dict[str, Callable[[Path], Score]]] = {"bundle": _bundle, "encoder": _encoder}


def _seconds(score: Score, texts: Sequence[str]) -> float:
    clock = time.process_time()
    score(texts)
    return time.process_time() - clock


def _memory_mb() -> float:
    """Return the peak memory of this process; on Linux ``getrusage`` includes its parent."""
    if _STATUS.exists():
        lines = _STATUS.read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    main(*sys.argv[1:])
