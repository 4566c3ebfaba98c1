"""Check docstrings and names: ``python -m tests.lint [PATH...]``.

A docstring's first line is a sentence and a parameter's entry says what the parameter is. Neither
begins with a relative pronoun or a preposition, as in "Whose." or "Of the brand.". A function's
first line begins with its verb. Names that the project no longer uses stay unused.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final


def _words(text: str) -> frozenset[str]:
    """Split a text at white space.

    Examples
    --------
    >>> sorted(_words("b a"))
    ['a', 'b']
    """
    return frozenset(text.split())


RETIRED: Final = _words(
    """
    AwayError Bench CALM CALM_Z Desk Gate Intake Jury Judge Judgement Judgements Judges Judging
    Lane LastWord Left Life Meeting Notice Notifying Opening Processing Recording SinkAwayError
    Standing Teller Truthful Verdict _Kin announced bury calm_z chatter end_at_once is_duplicate
    held_out_reference is_judged PositionKeeper UNFROZEN
    jury lastword rate_excess read_opening sieve teller unbroken yardsticks
    """
)
"""Identifiers that were renamed to the field's terms."""

_FRAGMENT: Final = _words(
    """
    what which whose who whom whoever whether where wherever when whenever how why that than as
    of by from to with without in into on at for between under over behind beside among
    its their and or but not
    """
)
_DETERMINER: Final = _words(
    """
    a an the every each all both one two some many most any no this these those
    """
)
_DOCUMENTED: Final = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_SECTION: Final = re.compile(
    r"^(Parameters|Attributes|Returns|Yields|Raises)\n-+\n(.*?)(?=\n\n\S[^\n]*\n-+\n|\Z)",
    re.DOTALL | re.MULTILINE,
)


def faults(path: Path) -> Iterator[str]:
    """Yield one line for each fault of a file, as ``path:line: message``.

    Parameters
    ----------
    path
        A Python file.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and (text := ast.get_docstring(node)):
            line = getattr(node, "lineno", 1)
            for fault in docstring_faults(text, is_function=_is_function(node)):
                yield f"{path}:{line}: {fault}"
        for name in RETIRED.intersection(_names(node)):
            yield f"{path}:{getattr(node, 'lineno', 1)}: the name {name} is retired"


def _names(node: ast.AST) -> Iterator[str]:
    """Yield the identifiers of a node: definitions, uses, arguments, imports."""
    for field in ("name", "id", "attr", "arg", "asname", "module"):
        if isinstance(value := getattr(node, field, None), str):
            yield from value.split(".")


def _is_function(node: ast.AST) -> bool:
    """Tell whether a node is a function or method and no property."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return False
    decorators = {ast.unparse(decorator).rpartition(".")[2] for decorator in node.decorator_list}
    return not decorators & {"property", "cached_property", "fixture"} and not any(
        "fixture(" in ast.unparse(decorator) for decorator in node.decorator_list
    )


def docstring_faults(text: str, *, is_function: bool) -> Iterator[str]:
    """Yield what is wrong with a docstring.

    Parameters
    ----------
    text
        The docstring, without its indentation.
    is_function
        Whether it describes a function, so that it begins with a verb.

    Examples
    --------
    >>> list(docstring_faults("Whose.", is_function=False))
    ["first line is a fragment: 'Whose.'"]
    >>> list(docstring_faults("The sum of two numbers.", is_function=True))
    ["first line does not begin with a verb: 'The sum of two numbers.'"]
    """
    first = text.strip().splitlines()[0]
    word = _first_word(first)
    if word in _FRAGMENT or len(first.split()) < 2:
        yield f"first line is a fragment: {first!r}"
    elif is_function and word in _DETERMINER:
        yield f"first line does not begin with a verb: {first!r}"
    for section in _SECTION.finditer(text):
        if section[1] in ("Parameters", "Attributes"):
            for name, entry in _entries(section[2]):
                if _first_word(entry) in _FRAGMENT - {"whether"} or len(entry.split()) < 2:
                    yield f"entry of {name} is a fragment: {entry!r}"


def _first_word(text: str) -> str:
    """Return the first word of a text in lower case."""
    first = re.match(r"\W*(\w+)", text)
    return first[1].lower() if first else ""


def _entries(section: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the first line of each entry of a numpydoc section."""
    name = ""
    for line in section.splitlines():
        if line and not line.startswith(" "):
            name = line
        elif name and line.strip():
            yield name, line.strip()
            name = ""


def main(paths: list[str]) -> int:
    """Print the faults of the named files, or of every tracked one; return 1 if there are any."""
    if not paths:
        listed = subprocess.run(
            ["git", "ls-files", "*.py"], capture_output=True, text=True, check=True
        )
        paths = listed.stdout.split()
    files = [
        file
        for path in map(Path, paths)
        for file in ([path] if path.is_file() else sorted(path.rglob("*.py")))
    ]
    messages = [fault for file in files for fault in faults(file)]
    sys.stdout.write("\n".join([*messages, ""]) or "docstrings and names: no faults\n")
    return bool(messages)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
