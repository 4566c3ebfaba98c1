from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz import wire
from badbuzz.errors import WireError
from badbuzz.messages.text import example
from badbuzz.model import Alert, Prediction, Tweet, Window
from tests.support.recorded import window
from tests.support.strategies import alerts, tweets, windows


@given(tweets())
def test_a_tweet_round_trips(tweet: Tweet) -> None:
    assert wire.decode_tweet(wire.encode_tweet(tweet)) == tweet


@given(st.binary(max_size=400))
def test_any_bytes_are_a_tweet_or_a_wire_error(data: bytes) -> None:
    with suppress(WireError):
        assert wire.decode_tweet(data).kind in ("post", "edit", "delete", "heartbeat")


GOOD: dict[str, Any] = {
    "v": 1,
    "id": "1",
    "brand": "Air Paradis",
    "text": "Merci",
    "created_ms": 1000,
    "produced_ms": 1000,
}


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"v": 2}, "v", "version"),
        ({"v": None}, "v", "version"),
        ({"v": True}, "v", "version"),
        ({"text": None}, "text", "type"),
        ({"text": 7}, "text", "type"),
        ({"created_ms": "1000"}, "created_ms", "type"),
        ({"created_ms": 1000.5}, "created_ms", "type"),
        ({"created_ms": True}, "created_ms", "type"),
        ({"replay": 1}, "replay", "type"),
        ({"created_ms": -1}, "created_ms", "value"),
        ({"produced_ms": 10**18}, "produced_ms", "value"),
        ({"brand": " "}, "brand", "value"),
        ({"brand": "x" * 101}, "brand", "value"),
        ({"brand": "é" * 51}, "brand", "value"),
        ({"brand": " Air Paradis"}, "brand", "value"),
        ({"brand": "\u0000partition"}, "brand", "value"),
        ({"source": ""}, "source", "value"),
        ({"kind": "poke"}, "kind", "value"),
        ({"n_retweets": -1}, "n_retweets", "value"),
        ({"n_retweets": 1_000_000_001}, "n_retweets", "value"),
        ({"n_retweets": 2**64 - 1}, "n_retweets", "value"),
        ({"n_retweets": orjson.Fragment(b"9" * 60)}, "n_retweets", "value"),
        ({"seq": 2**63}, "seq", "value"),
        ({"id": "1" * 4_097}, "id", "value"),
        ({"url": "u" * 4_097}, "url", "value"),
        ({"author": "a" * 4_097}, "author", "value"),
        ({"lang": "e" * 257}, "lang", "value"),
        ({"source": "s" * 257}, "source", "value"),
        ({"kind": "x` - at `$.id"}, "kind", "value"),
        ({"created_ms": 301_001}, "created_ms", "future"),
    ],
)
def test_a_wrong_field_is_named_with_the_reason(
    change: dict[str, Any], field: str, reason: str
) -> None:
    with pytest.raises(WireError) as caught:
        wire.decode_tweet(orjson.dumps({**GOOD, **change}))
    assert (caught.value.field, caught.value.reason) == (field, reason)


@pytest.mark.parametrize("name", ["id", "brand", "text", "created_ms", "produced_ms"])
def test_a_missing_field_is_named(name: str) -> None:
    fields = {key: value for key, value in GOOD.items() if key != name}
    with pytest.raises(WireError) as caught:
        wire.decode_tweet(orjson.dumps(fields))
    assert (caught.value.field, caught.value.reason) == (name, "missing")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"v": 1,}',
        b"NaN",
        b'{"v":1,"text":"\xff"}',
        b'{"v":1,"text":"\\ud800"}',
        b'{"v":1,"mood":' + b"[" * 60_000,
        b'{"mood":' + b"[" * 60_000,
    ],
)
def test_invalid_json_is_unreadable(data: bytes) -> None:
    with pytest.raises(WireError) as caught:
        wire.decode_tweet(data)
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("data", [b"[]", b"null", b"3", b'"tweet"'])
def test_json_that_is_no_object_is_of_the_wrong_type(data: bytes) -> None:
    with pytest.raises(WireError) as caught:
        wire.decode_tweet(data)
    assert caught.value.reason == "type"


def test_a_record_over_64_kib_is_oversized() -> None:
    with pytest.raises(WireError) as caught:
        wire.decode_tweet(orjson.dumps({**GOOD, "text": "a" * wire.MAX_BYTES}))
    assert caught.value.reason == "oversized"


@pytest.mark.parametrize(
    "odd",
    ["", "🙂🙃💥", "שלום עולם", "航班延误了四个小时", "a" * 60_000, "tab\tand\nline", "\x00"],
    ids=["empty", "emoji", "right to left", "CJK", "one character", "white space", "NUL"],
)
def test_odd_text_is_text(odd: str) -> None:
    assert wire.decode_tweet(orjson.dumps({**GOOD, "text": odd})).text == odd


def test_a_tweet_may_be_five_minutes_ahead_of_its_source() -> None:
    assert wire.decode_tweet(orjson.dumps({**GOOD, "created_ms": 301_000})).created_ms == 301_000


