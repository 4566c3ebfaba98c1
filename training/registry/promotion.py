"""A champion's coming and going: promotions and rollbacks, each an event in the registry.

An event is a tag of the registered model, written before the alias moves: whatever kills the
command, no champion serves that nobody answers for.
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
from badbuzz.models.registry import CHALLENGER, CHAMPION, Registry, Version, model_name
from badbuzz.models.scorer import Scorer
from training.registry.gate import Check

_MAX_WHY: Final = 1000


def former(told: Sequence[ChampionChange], champion: int) -> int | None:
    """The version that served before the champion, as events tell; None when there was none.

    A rollback takes back one promotion, so a second one goes further back. Events at the end whose
    alias never moved, as their command was killed, count for nothing.

    Examples
    --------
    >>> told = [
    ...     ChampionChange("promote", 1, "", "", None, 1),
    ...     ChampionChange("promote", 2, "", "", 1, 2),
    ... ]
    >>> back = ChampionChange("rollback", 3, "", "", 2, 1)
    >>> former(told, 2), former([*told, back], 1), former([*told, back], 2)
    (1, None, 1)
    """
    told = list(told)
    while told and told[-1].after != champion:
        told.pop()
    served: list[int] = []
    for event in told:
        if event.what == "rollback":
            while served and served[-1] != event.after:
                served.pop()
        if event.after not in served[-1:]:
            served.append(event.after)
    return served[-2] if len(served) > 1 else None


def needed(registry: Registry, language: str, which: str) -> Version:
    """The version that an alias or a number names.

    Raises
    ------
    RegistryError
        When there is none.
    """
    version = registry.find_version(language, which)
    if version is None:
        known = [str(one.number) for one in registry.versions(language)]
        raise RegistryError(
            f"{model_name(language)}: has no {which!r}: its versions are "
            f"{', '.join(known) or 'none yet: badbuzz models register BUNDLE'}"
        )
    return version


def load(registry: Registry, version: Version) -> tuple[Scorer, int]:
    """A version's scorer, fetched and checked, and how many bytes its bundle has."""
    with TemporaryDirectory(prefix="badbuzz-bundle-") as name:
        scorer, bundle = registry.fetch(version, Path(name))
        return scorer, sum(path.stat().st_size for path in bundle.iterdir())


def promote(
    registry: Registry,
    version: Version,
    checks: Sequence[Check],
    *,
    who: str,
    why: str = "",
    force: bool = False,
    evaluation: str = "",
) -> ChampionChange:
    """Make a version the champion; it is no challenger any more.

    Raises
    ------
    RegistryError
        When a check does not hold and ``force`` is false; when it is true, and there is no reason.
    """
    failed = [check for check in checks if not check.holds]
    if failed and not force:
        raise RegistryError(
            f"{version}: not promoted: {failed[0].name}: {failed[0].found}"
            f"{_more(len(failed) - 1)}; --force with a --reason promotes it all the same"
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
        evaluation=evaluation,
        checks={check.name: check.found for check in checks},
    )
    _move(registry, version, event)
    if CHALLENGER in version.aliases:
        with registry.named_errors():
            registry.client.delete_registered_model_alias(model_name(version.language), CHALLENGER)
    return event


def roll_back(registry: Registry, language: str, *, who: str, why: str) -> ChampionChange:
    """Give the alias back to the version that served before.

    Raises
    ------
    RegistryError
        When nothing served before, or there is no reason.
    BundleError
        When the former champion's bundle is not what it was.
    """
    champion = needed(registry, language, CHAMPION)
    number = former(read_changes(registry, language), champion.number)
    if number is None:
        raise RegistryError(
            f"{champion}: no event tells what served before it: promote a version by its number"
        )
    version = needed(registry, language, str(number))
    load(registry, version)
    why = _reason(why, needed=True)
    event = ChampionChange("rollback", _now_ms(), who, why, champion.number, number)
    _move(registry, version, event)
    return event


def _move(registry: Registry, version: Version, event: ChampionChange) -> None:
    name = model_name(version.language)
    told = orjson.dumps(asdict(event)).decode()
    with registry.named_errors():
        registry.client.set_registered_model_tag(name, f"{CHANGE_TAG_PREFIX}{event.when_ms}", told)
        registry.client.set_registered_model_alias(name, CHAMPION, str(version.number))


def _reason(why: str, *, needed: bool) -> str:
    if needed and not why.strip():
        raise RegistryError("--reason is missing: say why, for those who come after")
    if len(why) > _MAX_WHY:
        raise RegistryError(f"--reason has {len(why)} characters, at most {_MAX_WHY}")
    return why.strip()


def _more(n: int) -> str:
    return f" (and {n} more)" if n else ""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
