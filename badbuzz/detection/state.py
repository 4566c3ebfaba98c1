"""What the fold remembers of one brand, and how it is packed.

The packed form is a JSON array behind a version, at most 4 kB a brand; numbers come back exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Final

import orjson

from badbuzz.detection.baseline import Baseline
from badbuzz.detection.buckets import Bucket, WindowSum
from badbuzz.errors import StateError
from badbuzz.model import Severity, WindowState

VERSION: Final = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """How one brand is watched.

    Parameters
    ----------
    theta
        Score at which an alert opens; two above it is critical.
    zone
        The brand's clock, for the hour of the day.
    languages
        Languages that count, or None for all.
    muted_ms
        Half-open intervals in which no alert opens.
    lateness_ms
        How late in event time a tweet may come.
    warmup_hours, warmup_negatives
        What must be seen before an alert is more than informational: hours with a tweet,
        and negatives.
    count_weight, rate_weight
        What a standard deviation of the count, and of the rate, adds to the score.
    min_rate_z
        Standard deviations above the usual rate below which nothing scores.
    surge_rate_z
        How many more are asked for when e times the usual tweets are not negative: a surge of
        all that is said is no crisis. 0 asks for none.
    min_negatives
        Negatives in a window below which nothing scores.
    step
        Points above theta that make an alert critical, above what was last announced that
        escalate it, and above the last peak that open another in the cool-down.
    quiet_z, quiet_minutes
        An alert is resolved when no scale's count was so many standard deviations too high for
        so long.
    cool_down_minutes
        After that, how long only a higher peak opens another.

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
        """Whether a planned campaign mutes the brand at an instant."""
        return any(start <= at_ms < end for start, end in self.muted_ms)


@dataclass(frozen=True, slots=True)
class DetectionResult:
    """The result of testing a closed bucket, on the scale with the highest score.

    ``score`` is 0 without anger or history; ``max_count_z`` is the highest count z of all scales;
    the band is that of the bucket, two standard deviations either way; ``sums`` has one window for
    each scale.
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
    sums: Sequence[WindowSum] = ()


@dataclass(slots=True)
class OpenAlert:
    """An alert that has not been resolved.

    ``last_notified_score`` is the score of the last phase that was published.
    """

    id: str
    opened_ms: int
    severity: Severity
    last_notified_score: float
    peak: float
    n_quiet: int = 0


@dataclass(slots=True)
class BrandState:
    """All that is remembered of one brand.

    Parameters
    ----------
    brand
        The key.
    closed_ms
        Buckets before this are closed, and a tweet older than this is late; -1 at first.
    newest_ms
        Newest event time by source.
    last_seq
        Last number seen by a source's digest, the source heard last at the end.
    recent_ids
        Digests of the last records that had no number.
    buckets
        Open ones, by start.
    recent
        The last hour's closed ones, oldest first.
    n_hours, last_hour, n_negative_seen
        Hours that held a tweet, the last of them, and negatives in closed buckets.
    cool_until_ms, last_peak
        Until when, and up to which score, a new alert is the old one's echo.
    bundles
        Digests of the bundles that scored the brand's tweets, by name.

    Examples
    --------
    >>> state = BrandState("Air Paradis", closed_ms=300_000)
    >>> BrandState.unpack(state.pack()) == state
    True
    """

    brand: str
    closed_ms: int = -1
    newest_ms: dict[str, int] = field(default_factory=dict)
    last_seq: dict[str, int] = field(default_factory=dict)
    recent_ids: list[int] = field(default_factory=list)
    buckets: dict[int, Bucket] = field(default_factory=dict)
    recent: list[Bucket] = field(default_factory=list)
    baseline: Baseline = field(default_factory=Baseline)
    n_late: int = 0
    n_hours: int = 0
    last_hour: int = -1
    n_negative_seen: int = 0
    alert: OpenAlert | None = None
    cool_until_ms: int = 0
    last_peak: float = 0.0
    replay: bool = False
    bundles: dict[str, str] = field(default_factory=dict)

    def warm(self, rules: Rules) -> bool:
        """Whether the baseline has seen enough to be trusted."""
        return self.n_hours >= rules.warmup_hours and self.n_negative_seen >= rules.warmup_negatives

    def shown(self, at_ms: int, rules: Rules) -> WindowState:
        """The one word for how the brand stands."""
        if not self.warm(rules):
            return "no_baseline"
        if self.alert is not None:
            return "firing"
        if rules.muted(at_ms):
            return "muted"
        return "cooling" if at_ms < self.cool_until_ms else "quiet"

    @property
    def bundle(self) -> str:
        """Versions of the bundles that scored the brand's tweets."""
        return ",".join(f"{name}@{digest}" for name, digest in sorted(self.bundles.items()))

    def pack(self) -> bytes:
        """Everything, as JSON; :meth:`unpack` gives an equal state."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        plain["v"] = VERSION
        plain["baseline"] = self.baseline.pack()
        plain["buckets"] = [(start, *astuple(bucket)) for start, bucket in self.buckets.items()]
        plain["recent"] = [astuple(bucket) for bucket in self.recent]
        plain["alert"] = astuple(self.alert) if self.alert is not None else None
        return orjson.dumps(plain)

    @classmethod
    def unpack(cls, packed: bytes) -> BrandState:
        """What :meth:`pack` packed.

        Raises
        ------
        StateError
            When it is of another version.
        """
        plain: dict[str, Any] = orjson.loads(packed)
        version = plain.pop("v", None)
        if version != VERSION:
            raise StateError(
                f"state of brand {plain.get('brand')!r} has version {version}, this is {VERSION}: "
                "run the badbuzz that wrote it, or start with an empty processor-state topic"
            )
        plain["baseline"] = Baseline.unpack(plain["baseline"])
        plain["buckets"] = {start: Bucket(*rest) for start, *rest in plain["buckets"]}
        plain["recent"] = [Bucket(*fields) for fields in plain["recent"]]
        plain["alert"] = OpenAlert(*plain["alert"]) if plain["alert"] is not None else None
        return cls(**plain)
