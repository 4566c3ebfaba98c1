"""Records across a rolling upgrade: each version reads those of its neighbours.

``records_v1.txt`` was written by the version before the records were declared in
``badbuzz.model``. Add lines for a new field; never change one.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st

from badbuzz import wire
from badbuzz.model import Alert, Prediction, Scored, Tweet, Window
from tests.support.repository import read
from tests.support.servers import ROOT
from tests.support.strategies import alerts, scored_tweets, tweets, windows

KEPT: Final = [
    tuple(line.split(b" ", 1))
    for line in Path(__file__).with_name("records_v1.txt").read_bytes().splitlines()
]


def encode_scored(scored: Scored) -> bytes:
    if scored.score is None or scored.negative is None:
        return wire.encode_scored(scored.tweet, None)
    prediction = Prediction(scored.score, scored.negative, 0, scored.bundle)
    return wire.encode_scored(scored.tweet, prediction)


CODECS: Final[dict[bytes, tuple[Callable[[bytes], Any], Callable[[Any], bytes]]]] = {
    b"tweet": (wire.decode_tweet, wire.encode_tweet),
    b"scored": (wire.decode_scored, encode_scored),
    b"window": (wire.decode_window, wire.encode_window),
    b"alert": (wire.decode_alert, wire.encode_alert),
}

NUMBER: Final = (int, float)
RATE: Final = (int, float, type(None))
TWEET: Final[dict[str, Any]] = {
    "v": int, "id": str, "brand": str, "text": str, "created_ms": int, "produced_ms": int,
    "seq": int, "source": str, "lang": str, "author": str, "n_retweets": int, "url": str,
    "replay": bool, "kind": str,
}  # fmt: skip
SCORED: Final[dict[str, Any]] = {**TWEET, "score": float, "negative": bool, "bundle": str}
WINDOW: Final[dict[str, Any]] = {
    "v": int, "brand": str, "start_ms": int, "end_ms": int, "n": int, "n_negative": int,
    "n_unvalidated": int, "expected": NUMBER, "expected_low": NUMBER, "expected_high": NUMBER,
    "rate": RATE, "adjusted_rate": RATE, "baseline_rate": NUMBER,
    "adjusted_baseline_rate": NUMBER, "score": NUMBER, "scale_min": int, "p_value": NUMBER,
    "state": str, "alert_id": str, "absent": [str], "bundle": str,
}  # fmt: skip
EXAMPLE: Final = {
    "id": str, "created_ms": int, "score": NUMBER, "text": str, "url": str, "n_retweets": int,
    "n_alike": int,
}  # fmt: skip
EVIDENCE: Final = {
    "n_sampled": int, "terms": [{"term": str, "n": int, "z": NUMBER}],
    "reasons": [{"reason": str, "n": int}], "n_authors": int, "n_signed": int,
    "near_duplicate_rate": NUMBER, "reach": int, "most_negative": [EXAMPLE],
    "most_repeated": [EXAMPLE],
}  # fmt: skip
ALERT: Final[dict[str, Any]] = {
    "v": int, "id": str, "brand": str, "phase": str, "severity": str, "window_start_ms": int,
    "window_end_ms": int, "scale_min": int, "n": int, "n_negative": int, "expected": NUMBER,
    "p_value": NUMBER, "rate": NUMBER, "adjusted_rate": NUMBER, "baseline_rate": NUMBER,
    "adjusted_baseline_rate": NUMBER, "score": NUMBER, "peak_score": NUMBER, "opened_ms": int,
    "first_ms": int, "last_ms": int, "bundle": str, "replay": bool, "evidence": EVIDENCE,
}  # fmt: skip
"""What the reader before required: these types, and in windows and alerts no field beside them."""
ADDED: Final = {"network"}
"""Fields of an example that the reader before ignored."""


def is_read(value: Any, required: Any) -> bool:
    """Check whether yesterday's reader reads a value."""
    if isinstance(required, dict):
        return isinstance(value, dict) and value.keys() - ADDED == required.keys() and all(
            is_read(value[name], kind) for name, kind in required.items()
        )  # fmt: skip
    if isinstance(required, list):
        return isinstance(value, list) and all(is_read(one, required[0]) for one in value)
    return type(value) in (required if isinstance(required, tuple) else (required,))


