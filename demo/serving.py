"""What the demo serves when it is asked to: a recorder and the API, on loopback."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from demo.processes import Processes, free_port
from demo.watch import Worker

_READABLY: Final = "| python3 -m json.tool"


class Service:
    """A recorder and the API over its store, a SQLite file beside the logs.

    Parameters
    ----------
    folder
        Where the file goes; a run's own.

    Attributes
    ----------
    base
        The API's address.
    """

    def __init__(self, folder: Path) -> None:
        self._store = f"sqlite:///{(folder / 'badbuzz.db').resolve()}"
        self._recorder_port, self._port = free_port(), free_port()
        self.base = f"http://127.0.0.1:{self._port}"
        self._recorder, self._api = Worker(self._recorder_port), Worker(self._port)

    def start_recorder(self, processes: Processes) -> None:
        """Start the recorder, which makes the store."""
        processes.start(
            "recorder", "record", "--skip-deleted",
            BADBUZZ_STORE=self._store, BADBUZZ_WEB_PORT=str(self._recorder_port),
        )  # fmt: skip

    def start_api(self, processes: Processes) -> None:
        """Start the API, once there is a store."""
        processes.start(
            "api", "api", "--without-keys", "--port", str(self._port), BADBUZZ_STORE=self._store
        )

    def recording(self) -> bool:
        """Whether the recorder owns its partitions and the store answers."""
        return self._recorder.ready()

    def answering(self) -> bool:
        """Whether the API answers."""
        return self._api.ready()

    def curls(self) -> tuple[str, ...]:
        """Three lines to try in another terminal, while it serves."""
        return (
            f"curl -s {self.base}/brands {_READABLY}",
            f"curl -s '{self.base}/alerts?limit=3' {_READABLY}",
            f"curl -s {self.base}/score -H 'Content-Type: application/json' "
            """-d '{"texts": [{"text": "Lost my bag again.", "lang": "en"}]}'""",
        )