def test_unknown_fields_are_ignored() -> None:
    assert wire.decode_tweet(orjson.dumps({**GOOD, "mood": "bad"})).id == "1"
    alert = orjson.loads(wire.encode_alert(example()))
    for place in (alert, alert["evidence"], alert["evidence"]["terms"][0]):
        place["mood"] = {"sad": [1]}
    assert wire.decode_alert(orjson.dumps(alert)) == example()


def test_the_version_may_be_in_any_place() -> None:
    fields = {name: value for name, value in GOOD.items() if name != "v"}
    assert wire.decode_tweet(orjson.dumps({**fields, "v": 1})) == wire.decode_tweet(
        orjson.dumps(GOOD)
    )
    with pytest.raises(WireError, match="v: version: expected 1, found None"):
        wire.decode_tweet(orjson.dumps(fields))


@pytest.mark.parametrize(
    "decode", [wire.decode_tweet, wire.decode_scored, wire.decode_window, wire.decode_alert]
)
def test_another_version_is_named_before_anything_else(decode: Any) -> None:
    with pytest.raises(WireError, match="v: version: expected 1, found 2"):
        decode(b'{"v":2,"id":{},"text":7}')


@pytest.mark.parametrize(
    ("place", "key"),
    [(("phase",), "merged"), (("severity",), "major"), (("evidence", "reasons", 0, "reason"), "x")],
)
def test_an_alert_carries_values_of_a_newer_version(place: tuple[Any, ...], key: str) -> None:
    fields = orjson.loads(wire.encode_alert(example()))
    inside = fields
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = key
    data = orjson.dumps(fields)
    assert wire.encode_alert(wire.decode_alert(data)) == data


def test_a_window_carries_a_state_of_a_newer_version() -> None:
    strange = window(state="paused_2")
    assert wire.decode_window(wire.encode_window(strange)) == strange


@pytest.mark.parametrize("key", ["", "Major", "two words", "a" * 41, "1st", "é", "a\n", "*b*"])
def test_a_key_is_an_identifier(key: str) -> None:
    with pytest.raises(WireError, match="state: value"):
        wire.decode_window(wire.encode_window(window(state=key)))


@pytest.mark.parametrize(
    ("place", "value", "field", "reason"),
    [
        (("id",), "Nordwind/1767189600000", "id", "value"),
        (("id",), "Air Paradis/now", "id", "value"),
        (("id",), "", "id", "value"),
        (("brand",), "\u0000partition", "brand", "value"),
        (("window_end_ms",), 1_767_189_000_000, "window_end_ms", "value"),
        (("opened_ms",), 2**62, "opened_ms", "value"),
        (("n_negative",), 52, "n_negative", "value"),
        (("rate",), 1.01, "rate", "value"),
        (("expected",), -1, "expected", "value"),
        (("evidence",), {}, "evidence.n_sampled", "missing"),
        (("evidence", "reach"), 2**63, "evidence.reach", "value"),
        (("evidence", "terms", 1, "term"), 7, "evidence.terms[1].term", "type"),
        (("evidence", "terms"), [{"term": "x", "n": 1, "z": 0}] * 101, "evidence.terms", "value"),
        (("evidence", "most_negative"), [None], "evidence.most_negative[0]", "type"),
    ],
)
def test_a_forged_alert_is_refused(
    place: tuple[Any, ...], value: object, field: str, reason: str
) -> None:
    fields = orjson.loads(wire.encode_alert(example()))
    inside = fields
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = value
    with pytest.raises(WireError) as refused:
        wire.decode_alert(orjson.dumps(fields))
    assert (refused.value.field, refused.value.reason) == (field, reason)


@given(alerts())
def test_an_alert_round_trips(alert: Alert) -> None:
    assert wire.decode_alert(wire.encode_alert(alert)) == alert


def test_an_example_without_a_network_is_written_as_earlier_versions_did() -> None:
    alert = example()
    assert alert.evidence is not None
    text = 'Lost "bag","network":""}'
    shown = replace(alert.evidence.most_negative[0], text=text)
    for network, n_written in (("", 0), ("bluesky", 1)):
        one = replace(shown, network=network)
        sent = replace(alert, evidence=replace(alert.evidence, most_negative=(one,)))
        data = wire.encode_alert(sent)
        assert data.count(b',"network":"') == n_written
        assert wire.decode_alert(data) == sent


@given(windows())
def test_a_window_round_trips(closed: Window) -> None:
    assert wire.decode_window(wire.encode_window(closed)) == closed


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("n", "many"),
        ("n", True),
        ("n", -1),
        ("n", 1_000_000_001),
        ("n", 2**63),
        ("n_negative", 7),
        ("score", None),
        ("score", -0.1),
        ("rate", "half"),
        ("rate", 1.5),
        ("rate", None),
        ("baseline_rate", -0.5),
        ("p_value", 2),
        ("state", 1),
        ("brand", " "),
        ("alert_id", 1),
        ("absent", ["x", 1]),
        ("absent", "abc"),
        ("start_ms", -1),
        ("start_ms", 4_102_444_800_000),
        ("end_ms", 4_102_444_800_001),
        ("end_ms", 0),
    ],
)
def test_a_forged_window_is_refused(field: str, value: object) -> None:
    fields = orjson.loads(wire.encode_window(window()))
    with pytest.raises(WireError) as refused:
        wire.decode_window(orjson.dumps({**fields, field: value}))
    assert refused.value.field.partition("[")[0] == field


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999"])
@pytest.mark.parametrize("field", ["rate", "expected", "score"])
def test_numbers_are_finite(field: str, number: str) -> None:
    data = wire.encode_window(window(rate=0.125, expected=0.125, score=0.125))
    with pytest.raises(WireError):
        wire.decode_window(
            data.replace(f'"{field}":0.125'.encode(), f'"{field}":{number}'.encode())
        )


