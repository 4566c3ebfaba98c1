"""The API's log: one JSON object per line, without secrets."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from dashboards.api.credentials import mask_secrets

LOG: Final = logging.getLogger("badbuzz.api")


def log_event(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event with its fields."""
    LOG.log(level, event, extra={"fields": fields})


class JsonLines(logging.Formatter):
    """A log formatter: time, level, event and the event's fields as one line of JSON.

    Examples
    --------
    >>> record = logging.LogRecord("badbuzz.api", 20, "", 0, "misprediction", None, None)
    >>> record.created, record.fields = 0.0, {"by": "ana"}
    >>> JsonLines().format(record)
    '{"at":"1970-01-01T00:00:00.000Z","level":"INFO","event":"misprediction","by":"ana"}'
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without a line break."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {
            "at": at.replace("+00:00", "Z"),
            "level": record.levelname,
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return mask_secrets(orjson.dumps(line, default=str).decode())


def set_up_logs(level: str) -> None:
    """Send the logs of this process to stderr as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for library in ("uvicorn", "uvicorn.error", "sqlalchemy", "alembic"):
        logging.getLogger(library).setLevel(max(logging.WARNING, logging.getLogger().level))
