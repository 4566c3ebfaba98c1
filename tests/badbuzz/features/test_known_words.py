from __future__ import annotations

import zlib
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.features.known_words import KnownWords, hash_words
from badbuzz.models.scorer import Scorer

texts = st.lists(st.text(max_size=40), max_size=5)


@given(texts)
def test_every_word_of_the_texts_is_known(texts: list[str]) -> None:
    n = sum(len(hash_words(text)) for text in texts)
    assert KnownWords.unpack(KnownWords.from_texts(texts).pack()).count(texts) == (n, 0)


@pytest.mark.parametrize(
    "packed", ["", "?", b64encode(b"x").decode(), b64encode(zlib.compress(bytes(10**6))).decode()]
)
def test_invalid_packed_words_are_refused(packed: str) -> None:
    with pytest.raises(ValueError, match="known words"):
        KnownWords.unpack(packed)


def test_the_known_words_of_a_shipped_bundle_are_read() -> None:
    packed = Scorer.load("airline-en").known_words
    assert packed is not None
    assert KnownWords.unpack(packed).count(["late bag", "zyxwvut"]) == (3, 1)


def test_tokens_behind_the_cut_are_not_counted() -> None:
    assert KnownWords.from_texts([]).count(["late " * 200]) == (128, 128)


def test_the_size_of_packed_words_is_part_of_the_error() -> None:
    packed = b64encode(zlib.compress(b"xyz")).decode()
    with pytest.raises(ValueError, match=r"are 3 bytes, not 32768$"):
        KnownWords.unpack(packed)
