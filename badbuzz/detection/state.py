"""State of one brand, its rules, and its serialised form.

The packed form is a versioned JSON object of at most 4 kB per brand. Numbers round-trip exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Final
from zlib import crc32

import orjson

from badbuzz.detection.baseline import Baseline
from badbuzz.detection.buckets import Bucket, WindowCounts
from badbuzz.errors import StateError, damaged_state
from badbuzz.model import WindowState

VERSION: Final = 4


@dataclass(frozen=True, slots=True)
class Rules:
    """Detection rules of one brand.

    Parameters
    ----------
    theta
        Score at which an alert opens.
    zone
        Time zone that defines the hour of the day.
    languages
        Languages whose tweets are counted; None for all.
    muted_ms
        Half-open intervals in which no alert opens, Unix milliseconds.
    lateness_ms
        Allowed lateness in event time, milliseconds.
    warmup_hours, warmup_negatives
        Hours with a tweet, and negatives, that the baseline needs before an alert is more than
        informational.
    count_weight, rate_weight
        Weights of count z and rate z in the score.
    min_rate_z
        Rate z below which the score is 0.
    surge_rate_z
        Addition to ``min_rate_z`` when there are e times as many non-negative tweets as usual,
        since a surge of all tweets is not a crisis; 0 for no addition.
    min_negatives
        Number of negatives in a window below which the score is 0.
    step
        Points above theta that make an alert critical, above the last published score that
        escalate it, and above the last peak that open a new alert in the cool-down.
    quiet_z, quiet_minutes
        An alert is resolved when the count z of every scale stays below ``quiet_z`` for
        ``quiet_minutes``.
    cool_down_minutes
        Length of the cool-down, in which only a higher peak opens a new alert.

    Examples
    --------
    >>> Rules(muted_ms=((0, 60_000),)).muted(59_999)
    True
    """

    theta: float = 4.0
    zone: tzinfo = UTC
    languages: frozenset[str] | None = None
    muted_ms: tuple[tuple[int, int], ...] = ()
    lateness_ms: int = 60_000
    warmup_hours: int = 168
    warmup_negatives: int = 50
    count_weight: float = 0.8
    rate_weight: float = 0.6
    min_rate_z: float = 1.4
    surge_rate_z: float = 1.0
    min_negatives: int = 5
    step: float = 2.0
    quiet_z: float = 2.0
    quiet_minutes: int = 30
    cool_down_minutes: int = 60

    def muted(self, at_ms: int) -> bool:
        """Check whether alerts of the brand are muted at a time."""
        return any(start <= at_ms < end for start, end in self.muted_ms)


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """Result of testing a closed bucket, on the scale with the highest score.

    ``minutes`` is the scale, or less if fewer buckets have closed since the brand's start or since
    a silence: the result covers only buckets that exist.
    ``score`` is 0 if the rate is not raised or the baseline is too young. ``max_count_z`` is the
    highest count z of all scales. ``expected_low`` and ``expected_high`` are two standard
    deviations below and above the bucket's expectation. ``sums`` has one window for each scale.
    """

    score: float
    max_count_z: float
    minutes: int
    start_ms: int
    end_ms: int
    n: int
    n_negative: int
    expected: float
    expected_low: float
    expected_high: float
    p_value: float
    sums: Sequence[WindowCounts] = ()


@dataclass(slots=True)
class OpenAlert:
    """An alert that has not been resolved.

    ``last_notified_score`` is the score of the last phase that was published.
    """

    id: str
    opened_ms: int
    severity: str
    last_notified_score: float
    peak: float
    n_quiet: int = 0


@dataclass(slots=True)
class BrandState:
    """Detector state of one brand.

    Parameters
    ----------
    brand
        Name of the brand.
    closed_ms
        End of the last closed bucket: an older tweet is late; -1 before the first tweet.
    newest_ms
        Newest event time of each source.
    buckets
        Open buckets by start.
    recent
        Closed buckets of the last hour, oldest first.
    n_hours, last_hour, n_negative_seen
        Number of hours with a tweet, the last such hour, and negatives in closed buckets.
    n_empty, empty_expected
        Number of buckets without a tweet since the last tweet, and the negatives expected in them.
    cool_until_ms, last_peak
        End of the cool-down, and the peak score of the last alert.
    bundles
        Digest of each bundle that scored the brand's tweets, by name.

    Examples
    --------
    >>> state = BrandState("Air Paradis", closed_ms=300_000)
    >>> BrandState.unpack(state.pack()) == state
    True
    """

    brand: str
    closed_ms: int = -1
    newest_ms: dict[str, int] = field(default_factory=dict)
    buckets: dict[int, Bucket] = field(default_factory=dict)
    recent: list[Bucket] = field(default_factory=list)
    baseline: Baseline = field(default_factory=Baseline)
    n_late: int = 0
    n_hours: int = 0
    last_hour: int = -1
    n_negative_seen: int = 0
    n_empty: int = 0
    empty_expected: float = 0.0
    alert: OpenAlert | None = None
    cool_until_ms: int = 0
    last_peak: float = 0.0
    replay: bool = False
    bundles: dict[str, str] = field(default_factory=dict)

    def warm(self, rules: Rules) -> bool:
        """Check whether the baseline has seen enough hours and negatives."""
        return self.n_hours >= rules.warmup_hours and self.n_negative_seen >= rules.warmup_negatives

    def restart(self) -> None:
        """Drop the buckets and times of the stream; the next tweet starts it anew.

        The baseline and an open alert stay.
        """
        self.closed_ms = self.last_hour = -1
        self.cool_until_ms = 0
        self.newest_ms.clear()
        self.buckets.clear()
        self.recent.clear()

    def window_state(self, at_ms: int, rules: Rules) -> WindowState:
        """Return the state that a window ending at a time is published with."""
        if not self.warm(rules):
            return "no_baseline"
        if self.alert is not None:
            return "firing"
        if rules.muted(at_ms):
            return "muted"
        return "cooling" if at_ms < self.cool_until_ms else "quiet"

    @property
    def bundle(self) -> str:
        """Versions of the bundles that scored the brand's tweets, separated by commas."""
        return ",".join(f"{name}@{digest}" for name, digest in sorted(self.bundles.items()))

    def pack(self) -> bytes:
        """Return the state as JSON; :meth:`unpack` restores an equal state."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["v"] = VERSION
        plain["baseline"] = self.baseline.pack()
        plain["buckets"] = [(start, *astuple(bucket)) for start, bucket in self.buckets.items()]
        plain["recent"] = [astuple(bucket) for bucket in self.recent]
        plain["alert"] = astuple(self.alert) if self.alert is not None else None
        return orjson.dumps(plain)

    @classmethod
    @damaged_state("the state of a brand")
    def unpack(cls, packed: bytes) -> BrandState:
        """Return the state that :meth:`pack` packed, or that of an earlier version.

        Raises
        ------
        StateError
            If it has a version that this one does not read, or is damaged.
        """
        plain: dict[str, Any] = orjson.loads(packed)
        version = plain.pop("v", None)
        while version in _MIGRATIONS:
            _MIGRATIONS[version](plain)
            version += 1
        if version != VERSION:
            raise StateError(
                f"state of brand {plain.get('brand')!r} has version {version}, this is {VERSION}: "
                "run the badbuzz that wrote it, or start anew"
            )
        plain["baseline"] = Baseline.unpack(plain["baseline"])
        plain["buckets"] = {start: Bucket(*rest) for start, *rest in plain["buckets"]}
        plain["recent"] = [Bucket(*fields) for fields in plain["recent"]]
        plain["alert"] = OpenAlert(*plain["alert"]) if plain["alert"] is not None else None
        return cls(**plain)


def _migrate_from_2(plain: dict[str, Any]) -> None:
    """Split the times and numbers of the sources, which the first form of version 2 had in one."""
    sources: dict[str, tuple[int, int]] | None = plain.pop("sources", None)
    if sources is not None:
        plain["newest_ms"] = {source: time_ms for source, (time_ms, _) in sources.items()}
        plain["last_seq"] = {
            f"{crc32(source.encode(errors='replace')):08x}": seq
            for source, (_, seq) in sources.items()
            if seq >= 0
        }


def _migrate_from_3(plain: dict[str, Any]) -> None:
    """Remove the numbers and ids of a version before ids were kept apart from the state."""
    del plain["last_seq"], plain["recent_ids"]


_MIGRATIONS: Final[dict[int, Callable[[dict[str, Any]], None]]] = {
    2: _migrate_from_2,
    3: _migrate_from_3,
}
"""Changes the fields of a version, by version, into those of the next one."""
