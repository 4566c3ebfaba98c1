"""Readers of bytes from outside: how to call them, inputs they accept, and declared errors."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import orjson

from backtest.rules import read_rules
from badbuzz.config.brands import parse_brands
from badbuzz.detection.baseline_file import (
    decode_baselines,
    encode_baselines,
    extract_baseline,
)
from badbuzz.detection.fold import Fold
from badbuzz.detection.seen_ids import SeenIds
from badbuzz.detection.state import BrandState, Rules
from badbuzz.errors import (
    BrandsError,
    QueryError,
    RecordingError,
    StateError,
    WireError,
)
from badbuzz.evidence.masking import mask
from badbuzz.evidence.sample import BrandEvidence, key
from badbuzz.evidence.terms import extract_terms, extract_words
from badbuzz.features.attribution import occlude
from badbuzz.features.drift import DriftReference
from badbuzz.features.known_words import KnownWords, hash_words
from badbuzz.features.tokens import MAX_CHARS, MAX_TOKENS, tokenise
from badbuzz.messages.text import example
from badbuzz.model import Prediction, Tweet
from badbuzz.models.bundle import parse_card, parse_config, parse_golden
from badbuzz.recordings.reader import read_labelled
from badbuzz.recordings.times import parse_time
from badbuzz.recordings.truth import read_truth
from badbuzz.store.pages import decode_cursor, encode_cursor
from badbuzz.wire import (
    decode_alert,
    decode_scored,
    decode_tweet,
    decode_window,
    encode_alert,
    encode_scored,
    encode_tweet,
    encode_window,
)
from dashboards.api.broadcast import decode_positions
from dashboards.api.examples import WINDOW
from dashboards.front.language_detection import guess
from producers.incidents import read_incidents
from producers.progress_file import ProgressFile
from tests.fuzz.api import ask, post
from tests.support.served import BRAND, START_MS
from tests.support.servers import ROOT

_TWEET: Final = Tweet(
    "1",
    "Air Paradis",
    "Lost @jane my bag &amp; again, +33 6 12 34 56 78! https://a.example/b?c",
    5,
    6,
)
_TWEETS: Final = ROOT / "badbuzz" / "bundles" / "tweets-fr"


@dataclass(frozen=True)
class Target:
    """A reader of bytes.

    Parameters
    ----------
    read
        Function to call.
    seeds
        Inputs that it accepts.
    declared
        Errors that it may raise.
    """

    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    declared: tuple[type[Exception], ...] = ()


def _text(data: bytes) -> str:
    """Return bytes as a text that may have anything in it, lone surrogates too."""
    return data.decode("utf-8", "surrogatepass" if b"\xed" in data else "replace")


def _from_text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    def decoded(data: bytes) -> object:
        try:
            text = _text(data)
        except UnicodeDecodeError:
            text = data.decode("latin-1")
        return read(text)

    return decoded


@cache
def _folder() -> TemporaryDirectory[str]:
    return TemporaryDirectory(prefix="badbuzz-fuzz-")


def _from_file(read: Callable[[str], object]) -> Callable[[bytes], object]:
    """Return a reader of bytes from a reader of a file."""

    def written(data: bytes) -> object:
        path = Path(_folder().name) / "input"
        path.write_bytes(data)
        return read(str(path))

    return written


def _read_text(text: str) -> None:
    masked = mask(text)
    assert len(text) > MAX_CHARS or mask(masked) == masked
    tokens = tokenise(text)
    assert len(tokens) <= MAX_TOKENS
    assert all(0 <= start < end <= len(text) for start, end, _ in occlude(text).parts)
    extract_terms(extract_words(text))
    hash_words(text)
    guess(text, ["en", "fr"])


def _read_recording(path: str, brand: str | None = None) -> None:
    for labelled in read_labelled([path], brand=brand, on_reject=lambda reject: None):
        if len(labelled.tweet.text) < 60_000:
            decode_tweet(encode_tweet(labelled.tweet))


def _read_evidence(data: bytes) -> None:
    evidence = BrandEvidence("Air Paradis")
    evidence.restore(key("Air Paradis", 300_000), data)


def _evidence() -> bytes:
    evidence = BrandEvidence("Air Paradis")
    evidence.add(_TWEET, Prediction(0.9, True, 9000, "a@1"))
    (_, value), *_ = evidence.changed()
    assert value is not None
    return value


def _read_ids(data: bytes) -> None:
    seen = SeenIds("Air Paradis")
    seen.restore(_ids()[0], data)
    seen.add(5, time_ms=300_000)
    seen.changed()


def _ids() -> tuple[bytes, bytes]:
    seen = SeenIds("Air Paradis")
    seen.add(7, time_ms=0)
    ((record_key, value),) = seen.changed()
    assert value is not None
    return record_key, value


def _read_state(data: bytes) -> None:
    BrandState.unpack(data)


def _rules_of(brand: str) -> Rules:
    return Rules()


def _read_partition(data: bytes) -> None:
    Fold(_rules_of).unpack(0, data)


def _seed_lines(*rows: dict[str, Any]) -> bytes:
    return b"\n".join(map(orjson.dumps, rows))


def _baselines() -> bytes:
    baseline = extract_baseline(BrandState("Air Paradis", n_hours=12), "Europe/Paris")
    return encode_baselines([baseline], ["week.jsonl"])


def _progress() -> bytes:
    return orjson.dumps(
        {
            "v": 1,
            "job": {"paths": ["/dev/null"], "source": "replay", "mapping": {"text": "body"}},
            "files": [{"n_bytes": 0, "head": "cae66941d9efbd404e4d88758ea67670"}],
            "next_seq": 5,
            "done": False,
        }
    )


_ROW: Final = {
    "id": "1", "brand": "Air Paradis", "text": "late", "created_ms": 5000, "lang": "en",
    "author": "a", "n_retweets": 3, "url": "https://a.example", "label": "negative", "score": 0.5,
}  # fmt: skip
_X_PAGE: Final = {
    "data": [
        {
            "id": "1", "text": "late", "created_at": "2026-01-01T00:00:00.000Z", "author_id": "5",
            "public_metrics": {"retweet_count": 3}, "edit_history_tweet_ids": ["1"],
        }
    ],
    "meta": {},
}  # fmt: skip
_CSV: Final = (
    b"tweet_id,airline_sentiment,airline,name,text,retweet_count,tweet_created\n"
    b'1,negative,United,ann,"late,\nagain ""x""",0,2015-02-24 11:35:52 -0800\n'
)
_INCIDENT: Final = {
    "brand": "Air Paradis", "kind": "strike", "start_ms": 5, "end_ms": 9, "magnitude": 4.0,
}  # fmt: skip

