"""The format of an API key: ``bb_``, eight hexadecimal digits, ``_``, 256 random bits."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

SCOPES: Final = ("read", "write", "admin")
"""The scopes; each includes those before it."""

_SECRET: Final = re.compile(r"bb_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


def new_secret() -> tuple[str, str]:
    """Generate a random secret; return it and its prefix, by which the store finds the key.

    Examples
    --------
    >>> secret, prefix = new_secret()
    >>> prefix_of(secret) == prefix
    True
    """
    prefix = secrets.token_hex(4)
    return f"bb_{prefix}_{secrets.token_urlsafe(32)}", prefix


def prefix_of(secret: str) -> str | None:
    """Return the prefix of a secret; None if it does not have the format of one.

    Examples
    --------
    >>> prefix_of("bb_0123abcd_" + "x" * 43), prefix_of("hunter2")
    ('0123abcd', None)
    """
    match = _SECRET.fullmatch(secret)
    return match[1] if match else None


def digest(secret: str) -> bytes:
    """Return the SHA-256 digest that the store keeps; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).digest()


def is_same(one: bytes, other: bytes) -> bool:
    """Compare two digests in constant time."""
    return hmac.compare_digest(one, other)


def mask_secrets(text: str) -> str:
    """Replace every secret in a text by its prefix.

    Examples
    --------
    >>> mask_secrets("GET /bb_0123abcd_" + "x" * 43)
    'GET /bb_0123abcd_****'
    """
    return _SECRET.sub(r"bb_\1_****", text)


def allows(scopes: frozenset[str], needed: str) -> bool:
    """Tell whether a key's scopes include the needed one.

    Examples
    --------
    >>> allows(frozenset({"write"}), "read"), allows(frozenset({"write"}), "admin")
    (True, False)
    """
    return any(scope in scopes for scope in SCOPES[SCOPES.index(needed) :])
