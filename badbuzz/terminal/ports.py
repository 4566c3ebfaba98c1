"""Check of an address before a server listens on it."""

from __future__ import annotations

import socket
from typing import Final

from badbuzz.errors import SettingsError

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


def check_port(host: str, port: int, remedy: str) -> None:
    """Check that a server can listen on an address.

    Parameters
    ----------
    host, port
        Address to check.
    remedy
        End of the error message: how to set another port.

    Raises
    ------
    SettingsError
        If the port is in use or the address is not one of this machine.

    Examples
    --------
    >>> with socket.create_server(("127.0.0.1", 0)) as taken:
    ...     check_port("127.0.0.1", taken.getsockname()[1], "set BADBUZZ_API_PORT")
    Traceback (most recent call last):
    badbuzz.errors.SettingsError: cannot listen on 127.0.0.1:... ...
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = f"cannot listen on {host}:{port} ({error.strerror})"
            raise SettingsError(f"{reason}: {remedy}") from error
