"""JSON as the core's frozen values."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

T = TypeVar("T")


def read(kind: type[T], told: Any) -> T:
    """A frozen value of the core from its JSON; what it has no field for is left out.

    Parameters
    ----------
    kind
        A dataclass, whose fields may be dataclasses, tuples of them, or None.
    told
        Parsed JSON.

    Raises
    ------
    KeyError, TypeError
        When it is no such value.

    Examples
    --------
    >>> from badbuzz.model import Term
    >>> read(Term, {"term": "bags", "n": 3, "z": 2.5, "more": 1})
    Term(term='bags', n=3, z=2.5)
    """
    found: T = _value(kind, told)
    return found


def _value(kind: Any, told: Any) -> Any:
    if is_dataclass(kind) and isinstance(kind, type):
        return kind(**{name: _value(hint, told[name]) for name, hint in _hints(kind).items()})
    if get_origin(kind) in (Union, types.UnionType):
        if told is None:
            return None
        (kind,) = (one for one in get_args(kind) if one is not type(None))
        return _value(kind, told)
    if get_origin(kind) is tuple:
        return tuple(_value(get_args(kind)[0], one) for one in told)
    return told


@cache
def _hints(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {spec.name: hints[spec.name] for spec in fields(kind)}