@pytest.mark.parametrize("decode", [wire.decode_window, wire.decode_alert])
def test_an_output_over_256_kib_is_oversized(decode: Any) -> None:
    with pytest.raises(WireError, match="record: oversized"):
        decode(b'{"v":1,"mood":"' + b"x" * 262_144 + b'"}')


def test_an_alert_id_of_a_window_is_one_of_its_brand() -> None:
    assert wire.decode_window(wire.encode_window(window(alert_id="Air Paradis/300000"))).alert_id
    with pytest.raises(WireError, match="alert_id: value"):
        wire.decode_window(wire.encode_window(window(alert_id="Nordwind/300000")))


def test_a_detail_quotes_at_most_300_characters() -> None:
    with pytest.raises(WireError) as refused:
        wire.decode_tweet(orjson.dumps({**GOOD, "kind": "x" * 60_000}))
    assert len(refused.value.detail) == 300


def test_the_longest_tweet_is_read_with_its_score() -> None:
    data = orjson.dumps({**GOOD, "text": "x" * (wire.MAX_BYTES - 200)})
    tweet = wire.decode_tweet(data + b" " * (wire.MAX_BYTES - len(data)))
    scored = wire.encode_scored(tweet, Prediction(0.5, True, 0, "b" * 200))
    assert len(scored) > wire.MAX_BYTES
    assert wire.decode_scored(scored).tweet == tweet


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"score": "high"}, "score"),
        ({"score": 1.5}, "score"),
        ({"score": None}, "score"),
        ({"negative": None}, "negative"),
        ({"bundle": 7}, "bundle"),
        ({"text": None}, "text"),
    ],
)
def test_a_wrong_score_is_named(change: dict[str, Any], field: str) -> None:
    fields = {**GOOD, "score": 0.5, "negative": True, "bundle": "b@1", **change}
    with pytest.raises(WireError) as raised:
        wire.decode_scored(orjson.dumps(fields))
    assert raised.value.field == field


@pytest.mark.parametrize(
    ("at_ms", "valid"), [(4_102_444_799_999, True), (4_102_444_800_000, False)]
)
@pytest.mark.parametrize("name", ["created_ms", "produced_ms"])
def test_times_are_before_2100(name: str, at_ms: int, valid: bool) -> None:
    fields = {**GOOD, "produced_ms": 4_102_444_799_999, name: at_ms}
    if valid:
        assert getattr(wire.decode_tweet(orjson.dumps(fields)), name) == at_ms
    else:
        with pytest.raises(WireError, match=f"{name}: value"):
            wire.decode_tweet(orjson.dumps(fields))


def test_the_minimum_values_are_valid() -> None:
    fields = {**GOOD, "created_ms": 0, "produced_ms": 0, "n_retweets": 0}
    assert wire.decode_tweet(orjson.dumps(fields)).produced_ms == 0
    with pytest.raises(WireError, match="produced_ms: value"):
        wire.decode_tweet(orjson.dumps({**fields, "produced_ms": -1}))


def test_a_record_of_64_kib_is_read_and_one_of_a_byte_more_is_not() -> None:
    data = orjson.dumps(GOOD)
    longest = data + b" " * (65_536 - len(data))
    assert wire.decode_tweet(longest).id == "1"
    with pytest.raises(WireError, match="65537 bytes, at most 65536"):
        wire.decode_tweet(longest + b" ")


@pytest.mark.parametrize("name", ["x", "x" * 100, "é" * 50])
def test_a_name_has_1_to_100_bytes(name: str) -> None:
    longer = name + "x" * (101 - len(name.encode()))
    assert [wire.is_name(some) for some in (name, longer, "")] == [True, False, False]


def test_a_future_tweet_is_refused_with_the_seconds_it_is_ahead() -> None:
    with pytest.raises(WireError, match="created_ms: future: 302 s after"):
        wire.decode_tweet(orjson.dumps({**GOOD, "created_ms": 303_000}))


def test_a_heartbeat_needs_no_brand() -> None:
    beat = wire.decode_tweet(orjson.dumps({**GOOD, "brand": "", "kind": "heartbeat"}))
    assert beat.kind == "heartbeat"


def test_every_record_has_version_1_first() -> None:
    tweet = wire.decode_tweet(orjson.dumps(GOOD))
    encoded = (wire.encode_tweet(tweet), wire.encode_window(window()), wire.encode_alert(example()))
    assert {data[:7] for data in encoded} == {b'{"v":1,'}
