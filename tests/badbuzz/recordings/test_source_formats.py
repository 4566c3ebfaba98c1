from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.errors import RecordingError
from badbuzz.recordings.fields import RowError
from badbuzz.recordings.source_formats import (
    FIELDS,
    PRESETS,
    RowReader,
    choose_preset,
    detect_preset,
)

OURS = RowReader(PRESETS["badbuzz"])
ROW: dict[str, Any] = {"id": "1", "brand": "Air Paradis", "text": "Lost bag", "created_ms": 5}

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=3,
)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"text": None}, "text: missing"),
        ({"text": 7}, "text: expected a text, found int"),
        ({"text": "\ud800"}, "text: invalid UTF-8"),
        ({"text": "x" * 70_000}, "text: 70000 bytes"),
        ({"brand": None}, "brand: missing; set one with --brand"),
        ({"brand": "  "}, "brand: expected a printable name"),
        ({"brand": "x" * 201}, "brand: expected a printable name"),
        ({"created_ms": None}, "created_at: missing"),
        ({"created_ms": "soon"}, "created_ms: expected Unix milliseconds"),
        ({"created_ms": 1.5}, "created_ms: expected Unix milliseconds"),
        ({"created_ms": True}, "created_ms: expected Unix milliseconds"),
        ({"created_ms": -1}, "years 1970 and 2100"),
        ({"created_ms": 10**15}, "years 1970 and 2100"),
        ({"score": "high"}, "score: expected a number from 0 to 1"),
        ({"score": 1.1}, "score: expected a number from 0 to 1"),
        ({"score": float("nan")}, "score: expected a number from 0 to 1"),
        ({"negative": "perhaps"}, "negative: expected true or false"),
        ({"n_retweets": -1}, "n_retweets: expected a whole number"),
        ({"n_retweets": "many"}, "n_retweets: expected a whole number"),
        ({"n_retweets": 10**30}, "n_retweets: expected a whole number"),
        ({"n_retweets": 1_000_000_001}, "n_retweets: expected a whole number from 0 to 1000000000"),
        ({"id": True}, "id: expected a text"),
        ({"id": "x" * 201}, "id: 201 bytes"),
        ({"lang": 7}, "lang: expected a text"),
        ({"author": []}, "author: expected a text"),
        ({"kind": "rumour"}, "kind: expected one of"),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(RowError, match=reason):
        OURS.read(ROW | changes)


def test_a_given_language_is_read_like_that_of_a_row() -> None:
    assert RowReader(PRESETS["badbuzz"], lang="FR-ca").read(ROW)["lang"] == "fr"


@given(st.dictionaries(st.sampled_from(FIELDS), values))
def test_any_row_is_read_or_refused(row: dict[str, Any]) -> None:
    try:
        fields = OURS.read(row)
    except RowError:
        return
    assert fields["kind"] == "heartbeat" or isinstance(fields["created_ms"], int)


def test_an_empty_text_is_a_text() -> None:
    assert OURS.read(ROW | {"text": ""})["text"] == ""


@pytest.mark.parametrize(("tag", "expected"), [("fr-CA", "fr"), ("pt_BR", "pt"), ("", "und")])
def test_a_language_is_its_primary_part(tag: str, expected: str) -> None:
    assert OURS.read(ROW | {"lang": tag})["lang"] == expected


def test_a_given_brand_and_language_replace_those_of_the_rows() -> None:
    fields = RowReader(PRESETS["badbuzz"], brand="Nordwind", lang="fr").read(ROW | {"lang": "en"})
    assert (fields["brand"], fields["lang"]) == ("Nordwind", "fr")


US_AIRLINE = {
    "tweet_id": "570306133677760513",
    "airline_sentiment": "negative",
    "negativereason": "Late Flight",
    "airline": "Virgin America",
    "name": "somebody",
    "retweet_count": "3",
    "text": "late again",
    "tweet_created": "2015-02-24 11:35:52 -0800",
}


