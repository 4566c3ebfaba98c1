"""Inputs for a target: its seeds, changed in their values or bytes, and arbitrary bytes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1, 5, 2**31, 2**53 + 1, 2**63 - 1, 2**63, 2**64, -(2**63) - 1,
    10**400, 0.5, -0.0, 1e300, float("inf"), float("nan"), 4_102_444_800_000, 1_424_159_328_849,
    "", " ", "\x00", "\ud800", "\ufdfa" * 50, "é" * 101, "-" * 500, "../../etc/passwd", "NaN",
    "1e999", "２", "[" * 50, "&#0;", "2026-13-45T99:99:99Z", "@", "a0:1", "\n", "x" * 5000,
    "{0.__class__}", [], {}, [[]], {"": 0}, [None, 1, "a"], {"a": {"b": []}},
)  # fmt: skip
_BYTES: Final = (
    b"", b"\x00", b"\xff", b"\xed\xa0\x80", b"\r", b"\n", b'"', b"'", b",", b"{", b"}", b"[", b"]",
    b"\\", b"\xef\xbb\xbf", b"9" * 20, b"-", b"1e999", b"\xe2\x80\xae", b"=", b"[[", b"&#x",
    b"\x1f\x8b",
)  # fmt: skip
_DEEP: Final = 1200
_ANY: Final = (0x20, 0x7F, 0x300, 0xFFFF, 0x10FFFF)


def make_input(seeds: Sequence[bytes], random: Random) -> bytes:
    """Return an input that is like one of the seeds, or like nothing."""
    seed = random.choice(seeds)
    made = random.choices((_change_values, _splice, _invent), (6, 5, 1))[0](seed, random)
    return _splice(made, random) if random.random() < 0.1 else made


def _change_values(seed: bytes, random: Random) -> bytes:
    """Replace, remove or add up to three values of a JSON seed."""
    try:
        value = json.loads(seed)
    except ValueError:
        return _splice(seed, random)
    for _ in range(random.randint(1, 3)):
        value = _change(value, random)
    return json.dumps(value, ensure_ascii=random.random() < 0.5).encode(errors="surrogatepass")


def _change(value: Any, random: Random) -> Any:
    """Return a value in which one part, at any depth, is another."""
    if isinstance(value, dict) and value and random.random() < 0.9:
        key = random.choice(list(value))
        if random.random() < 0.85:
            return {**value, key: _change(value[key], random)}
        return {name: part for name, part in value.items() if name != key}
    if isinstance(value, list) and value and random.random() < 0.9:
        place = random.randrange(len(value))
        changed = _change(value[place], random)
        return [*value[:place], changed, *value[place + random.randint(0, 1) :]]
    if isinstance(value, int | float) and random.random() < 0.3:
        return random.choice((value + 1, -value, value * 1000, str(value)))
    if random.random() < 0.02:
        for _ in range(random.choice((100, 300))):
            value = [value]
        return value
    return random.choice(_VALUES)


def _splice(seed: bytes, random: Random) -> bytes:
    """Replace, double, move or remove up to four slices of a seed."""
    content = seed
    for _ in range(random.randint(1, 4)):
        start = random.randint(0, len(content))
        end = min(start + random.choice((0, 1, 1, 2, 5, 40)), len(content))
        piece = content[start:end]
        new = random.choice((random.choice(_BYTES), random.randbytes(3), piece * 3, piece[::-1]))
        content = content[:start] + new + content[end:]
    return content


def _invent(seed: bytes, random: Random) -> bytes:
    """Return bytes that have little to do with a seed."""
    made: tuple[Callable[[], bytes], ...] = (
        lambda: random.randbytes(random.randint(0, 300)),
        lambda: seed[: random.randint(0, len(seed))],
        lambda: b"[" * _DEEP + b"]" * _DEEP,
        lambda: b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
        lambda: json.dumps(random.choice(_VALUES)).encode(),
        lambda: _letters(random).encode(errors="surrogatepass"),
        lambda: (_letters(random)[:4] * random.randint(1, 2000)).encode(errors="surrogatepass"),
    )
    return random.choice(made)()


def _letters(random: Random) -> str:
    most = random.choice(_ANY)
    return "".join(chr(random.randint(0, most)) for _ in range(random.randint(1, 200)))
