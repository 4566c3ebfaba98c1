"""Promotions and rollbacks of champions, each recorded as an event in the registry.

An event is a tag of the registered model. It is written before the alias moves, so that every
champion has an event even if the command is killed.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import orjson

from badbuzz.errors import RegistryError
from badbuzz.models.history import CHANGE_TAG_PREFIX, ChampionChange, read_changes
from badbuzz.models.registry import (
    CHALLENGER,
    CHAMPION,
    PROMOTED_TAG,
    Registry,
    Version,
    model_name,
)
from badbuzz.models.scorer import Scorer
from training.registry.gate import Check

_MAX_WHY: Final = 1000


def former_champion(history: Sequence[ChampionChange], champion: int) -> int | None:
    """Return the version that was champion before, by the events; None if there was none.

    A rollback undoes one promotion, so that a second one goes further back. The last events are
    ignored if their alias did not move because the command was killed.

    Examples
    --------
    >>> history = [
    ...     ChampionChange("promote", 1, "", "", None, 1),
    ...     ChampionChange("promote", 2, "", "", 1, 2),
    ... ]
    >>> back = ChampionChange("rollback", 3, "", "", 2, 1)
    >>> former_champion(history, 2), former_champion([*history, back], 1)
    (1, None)
    >>> former_champion([*history, back], 2)
    1
    """
    valid = list(history)
    while valid and valid[-1].after != champion:
        valid.pop()
    served: list[int] = []
    for event in valid:
        if event.what == "rollback":
            while served and served[-1] != event.after:
                served.pop()
        if event.after not in served[-1:]:
            served.append(event.after)
    return served[-2] if len(served) > 1 else None


def find_version(registry: Registry, language: str, which: str) -> Version:
    """Return the version with an alias or a number.

    Raises
    ------
    RegistryError
        The version does not exist.
    """
    version = registry.find_version(language, which)
    if version is None:
        known = [str(one.number) for one in registry.versions(language)]
        raise RegistryError(
            f"{model_name(language)}: has no {which!r}: its versions are "
            f"{', '.join(known) or 'none yet: badbuzz models register BUNDLE'}"
        )
    return version


def load_bundle(registry: Registry, version: Version) -> tuple[Scorer, int]:
    """Fetch and check a version; return its scorer and the size of its bundle in bytes."""
    with TemporaryDirectory(prefix="badbuzz-bundle-") as name:
        scorer, bundle = registry.fetch(version, Path(name))
        return scorer, sum(path.stat().st_size for path in bundle.iterdir())


def promote(
    registry: Registry,
    version: Version,
    checks: Sequence[Check],
    *,
    digest: str,
    who: str,
    why: str = "",
    force: bool = False,
    heldout_digest: str = "",
) -> ChampionChange:
    """Make a version the champion and remove its alias ``challenger``.

    Parameters
    ----------
    digest
        SHA-256 of the bundle that was checked. It is recorded; workers refuse another bundle.
    who, why
        Person and reason, which are recorded.
    force
        Whether to promote although a check fails.
    heldout_digest
        Digest of the held-out set, which is recorded.

    Raises
    ------
    RegistryError
        A check fails and ``force`` is false, or there is no reason to force it.
    """
    failed = [check for check in checks if not check.holds]
    if failed and not force:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise RegistryError(
            f"{version}: not promoted: {failed[0].name}: {failed[0].found}{more}; "
            "use --force and --reason to promote it nevertheless"
        )
    champion = registry.find_version(version.language)
    event = ChampionChange(
        what="promote",
        when_ms=_now_ms(),
        who=who,
        why=_reason(why, needed=bool(failed)),
        before=champion.number if champion is not None else None,
        after=version.number,
        forced=bool(failed),
        evaluation=heldout_digest,
        checks={check.name: check.found for check in checks},
    )
    _move(registry, version, event, digest)
    if CHALLENGER in version.aliases:
        with registry.named_errors():
            registry.client.delete_registered_model_alias(model_name(version.language), CHALLENGER)
    return event


def roll_back(registry: Registry, language: str, *, who: str, why: str) -> ChampionChange:
    """Give the alias ``champion`` back to the former champion.

    Raises
    ------
    RegistryError
        There is no former champion, or no reason.
    BundleError
        The former champion's bundle is broken, or its files are not those that were promoted.
    """
    champion = find_version(registry, language, CHAMPION)
    number = former_champion(read_changes(registry, language), champion.number)
    if number is None:
        raise RegistryError(
            f"{champion}: no event names the version before it: promote a version by its number"
        )
    version = find_version(registry, language, str(number))
    scorer, _ = load_bundle(registry, version)
    if PROMOTED_TAG in version.tags:  # absent if it was promoted before digests were recorded
        registry.check_promoted(version, scorer)
    why = _reason(why, needed=True)
    event = ChampionChange("rollback", _now_ms(), who, why, champion.number, number)
    _move(registry, version, event, scorer.digest)
    return event


def _move(registry: Registry, version: Version, event: ChampionChange, digest: str) -> None:
    name = model_name(version.language)
    encoded = orjson.dumps(asdict(event)).decode()
    with registry.named_errors():
        registry.client.set_registered_model_tag(
            name, f"{CHANGE_TAG_PREFIX}{event.when_ms}", encoded
        )
        registry.client.set_model_version_tag(name, str(version.number), PROMOTED_TAG, digest)
        registry.client.set_registered_model_alias(name, CHAMPION, str(version.number))


def _reason(why: str, *, needed: bool) -> str:
    if needed and not why.strip():
        raise RegistryError("--reason is required, because it is recorded")
    if len(why) > _MAX_WHY:
        raise RegistryError(f"--reason has {len(why)} characters, at most {_MAX_WHY}")
    return why.strip()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
