"""Random texts from grammar rules: templates with alternatives and named symbols."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np

_BLOCK: Final = 4096
_Item = TypeVar("_Item")


class Dice:
    """Draw uniform random numbers from a generator, in blocks.

    Examples
    --------
    >>> dice = Dice(np.random.default_rng(1))
    >>> 0 <= dice.roll() < 1, dice.index(6) in range(6)
    (True, True)
    """

    def __init__(self, rng: np.random.Generator) -> None:
        self._rng = rng
        self._block: list[float] = []

    def roll(self) -> float:
        """Return a number in [0, 1)."""
        if not self._block:
            self._block = self._rng.random(_BLOCK).tolist()
        return self._block.pop()

    def index(self, n: int) -> int:
        """Return an integer in [0, n)."""
        return int(self.roll() * n)

    def pick(self, items: Sequence[_Item]) -> _Item:
        """Return one of the items with equal probability."""
        return items[int(self.roll() * len(items))]

    def chance(self, share: float) -> bool:
        """Return True with probability ``share``."""
        return self.roll() < share


@dataclass(frozen=True, slots=True)
class Symbol:
    """A placeholder that the context or a rule replaces."""

    name: str


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Alternatives with equal probability."""

    options: tuple[Parts, ...]


Parts = tuple[str | Symbol | Alternatives, ...]


def parse(template: str) -> Parts:
    """Parse a template: ``{symbol}``, ``[one|other|]``, and literal text.

    Raises
    ------
    ValueError
        If brackets are not balanced.

    Examples
    --------
    >>> parse("Hi {who}[!|]")
    ('Hi ', Symbol(name='who'), Alternatives(options=(('!',), ())))
    """
    parts, end = _sequence(template, 0, nested=False)
    if end != len(template):
        raise ValueError(f"{template!r}: ']' or '|' at {end} closes nothing")
    return parts


def _sequence(template: str, at: int, *, nested: bool) -> tuple[Parts, int]:
    parts: list[str | Symbol | Alternatives] = []
    text = ""
    while at < len(template):
        char = template[at]
        if char in "]|":
            break
        if char not in "{[":
            text += char
            at += 1
            continue
        if text:
            parts.append(text)
            text = ""
        part, at = _choice(template, at + 1) if char == "[" else _symbol(template, at + 1)
        parts.append(part)
    if nested and at == len(template):
        raise ValueError(f"{template!r}: a '[' is left open")
    if text:
        parts.append(text)
    return tuple(parts), at


def _symbol(template: str, at: int) -> tuple[Symbol, int]:
    end = template.find("}", at)
    if end < 0:
        raise ValueError(f"{template!r}: a '{{' is left open")
    return Symbol(template[at:end]), end + 1


def _choice(template: str, at: int) -> tuple[Alternatives, int]:
    options: list[Parts] = []
    while True:
        parts, at = _sequence(template, at, nested=True)
        options.append(parts)
        at += 1
        if template[at - 1] == "]":
            return Alternatives(tuple(options)), at


def read_rules(text: str) -> dict[str, list[str]]:
    """Read a grammar file: lines ``name:``, each followed by its indented templates.

    Raises
    ------
    ValueError
        If a template precedes the first name, or a name occurs twice.

    Examples
    --------
    >>> read_rules("# a comment\\ncity:\\n  Paris\\n  Nice")
    {'city': ['Paris', 'Nice']}
    """
    rules: dict[str, list[str]] = {}
    templates: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            name = line.removesuffix(":").strip()
            if name in rules:
                raise ValueError(f"line {number}: {name} is defined twice")
            templates = rules[name] = []
        elif templates is None:
            raise ValueError(f"line {number}: expected a rule's name before the first template")
        else:
            templates.append(line.strip())
    return rules


class Grammar:
    """Grammar rules by symbol.

    Parameters
    ----------
    rules
        Templates by symbol; all templates of a symbol have equal probability.

    Attributes
    ----------
    rules
        Parsed templates by symbol.

    Raises
    ------
    ValueError
        If a template cannot be parsed.

    Examples
    --------
    >>> grammar = Grammar({"greeting": ["Hello {who}"], "who": ["you", "all"]})
    >>> grammar.text("greeting", Dice(np.random.default_rng(1)), {"who": "Nordwind"})
    'Hello Nordwind'
    """

    def __init__(self, rules: Mapping[str, Iterable[str]]) -> None:
        self.rules = {name: tuple(map(parse, options)) for name, options in rules.items()}

    def text(self, symbol: str, dice: Dice, context: Mapping[str, str]) -> str:
        """Return a random text for a symbol; values of ``context`` replace rules."""
        out: list[str] = []
        self._expand(symbol, dice, context, out)
        return "".join(out)

    def _expand(self, symbol: str, dice: Dice, context: Mapping[str, str], out: list[str]) -> None:
        given = context.get(symbol)
        if given is not None:
            out.append(given)
            return
        self._write(dice.pick(self.rules[symbol]), dice, context, out)

    def _write(self, parts: Parts, dice: Dice, context: Mapping[str, str], out: list[str]) -> None:
        for part in parts:
            if isinstance(part, str):
                out.append(part)
            elif isinstance(part, Symbol):
                self._expand(part.name, dice, context, out)
            else:
                self._write(dice.pick(part.options), dice, context, out)
