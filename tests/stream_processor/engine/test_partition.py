"""Tests of the rules by which a topic is read."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from badbuzz.errors import KafkaError, StateError
from stream_processor.engine.partition import TopicSemantics
from stream_processor.engine.topic_ids import TopicIdentity
from tests.support.repository import read

STATE, STATE_SKIPPING, STORE, STORE_SKIPPING, GROUP = TopicSemantics
OTHERS = [semantics for semantics in TopicSemantics if semantics is not STATE_SKIPPING]


def handler(topic_id: str) -> Any:
    return SimpleNamespace(next_offset=7, topic_id=topic_id)


@pytest.mark.parametrize("semantics", TopicSemantics)
@pytest.mark.parametrize(("known", "actual"), [("", "a"), ("a", ""), ("a", "a"), ("", "")])
def test_a_position_of_the_same_or_an_unknown_topic_is_kept(
    semantics: TopicSemantics, known: str, actual: str
) -> None:
    assert semantics.check_identity("tweets/0", handler(known), actual)


@pytest.mark.parametrize("semantics", OTHERS)
def test_a_topic_that_was_created_again_is_named_with_one_remedy(semantics: TopicSemantics) -> None:
    with pytest.raises(KafkaError, match="tweets/0: the topic was deleted and created") as raised:
        semantics.check_identity("tweets/0", handler("a"), "b")
    assert str(raised.value).endswith(semantics.remedy)


def test_a_processor_may_start_at_the_beginning_of_a_new_topic() -> None:
    assert not STATE_SKIPPING.check_identity("tweets/0", handler("a"), "b")


@pytest.mark.parametrize("semantics", [STATE, STATE_SKIPPING, GROUP])
def test_a_position_below_what_was_committed_is_lost_state(semantics: TopicSemantics) -> None:
    with pytest.raises(StateError, match="ends at offset 3, but 4 was committed"):
        semantics.check_committed("tweets/0", 3, 4)


@pytest.mark.parametrize("semantics", [STORE, STORE_SKIPPING])
def test_an_older_copy_of_the_store_is_filled_up_again(semantics: TopicSemantics) -> None:
    semantics.check_committed("windows/0", 3, 4)


@pytest.mark.parametrize("semantics", TopicSemantics)
@pytest.mark.parametrize("next_offset", [5, 9])
def test_an_offset_that_exists_is_the_one_to_resume_from(
    semantics: TopicSemantics, next_offset: int
) -> None:
    assert semantics.resume("tweets/0", next_offset, first=5, end=9) == next_offset


@pytest.mark.parametrize(("semantics", "command"), [(STATE, "process"), (STORE, "record")])
def test_deleted_records_are_named_with_the_command_that_skips_them(
    semantics: TopicSemantics, command: str
) -> None:
    expected = f"records 3 to 4 were deleted unread; badbuzz {command} --skip-deleted continues"
    with pytest.raises(KafkaError, match=expected):
        semantics.resume("tweets/0", 3, first=5, end=9)


@pytest.mark.parametrize("semantics", [STATE_SKIPPING, STORE_SKIPPING, GROUP])
def test_deleted_records_can_be_skipped(semantics: TopicSemantics) -> None:
    assert semantics.resume("tweets/0", 3, first=5, end=9) == 5


@pytest.mark.parametrize("semantics", OTHERS)
def test_a_truncated_topic_stops_the_worker(semantics: TopicSemantics) -> None:
    with pytest.raises(KafkaError, match="the topic was truncated") as raised:
        semantics.resume("windows/0", 12, first=5, end=9)
    assert str(raised.value).endswith(semantics.remedy)


def test_a_processor_may_continue_at_the_end_of_a_truncated_topic() -> None:
    assert STATE_SKIPPING.resume("tweets/0", 12, first=5, end=9) == 9


@pytest.mark.parametrize("semantics", [STORE, GROUP])
def test_a_remedy_names_a_section_of_the_documentation(semantics: TopicSemantics) -> None:
    _, _, rest = semantics.remedy.partition("see ")
    path, _, section = rest.partition(", ")
    lines = read(path).splitlines()
    assert section in {line.lstrip("# ") for line in lines if line.startswith("#")}


@pytest.mark.parametrize("n_found", [2, 6])
def test_another_number_of_partitions_is_a_move_to_new_topics(n_found: int) -> None:
    with pytest.raises(KafkaError, match=f"has {n_found} partitions, not 4: move to new topics"):
        STATE.check_partitions("tweets", TopicIdentity("a", n_found), 4)


def test_a_broker_without_topic_ids_is_not_asked_for_partitions() -> None:
    STATE.check_partitions("tweets", TopicIdentity("", 0), 4)
