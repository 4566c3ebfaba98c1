"""What the front says: whole in both languages, and nothing that no page says."""

from __future__ import annotations

import ast
from string import Formatter

import pytest

from dashboards.front.translator import LANGUAGES, SAID, TABLES, Translator
from tests.support.servers import ROOT

SOURCES = sorted((ROOT / "dashboards" / "front").rglob("*.py"))


def places(said: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(said) if name is not None}


def literals() -> tuple[set[str], set[str]]:
    """Every string of the pages' code, and what f-strings begin with."""
    whole, beginnings = set(), set()
    for source in SOURCES:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                beginnings.add(str(node.values[0].value))
    return whole, beginnings


def asked() -> set[str]:
    """Every key that the code asks words for by its name."""
    return {
        node.args[0].value
        for source in SOURCES
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "words"
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_no_key_stands_in_two_tables() -> None:
    assert len(SAID) == sum(map(len, TABLES))


@pytest.mark.parametrize("key", SAID)
def test_a_sentence_is_whole_in_both_languages(key: str) -> None:
    assert all(said.strip() for said in SAID[key])
    assert len(SAID[key]) == len(LANGUAGES)
    assert len({frozenset(places(said)) for said in SAID[key]}) == 1


def test_every_key_that_is_asked_for_has_a_sentence() -> None:
    assert asked() - SAID.keys() == set()


def test_every_sentence_is_said_somewhere() -> None:
    whole, beginnings = literals()
    told = {key for key in SAID if key in whole or any(b and key.startswith(b) for b in beginnings)}
    assert SAID.keys() - told == set()


def test_a_french_number_has_french_marks() -> None:
    assert Translator("fr").number(12_345.67, 1) == "12\u202f345,7"


def test_a_moment_is_the_brands() -> None:
    assert Translator("en").moment(1_764_000_900_000, "America/New_York") == "24 Nov 2025 11:15"
