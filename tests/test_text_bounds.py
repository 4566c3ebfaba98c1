"""Every expression and normalisation of the product takes time linear in a text that is capped.

The registry is the source code: a new ``re`` or ``unicodedata`` call is tested, or fails here.
"""

from __future__ import annotations

import ast
import re
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any, Final

import pytest

from badbuzz.evidence.masking import mask
from badbuzz.evidence.terms import extract_words
from badbuzz.features.known_words import hash_words
from badbuzz.features.tokens import MAX_CHARS, MAX_TOKENS, locate_tokens, tokenise, tokenise_pieces
from badbuzz.messages.sms import gsm
from badbuzz.recordings.times import parse_time
from badbuzz.store.database_errors import _REFUSALS
from dashboards.front.language_detection import guess
from tests.support.servers import ROOT
from training.bert.tokens import mask_names

_PACKAGES: Final = (
    "badbuzz", "producers", "stream_processor", "training", "backtest", "dashboards", "demo",
)  # fmt: skip
_ELSEWHERE: Final = {("badbuzz/store/database_errors.py", "part"): tuple(_REFUSALS)}
"""Patterns that are not literals, by file and argument."""
_NORMALISED: Final = {
    ("badbuzz/features/tokens.py", "_normalise"): tokenise_pieces,
    ("badbuzz/features/tokens.py", "_normalise_word"): tokenise_pieces,
    ("badbuzz/features/tokens.py", "_unescape"): tokenise,
    ("training/bert/tokens.py", "mask_names"): mask_names,
    ("badbuzz/messages/sms.py", "_to_alphabet"): lambda text: gsm(text[:MAX_CHARS]),
}
"""Functions that normalise or unescape a text, and how to reach them."""
_READERS: Final[dict[str, Callable[[str], Any]]] = {
    "tokenise": tokenise,
    "locate_tokens": locate_tokens,
    "hash_words": hash_words,
    "extract_words": extract_words,
    "mask": mask,
    "guess": lambda text: guess(text, ["en", "fr"]),
    "parse_time": lambda text: _refuse(parse_time, text),
}
_HOSTILE: Final = (
    "-", ":", "&a", "&", "#Aa", "“", "\ufdfa", "\ufb03", "\u3200", "\u2a74", "\u0300\u0323",
    "\u0390", "a@", "a.", "@a.", "1 ", "1,", "😀", "http:/", "漢", "<", "a-", "(", "+", "İ", ".!",
    "PST ", "\ufdfa ",
)  # fmt: skip


def _refuse(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match="expected a time"):
        read(text)


def _calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Yield every call of a function of ``re``, ``unicodedata`` or ``html.unescape``."""
    for package in _PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            for scope in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(scope, ast.Module | ast.FunctionDef):
                    yield from ((name, _name(scope), call) for call in _own_calls(scope))


def _name(scope: ast.Module | ast.FunctionDef) -> str:
    return "" if isinstance(scope, ast.Module) else scope.name


def _own_calls(scope: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls in a scope, those of its inner functions left out."""
    for node in ast.iter_child_nodes(scope):
        if isinstance(node, ast.FunctionDef):
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func).startswith(
            ("re.", "unicodedata.normalize", "html.unescape")
        ):
            yield node
        yield from _own_calls(node)


_Search = tuple[re.Pattern[str], Callable[[str], Any]]


def _patterns() -> dict[str, _Search]:
    """Return each expression of the product with what searches a text for it."""
    found: dict[str, _Search] = {}
    for file, _, call in _calls():
        function = ast.unparse(call.func)
        if not function.startswith("re.") or function == "re.escape":
            continue
        argument = ast.unparse(call.args[0])
        listed = _ELSEWHERE.get((file, argument))
        if listed is None:
            flags = "".join(f", {ast.unparse(one)}" for one in _flags(call, function))
            listed = (eval(f"re.compile({argument}{flags})", {"re": re}),)
        for pattern in map(re.compile, listed):
            name = f"{file}: {pattern.pattern.strip():.50}"
            found[name] = pattern, _searching(pattern, _methods(file, call))
    return found


