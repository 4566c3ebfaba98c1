"""An address to listen on, looked at before anything is started."""

from __future__ import annotations

import socket
from typing import Final

from badbuzz.errors import SettingsError

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def check_port(host: str, port: int, remedy: str) -> None:
    """See that an address can be listened on.

    Parameters
    ----------
    remedy
        How another port is said.

    Raises
    ------
    SettingsError
        When it cannot: it is taken, or no address of this machine.

    Examples
    --------
    >>> with socket.create_server(("127.0.0.1", 0)) as taken:
    ...     check_port("127.0.0.1", taken.getsockname()[1], "set BADBUZZ_API_PORT")
    Traceback (most recent call last):
    badbuzz.errors.SettingsError: 127.0.0.1:... cannot be listened on ...
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise SettingsError(
                f"{host}:{port} cannot be listened on ({error.strerror}): {remedy}"
            ) from error
