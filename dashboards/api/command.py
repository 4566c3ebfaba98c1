"""The command ``api``: serves until a signal."""

from __future__ import annotations

import logging
import os
import socket
import threading

import click
import orjson
import uvicorn
from fastapi import FastAPI

from badbuzz.config.settings import Settings
from badbuzz.store.database import Store, describe_address
from badbuzz.terminal.ports import LOOPBACK, check_port
from badbuzz.terminal.signals import SignalGuard
from dashboards.api.app import create_app, new_app
from dashboards.api.logs import note, set_up_logs

_GRACE_S = 5
_LAST_S = 8.0
"""Until it ends whatever still runs: before the ten seconds after which containers are killed."""


@click.command()
@click.option("--host", help="Address to listen on; BADBUZZ_API_HOST.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port; BADBUZZ_API_PORT.")
@click.option(
    "--without-keys", is_flag=True, help="Let anybody on this machine in: loopback addresses only."
)
@click.option("--openapi", is_flag=True, help="Print the OpenAPI document, and serve nothing.")
def api(host: str | None, port: int | None, without_keys: bool, openapi: bool) -> None:
    """Serve what the store knows: brands, windows, alerts, corrections, scores, a live stream.

    A request needs a key: see badbuzz keys. What is served is what badbuzz record has written
    to BADBUZZ_STORE. It logs a JSON object a line. docs/api.md has a tour with curl.

    \b
    Examples:
      badbuzz keys add ana --scope write
      badbuzz api
      badbuzz api --without-keys --port 8081
      badbuzz api --openapi > openapi.json
    """
    settings = Settings.read()
    host, port = host or settings.api_host, port or settings.api_port
    if without_keys and host not in LOOPBACK:
        raise click.UsageError(
            f"--without-keys would let everybody in who reaches {host}: leave it out, and make "
            "keys with: badbuzz keys add NAME"
        )
    if openapi:
        click.echo(orjson.dumps(new_app().openapi(), option=orjson.OPT_INDENT_2))
        return
    check_port(host, port, "set BADBUZZ_API_PORT to a free port, or give --port")
    set_up_logs(settings.log_level)
    with Store.open(settings.store) as store:
        app = create_app(settings, store, with_keys=not without_keys)
        place = describe_address(settings.store)
        note("serving", host=host, port=port, with_keys=not without_keys, store=place)
        made = store.keys()
        if not without_keys and all(key.revoked_ms is not None for key in made):
            note("no_keys", level=logging.WARNING, remedy="badbuzz keys add NAME --scope read")
        with SignalGuard() as stopping:
            if not stopping():
                serve(app, host, port)
        note("ended", signal=stopping.signal)


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve an application until SIGINT or SIGTERM; listeners are let go at once."""
    _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http="h11",  # whatever else is installed: httptools bounds no header
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            ws="none",
        )
    ).run()


class _Server(uvicorn.Server):
    """Ends the streams first, which would never end by themselves, and itself at last."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.parts.broadcast.close()  # type: ignore[union-attr]
        last = threading.Timer(_LAST_S, _end)
        last.daemon = True
        last.start()
        await super().shutdown(sockets)


def _end() -> None:
    """End as a kill would: Python waits for every thread, one whose database is frozen too."""
    note("ended", level=logging.WARNING, reason="a thread does not end, as of a frozen database")
    os._exit(0)
