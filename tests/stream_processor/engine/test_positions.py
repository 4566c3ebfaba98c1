"""Tests of the order in which a position that no record moves is saved."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from aiokafka import TopicPartition

from badbuzz.config.settings import Settings
from stream_processor.engine.group_client import GroupClient
from stream_processor.engine.partition import PartitionHandler, TopicSemantics
from stream_processor.engine.positions import TopicPositions

END = 50


class MovedPartition:
    """A partition that ends at an offset: its client and its handler, which log what they do."""

    partition = 0
    topic_id = "a"

    def __init__(self, next_offset: int, *, is_member: bool = True) -> None:
        self.next_offset = next_offset
        self.calls: list[str] = []
        self._is_member = is_member

    async def bounds(self, _partition: TopicPartition) -> tuple[int, int]:
        return END, END

    async def commit(self, _offsets: object) -> bool:
        self.calls.append("commit")
        return self._is_member

    def move(self, next_offset: int, topic_id: str) -> None:
        self.calls.append(f"move to {next_offset} of {topic_id}")

    def seek(self, _partition: TopicPartition, offset: int) -> None:
        self.calls.append(f"seek {offset}")


def resume(moved: MovedPartition, topic_id: str = "a") -> list[str]:
    """Return what is done when the broker does not have the next offset."""
    semantics = TopicSemantics.STATE_TOPIC_SKIP_DELETED
    positions = TopicPositions(Settings(), "tweets", "test", semantics, "tweets")
    client, handler = cast("GroupClient", moved), cast("PartitionHandler", moved)
    asyncio.run(positions._resume(client, handler, topic_id))
    return moved.calls


def test_after_deleted_records_the_state_moves_before_the_group() -> None:
    assert resume(MovedPartition(20)) == ["move to 50 of a", "seek 50"]


def test_to_the_end_of_a_truncated_topic_the_group_moves_before_the_state() -> None:
    assert resume(MovedPartition(100)) == ["commit", "move to 50 of a", "seek 50"]


def test_without_the_group_a_state_does_not_move_back() -> None:
    assert resume(MovedPartition(100, is_member=False)) == ["commit"]


@pytest.mark.parametrize("next_offset", [20, 100])
def test_the_offset_of_a_former_topic_does_not_move_its_group(next_offset: int) -> None:
    assert resume(MovedPartition(next_offset), "b") == ["move to 50 of b", "seek 50"]