def _methods(file: str, call: ast.Call) -> set[str]:
    """Return the methods by which a file uses an expression."""
    function = ast.unparse(call.func).removeprefix("re.")
    source = (ROOT / file).read_text(encoding="utf-8")
    named = re.match(r"(\w+)\b.*= re\.compile\(", source.splitlines()[call.lineno - 1])
    if function != "compile" or named is None:
        return {function}
    return set(re.findall(rf"\b{named[1]}\.(\w+)\(", source))


def _searching(pattern: re.Pattern[str], methods: set[str]) -> Callable[[str], Any]:
    """Return a search that begins at the start only, if the expression is used so."""
    if methods in ({"match"}, {"fullmatch"}):
        method: Callable[[str], Any] = getattr(pattern, methods.pop())
        return method
    return lambda text: deque(pattern.finditer(text), maxlen=0)


def _flags(call: ast.Call, function: str) -> list[ast.expr]:
    named = [keyword.value for keyword in call.keywords if keyword.arg == "flags"]
    return named or (call.args[1:2] if function == "re.compile" else [])


_PATTERNS: Final = _patterns()


def _cpu(function: Callable[[str], object], text: str) -> float:
    """Return the least CPU time of three runs, in seconds."""
    times = []
    for _ in range(3):
        begun = time.process_time()
        function(text)
        times.append(time.process_time() - begun)
    return min(times)


def _growth(function: Callable[[str], object], unit: str, n: int) -> float:
    """Return how much the time grows when a text of ``n`` characters becomes four times as long."""
    short, long = unit * (n // len(unit)), unit * (4 * n // len(unit))
    return min(_cpu(function, long) / (_cpu(function, short) + 1e-4) for _ in range(3))


def _units(pattern: re.Pattern[str]) -> list[str]:
    """Return what to repeat: each character of the expression and of each class, and pairs."""
    letters = set(re.sub(r"\\[a-zA-Z]|\(\?P<\w+>", "", pattern.pattern)) | set("aA1 -.\n\x00")
    chosen = sorted(letters - set("?*{}|"))[:24]
    return [*chosen, *map("".join, product(chosen, repeat=2))]


@pytest.mark.parametrize("name", sorted(_PATTERNS))
def test_an_expression_takes_time_linear_in_its_text(name: str) -> None:
    pattern, find = _PATTERNS[name]
    costs = {unit: _once(find, unit * (1000 // len(unit))) for unit in _units(pattern)}
    for unit in sorted(costs, key=lambda unit: -costs[unit])[:4]:
        assert _growth(find, unit, 2000) < 9, f"{unit!r}: quadratic"


def _once(function: Callable[[str], object], text: str) -> float:
    begun = time.process_time()
    function(text)
    return time.process_time() - begun


def test_a_quadratic_expression_would_be_found() -> None:
    pattern = re.compile(r"(?<![\w.@/])(?:[\w-]+\.)+[a-z]{2,}/\S+")
    assert _growth(lambda text: deque(pattern.finditer(text), maxlen=0), "-", 1000) > 9


def test_every_normalisation_is_bounded() -> None:
    found = {
        (file, scope)
        for file, scope, call in _calls()
        if not ast.unparse(call.func).startswith("re.")
    }
    assert found == set(_NORMALISED)


@pytest.mark.parametrize("place", sorted(_NORMALISED))
def test_a_normalisation_takes_time_linear_in_its_text(place: tuple[str, str]) -> None:
    for unit in _HOSTILE:
        assert _growth(_NORMALISED[place], unit, MAX_CHARS // 4) < 9, repr(unit)


@pytest.mark.parametrize("name", sorted(_READERS))
@pytest.mark.parametrize("unit", _HOSTILE)
def test_a_text_is_capped(name: str, unit: str) -> None:
    assert _growth(_READERS[name], unit, 4 * MAX_CHARS) < 2.5


def test_characters_that_become_many_are_capped() -> None:
    seen: list[str] = []

    def count(frame: Any, event: str, argument: object) -> None:
        if event == "return" and frame.f_code.co_name == "_normalise":
            seen.append(str(argument))

    sys.setprofile(count)
    try:
        tokens = tokenise("\ufdfa" * MAX_CHARS), tokenise("\ufdfa " * MAX_CHARS)
    finally:
        sys.setprofile(None)
    assert [len(found) for found in tokens] == [MAX_TOKENS, MAX_TOKENS]
    assert max(map(len, seen)) == MAX_CHARS
    assert len(seen) < 2 + MAX_TOKENS
