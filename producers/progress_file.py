"""Progress file of a replay, from which it can be resumed after a crash."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import orjson

from badbuzz.errors import RecordingError
from badbuzz.recordings.limits import read_file
from badbuzz.recordings.outputs import file_errors, write_atomically
from badbuzz.recordings.rows import STDIN

VERSION: Final = 1
_HEAD_BYTES: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class ReplayJob:
    """Parameters that determine the records of a replay and their order.

    Parameters
    ----------
    paths
        Paths of the recordings.
    source
        Value of the records' field ``source``.
    from_ms, to_ms
        Period ``[from_ms, to_ms)`` of the tweets' creation; None is unlimited.
    start_ms
        Creation time of the first tweet, Unix ms; the others are shifted too. None keeps times.
    heartbeat_ms, tail_ms, lateness_ms
        Heartbeat interval, duration of heartbeats after the last tweet, and maximum lateness
        of a row.

    Examples
    --------
    >>> ReplayJob(("a.jsonl",), "replay:a").heartbeat_ms
    60000
    """

    paths: tuple[str, ...]
    source: str
    preset: str | None = None
    mapping: dict[str, str] = field(default_factory=dict)
    brand: str | None = None
    lang: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    start_ms: int | None = None
    sort: bool = False
    heartbeat_ms: int = 60_000
    tail_ms: int = 660_000
    lateness_ms: int = 60_000

    def read_arguments(self) -> dict[str, Any]:
        """Return the arguments of :func:`badbuzz.recordings.reader.read_recording`."""
        names = (
            "preset", "mapping", "brand", "lang", "from_ms", "to_ms", "start_ms", "sort",
            "lateness_ms", "source",
        )  # fmt: skip
        return {"paths": self.paths, **{name: getattr(self, name) for name in names}}


class ProgressFile:
    """A progress file: the job, the identity of its files, and the number to resume at.

    Parameters
    ----------
    path
        Path of the progress file.
    job
        Parameters of the replay.
    """

    def __init__(self, path: str, job: ReplayJob) -> None:
        self.path = path
        self.job = job
        self._identities = [_identity(name) for name in job.paths]
        self.next_seq = 0
        self.done = False

    def save(self, next_seq: int, *, done: bool = False) -> None:
        """Write the file atomically.

        Raises
        ------
        RecordingError
            If the file cannot be written.
        """
        self.next_seq, self.done = next_seq, done
        plain = {
            "v": VERSION,
            "job": asdict(self.job),
            "files": self._identities,
            "next_seq": next_seq,
            "done": done,
        }
        write_atomically(self.path, orjson.dumps(plain, option=orjson.OPT_INDENT_2))

    @classmethod
    def load(cls, path: str) -> ProgressFile:
        """Load a progress file.

        Raises
        ------
        RecordingError
            If it is not a progress file, or a recording has changed since it was written.
        """
        try:
            plain = orjson.loads(read_file(path))
            if plain["v"] != VERSION:
                raise RecordingError(f"{path}: has version {plain['v']}, this is {VERSION}")
            job = ReplayJob(**{**plain["job"], "paths": tuple(plain["job"]["paths"])})
            identities, next_seq, done = plain["files"], int(plain["next_seq"]), bool(plain["done"])
            progress = cls(path, job)
            pairs = list(zip(job.paths, identities, progress._identities, strict=True))
        except OSError as error:
            raise RecordingError(f"{path}: cannot be read: {error.strerror}") from error
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            raise RecordingError(f"{path}: is not a progress file of a replay: {error}") from error
        for name, then, now in pairs:
            if then != now:
                raise RecordingError(
                    f"{name}: has changed since {path} was written: replay it from the start"
                )
        progress.next_seq, progress.done = next_seq, done
        return progress


def _identity(path: str) -> dict[str, Any]:
    """Return the size of a file and the digest of its beginning."""
    if path == STDIN:
        raise RecordingError("standard input cannot be resumed: replay a file, or drop --progress")
    with file_errors(path, "read"), Path(path).open("rb") as file:
        head = file.read(_HEAD_BYTES)
        size = file.seek(0, os.SEEK_END)
    return {"n_bytes": size, "head": blake2b(head, digest_size=16).hexdigest()}
