"""Tests of how changes of topics are noticed, over the answers of a broker."""

from __future__ import annotations

import asyncio

import pytest
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import NodeNotReadyError

from badbuzz.config.settings import Settings
from stream_processor.engine.topic_ids import TopicIdentity, TopicLookup
from stream_processor.engine.topic_watch import TopicWatch
from tests.support.stream import Deployment

Answer = dict[str, tuple[str, int]] | None
"""Id and number of partitions of each topic; None if the broker does not answer."""

STARTED: Answer = {"tweets": ("a", 4), "windows": ("b", 4)}


class AnsweredRequest:
    """A response to a request for metadata."""

    def __init__(self, topics: dict[str, tuple[str, int]]) -> None:
        self._topics = topics

    def to_object(self) -> dict[str, object]:
        return {
            "topics": [
                {"error_code": 0, "name": name, "id": topic_id, "partitions": [{}] * n}
                for name, (topic_id, n) in self._topics.items()
            ]
            + [{"error_code": 3, "name": "missing", "id": "", "partitions": []}]
        }


def looks(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> list[str]:
    """Return what a watch finds in each of a broker's answers."""
    left = list(answers)

    async def bootstrap(_client: AIOKafkaClient) -> None: ...

    async def send(_client: AIOKafkaClient, *_: object) -> AnsweredRequest:
        answer = left.pop(0)
        if answer is None:
            raise NodeNotReadyError("restarting")
        return AnsweredRequest(answer)

    async def close(_client: AIOKafkaClient) -> None: ...

    async def look() -> list[str]:
        watch = TopicWatch(Settings(), {"tweets": "do this"})
        found = [await watch.look() for _ in answers]
        await watch.close()
        return found

    monkeypatch.setattr(AIOKafkaClient, "bootstrap", bootstrap)
    monkeypatch.setattr(AIOKafkaClient, "send", send)
    monkeypatch.setattr(AIOKafkaClient, "close", close)
    monkeypatch.setattr(AIOKafkaClient, "get_random_node", lambda _: 1)
    return asyncio.run(look())


@pytest.mark.parametrize(
    ("changed", "found"),
    [
        (
            {"windows": ("b", 4)},
            "tweets was deleted while this worker ran; run badbuzz topics, then do this",
        ),
        (
            {"tweets": ("z", 4), "windows": ("b", 4)},
            "tweets was deleted and created again while this worker ran; do this",
        ),
        (
            {"tweets": ("a", 4), "windows": ("z", 4)},
            "windows was deleted and created again while this worker ran; start this worker again",
        ),
        (
            {"tweets": ("a", 6), "windows": ("b", 4)},
            "tweets was given 6 partitions instead of 4; move to new topics, see docs/kafka.md, "
            "Change the number of partitions",
        ),
    ],
)
def test_a_change_is_believed_when_two_looks_agree(
    changed: Answer, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert looks(monkeypatch, STARTED, changed, changed) == ["", "", found]


def test_a_broker_that_does_not_know_all_topics_yet_is_not_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert looks(monkeypatch, STARTED, {}, STARTED, {}, STARTED) == [""] * 5


def test_a_broker_that_does_not_answer_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert looks(monkeypatch, STARTED, None, None, STARTED) == [""] * 4


def test_a_topic_that_appears_later_is_watched_too(monkeypatch: pytest.MonkeyPatch) -> None:
    first: Answer = {"windows": ("b", 4)}
    changed: Answer = {"tweets": ("z", 4), "windows": ("b", 4)}
    found = looks(monkeypatch, first, STARTED, changed, changed)
    assert found[:3] == [""] * 3
    assert found[3].startswith("tweets was deleted and created again")


@pytest.mark.kafka
def test_a_topic_has_an_id_on_either_broker(stream: Deployment) -> None:
    name = stream.settings.topic("tweets")

    async def look() -> list[dict[str, TopicIdentity]]:
        lookup = TopicLookup(stream.settings)
        found = []
        for _ in range(2):
            found.append(await lookup.identify([name, "no-such-topic"]))
            await lookup.close()  # the next call connects again
        return found

    first, second = asyncio.run(look())
    assert first == second
    assert (list(first), first[name].n_partitions) == ([name], 4)
    assert len(first[name].id) == 36
