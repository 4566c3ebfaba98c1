"""The command ``api``."""

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
from dashboards.api.logs import log_event, set_up_logs

_GRACE_S = 5
_KILL_S = 8.0
"""Seconds from a signal to a hard exit: below the ten after which container runtimes kill."""


@click.command()
@click.option("--host", help="Address to listen on; BADBUZZ_API_HOST.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port; BADBUZZ_API_PORT.")
@click.option(
    "--without-keys", is_flag=True, help="Accept requests without a key; loopback addresses only."
)
@click.option("--openapi", is_flag=True, help="Print the OpenAPI document and exit.")
def api(host: str | None, port: int | None, without_keys: bool, openapi: bool) -> None:
    """Serve brands, windows, alerts, corrections, scores and a live stream over HTTP.

    The data is what badbuzz record has written to BADBUZZ_STORE. A request needs a key: see
    badbuzz keys. The log is one JSON object per line. docs/api.md has a tour with curl.

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
            f"--without-keys would open the API to everybody who can reach {host}: omit it and "
            "create keys with: badbuzz keys add NAME"
        )
    if openapi:
        click.echo(orjson.dumps(new_app().openapi(), option=orjson.OPT_INDENT_2))
        return
    check_port(host, port, "set BADBUZZ_API_PORT to a free port, or use --port")
    set_up_logs(settings.log_level)
    with Store.open(settings.store) as store:
        app = create_app(settings, store, with_keys=not without_keys)
        log_event(
            "serving",
            host=host,
            port=port,
            with_keys=not without_keys,
            store=describe_address(settings.store),
        )
        keys = store.keys()
        if not without_keys and all(key.revoked_ms is not None for key in keys):
            log_event("no_keys", level=logging.WARNING, remedy="badbuzz keys add NAME --scope read")
        with SignalGuard() as guard:
            if not guard():
                serve(app, host, port)
        log_event("ended", signal=guard.signal)


def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve an application until SIGINT or SIGTERM, which close all streams at once."""
    _Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            http="h11",  # httptools does not limit the size of headers
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_S,
            ws="none",
        )
    ).run()


class _Server(uvicorn.Server):
    """A server that closes the streams on shutdown and exits hard if a thread does not end."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.config.app.state.badbuzz.broadcast.close()  # type: ignore[union-attr]
        timer = threading.Timer(_KILL_S, _hard_exit)
        timer.daemon = True
        timer.start()
        await super().shutdown(sockets)


def _hard_exit() -> None:
    """Exit without waiting for threads: one may be blocked by a database that does not answer."""
    log_event("ended", level=logging.WARNING, reason="a thread did not end within the time limit")
    os._exit(0)