TARGETS: Final = {
    "tweet": Target(decode_tweet, (encode_tweet(_TWEET),), (WireError,)),
    "scored": Target(
        decode_scored, (encode_scored(_TWEET, Prediction(0.5, True, 1, "a@1")),), (WireError,)
    ),
    "window": Target(decode_window, (encode_window(WINDOW),), (WireError,)),
    "alert": Target(decode_alert, (encode_alert(example()),), (WireError,)),
    "state": Target(_read_state, (BrandState("Air Paradis").pack(),), (StateError,)),
    "partition": Target(_read_partition, (Fold(_rules_of).pack(0, 5),), (StateError,)),
    "evidence": Target(
        _read_evidence, (_evidence(), b'{"v":1,"hour":5,"counts":{"late":9}}'), (StateError,)
    ),
    "ids": Target(_read_ids, (_ids()[1],), (StateError,)),
    "baseline": Target(decode_baselines, (_baselines(),), (StateError,)),
    "card": Target(parse_card, ((_TWEETS / "card.json").read_bytes(),), (ValueError,)),
    "featuriser": Target(
        parse_config,
        (b'{"kind":"words","n_rows":64,"features":{"words":["late"],"width":8}}',),
        (ValueError,),
    ),
    "golden": Target(parse_golden, (b'[{"text":"late","score":0.5}]',), (ValueError,)),
    "known-words": Target(
        _from_text(KnownWords.unpack),
        (KnownWords.from_texts(["late"]).pack().encode(),),
        (ValueError,),
    ),
    "reference": Target(
        lambda data: DriftReference.from_card(parse_card(data)[1]),
        ((_TWEETS / "card.json").read_bytes(),),
        (ValueError,),
    ),
    "brands": Target(
        _from_text(lambda text: parse_brands(text, "brands.toml")),
        ((ROOT / "badbuzz" / "data" / "brands.toml").read_bytes(),),
        (BrandsError,),
    ),
    "rules": Target(
        _from_file(read_rules),
        (b'theta = 3.5\nmuted_ms = [[1, 2]]\n[brand."Air Paradis"]\nzone = "Europe/Paris"\n',),
        (BrandsError,),
    ),
    "truth": Target(
        _from_file(read_truth),
        (orjson.dumps({"incidents": [_INCIDENT], "benign": [_INCIDENT]}),),
        (RecordingError,),
    ),
    "incidents": Target(
        _from_file(lambda path: read_incidents(path, ["Air Paradis"])),
        (orjson.dumps({"incidents": [_INCIDENT], "benign": []}),),
        (RecordingError,),
    ),
    "progress": Target(_from_file(ProgressFile.load), (_progress(),), (RecordingError,)),
    "recording-json": Target(
        _from_file(_read_recording),
        (
            _seed_lines(_ROW, _ROW),
            orjson.dumps([_ROW]),
            orjson.dumps([_ROW, _ROW], option=orjson.OPT_INDENT_2),
        ),
        (RecordingError,),
    ),
    "recording-x": Target(
        _from_file(partial(_read_recording, brand="Air Paradis")),
        (orjson.dumps(_X_PAGE), orjson.dumps(_X_PAGE, option=orjson.OPT_INDENT_2)),
        (RecordingError,),
    ),
    "recording-sentiment140": Target(
        _from_file(partial(_read_recording, brand="Air Paradis")),
        (b'"0","1467810369","Mon Apr 06 22:19:45 PDT 2009","NO_QUERY","ann","late"\n',),
        (RecordingError,),
    ),
    "recording-csv": Target(
        _from_file(_read_recording),
        (
            _CSV,
            b"created_at,brand,text,label\n2026-01-01T00:00:00Z,Air Paradis,late,negative\n",
        ),
        (RecordingError,),
    ),
    "recording-gzip": Target(
        _from_file(_read_recording),
        (gzip.compress(_seed_lines(_ROW), mtime=0), gzip.compress(_CSV, mtime=0)),
        (RecordingError,),
    ),
    "time": Target(
        _from_text(parse_time),
        (b"2026-01-01T00:00:00+01:00", b"Mon Apr 06 22:19:45 PDT 2009", b"1420070400"),
        (ValueError,),
    ),
    "text": Target(_from_text(_read_text), (_TWEET.text.encode(), "<3 ✈️ l'été 100€".encode())),
    "positions": Target(_from_text(decode_positions), (b"a0:3,w1:7",), (ValueError,)),
    "cursor": Target(
        _from_text(lambda text: decode_cursor(text, "alerts", int, str)),
        (encode_cursor("alerts", 5, "x").encode(),),
        (QueryError,),
    ),
    "api-score": Target(
        lambda data: post("/score", data),
        (b'{"texts":[{"text":"You lost my bag","lang":"en"}],"explain":true}',),
    ),
    "api-feedback": Target(
        lambda data: post("/feedback", data),
        (
            b'{"text":"late, @jane","lang":"en","brand":"Air Paradis","predicted":false,'
            b'"score":0.3,"bundle":"a@1","right":true,"source":"feedback","id":"5"}',
            b'{"tweet_id":"t1","right":false}',
        ),
    ),
    "api-ruling": Target(
        lambda data: post(f"/alerts/{BRAND}/{START_MS}/ruling", data),
        (b'{"verdict":"benign","note":"a competition"}',),
    ),
    "api-query": Target(
        _from_text(ask), (b"en", b"5", b"1424159328849", b"Air Paradis", b"2015-02-17T08:48:48Z")
    ),
}
"""Readers by name."""
