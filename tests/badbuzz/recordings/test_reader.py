from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz import wire
from badbuzz.errors import RecordingError
from badbuzz.model import Prediction, Tweet
from badbuzz.recordings.reader import read_labelled, read_recording
from badbuzz.recordings.rows import Reject
from badbuzz.wire import encode_tweet

START_MS = 1_800_000_000_000

Write = Callable[..., str]

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
tweets = st.builds(
    Tweet,
    id=texts.filter(lambda t: 0 < len(t.encode()) <= 200),
    brand=st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20),
    text=texts,
    created_ms=st.integers(START_MS, START_MS + 59_999),
    produced_ms=st.just(START_MS),
    lang=st.sampled_from(["en", "fr", "und"]),
    author=st.sampled_from(["", "0a1b"]),
    n_retweets=st.integers(0, 9),
    kind=st.sampled_from(["post", "edit", "delete"]),
)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(*lines: bytes | str, name: str = "week.jsonl") -> str:
        path = tmp_path / name
        path.write_bytes(
            b"".join((line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines)
        )
        return str(path)

    return to_file


def line(**changes: Any) -> bytes:
    plain = {"id": "1", "brand": "Air Paradis", "text": "hello", "created_ms": START_MS}
    return orjson.dumps(plain | changes)


def read(*paths: str, **options: Any) -> tuple[list[Tweet], list[Reject]]:
    rejects: list[Reject] = []
    posts = list(read_recording(paths, on_reject=rejects.append, **options))
    return posts, rejects


@given(st.lists(tweets, min_size=1, max_size=20))
def test_badbuzz_lines_round_trip(
    tmp_path_factory: pytest.TempPathFactory, sent: list[Tweet]
) -> None:
    path = tmp_path_factory.mktemp("recording") / "a.jsonl"
    path.write_bytes(b"\n".join(map(encode_tweet, sent)))
    posts, rejects = read(str(path), source="replay:a")
    newest_ms = 0
    for seq, (was, now) in enumerate(zip(sent, posts, strict=True)):
        newest_ms = max(newest_ms, was.created_ms)
        assert now == replace(was, produced_ms=newest_ms, seq=seq, source="replay:a", replay=True)
    assert not rejects


@given(st.lists(st.binary(max_size=40).filter(lambda b: b"\n" not in b and b"\r" not in b)))
def test_every_row_is_a_tweet_or_a_reject(
    tmp_path_factory: pytest.TempPathFactory, junk: list[bytes]
) -> None:
    path = tmp_path_factory.mktemp("recording") / "a.jsonl"
    path.write_bytes(b"\n".join([line(), *junk, line()]))
    posts, rejects = read(str(path))
    n_rows = 2 + sum(bool(part.strip()) and part.strip() != b"[]" for part in junk)
    assert len(posts) + len(rejects) == n_rows


def test_a_rejected_row_is_reported_with_its_line(write: Write) -> None:
    path = write(line(), line(text=None), line())
    posts, rejects = read(path)
    assert [tweet.seq for tweet in posts] == [0, 1]
    assert str(rejects[0]) == f"{path}:2: text: missing"
    assert rejects[0].raw == line(text=None).decode() + "\n"


def test_a_rejected_row_is_an_error_without_a_callback(write: Write) -> None:
    path = write(line(), "nonsense")
    with pytest.raises(RecordingError, match=r"week\.jsonl:2: invalid JSON"):
        list(read_recording([path]))


def test_bad_bytes_in_a_csv_are_a_bad_row(write: Write) -> None:
    path = write("id,brand,text,created_ms", b"1,Nordwind,caf\xe9,5", "2,Nordwind,ok,6")
    posts, rejects = read(path)
    assert [tweet.id for tweet in posts] == ["2"]
    assert (rejects[0].line, rejects[0].reason) == (
        2,
        "text: invalid UTF-8: surrogates not allowed",
    )


def test_a_file_of_bad_rows_only_is_an_error(write: Write) -> None:
    path = write(line(text=None), line(brand=3))
    with pytest.raises(RecordingError, match=r"has no tweet; first: .*:1: text: missing"):
        read(path)


def test_recorded_heartbeats_are_left_out(write: Write) -> None:
    posts, rejects = read(write(line(), line(kind="heartbeat", brand="", id=""), line()))
    assert (len(posts), rejects) == (2, [])


def test_a_tweet_without_an_id_gets_one_of_its_own(write: Write) -> None:
    posts, _ = read(write(line(id=""), line(id="")), source="replay:a")
    first, second = (tweet.id for tweet in posts)
    assert first.startswith("replay:a-0-")
    assert second.startswith("replay:a-1-")


@pytest.mark.parametrize("other", [{"text": "b"}, {"brand": "B"}, {"created_ms": START_MS + 1}])
def test_another_tweet_without_an_id_has_another_one(write: Write, other: dict[str, Any]) -> None:
    (first,), (second,) = (
        read(write(line(id="", **changes), name=name), source="crm")[0]
        for name, changes in (("a.jsonl", {}), ("b.jsonl", other))
    )
    assert first.id != second.id


def test_a_recording_that_is_read_again_has_the_same_ids(write: Write) -> None:
    path = write(line(id=""), line(id=""))
    assert read(path)[0] == read(path)[0]


def test_a_row_within_the_lateness_is_in_order(write: Write) -> None:
    posts, _ = read(write(line(), line(created_ms=START_MS - 60_000)))
    assert [tweet.produced_ms for tweet in posts] == [START_MS, START_MS]


def test_a_row_behind_the_lateness_names_the_remedy(write: Write) -> None:
    path = write(line(), line(created_ms=START_MS - 60_001))
    with pytest.raises(RecordingError, match=r"week\.jsonl:2: 60 s behind .* use --sort"):
        read(path)


def test_sorting_puts_rows_of_all_files_in_order(write: Write) -> None:
    late = write(line(id="c", created_ms=START_MS + 900_000), line(id="a"), name="late.jsonl")
    early = write(line(id="b", created_ms=START_MS + 1), name="early.jsonl")
    posts, _ = read(late, early, sort=True)
    assert [(tweet.id, tweet.seq) for tweet in posts] == [("a", 0), ("b", 1), ("c", 2)]


def test_numbers_continue_from_file_to_file(write: Write) -> None:
    first, second = write(line(), name="1.jsonl"), write(line(), name="2.jsonl")
    assert [tweet.seq for tweet in read(first, second)[0]] == [0, 1]


def test_a_period_is_half_open_and_of_the_times_in_the_file(write: Write) -> None:
    path = write(*(line(created_ms=START_MS + n) for n in range(4)))
    posts, _ = read(path, from_ms=START_MS + 1, to_ms=START_MS + 3, start_ms=5_000_000)
    assert [(tweet.created_ms, tweet.seq) for tweet in posts] == [(5_000_000, 0), (5_000_001, 1)]


def test_a_period_without_tweets_is_an_error(write: Write) -> None:
    with pytest.raises(RecordingError, match="see --from and --to"):
        read(write(line()), to_ms=START_MS)


def test_all_tweets_are_moved_with_the_first(write: Write) -> None:
    path = write(line(), line(created_ms=START_MS + 1234))
    posts, _ = read(path, start_ms=5_000_000)
    assert [tweet.created_ms for tweet in posts] == [5_000_000, 5_001_234]


def test_labels_are_kept_beside_the_tweets(write: Write) -> None:
    path = write(
        "0,1,Mon Apr 06 22:19:45 PDT 2009,NO_QUERY,somebody,caf\xe9 closed".encode("latin-1"),
        "4,2,Mon Apr 06 22:19:49 PDT 2009,NO_QUERY,other,nice one",
        name="train.csv",
    )
    labelled = list(read_labelled([path], brand="Café"))
    assert [each.label for each in labelled] == ["negative", "positive"]
    assert labelled[0].tweet.text == "café closed"


def test_recorded_predictions_are_kept_beside_the_tweets(write: Write) -> None:
    scored = wire.encode_scored(
        Tweet("1", "Air Paradis", "Lost bag", START_MS, START_MS),
        Prediction(score=0.91, negative=True, adjusted=9_900, bundle="airline-en@12"),
    )
    first, second = read_labelled([write(scored, line())])
    assert (first.score, first.negative, first.bundle) == (0.91, True, "airline-en@12")
    assert (second.score, second.negative, second.bundle) == (None, None, None)


def test_presets_are_detected_for_each_file(write: Write) -> None:
    ours = write(line())
    x = write('{"data":[{"id":"9","text":"hi","created_at":"2027-01-15T08:00:00Z"}]}', name="x")
    posts, _ = read(ours, x, brand="Air Paradis")
    assert [tweet.id for tweet in posts] == ["1", "9"]


def test_an_unknown_preset_is_named(write: Write) -> None:
    with pytest.raises(RecordingError, match="unknown preset 'myspace'; expected one of badbuzz"):
        read(write(line()), preset="myspace")


def test_the_shared_airline_tweets_are_all_read(shared_data: Path) -> None:
    posts, rejects = read(str(shared_data / "airline" / "airline_tweets.jsonl.gz"))
    assert (len(posts), len(rejects)) == (11_759, 0)
    assert {tweet.lang for tweet in posts} == {"en"}
