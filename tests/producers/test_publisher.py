"""The publisher and a broker that is away for a while."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError, TopicAuthorizationFailedError

from badbuzz.errors import KafkaError
from badbuzz.model import Tweet
from producers.publisher import Publisher
from tests.support.servers import settings_for

TWEET = Tweet("1", "Air Paradis", "Lost my bag", created_ms=1, produced_ms=1, seq=1)


@pytest.fixture
def publisher(embedded_kafka: str) -> Iterator[Publisher]:
    publisher = Publisher(settings_for(embedded_kafka))
    yield publisher
    publisher.close()


def failing(publisher: Publisher, *errors: Exception) -> None:
    """Make the client of a publisher raise errors, then send."""
    send, left = publisher._producer.send, list(errors)

    def fail(*args: Any, **options: Any) -> Any:
        if left:
            raise left.pop(0)
        return send(*args, **options)

    publisher._producer.send = fail


@pytest.mark.kafka
def test_a_topic_without_a_leader_is_waited_for(publisher: Publisher) -> None:
    failing(publisher, KafkaTimeoutError("no leader"), KafkaTimeoutError("no leader"))
    publisher.send(TWEET)
    publisher.flush()
    assert publisher.acknowledged_to == 2


@pytest.mark.kafka
def test_a_signal_ends_the_waiting(publisher: Publisher) -> None:
    publisher._stopping = lambda: True
    failing(publisher, KafkaTimeoutError("no leader"))
    with pytest.raises(KafkaError, match="KafkaTimeoutError"):
        publisher.send(TWEET)


@pytest.mark.kafka
def test_a_refusal_is_not_waited_out(publisher: Publisher) -> None:
    failing(publisher, TopicAuthorizationFailedError("tweets"))
    with pytest.raises(KafkaError, match="TopicAuthorizationFailedError"):
        publisher.send(TWEET)
