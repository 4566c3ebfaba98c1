"""Decoding of the API's JSON into frozen values."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def decode(kind: type[T], value: Any) -> T:
    """Return a frozen value from its JSON; unknown fields are ignored.

    Parameters
    ----------
    kind
        A dataclass, whose fields may be dataclasses, tuples of them, or None.
    value
        Parsed JSON.

    Raises
    ------
    KeyError, TypeError
        When a field is missing or of the wrong type.

    Examples
    --------
    >>> from badbuzz.model import Term
    >>> decode(Term, {"term": "bags", "n": 3, "z": 2.5, "more": 1})
    Term(term='bags', n=3, z=2.5)
    """
    decoded: T = _decode(kind, value)
    return decoded


def _decode(kind: Any, value: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: _decode(hint, value[name]) for name, hint in _hints(kind).items()})
    if get_origin(kind) in (Union, types.UnionType):
        if value is None:
            return None
        (kind,) = (one for one in get_args(kind) if one is not type(None))
        return _decode(kind, value)
    if get_origin(kind) is tuple:
        return tuple(_decode(get_args(kind)[0], one) for one in value)
    return value


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}
