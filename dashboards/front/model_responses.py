"""What is known of models: what serves, what the registry holds, where people saw them err."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from dashboards.front.client import Client
from dashboards.front.decoding import read

MIN_OF_GROUP: Final = 3
"""Smaller groups of judged labels say nothing."""

Card = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Serving:
    """The bundle that scores a language; ``version`` is its number in the registry, if any."""

    bundle: str
    threshold: float
    version: int | None
    card: Card


@dataclass(frozen=True, slots=True)
class Registered:
    """A version in the registry."""

    number: int
    bundle: str
    aliases: tuple[str, ...]
    created_ms: int
    card: Card | None


@dataclass(frozen=True, slots=True)
class Event:
    """A promotion or a rollback."""

    what: str
    when_ms: int
    who: str
    why: str
    before: int | None
    after: int
    forced: bool


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """The models of a language."""

    language: str
    serving: Serving | None
    champion: int | None
    challenger: int | None
    n_versions: int
    versions: tuple[Registered, ...]
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class RegistryState:
    """How the registry stands: ``none`` is set, it is ``unread``, ``answers``, ``unreachable``."""

    state: str
    since_ms: int | None
    read_ms: int | None


@dataclass(frozen=True, slots=True)
class Models:
    """Every language's models."""

    registry: RegistryState
    languages: tuple[LanguageModels, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Judged labels that have something in common; the interval is of 95 %."""

    name: str
    n: int
    n_missed: int
    n_false: int
    wrong_rate: float | None
    wrong_interval: tuple[float, ...] | None


@dataclass(frozen=True, slots=True)
class Step:
    """A version held against the one before it."""

    name: str
    n: int
    wrong_rate: float | None
    wrong_interval: tuple[float, ...] | None
    before: str | None
    told: str | None


@dataclass(frozen=True, slots=True)
class Today:
    """What the bundle in use says of the same words."""

    bundle: str
    score: float
    wrong: bool


@dataclass(frozen=True, slots=True)
class Wrong:
    """A label that was wrong, as a person said."""

    id: str
    brand: str
    lang: str
    text: str
    predicted: bool
    right: bool
    score: float | None
    bundle: str
    n: int
    today: Today | None


@dataclass(frozen=True, slots=True)
class Labels:
    """Where labels were wrong."""

    overall: Group
    corrections: Group
    labelling: Group
    by_language: tuple[Group, ...]
    by_brand: tuple[Group, ...]
    by_reason: tuple[Group, ...]
    by_term: tuple[Group, ...]
    worst: tuple[Wrong, ...]


@dataclass(frozen=True, slots=True)
class Trend:
    """Shares of errors by version, oldest first, of feedback that came in one way."""

    by_version: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Trends:
    """What became of errors."""

    corrections: Trend
    labelling: Trend


@dataclass(frozen=True, slots=True)
class Errors:
    """Where people saw labels err in a period."""

    from_ms: int
    to_ms: int
    n_feedback: int
    labels: Labels
    trends: Trends


def models(client: Client) -> Models:
    """What scores each language, and what the registry tells of it."""
    return read(Models, client.get("/models"))


def errors(client: Client, from_ms: int) -> Errors:
    """Where people saw labels err since then."""
    return read(Errors, client.get("/errors", from_=from_ms))
