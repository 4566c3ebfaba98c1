"""History of registered models: versions, promotions and rollbacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import orjson

from badbuzz.models.registry import Registry, Version

CHANGE_TAG_PREFIX: Final = "event."
"""Prefix of the tags of a registered model that hold one change each."""


@dataclass(frozen=True, slots=True)
class ChampionChange:
    """One move of the alias ``champion``.

    Parameters
    ----------
    what
        ``promote`` or ``rollback``.
    when_ms
        Time of the move, Unix milliseconds.
    who
        Name the user gave.
    why
        Reason the user gave; may be empty if every check passed.
    before, after
        Version numbers; ``before`` is None for the first champion.
    forced
        Whether a check failed.
    evaluation
        Digest of the held-out set; empty if none was used.
    checks
        Result of each check, by name.
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
    """Versions and champion changes of a language, each oldest first."""

    versions: tuple[Version, ...] = ()
    events: tuple[ChampionChange, ...] = ()


def read_changes(registry: Registry, language: str) -> list[ChampionChange]:
    """Return the champion changes of a language, oldest first."""
    model = registry.find_model(language)
    changes = [
        ChampionChange(**orjson.loads(value))
        for name, value in (model.tags if model is not None else {}).items()
        if name.startswith(CHANGE_TAG_PREFIX)
    ]
    return sorted(changes, key=lambda change: change.when_ms)


def read_histories(registry: Registry) -> dict[str, ModelHistory]:
    """Return the history of every language that has a registered model.

    Raises
    ------
    RegistryError
        If the server refuses or does not answer.
    """
    return {
        language: ModelHistory(
            tuple(registry.versions(language)), tuple(read_changes(registry, language))
        )
        for language in registry.languages()
    }
