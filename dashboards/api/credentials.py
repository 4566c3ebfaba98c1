"""API keys as people hold them: ``bb_``, eight hexadecimal digits, ``_``, 256 random bits."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from typing import Final

SCOPES: Final = ("read", "write", "admin")
"""Each includes those before it."""

_SECRET: Final = re.compile(r"bb_([0-9a-f]{8})_([A-Za-z0-9_-]{43})")


def new_secret() -> tuple[str, str]:
    """A secret that nobody has had, and its prefix, by which the store finds it.

    Examples
    --------
    >>> secret, prefix = new_secret()
    >>> prefix_of(secret) == prefix
    True
    """
    prefix = secrets.token_hex(4)
    return f"bb_{prefix}_{secrets.token_urlsafe(32)}", prefix


def prefix_of(secret: str) -> str | None:
    """The prefix of a secret; None when it is not even formed like one.

    Examples
    --------
    >>> prefix_of("bb_0123abcd_" + "x" * 43), prefix_of("hunter2")
    ('0123abcd', None)
    """
    match = _SECRET.fullmatch(secret)
    return match[1] if match else None


def digest(secret: str) -> bytes:
    """What the store keeps of a secret: its SHA-256, as 256 random bits cannot be guessed."""
    return hashlib.sha256(secret.encode()).digest()


def is_same(one: bytes, other: bytes) -> bool:
    """Whether two digests are the same, in a time that does not tell where they differ."""
    return hmac.compare_digest(one, other)


def without_secrets(text: str) -> str:
    """A text with every secret in it cut to its prefix.

    Examples
    --------
    >>> without_secrets("GET /bb_0123abcd_" + "x" * 43)
    'GET /bb_0123abcd_****'
    """
    return _SECRET.sub(r"bb_\1_****", text)


def allows(scopes: frozenset[str], needed: str) -> bool:
    """Whether a key's scopes include what is needed.

    Examples
    --------
    >>> allows(frozenset({"write"}), "read"), allows(frozenset({"write"}), "admin")
    (True, False)
    """
    return any(scope in scopes for scope in SCOPES[SCOPES.index(needed) :])
