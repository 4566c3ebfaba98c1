"""Cost of serving a model, measured in a process of its own: time, memory, size.

It loads no more than serving would: neither TensorFlow nor what models are trained with.
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
from training.bert.tokens import Tokens

_N_ALONE: Final = 50
_STATUS: Final = Path("/proc/self/status")

Score = Callable[[Sequence[str]], Any]


@dataclass(frozen=True)
class Cost:
    """Cost of one model in the TFLite interpreter on one thread.

    Parameters
    ----------
    alone_ms
        CPU-milliseconds of scoring one text that comes alone, the median.
    batch_us
        CPU-microseconds of a text among many.
    memory_mb
        Most memory that the process held, Python and its libraries included.
    size_mb
        Size of the served files in MB.
    """

    alone_ms: float
    batch_us: float
    memory_mb: float
    size_mb: float


def measured(kind: str, folder: Path, texts: Sequence[str]) -> Cost:
    """Measure in a new process.

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
    ran = subprocess.run(
        [sys.executable, "-m", __name__, kind, str(folder)],
        input=orjson.dumps(list(texts)),
        capture_output=True,
        check=False,
    )
    if ran.returncode:
        last = ran.stderr.decode(errors="replace").strip().rpartition("\n")[2]
        raise BundleError(f"{kind} {folder}: serving it cannot be measured: {last}")
    return Cost(**orjson.loads(ran.stdout))


def main(kind: str, place: str) -> None:
    """Measure here; texts come from standard input, the cost goes to standard output."""
    texts = orjson.loads(sys.stdin.buffer.read())
    folder = Path(place)
    score = _SERVED[kind](folder)
    score(texts[:2])
    alone = [_seconds(score, [text]) for text in texts[:_N_ALONE]]
    found = Cost(
        alone_ms=1e3 * statistics.median(alone),
        batch_us=1e6 * _seconds(score, texts) / len(texts),
        memory_mb=_memory_mb(),
        size_mb=sum(path.stat().st_size for path in folder.iterdir()) / 1e6,
    )
    sys.stdout.buffer.write(orjson.dumps(asdict(found)))


def _bundle(folder: Path) -> Score:
    return Scorer.load(str(folder)).score


def _encoder(folder: Path) -> Score:
    tokens = Tokens(read_tokeniser(folder))
    interpreter = import_interpreter().Interpreter(
        model_path=str(folder / "model.tflite"), num_threads=1
    )
    sources = {one["dtype"]: one["index"] for one in interpreter.get_input_details()}
    target = interpreter.get_output_details()[0]["index"]

    def score(texts: Sequence[str]) -> Any:
        ids = tokens.transform(texts)
        found = np.zeros(len(texts), np.float32)
        for places in ids.batches():
            rows, real = ids.padded(places)
            for array in (rows, real):
                interpreter.resize_tensor_input(sources[array.dtype.type], array.shape)
            interpreter.allocate_tensors()
            for array in (rows, real):
                interpreter.set_tensor(sources[array.dtype.type], array)
            interpreter.invoke()
            found[places] = interpreter.get_tensor(target)
        return found

    return score


_SERVED: Final[dict[str, Callable[[Path], Score]]] = {"bundle": _bundle, "encoder": _encoder}


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
