"""The command ``front``: serve the pages until a signal."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
from streamlit import net_util
from streamlit.web import bootstrap

from badbuzz.config.settings import Settings
from badbuzz.terminal.ports import LOOPBACK, check_port
from dashboards.front.parts.theme import THEME

_APP: Final = Path(__file__).with_name("app.py")


@click.command()
@click.option("--host", help="Address to listen on; BADBUZZ_FRONT_HOST.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port; BADBUZZ_FRONT_PORT.")
def front(host: str | None, port: int | None) -> None:
    """Serve the pages Live, Alerts, Try, Label, History and Models.

    They show the data of the API at BADBUZZ_API_URL. Users sign in with an API key (badbuzz keys
    add), unless the API needs none or BADBUZZ_FRONT_API_KEY holds one: everybody who reaches the
    pages then acts under that key, so use it on your own machine only.

    \b
    Examples:
      badbuzz api --without-keys            # in another terminal
      badbuzz front
      BADBUZZ_API_URL=https://api.example badbuzz front --port 8600
    """
    settings = Settings.read()
    host, port = host or settings.front_host, port or settings.front_port
    if settings.front_api_key and host not in LOOPBACK:
        raise click.UsageError(
            f"with BADBUZZ_FRONT_API_KEY everybody who reaches {host} would act under that key: "
            "unset it, so that each signs in with a key of their own"
        )
    check_port(host, port, "set BADBUZZ_FRONT_PORT to a free port, or give --port")
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"http://{shown}:{port} shows the data of {settings.api_url}; press Ctrl-C to stop")
    options = options_for(host, port, settings.dashboard_url)
    net_util._external_ip = ""  # otherwise Streamlit asks an Amazon server for its own address
    bootstrap.load_config_options(options)
    bootstrap.run(str(_APP), is_hello=False, args=[], flag_options=options)


def options_for(host: str, port: int, public_url: str = "") -> dict[str, Any]:
    """Return Streamlit's options: no telemetry, no file watcher, no other hosts.

    Parameters
    ----------
    host, port
        Address and port to listen on.
    public_url
        URL of a proxy in front of the pages, or empty.

    Examples
    --------
    >>> options_for("127.0.0.1", 8501, "https://buzz.example")["server.allowedHosts"]
    ['127.0.0.1', '::1', 'buzz.example', 'localhost']
    """
    name = urlsplit(public_url).hostname or host
    return {
        "global.developmentMode": False,
        "logger.hideWelcomeMessage": True,
        "logger.level": "warning",
        "server.address": host,
        "server.port": port,
        "server.headless": True,
        "server.fileWatcherType": "none",
        "server.runOnSave": False,
        "server.enableCORS": True,
        "server.enableXsrfProtection": True,
        "server.allowedHosts": sorted(LOOPBACK | {name}) if host in LOOPBACK else [],
        "server.maxUploadSize": 1,
        "server.enableStaticServing": False,
        "browser.gatherUsageStats": False,
        "browser.serverAddress": name,
        "browser.serverPort": port,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": False,
        "runner.magicEnabled": False,
        **THEME,
    }
