"""Baseline files: baselines of brands, learnt from history, that a worker's state can load.

The file is JSON. For each brand it has figures for people, and the brand's packed state without the
fields that belong to the stream it was learnt from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson

from badbuzz.detection.state import BrandState
from badbuzz.errors import StateError

VERSION: Final = 1
_INVALID: Final = "not a baseline file written by badbuzz baseline build"

STREAM_FIELDS: Final = (
    "closed_ms", "newest_ms", "buckets", "recent", "n_late", "last_hour", "n_empty",
    "empty_expected", "alert", "cool_until_ms", "last_peak", "replay", "bundles",
)  # fmt: skip
"""Fields of a state that belong to its stream; all others belong to the baseline."""


@dataclass(frozen=True, slots=True)
class BrandBaseline:
    """Baseline of one brand.

    Parameters
    ----------
    state
        State in which the fields of the stream have their defaults.
    zone
        IANA name of the time zone of the brand's hours.
    bundle
        Versions of the bundles that scored the brand's tweets.
    """

    state: BrandState
    zone: str
    bundle: str


def extract_baseline(state: BrandState, zone: str) -> BrandBaseline:
    """Return the baseline in a brand's state.

    Examples
    --------
    >>> state = BrandState("Air Paradis", closed_ms=300_000, n_hours=12)
    >>> baseline = extract_baseline(state, "Europe/Paris")
    >>> baseline.state.n_hours, baseline.state.closed_ms
    (12, -1)
    """
    return BrandBaseline(_with_stream_of(BrandState(state.brand), state), zone, state.bundle)


def adopt_baseline(live: BrandState | None, baseline: BrandBaseline) -> BrandState:
    """Return a worker's state of a brand with another baseline.

    Parameters
    ----------
    live
        Current state, whose position in the stream and open alert are kept; None for a new brand.
    baseline
        Baseline of the brand.

    Examples
    --------
    >>> baseline = extract_baseline(BrandState("Air Paradis", n_hours=200), "UTC")
    >>> state = adopt_baseline(BrandState("Air Paradis", n_late=9, n_hours=3), baseline)
    >>> state.n_hours, state.n_late
    (200, 9)
    """
    return baseline.state if live is None else _with_stream_of(live, baseline.state)


def _with_stream_of(stream: BrandState, state: BrandState) -> BrandState:
    return replace(state, **{name: getattr(stream, name) for name in STREAM_FIELDS})


def encode_baselines(baselines: Sequence[BrandBaseline], files: Sequence[str]) -> bytes:
    """Encode a baseline file.

    Parameters
    ----------
    baselines
        One baseline for each brand.
    files
        Names of the recordings that the baselines were learnt from.
    """
    plain = {
        "v": VERSION,
        "learnt_from": list(files),
        "brands": [_plain(one) for one in sorted(baselines, key=lambda one: one.state.brand)],
    }
    return orjson.dumps(plain, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _plain(baseline: BrandBaseline) -> dict[str, Any]:
    state = baseline.state
    return {
        "brand": state.brand,
        "zone": baseline.zone,
        "bundle": baseline.bundle,
        "hours_with_tweets": state.n_hours,
        "negatives": state.n_negative_seen,
        "usual_negatives_per_5_min": round(state.baseline.level, 3),
        "usual_negative_rate": round(state.baseline.rate, 4),
        "state": orjson.loads(state.pack()),
    }


def decode_baselines(data: bytes) -> list[BrandBaseline]:
    """Decode a baseline file.

    Raises
    ------
    StateError
        If it is not a baseline file, or has another version.

    Examples
    --------
    >>> baseline = extract_baseline(BrandState("Air Paradis", n_hours=12), "Europe/Paris")
    >>> decode_baselines(encode_baselines([baseline], ["week.jsonl"])) == [baseline]
    True
    """
    try:
        plain = orjson.loads(data)
        if not isinstance(plain, dict) or "v" not in plain:
            raise StateError(f"{_INVALID}: expected an object with its version v")
        version = plain["v"]
        if version != VERSION:
            raise StateError(f"a baseline file has version {version}, this badbuzz reads {VERSION}")
        return [
            BrandBaseline(
                BrandState.unpack(orjson.dumps(entry["state"])),
                str(entry["zone"]),
                str(entry["bundle"]),
            )
            for entry in plain["brands"]
        ]
    except orjson.JSONDecodeError as error:
        raise StateError(f"{_INVALID}: invalid JSON: {error}") from error
    except KeyError as error:
        raise StateError(f"{_INVALID}: missing field {error}") from error
    except (TypeError, ValueError) as error:
        raise StateError(f"{_INVALID}: {error}") from error
