"""Notices topics that are deleted, created again or given partitions while a worker runs."""

from __future__ import annotations

from collections.abc import Mapping

from badbuzz.config.settings import Settings
from badbuzz.errors import BrokerDownError
from stream_processor.engine.topic_ids import TopicIdentity, TopicLookup
from stream_processor.engine.topics import topics_of


class TopicWatch:
    """Compares the topics of a deployment with those that its worker started on.

    Parameters
    ----------
    settings
        Settings of the worker.
    remedies
        The action for each topic that was created again; by default, to start the worker again.
    """

    def __init__(self, settings: Settings, remedies: Mapping[str, str]) -> None:
        self._topics = [topic.name for topic in topics_of(settings)]
        self._remedies = remedies
        self._lookup = TopicLookup(settings)
        self._known: dict[str, TopicIdentity] = {}
        self._suspect = ""

    async def look(self) -> str:
        """Return what happened to a topic and the remedy, once two looks in a row agree.

        A broker that has just started may not know all topics yet. The result is empty if nothing
        happened, or if the broker does not answer.
        """
        try:
            found = await self._lookup.identify(self._topics)
        except BrokerDownError:
            return ""
        suspect = next(
            filter(None, (self._compare(name, found.get(name)) for name in self._known)), ""
        )
        self._known = found | self._known
        is_certain, self._suspect = suspect == self._suspect, suspect
        return suspect if is_certain else ""

    async def close(self) -> None:
        """Disconnect from the broker."""
        await self._lookup.close()

    def _compare(self, topic: str, found: TopicIdentity | None) -> str:
        known = self._known[topic]
        remedy = self._remedies.get(topic, "start this worker again")
        if found is None:
            return f"{topic} was deleted while this worker ran; run badbuzz topics, then {remedy}"
        if found.id != known.id:
            return f"{topic} was deleted and created again while this worker ran; {remedy}"
        if found.n_partitions != known.n_partitions:
            return (
                f"{topic} was given {found.n_partitions} partitions instead of "
                f"{known.n_partitions}; move to new topics, see docs/kafka.md, Change the number "
                "of partitions"
            )
        return ""
