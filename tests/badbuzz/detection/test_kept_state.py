"""States that earlier versions wrote are read; their bytes are kept in ``kept/``.

All were written after the same stream: a day, then a crisis whose alert is open. The files are
named after the version of the brand's state.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from badbuzz.detection.fold import Fold
from badbuzz.detection.state import BrandState, Rules
from badbuzz.evidence.explain import explain
from badbuzz.evidence.sample import PREFIX
from badbuzz.model import Tweet

KEPT = {path.stem: path for path in Path(__file__).with_name("kept").glob("*.json")}


def records(name: str) -> dict[str, bytes]:
    """Return the records of a state topic's partition by key."""
    return {key: value.encode() for key, value in json.loads(KEPT[name].read_bytes()).items()}


def restored(name: str) -> Fold:
    """Return a fold with the kept state."""
    fold = Fold(lambda _: Rules())
    for key, value in records(name).items():
        if key == "partition":
            assert fold.unpack(2, value) == 4711
        elif key.startswith(PREFIX.decode()):
            fold.restore_record(key.encode(), value)
        else:
            fold.brands[key] = BrandState.unpack(value)
    return fold


def test_there_are_kept_states() -> None:
    assert {"state-2-sources", "state-2", "state-3"} <= KEPT.keys()


def test_version_2_is_read_as_version_3_of_the_same_stream() -> None:
    assert restored("state-2").brands == restored("state-3").brands


def test_the_first_form_of_version_2_keeps_what_it_learnt() -> None:
    learnt = json.loads(records("state-2-sources")["Air Paradis"])["baseline"]
    baseline = restored("state-2-sources").brands["Air Paradis"].baseline.pack()
    assert json.loads(json.dumps(baseline))[: len(learnt)] == learnt


def test_the_first_form_of_version_2_keeps_the_sources() -> None:
    old = restored("state-2-sources").brands["Air Paradis"]
    new = restored("state-3").brands["Air Paradis"]
    assert old.newest_ms == new.newest_ms


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_kept_state_goes_on(name: str) -> None:
    fold = restored(name)
    at_ms = max(fold.brands["Air Paradis"].newest_ms.values()) + 3_600_000
    beats = [Tweet("", "", "", at_ms, at_ms, source=one, kind="heartbeat") for one in "ab"]
    closed = [window for beat in beats for window in fold.apply(beat, None).windows]
    assert closed
    assert fold.brands["Air Paradis"].n_hours == 25


@pytest.mark.parametrize("name", ["state-2", "state-3"])
def test_kept_evidence_explains_an_alert(name: str) -> None:
    fold = restored(name)
    end_ms = fold.brands["Air Paradis"].closed_ms
    found = explain(fold.evidence["Air Paradis"], end_ms - 900_000, end_ms)
    assert found is not None
    assert found.n_sampled == 96


@pytest.mark.parametrize("name", sorted(KEPT))
def test_a_position_without_a_topic_belongs_to_any(name: str) -> None:
    assert restored(name).topic_id == ""
