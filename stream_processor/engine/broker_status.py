"""The broker's last answer, for readiness and metrics."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from badbuzz.errors import KafkaError
from stream_processor.engine import metrics
from stream_processor.engine.group_client import GroupClient

log = logging.getLogger(__name__)


class BrokerStatus:
    """The outcome of the last question to the broker.

    Examples
    --------
    >>> status = BrokerStatus()
    >>> status.note(is_reached=False)
    >>> status.is_reached
    False
    """

    def __init__(self) -> None:
        self.is_reached = True

    def note(self, *, is_reached: bool) -> None:
        """Note whether the broker answered."""
        if is_reached and not self.is_reached:
            log.info("the broker answers again")
        self.is_reached = is_reached
        metrics.BROKER_REACHED.set(is_reached)

    async def probe(self, client: GroupClient, numbers: Iterable[int]) -> None:
        """Ask the broker for the ends of some partitions, given by number."""
        try:
            await client.probe(numbers)
        except KafkaError as error:
            if self.is_reached:
                log.warning("%s; waiting for it", error)
            self.note(is_reached=False)
        else:
            self.note(is_reached=True)
