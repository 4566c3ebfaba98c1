"""What is usual for brands, learnt from history, as a file that a worker's state takes in.

The file is JSON: what people want to know of each brand in words and figures, and beside it the
brand's state, packed, without whatever belongs to the stream that it was learnt from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from badbuzz.detection.state import BrandState
from badbuzz.errors import StateError

VERSION: Final = 1
_NO_HISTORY: Final = "no baseline file, as badbuzz baseline build writes one"

OF_THE_STREAM: Final = (
    "closed_ms", "newest_ms", "last_seq", "recent_ids", "buckets", "recent", "n_late", "last_hour",
    "alert", "cool_until_ms", "last_peak", "replay", "bundles",
)  # fmt: skip
"""Fields of a state that belong to its stream; all others are learnt."""


@dataclass(frozen=True, slots=True)
class Learnt:
    """What was learnt of one brand.

    Parameters
    ----------
    state
        A state that has seen no stream.
    zone
        The brand's clock, by which its hours were learnt: an IANA name.
    bundle
        Versions of the bundles that scored its tweets.
    """

    state: BrandState
    zone: str
    bundle: str


def learnt(state: BrandState, zone: str) -> Learnt:
    """What a brand's state has learnt, apart from its stream.

    Examples
    --------
    >>> found = learnt(BrandState("Air Paradis", closed_ms=300_000, n_hours=12), "Europe/Paris")
    >>> found.state.n_hours, found.state.closed_ms
    (12, -1)
    """
    return Learnt(_with_stream_of(BrandState(state.brand), state), zone, state.bundle)


def adopt(live: BrandState | None, found: Learnt) -> BrandState:
    """A worker's state of a brand with what was learnt from history.

    Parameters
    ----------
    live
        Its state so far: how far its stream has come and whether an alert is open stay as they
        are; None for a new brand.

    Examples
    --------
    >>> found = learnt(BrandState("Air Paradis", n_hours=200), "UTC")
    >>> state = adopt(BrandState("Air Paradis", last_seq={"x": 9}, n_hours=3), found)
    >>> state.n_hours, state.last_seq
    (200, {'x': 9})
    """
    return found.state if live is None else _with_stream_of(live, found.state)


def _with_stream_of(stream: BrandState, state: BrandState) -> BrandState:
    return replace(state, **{name: getattr(stream, name) for name in OF_THE_STREAM})


def encode_history(brands: Sequence[Learnt], files: Sequence[str]) -> bytes:
    """A baseline file.

    Parameters
    ----------
    brands
        Each once.
    files
        Names of the recordings it was learnt from.
    """
    plain = {
        "v": VERSION,
        "learnt_from": list(files),
        "brands": [_plain(found) for found in sorted(brands, key=lambda one: one.state.brand)],
    }
    return orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _plain(found: Learnt) -> dict[str, Any]:
    state = found.state
    return {
        "brand": state.brand,
        "zone": found.zone,
        "bundle": found.bundle,
        "hours_with_tweets": state.n_hours,
        "negatives": state.n_negative_seen,
        "usual_negatives_per_5_min": round(state.baseline.level, 3),
        "usual_negative_rate": round(state.baseline.rate, 4),
        "state": orjson.loads(state.pack()),
    }


def decode_history(data: bytes) -> list[Learnt]:
    """What :func:`encode_history` wrote.

    Raises
    ------
    StateError
        When it is something else, or of another version.

    Examples
    --------
    >>> found = learnt(BrandState("Air Paradis", n_hours=12), "Europe/Paris")
    >>> decode_history(encode_history([found], ["week.jsonl"])) == [found]
    True
    """
    try:
        plain = orjson.loads(data)
        if not isinstance(plain, dict) or "v" not in plain:
            raise StateError(f"{_NO_HISTORY}: expected an object with its version v")
        version = plain["v"]
        if version != VERSION:
            raise StateError(f"a baseline file has version {version}, this badbuzz reads {VERSION}")
        return [
            Learnt(
                BrandState.unpack(orjson.dumps(entry["state"])),
                str(entry["zone"]),
                str(entry["bundle"]),
            )
            for entry in plain["brands"]
        ]
    except orjson.JSONDecodeError as error:
        raise StateError(f"{_NO_HISTORY}: is no JSON: {error}") from error
    except KeyError as error:
        raise StateError(f"{_NO_HISTORY}: lacks {error}") from error
    except (TypeError, ValueError) as error:
        raise StateError(f"{_NO_HISTORY}: {error}") from error
