from __future__ import annotations

import string
from collections import Counter

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from badbuzz.features import tokens as reading
from badbuzz.features.tokens import (
    MAX_CHARS,
    MAX_CHUNKS,
    MAX_TOKENS,
    locate_tokens,
    mark_negation,
    split_chunks,
    tokenise,
    tokenise_chunk,
    tokenise_pieces,
)

BYTES = 64 * 1024


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fish &amp; chips &lt;3", "fish chips <love>"),
        ("@AirParadis and @user", "<user> and <user>"),
        ("see https://t.co/Ab1?x=1#y www.a.org/b", "see <url> <url>"),
        ("a link: http", "a link <url>"),
        ("HTTPS://A.ORG", "<url>"),
        ("12 bags, 1,000.50 km", "<number> bags <number> km"),
        ("5pm 8:30 14h30 7:15AM", "<time> <time> <time> <time>"),
        ("$200 90€ £3.50", "<money> <money> <money>"),
        ("35% late", "<percent> late"),
        ("THANK You", "thank you"),
        ("sooooo goooood ooo oo", "soo good oo oo"),
        ("Éloigné, à côté", "eloigne a cote"),
        ("l'avion j’ai", "l avion j ai"),
        ("#WorstAirlineEver", "worst airline ever"),
        ("#USAirways2015", "us airways <number>"),
        ("#grève", "greve"),
        (":) :-) (: :D ;) =]", " ".join(["<glad>"] * 6)),
        (":( :'( ): :/ -_- </3", " ".join(["<sad>"] * 6)),
        (":o >:@ <3 ^^", "<shock> <angry> <love> <glad>"),
        (":x :@ :3 :* :P", "<angry> <angry> <glad> <glad> <glad>"),
        ("): ]: [: (:", "<sad> <sad> <glad> <glad>"),
        ("... .. .", "... ... ."),
        ("😡👍🏽❤️😭", "<angry> <glad> <love> <sad>"),
        ("✈️🧳", "✈ 🧳"),
        ("why!!!! what?! no way... ok.", "why !! what !? no not_way ... ok ."),
        ("ｆｕｌｌ ﬁne", "full fine"),
        ("المطار בסדר Привет", "المطار בסדר привет"),
        ("航班延误", "航 班 延 误"),
    ],
)
def test_a_text_is_normalised(text: str, expected: str) -> None:
    assert " ".join(tokenise(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't like it at all", "i dont not_like not_it not_at all"),
        ("I DON’T like it", "i dont not_like not_it"),
        ("this is not good. thank you", "this is not not_good . thank you"),
        ("never again, never", "never not_again never"),
        ("not @you :) happy", "not <user> <glad> not_happy"),
        ("ce n'est pas bien", "ce n' not_est pas not_bien"),
        ("il ne marche jamais seul", "il ne not_marche jamais not_seul"),
        ("aucune réponse de leur part", "aucune not_reponse not_de not_leur part"),
    ],
)
def test_three_words_after_a_negation_carry_its_mark(text: str, expected: str) -> None:
    assert " ".join(tokenise(text)) == expected


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\ufe0f", "#", "@", "---", "\x00"])
def test_an_empty_text_has_no_tokens(text: str) -> None:
    assert tokenise(text) == []


@given(st.text(string.ascii_letters + string.digits + string.punctuation, max_size=12))
@example("http")
@example("https.")
@example("xD)")
@example("www.")
def test_the_fast_path_gives_the_tokens_of_the_full_pattern(chunk: str) -> None:
    assert tokenise_chunk(chunk) == tokenise_pieces(chunk)


@given(st.text(max_size=200))
def test_no_token_is_empty_or_has_white_space(text: str) -> None:
    assert all(token.split() == [token] for token in tokenise(text))


@given(st.lists(st.sampled_from(["ok", "flight", "😡", "l'avion", "@user", "#TooLate"])))
def test_the_tokens_of_a_chunk_do_not_depend_on_its_neighbours(parts: list[str]) -> None:
    apart = [word for part in parts for word in tokenise_chunk(part)]
    assert tokenise(" ".join(parts)) == apart[:MAX_TOKENS]


@pytest.mark.parametrize(
    ("char", "n_tokens"),
    [("a", 1), ("@", 0), ("#", 0), ("😡", MAX_TOKENS), ("1", 1), ("!", 1), ("航", 2), ("&", 0)],
)
def test_64_kib_of_one_character_give_few_tokens(char: str, n_tokens: int) -> None:
    text = char * (BYTES // len(char.encode()))
    assert len(tokenise(text)) == n_tokens


@pytest.mark.parametrize(
    "unit", ["a ", "@a", "#a", "a'", "1,,", "-_", ":(", "&amp;", "http://", ". ", "\u0301\u0316"]
)
def test_64_kib_of_one_pattern_give_at_most_the_tokens_that_count(unit: str) -> None:
    assert len(tokenise(unit * (BYTES // len(unit)))) <= MAX_TOKENS


@pytest.mark.parametrize(
    "start", ["word " * MAX_TOKENS, "- " * MAX_CHUNKS, "ab" * (MAX_CHARS // 2)]
)
def test_text_behind_the_cut_changes_nothing(start: str) -> None:
    assert tokenise(start + "!! not read") == tokenise(start)
    assert locate_tokens(start + "!! not read") == locate_tokens(start)


def test_a_word_is_cut() -> None:
    assert tokenise("abc" * 100) == [("abc" * 100)[:40]]
    assert tokenise("ab" * 20) == ["ab" * 20]


def test_a_text_is_cut_to_4096_characters_256_chunks_and_128_tokens() -> None:
    assert split_chunks("ab" * 4096) == ["ab" * 2048]
    assert split_chunks("a " * 300) == ["a"] * 256
    assert tokenise("a " * 300) == ["a"] * 128
    assert [end for _, end, _ in locate_tokens("ab" * 4096)] == [4096]
    assert locate_tokens("- " * 255 + "late ok") == [(510, 514, ("late",))]


def test_words_without_a_negation_stay_as_they_are() -> None:
    assert mark_negation(["all", "is", "well"]) == ["all", "is", "well"]


def test_no_emoji_has_two_moods() -> None:
    emoji = Counter("".join(reading._MOODS.values()))
    assert [char for char, n in emoji.items() if n > 1] == []


# Spans


@given(st.text(max_size=300) | st.text(alphabet="&lt;nbsp ①e\u0301\xa0#A!😡'", max_size=60))
def test_spans_give_all_tokens_in_order(text: str) -> None:
    located = locate_tokens(text)
    assert mark_negation([word for _, _, words in located for word in words]) == tokenise(text)
    ends = [0, *(end for _, end, _ in located)]
    assert all(
        before <= start < end for before, (start, end, _) in zip(ends, located, strict=False)
    )


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("l'avion, retard!!", ["l'avion", "retard", "!!"]),
        ("fish&amp;chips &lt;3", ["fish&amp;chips", "&lt;3"]),
        ("ﬁne day", ["ﬁne", "day"]),
        ("cafe\u0301 ok", ["cafe\u0301", "ok"]),
        ("late😡😡", ["late", "😡", "😡"]),
        ("-- ,, (", []),
    ],
)
def test_a_span_is_as_it_was_written(text: str, parts: list[str]) -> None:
    assert [text[start:end] for start, end, _ in locate_tokens(text)] == parts


def test_located_tokens_have_the_limit_of_tokens() -> None:
    assert len(locate_tokens("ok " * 300)) == MAX_TOKENS
    assert sum(len(words) for _, _, words in locate_tokens("#AaBbCc " * 300)) == MAX_TOKENS
