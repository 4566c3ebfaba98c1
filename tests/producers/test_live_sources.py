"""The check for live sources and a broker that does not answer."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from badbuzz.errors import KafkaError
from producers.live_sources import find_live_sources
from tests.support.servers import settings_for


@pytest.fixture
def silent_broker() -> Iterator[str]:
    """Yield the address of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_a_signal_ends_the_check_while_its_broker_does_not_answer(silent_broker: str) -> None:
    started_s = time.monotonic()
    with pytest.raises(KafkaError, match="interrupted"):
        find_live_sources(settings_for(silent_broker), 4, stopping=lambda: True)
    assert time.monotonic() - started_s < 5
