"""The catalogues are complete and equal in structure, and a new language needs one catalogue."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime
from string import Formatter
from typing import Any, cast

import pytest

from badbuzz.evidence.reasons import REASONS
from badbuzz.messages.languages import en
from badbuzz.messages.mail import write
from badbuzz.messages.text import describe, example
from badbuzz.messages.translator import CATALOGUES, LANGUAGES, Catalogue, Language, Translator
from tests.support.servers import ROOT

KEYS = sorted(en.TEXTS)
SOURCES = [
    source
    for package in ("badbuzz/messages", "dashboards")
    for source in sorted((ROOT / package).rglob("*.py"))
    if source.parent.name != "languages"
]
TREES = [ast.parse(source.read_text(encoding="utf-8")) for source in SOURCES]


def forms(language: str, key: str) -> tuple[str, ...]:
    template = CATALOGUES[language].texts[key]
    return (template,) if isinstance(template, str) else template


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def calls(*methods: str) -> Iterator[str]:
    """Yield the first argument of each call of ``t`` or of a method of ``t``."""
    for tree in TREES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
                function = node.func
                is_lookup = isinstance(function, ast.Name) and function.id == "t" and not methods
                is_method = isinstance(function, ast.Attribute) and function.attr in methods
                if is_lookup or is_method:
                    yield str(node.args[0].value)


def literals() -> tuple[set[str], set[str]]:
    """Return the string literals of the code, and the beginnings of composed keys."""
    whole, beginnings = set(), {f"{kind}_" for kind in calls("name")}
    for tree in TREES:
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                whole.add(node.value)
            if isinstance(node, ast.JoinedStr) and isinstance(node.values[0], ast.Constant):
                beginnings.add(str(node.values[0].value))
    return whole, beginnings


def test_every_language_has_a_catalogue() -> None:
    assert tuple(CATALOGUES) == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_all_catalogues_have_the_same_keys(language: Language) -> None:
    assert sorted(CATALOGUES[language].texts) == KEYS


@pytest.mark.parametrize("key", KEYS)
def test_a_sentence_has_the_same_placeholders_in_every_language(key: str) -> None:
    templates = [form for language in LANGUAGES for form in forms(language, key)]
    assert all(template.strip(" ") for template in templates)
    assert len({frozenset(placeholders(template)) for template in templates}) == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_has_all_plural_forms_of_its_language(language: Language) -> None:
    indexes = {CATALOGUES[language].plural(n) for n in range(200)}
    counted = {key for key in KEYS if isinstance(en.TEXTS[key], tuple)}
    assert {tuple(range(len(forms(language, key)))) for key in counted} == {tuple(sorted(indexes))}
    assert all(isinstance(CATALOGUES[language].texts[key], tuple) for key in counted)


def test_every_key_that_the_code_looks_up_exists() -> None:
    assert {*calls(), *calls("plural")} - {*KEYS} == set()


def test_every_reason_has_a_name() -> None:
    assert {f"reason_{reason}" for reason in REASONS} <= {*KEYS}


def test_no_key_is_unused() -> None:
    whole, beginnings = literals()
    used = {key for key in KEYS if key in whole or any(b and key.startswith(b) for b in beginnings)}
    assert {*KEYS} - used == set()


@pytest.fixture
def klingon(monkeypatch: pytest.MonkeyPatch) -> Language:
    """Add a language with three plural forms, whose sentences are the English keys."""

    def template(key: str, form: str = "") -> str:
        fields = sorted(placeholders(forms("en", key)[0]))
        return " ".join([f"<{key}{form}>", *(f"{{{name}}}" for name in fields)])

    texts: dict[str, Any] = {
        key: tuple(template(key, form) for form in ("/0", "/1", "/2"))
        if isinstance(en.TEXTS[key], tuple)
        else template(key)
        for key in KEYS
    }
    texts |= {"thousands": "'", "decimal": ":"}
    monkeypatch.setitem(CATALOGUES, "tlh", Catalogue(texts, lambda n: min(n, 2), frozenset()))
    return cast("Language", "tlh")


@pytest.mark.parametrize("key", KEYS)
def test_a_third_language_renders_every_sentence(klingon: Language, key: str) -> None:
    t = Translator(klingon)
    fields: dict[str, Any] = dict.fromkeys(placeholders(forms("en", key)[0]), "x")
    if isinstance(en.TEXTS[key], tuple):
        fields.pop("n")
        assert [t.plural(key, n, **fields).split()[0] for n in range(3)] == [
            f"<{key}/{n}>" for n in range(3)
        ]
    elif key not in {"thousands", "decimal"}:
        assert t(key, **fields) == " ".join([f"<{key}>", *fields.values()])


def test_a_third_language_renders_alerts_numbers_and_times(klingon: Language) -> None:
    message = write(example(), UTC, klingon, mark="test")
    assert message.subject == "[<mark_test>] <title_firing_critical> Air Paradis"
    assert message.sms.startswith("(<mark_test>) <title_firing_critical> Air Paradis: <sms_counts>")
    assert message.words["how"] == "<layout_how>"
    assert all("<" in line for line in describe(example(), UTC, klingon).splitlines())
    assert "<retweets/2> 5'210" in message.why[1]
    t = Translator(klingon)
    assert t.number(12_345.67, 1) == "12'345:7"
    assert t.day(0, "UTC") == f"<day> {datetime.fromtimestamp(0, UTC)}"


def test_a_french_number_has_french_marks() -> None:
    assert Translator("fr").number(12_345.67, 1) == "12\u202f345,7"


def test_a_moment_is_in_the_brands_zone() -> None:
    assert Translator("en").moment(1_764_000_900_000, "America/New_York") == "24 Nov 2025 11:15"