def known(tweet: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a tweet that yesterday's reader does not ignore."""
    return {name: value for name, value in tweet.items() if name in SCORED}


@pytest.mark.parametrize(("kind", "record"), KEPT)
def test_yesterdays_records_are_read_and_written_alike(kind: bytes, record: bytes) -> None:
    read, write = CODECS[kind]
    assert write(read(record)) == record


def test_every_kind_of_record_is_kept() -> None:
    assert {kind for kind, _ in KEPT} == CODECS.keys()


@given(tweets(), scored_tweets(), windows(), alerts())
def test_yesterdays_reader_reads_todays_records(
    tweet: Tweet, scored: Scored, window: Window, alert: Alert
) -> None:
    assert is_read(known(orjson.loads(wire.encode_tweet(tweet))), TWEET)
    required = TWEET if scored.score is None else SCORED
    assert is_read(known(orjson.loads(encode_scored(scored))), required)
    assert is_read(orjson.loads(wire.encode_window(window)), WINDOW)
    no_evidence = {"evidence": type(None)} if alert.evidence is None else {}
    assert is_read(orjson.loads(wire.encode_alert(alert)), {**ALERT, **no_evidence})


@pytest.mark.parametrize(("kind", "record"), KEPT)
@given(
    st.dictionaries(st.sampled_from(["w", "mood", "of"]), st.none() | st.integers(0, 9), min_size=1)
)
def test_todays_reader_reads_the_fields_that_tomorrows_writer_adds(
    kind: bytes, record: bytes, added: dict[str, int | None]
) -> None:
    fields = orjson.loads(record)
    inside = fields.get("evidence") or {}
    places = [fields, inside, *inside.get("terms", []), *inside.get("most_repeated", [])]
    for place in places:
        place.update(added)
    read, write = CODECS[kind]
    assert write(read(orjson.dumps(fields))) == record


@pytest.mark.parametrize(
    ("kind", "field", "key"),
    [
        (b"alert", "phase", "merged"),
        (b"alert", "severity", "major"),
        (b"window", "state", "paused"),
    ],
)
def test_todays_reader_carries_the_values_that_tomorrows_writer_adds(
    kind: bytes, field: str, key: str
) -> None:
    read, write = CODECS[kind]
    record = next(record for one, record in KEPT if one == kind)
    fields = {**orjson.loads(record), field: key}
    assert orjson.loads(write(read(orjson.dumps(fields)))) == fields


@pytest.mark.parametrize(
    ("place", "pattern"),
    [
        ("badbuzz/wire.py", r"^VERSION: Final = (\d+)$"),
        ("badbuzz/detection/state.py", r"^VERSION: Final = (\d+)$"),
        ("badbuzz/detection/fold.py", r"^VERSION: Final = (\d+)$"),
        ("badbuzz/evidence/sample.py", r"^VERSION: Final = (\d+)$"),
        ("badbuzz/detection/baseline_file.py", r"^VERSION: Final = (\d+)$"),
        ("badbuzz/models/bundle.py", r"^SCHEMA: Final = (\d+)$"),
    ],
)
def test_the_documentation_states_the_version_of_each_format(place: str, pattern: str) -> None:
    (version,) = re.findall(pattern, read(place), re.MULTILINE)
    assert f"| `{place}` | {version} |" in read("docs/upgrade.md")


def test_the_documentation_states_the_revision_of_the_store() -> None:
    folder = str(ROOT / "badbuzz/store/migrations")
    config = Config()
    config.set_main_option("script_location", folder)
    head = ScriptDirectory.from_config(config).get_current_head()
    assert f"revision `{head}`" in read("docs/upgrade.md")
