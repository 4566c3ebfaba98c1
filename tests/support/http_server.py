"""An HTTP server on loopback that keeps requests and sends prepared responses."""

from __future__ import annotations

import gzip
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import orjson

INSTRUMENTATION_KEY = "00000000-1111-2222-3333-444444444444"


@dataclass(frozen=True)
class Answer:
    """A prepared response; without a body the server answers as Azure Monitor does."""

    status: int = 200
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    hangs: bool = False


ACCEPTS = Answer()
EMPTY = Answer(body=b"")


class HttpServer:
    """A server that sends ``answers`` in order, and ``usual`` after them."""

    def __init__(self, usual: Answer = ACCEPTS, port: int = 0) -> None:
        self.usual = usual
        self.answers: deque[Answer] = deque()
        self.bodies: list[Any] = []
        self.released = threading.Event()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    body = gzip.decompress(body)
                server.answer(self, _items(body))

            def do_GET(self) -> None:
                server.answer(self, None)

            def log_message(self, *arguments: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.port = self._server.server_port

    @property
    def connection_string(self) -> str:
        """The connection string for an exporter to Azure Monitor."""
        return f"InstrumentationKey={INSTRUMENTATION_KEY};IngestionEndpoint={self.url}/"

    def answer(self, request: BaseHTTPRequestHandler, items: list[Any] | None) -> None:
        """Answer one request and keep its items if it succeeds; a GET gets the usual answer."""
        answer = self.answers.popleft() if self.answers and items is not None else self.usual
        if answer.hangs:
            self.released.wait()
            return
        if items is not None and answer.status == 200 and answer.body in (None, b""):
            self.bodies.append(items)
        body = answer.body
        if body is None:
            n = len(items or ())
            body = orjson.dumps({"itemsReceived": n, "itemsAccepted": n, "errors": []})
        request.send_response(answer.status)
        for name, value in answer.headers.items():
            request.send_header(name, value)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def envelopes(self, kind: str = "MessageData") -> list[dict[str, Any]]:
        """Return the data of the accepted envelopes of one kind."""
        data_items = [envelope["data"] for items in self.bodies for envelope in items]
        return [data["baseData"] for data in data_items if data["baseType"] == kind]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


def _items(body: bytes) -> list[Any]:
    """Parse the envelopes of a request: a JSON list, or one JSON object per line."""
    text = body.strip()
    items = orjson.loads(text) if text.startswith(b"[") else None
    return items if items is not None else [orjson.loads(line) for line in text.splitlines()]
