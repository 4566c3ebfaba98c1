"""Mutants of a Python module: copies of its text that differ in one token or returned value."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

_SWAPS: Final = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "and": "or", "or": "and",
    "+": "-", "-": "+", "*": "/", "/": "*", "//": "/", "%": "*", "**": "*",
    "True": "False", "False": "True",
}  # fmt: skip
_INFIX: Final = (ast.BinOp, ast.BoolOp, ast.Compare)


@dataclass(frozen=True, slots=True)
class Mutant:
    """A replacement of one token or returned value.

    Attributes
    ----------
    path
        Path of the module from the root of the repository.
    scope
        Qualified name of the enclosing class or function, empty at the module's top.
    start, end
        Offsets of the replaced text in the module's characters, half-open.
    old, new
        Replaced text and replacement.
    number
        Ordinal among the equal replacements of the same scope, from 1.
    """

    path: str
    scope: str
    start: int
    end: int
    old: str
    new: str
    number: int

    @property
    def name(self) -> str:
        """The identifier of the mutant, which survives edits of other functions."""
        return f"{self.path} {self.scope or '-'} {self.old} -> {self.new} #{self.number}"

    def apply(self, source: str) -> str:
        """Return the module's text with the replacement."""
        return source[: self.start] + self.new + source[self.end :]


def mutants(path: str, source: str) -> list[Mutant]:
    """Return every mutant of a module, in the order of its text.

    Parameters
    ----------
    path
        Path of the module, for the mutants' names.
    source
        Text of the module.

    Examples
    --------
    >>> for mutant in mutants("m.py", "def f(n: int) -> bool:\\n    return n > 2\\n"):
    ...     print(mutant.name)
    m.py f n > 2 -> None #1
    m.py f > -> >= #1
    m.py f 2 -> 3 #1
    m.py f 2 -> 1 #1
    """
    starts = _line_starts(source)
    tokens = [
        (starts[token.start[0] - 1] + token.start[1], token.string)
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
    ]
    counts: Counter[tuple[str, str, str]] = Counter()
    every = []
    for scope, node in _scoped(ast.parse(source), ()):
        for start, old, new in _replacements(node, source, starts, tokens):
            key = (".".join(scope), " ".join(old.split()), new)
            counts[key] += 1
            every.append(Mutant(path, key[0], start, start + len(old), key[1], new, counts[key]))
    return every


def _line_starts(source: str) -> list[int]:
    """Return the offset of each line's first character."""
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return starts


def _scoped(node: ast.AST, scope: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], ast.AST]]:
    """Yield the nodes that run, with their scope: no annotation, decorator or ``strict=``."""
    yield scope, node
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        scope = (*scope, node.name)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.keyword) and child.arg == "strict":
                continue
            if isinstance(child, ast.AST):
                yield from _scoped(child, scope)


def _replacements(
    node: ast.AST, source: str, starts: list[int], tokens: list[tuple[int, str]]
) -> Iterator[tuple[int, str, str]]:
    """Yield the offset, the old text and the new text of each mutant of a node."""
    if isinstance(node, ast.Return) and node.value is not None:
        old = ast.get_source_segment(source, node.value) or ""
        if old != "None":
            yield _offset(node.value, source, starts), old, "None"
    elif isinstance(node, ast.Constant):
        old = ast.get_source_segment(source, node) or ""
        start = _offset(node, source, starts)
        if _is_literal(old):  # in an f-string, Python 3.11 gives wrong positions
            for new in _constants(node.value):
                yield start, old, new
    elif isinstance(node, _INFIX):
        parts = _operands(node)
        for left, right in pairwise(parts):
            begin = _end_offset(left, source, starts)
            end = _offset(right, source, starts)
            for at, text in tokens:
                if begin <= at < end and text in _SWAPS:
                    yield at, text, _SWAPS[text]


def _is_literal(text: str) -> bool:
    """Return whether a text is a literal.

    Examples
    --------
    >>> _is_literal("1_000"), _is_literal("n}")
    (True, False)
    """
    try:
        ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return False
    return True


def _operands(node: ast.BinOp | ast.BoolOp | ast.Compare) -> list[ast.expr]:
    """Return the operands of an expression, from left to right."""
    if isinstance(node, ast.BinOp):
        return [node.left, node.right]
    return node.values if isinstance(node, ast.BoolOp) else [node.left, *node.comparators]


def _constants(value: object) -> list[str]:
    """Return the constants that replace a constant.

    Examples
    --------
    >>> _constants(3), _constants(0.5), _constants(True), _constants("text")
    (['4', '2'], ['0.55', '0.45'], ['False'], [])
    """
    if isinstance(value, bool):
        return [str(not value)]
    if isinstance(value, int):
        return [str(value + 1), str(value - 1)]
    if isinstance(value, float):
        return [f"{value * 1.1:.12g}", f"{value * 0.9:.12g}"] if value else ["1.0", "-1.0"]
    return []


def _offset(node: ast.expr, source: str, starts: list[int]) -> int:
    """Return the offset of an expression's first character; ast counts bytes of UTF-8."""
    return _characters(source, starts, node.lineno, node.col_offset)


def _end_offset(node: ast.expr, source: str, starts: list[int]) -> int:
    """Return the offset behind an expression's last character."""
    assert node.end_lineno is not None
    assert node.end_col_offset is not None
    return _characters(source, starts, node.end_lineno, node.end_col_offset)


def _characters(source: str, starts: list[int], line: int, column: int) -> int:
    """Return the offset in characters of a line, from 1, and a column in bytes."""
    text = source[starts[line - 1] : starts[line]]
    return starts[line - 1] + len(text.encode()[:column].decode())
