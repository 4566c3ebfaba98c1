"""What a registry tells of its models: their versions, every promotion and rollback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import orjson

from badbuzz.models.registry import Registry, Version

CHANGE_TAG_PREFIX: Final = "event."
"""What the names of a registered model's tags begin with that hold an event each."""


@dataclass(frozen=True, slots=True)
class ChampionChange:
    """One move of the alias ``champion``.

    Parameters
    ----------
    what
        ``promote`` or ``rollback``.
    when_ms
        Unix milliseconds.
    who
        As they called themselves.
    why
        In their words; may be empty where every check held.
    before, after
        Numbers of the versions; ``before`` is None for the first champion.
    forced
        Whether a check did not hold.
    evaluation
        Digest of the evaluation set, or empty.
    checks
        What was found, by check.
    """

    what: Literal["promote", "rollback"]
    when_ms: int
    who: str
    why: str
    before: int | None
    after: int
    forced: bool = False
    evaluation: str = ""
    checks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelHistory:
    """All that a registry tells of a language: its versions and its events, oldest first."""

    versions: tuple[Version, ...] = ()
    events: tuple[ChampionChange, ...] = ()


def read_changes(registry: Registry, language: str) -> list[ChampionChange]:
    """Every event of a language, oldest first."""
    model = registry.model(language)
    tags = model.tags if model is not None else {}
    found = [
        ChampionChange(**orjson.loads(value))
        for name, value in tags.items()
        if name.startswith(CHANGE_TAG_PREFIX)
    ]
    return sorted(found, key=lambda event: event.when_ms)


def read_histories(registry: Registry) -> dict[str, ModelHistory]:
    """The life of every language that has a registered model.

    Raises
    ------
    RegistryError
        When the server refuses, or does not answer.
    """
    return {
        language: ModelHistory(
            tuple(registry.versions(language)), tuple(read_changes(registry, language))
        )
        for language in registry.languages()
    }
