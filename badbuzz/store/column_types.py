"""Column types that convert any text and integer to values that both databases accept."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from sqlalchemy import BigInteger, Dialect, Text
from sqlalchemy.types import TypeDecorator

_MAX_ID: Final = 300
_LIMITS: Final = -(2**63), 2**63 - 1


class AnyText(TypeDecorator[str]):
    """Text column; values are converted by :func:`storable`."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Convert a text that is written or compared."""
        return None if value is None else storable(value)


class AnyInt(TypeDecorator[int]):
    """64-bit integer column; larger values are clipped."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        """Clip a number that is written or compared."""
        if value is None or _LIMITS[0] <= value <= _LIMITS[1]:
            return value
        return _LIMITS[value > 0]


def storable(text: str) -> str:
    r"""Replace NUL, which PostgreSQL refuses, and unpaired surrogates.

    Examples
    --------
    >>> storable("a\x00b\ud83d")
    'a�b?'
    """
    if not text.isascii():
        text = text.encode(errors="replace").decode()
    return text.replace("\x00", "\ufffd")


def storable_id(id_: str) -> str:
    """Return the key of a tweet's id; the end of an id over 300 characters becomes a digest.

    Examples
    --------
    >>> storable_id("1"), len(storable_id("1" * 60_000))
    ('1', 300)
    """
    if len(id_) <= _MAX_ID:
        return storable(id_)
    digest = sha256(id_.encode(errors="replace")).hexdigest()
    return storable(id_[: _MAX_ID - len(digest)]) + digest
