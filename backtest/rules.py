"""Rule sets: files that change how brands are watched, and sweeps over one of their numbers."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, tzinfo
from math import isfinite
from pathlib import Path
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from backtest.words import when
from badbuzz.errors import BrandsError
from badbuzz.state import Rules

_TYPES: Final[dict[str, Any]] = get_type_hints(Rules)
KNOWN: Final = tuple(spec.name for spec in fields(Rules))
"""The keys of a rules file."""

_BRAND: Final = "brand"
_MAX_STEPS: Final = 200


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Changes to the rules that the brands file gives.

    Parameters
    ----------
    name
        Shown.
    changes
        By field of :class:`badbuzz.state.Rules`, for every brand.
    by_brand
        The same for single brands, laid over ``changes``.

    Examples
    --------
    >>> rules_of = RuleSet("keen", {"theta": 3.5}, {"Nordwind": {"theta": 5.0}}).over(
    ...     lambda _brand: Rules()
    ... )
    >>> rules_of("Air Paradis").theta, rules_of("Nordwind").theta
    (3.5, 5.0)
    """

    name: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    by_brand: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def over(self, base: Callable[[str], Rules]) -> Callable[[str], Rules]:
        """The rules of a brand, by its name, with the changes laid over ``base``."""
        made: dict[str, Rules] = {}

        def rules_of(brand: str) -> Rules:
            rules = made.get(brand)
            if rules is None:
                changes = {**self.changes, **self.by_brand.get(brand, {})}
                rules = made[brand] = replace(base(brand), **changes)
            return rules

        return rules_of

    def at(self, name: str, value: float) -> RuleSet:
        """Itself with one number the same for every brand."""
        by_brand = {
            brand: {key: its for key, its in changes.items() if key != name}
            for brand, changes in self.by_brand.items()
        }
        return RuleSet(f"{name}={value:g}", {**self.changes, name: value}, by_brand)


@dataclass(frozen=True, slots=True)
class Sweep:
    """The values that one number of the rules takes, rising."""

    name: str
    values: tuple[float, ...]


def read_rules(path: str) -> RuleSet:
    """A rules file: TOML, a field of ``Rules`` a key, and tables ``[brand."Air Paradis"]``.

    Raises
    ------
    BrandsError
        When it cannot be read, or a key or value is none; names the file, the key and those
        that are known.
    """
    try:
        document = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise BrandsError(f"{path}: cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise BrandsError(f"{path}: is no TOML: {error}") from error
    tables = document.pop(_BRAND, {})
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        raise BrandsError(f'{path}: {_BRAND}: expected tables such as [brand."Air Paradis"]')
    by_brand = {
        brand: _changes(table, f"{path}: brand {brand!r}") for brand, table in tables.items()
    }
    return RuleSet(Path(path).stem, _changes(document, path), by_brand)


def read_sweep(text: str) -> Sweep:
    """A sweep, ``field=first:last:step``, the last included.

    Raises
    ------
    BrandsError
        When it is none, or the field is no number.

    Examples
    --------
    >>> read_sweep("theta=3.5:4:0.25").values
    (3.5, 3.75, 4.0)
    """
    name, _, span = text.partition("=")
    try:
        first, last, step = map(float, span.split(":"))
    except ValueError as error:
        raise BrandsError(
            f"--sweep {text}: expected field=first:last:step, as theta=3.5:5:0.25"
        ) from error
    _check_known(name, "--sweep")
    kind = _TYPES[name]
    if kind not in (int, float):
        raise BrandsError(f"--sweep {text}: {name} is no number")
    if not (isfinite(first) and isfinite(last) and step > 0 and first <= last):
        raise BrandsError(f"--sweep {text}: expected first <= last and a step above 0")
    n_steps = int((last - first) / step + 1e-9)
    if n_steps >= _MAX_STEPS:
        raise BrandsError(f"--sweep {text}: {n_steps + 1} values, at most {_MAX_STEPS}")
    values = (round(first + i * step, 9) for i in range(n_steps + 1))
    return Sweep(name, tuple(_value(kind, value, f"--sweep {text}") for value in values))


def _changes(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    for key in table:
        _check_known(key, where)
    changes = {key: _value(_TYPES[key], value, f"{where}: {key}") for key, value in table.items()}
    for start_ms, end_ms in changes.get("muted_ms", ()):
        if end_ms <= start_ms:
            raise BrandsError(
                f"{where}: muted_ms: ends {when(end_ms)}, not after its start {when(start_ms)}"
            )
    return changes


def _check_known(key: str, where: str) -> None:
    if key not in _TYPES:
        raise BrandsError(f"{where}: {key}: unknown key; known are {', '.join(KNOWN)}")


def _value(kind: Any, value: Any, where: str) -> Any:
    """A TOML value as what a field of the rules must be."""
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return _value(next(k for k in get_args(kind) if k is not type(None)), value, where)
    if origin in (tuple, frozenset) and isinstance(value, list):
        return _collection(origin, get_args(kind), value, where)
    if kind is tzinfo:
        return _zone(value, where)
    value = _number(kind, value)
    is_number = kind in (int, float)
    if not isinstance(kind, type) or type(value) is not kind or (is_number and _below_zero(value)):
        expected = f"{kind.__name__}, 0 or more" if is_number else getattr(kind, "__name__", kind)
        raise BrandsError(f"{where}: expected {expected}, found {value!r}")
    return value


def _below_zero(value: Any) -> bool:
    return not value >= 0


def _number(kind: Any, value: Any) -> Any:
    """A whole number where a fraction is wanted, and the other way round; a time as ms."""
    if kind is int and isinstance(value, datetime) and value.tzinfo is not None:
        return int(value.timestamp() * 1000)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return float(value) if kind is float and type(value) is int else value


def _collection(origin: Any, kinds: tuple[Any, ...], values: list[Any], where: str) -> Any:
    fixed = origin is tuple and Ellipsis not in kinds
    if fixed and len(values) != len(kinds):
        raise BrandsError(f"{where}: expected {len(kinds)} values, found {values!r}")
    each = kinds if fixed else kinds[:1] * len(values)
    return origin(_value(kind, value, where) for kind, value in zip(each, values, strict=True))


def _zone(name: Any, where: str) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise BrandsError(
            f"{where}: {name!r} is no IANA time zone such as 'Europe/Paris'"
        ) from error
