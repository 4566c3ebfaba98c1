"""Conversion of TOML values to fields of a brand's rules."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from datetime import datetime, tzinfo
from math import isfinite
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from badbuzz.detection.state import Rules
from badbuzz.errors import BrandsError
from badbuzz.recordings.times import format_clock

FIELD_TYPES: Final[dict[str, Any]] = get_type_hints(Rules)
"""Types of the rules' fields, by name."""

FIELDS: Final = tuple(spec.name for spec in fields(Rules))
"""Names of the rules' fields."""

DETECTOR_FIELDS: Final = (
    "theta",
    "count_weight",
    "rate_weight",
    "min_rate_z",
    "surge_rate_z",
    "min_negatives",
    "step",
    "quiet_z",
    "quiet_minutes",
    "cool_down_minutes",
)
"""Fields that tune the detector; a brands file may set them."""

MAX_TOML: Final = 4 << 20
"""Maximum bytes of a file of brands or rules."""


def read_changes(table: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the fields that a TOML table sets.

    Parameters
    ----------
    table
        TOML table, parsed.
    where
        Prefix of error messages: file and brand.

    Raises
    ------
    BrandsError
        If a key is unknown or its value is invalid.

    Examples
    --------
    >>> read_changes({"theta": 5, "min_negatives": 8.0}, "tuned.toml")
    {'theta': 5.0, 'min_negatives': 8}
    """
    for key in table:
        check_known(key, where)
    changes = {
        key: read_value(FIELD_TYPES[key], value, f"{where}: {key}") for key, value in table.items()
    }
    for start_ms, end_ms in changes.get("muted_ms", ()):
        if end_ms <= start_ms:
            raise BrandsError(
                f"{where}: muted_ms: end {format_clock(end_ms)} is "
                f"not after start {format_clock(start_ms)}"
            )
    return changes


def check_known(key: str, where: str, known: Collection[str] = FIELDS) -> None:
    """Raise a BrandsError if a key is unknown."""
    if key not in known:
        raise BrandsError(f"{where}: {key}: unknown key; known are {', '.join(known)}")


def read_value(kind: Any, value: Any, where: str) -> Any:
    """Convert a TOML value to the type of a field; raise a BrandsError if it does not fit.

    Examples
    --------
    >>> read_value(float, 5, "tuned.toml: theta")
    5.0
    """
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return read_value(next(k for k in get_args(kind) if k is not type(None)), value, where)
    if origin in (tuple, frozenset) and isinstance(value, list):
        return _read_collection(origin, get_args(kind), value, where)
    if kind is tzinfo:
        return read_zone(value, where)
    value = _convert_number(kind, value)
    is_number = kind in (int, float)
    if type(value) is not kind or (is_number and not (isfinite(value) and value >= 0)):
        name = getattr(kind, "__name__", kind)
        expected = f"{name}, 0 or more" if is_number else name
        raise BrandsError(f"{where}: expected {expected}, found {value!r}")
    return value


def read_zone(name: object, where: str) -> ZoneInfo:
    """Return the time zone of a name; raise a BrandsError if it is unknown."""
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        expected = "expected an IANA time zone such as 'Europe/Paris'"
        raise BrandsError(f"{where}: {expected}, found {name!r}") from error


def _convert_number(kind: Any, value: Any) -> Any:
    """Convert an integral float to int, an int to float, and a time to Unix milliseconds."""
    if kind is int and isinstance(value, datetime) and value.tzinfo is not None:
        return int(value.timestamp() * 1000)
    if kind is int and isinstance(value, float) and value.is_integer():
        return int(value)
    return float(value) if kind is float and type(value) is int else value


def _read_collection(origin: Any, kinds: tuple[Any, ...], values: list[Any], where: str) -> Any:
    fixed = origin is tuple and Ellipsis not in kinds
    if fixed and len(values) != len(kinds):
        raise BrandsError(f"{where}: expected {len(kinds)} values, found {values!r}")
    each = kinds if fixed else kinds[:1] * len(values)
    return origin(read_value(kind, value, where) for kind, value in zip(each, values, strict=True))
