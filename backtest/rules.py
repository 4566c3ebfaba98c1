"""Rule sets read from files, and sweeps over a numeric rule."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from pathlib import Path
from typing import Any, Final

from badbuzz.config.rules import FIELD_TYPES, MAX_TOML, check_known, read_changes, read_value
from badbuzz.detection.state import Rules
from badbuzz.errors import BrandsError
from badbuzz.recordings.limits import read_file

_BRAND: Final = "brand"
_MAX_STEPS: Final = 200


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Changes to the rules of the brands file.

    Parameters
    ----------
    name
        Name in tables and reports.
    changes
        Values by field of :class:`badbuzz.detection.state.Rules`, for every brand.
    by_brand
        Values for single brands, which override ``changes``.

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
        """Return a function from a brand's name to its rules: ``base`` with the changes."""
        cache: dict[str, Rules] = {}

        def rules_of(brand: str) -> Rules:
            rules = cache.get(brand)
            if rules is None:
                changes = {**self.changes, **self.by_brand.get(brand, {})}
                rules = cache[brand] = replace(base(brand), **changes)
            return rules

        return rules_of

    def at(self, name: str, value: float) -> RuleSet:
        """Return the rule set with one number set for every brand."""
        by_brand = {
            brand: {key: other for key, other in changes.items() if key != name}
            for brand, changes in self.by_brand.items()
        }
        return RuleSet(f"{name}={value:g}", {**self.changes, name: value}, by_brand)


@dataclass(frozen=True, slots=True)
class Sweep:
    """Rising values of a numeric rule."""

    name: str
    values: tuple[float, ...]


def read_rules(path: str) -> RuleSet:
    """Read a rules file: TOML with fields of ``Rules``, and tables ``[brand."Air Paradis"]``.

    Raises
    ------
    BrandsError
        The file cannot be read, or a key or value is invalid.
    """
    try:
        document = tomllib.loads(read_file(path, MAX_TOML).decode())
    except (OSError, UnicodeDecodeError) as error:
        raise BrandsError(f"{path}: cannot be read: {error}") from error
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or a number too long
        raise BrandsError(f"{path}: is not TOML: {error}") from error
    tables = document.pop(_BRAND, {})
    if not isinstance(tables, dict) or not all(isinstance(t, dict) for t in tables.values()):
        raise BrandsError(f'{path}: {_BRAND}: expected tables such as [brand."Air Paradis"]')
    by_brand = {
        brand: read_changes(table, f"{path}: brand {brand!r}") for brand, table in tables.items()
    }
    return RuleSet(Path(path).stem, read_changes(document, path), by_brand)


def read_sweep(text: str) -> Sweep:
    """Parse a sweep, ``field=first:last:step``, the last included.

    Raises
    ------
    BrandsError
        The text is not a sweep, or the field is not a number.

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
    check_known(name, "--sweep")
    kind = FIELD_TYPES[name]
    if kind not in (int, float):
        raise BrandsError(f"--sweep {text}: {name} is not a number")
    if not (isfinite(first) and isfinite(last) and step > 0 and first <= last):
        raise BrandsError(f"--sweep {text}: expected first <= last and a step above 0")
    n_steps = int((last - first) / step + 1e-9)
    if n_steps >= _MAX_STEPS:
        raise BrandsError(f"--sweep {text}: {n_steps + 1} values, at most {_MAX_STEPS}")
    values = (round(first + i * step, 9) for i in range(n_steps + 1))
    return Sweep(name, tuple(read_value(kind, value, f"--sweep {text}") for value in values))
