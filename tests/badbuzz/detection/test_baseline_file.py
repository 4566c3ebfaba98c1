from __future__ import annotations

from dataclasses import fields

import orjson
import pytest

from badbuzz.detection.baseline_file import (
    STREAM_FIELDS,
    adopt_baseline,
    decode_baselines,
    encode_baselines,
    extract_baseline,
)
from badbuzz.detection.fold import Fold
from badbuzz.detection.state import BrandState, Rules
from badbuzz.errors import StateError
from tests.support.events import START_MS, burst, run, steady

OF_ANOTHER_VERSION = orjson.dumps(
    {"v": 1, "brands": [{"zone": "UTC", "bundle": "", "state": {"v": 9, "brand": "a"}}]}
)


@pytest.fixture(scope="module")
def observed() -> BrandState:
    """A brand's state after a day and a half, an alert open."""
    fold = Fold(lambda _brand: Rules(warmup_hours=24))
    events = [*steady(1.5), *burst(START_MS + 129_600_000, 60), *steady(1.55)]
    events.sort(key=lambda event: event[0].produced_ms)
    run(events, fold=fold)
    state = fold.brands["Air Paradis"]
    assert state.alert is not None
    return state


def test_a_baseline_has_no_fields_of_the_stream(observed: BrandState) -> None:
    extracted = extract_baseline(observed, "UTC").state
    new = BrandState("Air Paradis")
    assert all(getattr(extracted, name) == getattr(new, name) for name in STREAM_FIELDS)
    assert (extracted.closed_ms, extracted.alert) == (-1, None)
    assert extracted.baseline == observed.baseline


def test_every_field_is_known_to_be_learnt_or_of_the_stream() -> None:
    learnt_ones = {"brand", "baseline", "n_hours", "n_negative_seen"}
    assert {spec.name for spec in fields(BrandState)} == learnt_ones | set(STREAM_FIELDS)


def test_a_brand_that_is_loaded_is_warm(observed: BrandState) -> None:
    rules = Rules(warmup_hours=24)
    assert not BrandState("Air Paradis").warm(rules)
    assert adopt_baseline(None, extract_baseline(observed, "UTC")).warm(rules)


def test_a_live_state_keeps_its_position_and_its_alert(observed: BrandState) -> None:
    adopted = adopt_baseline(
        observed, extract_baseline(BrandState("Air Paradis", n_hours=999), "UTC")
    )
    assert adopted.n_hours == 999
    assert adopted.baseline != observed.baseline
    assert all(getattr(adopted, name) == getattr(observed, name) for name in STREAM_FIELDS)


def test_a_baseline_file_round_trips(observed: BrandState) -> None:
    written = [
        extract_baseline(BrandState("Nordwind", n_hours=3), "UTC"),
        extract_baseline(observed, "Europe/Paris"),
    ]
    decoded = decode_baselines(encode_baselines(written, ["a.jsonl"]))
    assert decoded == sorted(written, key=lambda baseline: baseline.state.brand)


def test_a_file_can_be_read_by_people(observed: BrandState) -> None:
    (brand,) = orjson.loads(encode_baselines([extract_baseline(observed, "UTC")], ["a.jsonl"]))[
        "brands"
    ]
    assert brand["hours_with_tweets"] == observed.n_hours
    assert 2.0 < brand["usual_negatives_per_5_min"] < 4.0


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"{", "not a baseline file written by badbuzz baseline build: invalid JSON"),
        (b"[]", "expected an object with its version v"),
        (b"{}", "expected an object with its version v"),
        (b'{"v": 9}', "has version 9, this badbuzz reads 1"),
        (b'{"v": 1, "brands": [{"brand": "a"}]}', "missing field 'state'"),
        (OF_ANOTHER_VERSION, "state of brand 'a' has version 9"),
    ],
)
def test_an_invalid_baseline_file_is_refused(data: bytes, complaint: str) -> None:
    with pytest.raises(StateError, match=complaint):
        decode_baselines(data)
