"""Read the fields of a row, and say what is wrong with them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from badbuzz.model import MAX_COUNT, MAX_MS
from badbuzz.recordings.limits import shown
from badbuzz.recordings.times import parse_time
from badbuzz.wire import MAX_BYTES

MISSING: Final = (None, "")
"""Values of a field that is missing."""


class RowError(ValueError):
    """Reason for rejecting a row."""


def read_text(values: dict[str, Any], name: str, max_bytes: int = MAX_BYTES) -> str:
    """Return a required text of at most a number of UTF-8 bytes."""
    value = values.get(name)
    if type(value) is str and value.isascii() and len(value) <= max_bytes:
        return value
    if value is None:
        hint = "; set one with --brand, or its column with --map brand=…" if name == "brand" else ""
        raise RowError(f"{name}: missing{hint}")
    if not isinstance(value, str):
        raise RowError(f"{name}: expected a text, found {type(value).__name__}")
    try:
        size = len(value) if value.isascii() else len(value.encode())
    except UnicodeEncodeError as error:
        raise RowError(f"{name}: invalid UTF-8: {error.reason}") from error
    if size > max_bytes:
        raise RowError(f"{name}: {size} bytes, expected at most {max_bytes}")
    return value


def read_optional_text(values: dict[str, Any], name: str, max_bytes: int = 2048) -> str:
    """Return an optional field, which may be a number, as text."""
    value = values.get(name)
    if value in MISSING:
        return ""
    if type(value) is str and value.isascii() and len(value) <= max_bytes:
        return value
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise RowError(f"{name}: expected a text, found {type(value).__name__}")
    return read_text({name: str(value)}, name, max_bytes)


def read_language(value: object, default: str) -> str:
    """Return the primary language of a tag such as ``en-GB``; the default if it is missing."""
    if value in MISSING:
        return default
    if not isinstance(value, str):
        raise RowError(f"lang: expected a text, found {type(value).__name__}")
    return _primary(value)


@lru_cache(maxsize=1024)
def _primary(tag: str) -> str:
    """Return the primary language of a language tag."""
    return read_text(
        {"lang": tag.replace("_", "-").partition("-")[0].lower()}, "lang", max_bytes=16
    )


def read_count(value: object) -> int:
    """Return a number of retweets; 0 if it is missing."""
    if value in MISSING:
        return 0
    if isinstance(value, str) and value.isdecimal() and len(value) < 16:
        value = int(value)
    if type(value) is not int or not 0 <= value <= MAX_COUNT:
        raise RowError(
            f"n_retweets: expected a whole number from 0 to {MAX_COUNT}, found {shown(value)}"
        )
    return value


def read_score(value: object) -> float | None:
    """Return a score in [0, 1]; None if it is missing."""
    if value in MISSING:
        return None
    try:
        score = float(value) if isinstance(value, str | float | int) else -1.0
    except ValueError:
        score = -1.0
    if not 0.0 <= score <= 1.0:
        raise RowError(f"score: expected a number from 0 to 1, found {shown(value)}")
    return score


def read_flag(value: object) -> bool | None:
    """Return a truth value; None if it is missing."""
    if value in MISSING:
        return None
    if isinstance(value, str):
        value = {"true": True, "1": True, "false": False, "0": False}.get(value.lower(), value)
    if not isinstance(value, bool):
        raise RowError(f"negative: expected true or false, found {shown(value)}")
    return value


def read_created_ms(values: dict[str, Any]) -> int:
    """Return the creation time in Unix milliseconds, from ``created_ms`` or ``created_at``."""
    value = values.get("created_ms")
    if value in MISSING:
        value = values.get("created_at")
        if value in MISSING:
            raise RowError("created_at: missing")
        try:
            time_ms = parse_time(value)
        except ValueError as error:
            raise RowError(f"created_at: {error}") from error
    elif type(value) is int or (isinstance(value, str) and value.isdecimal() and len(value) < 16):
        time_ms = int(value)
    else:
        raise RowError(f"created_ms: expected Unix milliseconds, found {shown(value)}")
    if not 0 <= time_ms < MAX_MS:
        raise RowError(f"created_at: {shown(value)} is not between the years 1970 and 2100")
    return time_ms