def test_the_us_airline_columns_are_understood() -> None:
    fields = RowReader(PRESETS["us-airline"]).read(US_AIRLINE)
    author = fields.pop("author")
    assert fields == {
        "id": "570306133677760513",
        "brand": "Virgin America",
        "text": "late again",
        "created_ms": 1424806552000,
        "lang": "en",
        "n_retweets": 3,
        "url": "",
        "kind": "post",
        "replaces": "",
        "label": "negative",
        "reason": "Late Flight",
        "score": None,
        "negative": None,
        "bundle": None,
    }
    assert "somebody" not in author


def test_an_authors_hash_depends_on_the_key() -> None:
    authors = {
        RowReader(PRESETS["us-airline"], author_key=key).read(US_AIRLINE)["author"] for key in "ab"
    }
    assert len(authors) == 2


def test_an_object_of_x_is_understood() -> None:
    fields = RowReader(PRESETS["x"], brand="Air Paradis").read(
        {
            "id": "20",
            "text": "bonjour",
            "lang": "fr",
            "created_at": "2026-11-02T08:00:00.000Z",
            "author_id": "12",
            "public_metrics": {"retweet_count": 4, "like_count": 9},
            "edit_history_tweet_ids": ["20"],
        }
    )
    assert (fields["created_ms"], fields["lang"], fields["n_retweets"]) == (1793606400000, "fr", 4)
    assert fields["url"].endswith("/20")
    assert fields["author"] not in ("", "12")


@pytest.mark.parametrize(
    ("history", "kind", "replaces"),
    [
        (["1"], "post", ""),
        (["1", "2"], "edit", "1"),
        (["1", "2", "3"], "edit", "2"),
        (["1", "2", "3", "4", "5"], "edit", "3"),
        (["8", "9"], "post", "8"),
    ],
)
def test_an_edit_names_the_newest_version_in_the_recording(
    history: list[str], kind: str, replaces: str
) -> None:
    reader = RowReader(PRESETS["x"], brand="Air Paradis")
    row = {"text": "bonjour", "created_at": "2026-11-02T08:00:00Z"}
    for ids in (["1"], ["1", "2"], ["1", "2", "3"]):
        if len(ids) < len(history):
            reader.read(row | {"id": ids[-1], "edit_history_tweet_ids": ids})
    fields = reader.read(row | {"id": history[-1], "edit_history_tweet_ids": history})
    assert (fields["kind"], fields["replaces"]) == (kind, replaces)
    again = reader.read(row | {"id": history[-1], "edit_history_tweet_ids": history})
    assert again == fields


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        (["v", "id", "brand", "text", "created_ms", "produced_ms"], "badbuzz"),
        (["id", "created_at", "brand", "text", "label", "reason"], "labelled"),
        (list(US_AIRLINE), "us-airline"),
        (["id", "text", "created_at", "author_id"], "x"),
        (["4", "1", "Mon Apr 06 22:19:45 PDT 2009", "NO_QUERY", "me", "hi"], "sentiment140"),
    ],
)
def test_a_preset_is_detected_from_the_columns(columns: list[str], name: str) -> None:
    preset = detect_preset(columns)
    assert preset is not None
    assert preset.name == name


def test_a_missing_column_is_named() -> None:
    with pytest.raises(RecordingError, match=r"a\.csv: --map: has no column 'body'; it has id, te"):
        choose_preset(["id", "text"], None, {"text": "body"}, "a.csv")


def test_unknown_columns_need_a_preset() -> None:
    with pytest.raises(RecordingError, match=r"a\.csv: no preset matches .* --preset"):
        choose_preset(["one", "two"], None, {}, "a.csv")


def test_mapped_columns_override_the_preset() -> None:
    preset = choose_preset([*ROW, "when"], None, {"created_at": "when"}, "a.jsonl")
    fields = RowReader(preset).read(ROW | {"when": "1970-01-01T00:00:09Z"})
    assert fields["created_ms"] == 9000


def test_a_mapped_author_is_a_name_and_hashed() -> None:
    preset = choose_preset([*ROW, "who"], None, {"author": "who"}, "a.jsonl")
    assert RowReader(preset).read(ROW | {"who": "somebody"})["author"] != "somebody"


def test_a_dot_steps_into_an_object() -> None:
    preset = choose_preset([*ROW, "user"], None, {"author": "user.id"}, "a.jsonl")
    author, other = (RowReader(preset).read(ROW | {"user": {"id": n}})["author"] for n in (1, 2))
    assert author != other
