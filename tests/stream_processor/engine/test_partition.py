"""Tests of the rules by which a topic is read."""

from __future__ import annotations

import pytest

from badbuzz.errors import KafkaError
from stream_processor.engine.partition import TopicSemantics
from tests.support.repository import read

SKIPPING = {TopicSemantics.STORE_SKIP_DELETED, TopicSemantics.GROUP}


@pytest.mark.parametrize("semantics", TopicSemantics)
def test_only_two_of_the_rules_skip_deleted_records(semantics: TopicSemantics) -> None:
    if semantics in SKIPPING:
        assert semantics.resume("alerts/0", 3, first=7, end=9) == 7
    else:
        with pytest.raises(KafkaError, match="records 3 to 6 were deleted"):
            semantics.resume("windows/0", 3, first=7, end=9)


@pytest.mark.parametrize("semantics", TopicSemantics)
def test_a_position_behind_the_end_is_an_error(semantics: TopicSemantics) -> None:
    with pytest.raises(KafkaError, match="ends at offset 9, but 10 is the next"):
        semantics.resume("windows/0", 10, first=7, end=9)


@pytest.mark.parametrize("semantics", TopicSemantics)
def test_a_remedy_names_a_section_of_the_documentation(semantics: TopicSemantics) -> None:
    _, _, rest = semantics.remedy.partition("see ")
    path, _, section = rest.partition(", ")
    lines = read(path).splitlines()
    assert section in {line.lstrip("# ") for line in lines if line.startswith("#")}
