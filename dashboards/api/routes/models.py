"""``GET /models``: what scores each language, which versions are registered, who promoted them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import orjson
from fastapi import APIRouter, Response

from badbuzz.models.history import ChampionChange, ModelHistory
from badbuzz.models.registry import CHALLENGER, CHAMPION, Version
from badbuzz.models.scorer import Scorer
from dashboards.api import examples
from dashboards.api.champion_sync import Heard
from dashboards.api.routing import ReadRoute, Served, reply

router = APIRouter(route_class=ReadRoute, tags=["models"])

_MOST_VERSIONS: Final = 30
_MOST_EVENTS: Final = 100

Card = dict[str, Any]
"""A bundle's ``card.json``: data, quality, threshold, reference."""


@dataclass(frozen=True, slots=True)
class RegistryState:
    """How the registry stands.

    Parameters
    ----------
    state
        ``none`` is set, ``unread`` so far, it ``answers``, or is ``unreachable``.
    since_ms
        Since when, Unix milliseconds; null where none is set.
    read_ms
        How old what is told of versions and events is; null where none was read.
    """

    state: Literal["none", "unread", "answers", "unreachable"]
    since_ms: int | None
    read_ms: int | None


@dataclass(frozen=True, slots=True)
class Serving:
    """The bundle that scores a language in this API.

    Parameters
    ----------
    bundle
        Its ``name@hash``, as verdicts carry it.
    threshold
        A score at or above it is labelled negative.
    version
        Its number in the registry; null where it is not known there.
    card
        All that its card says.
    """

    bundle: str
    threshold: float
    version: int | None
    card: Card


@dataclass(frozen=True, slots=True)
class Registered:
    """A version in the registry; its card is null where it was registered without."""

    number: int
    bundle: str
    aliases: tuple[str, ...]
    created_ms: int
    card: Card | None


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """The models of a language.

    Parameters
    ----------
    serving
        Null where no bundle reads it here.
    champion, challenger
        Numbers of the versions with these aliases; null where there is none.
    n_versions
        How many are registered.
    versions
        The newest 30 and those with an alias, newest first.
    events
        The newest 100 promotions and rollbacks, newest first.
    """

    language: str
    serving: Serving | None
    champion: int | None
    challenger: int | None
    n_versions: int
    versions: tuple[Registered, ...]
    events: tuple[ChampionChange, ...]


@dataclass(frozen=True, slots=True)
class Models:
    """Every language's models, sorted by language."""

    registry: RegistryState
    languages: tuple[LanguageModels, ...]


@router.get("/models", response_model=Models, responses=examples.of(examples.MODELS))
async def models(parts: Served) -> Response:
    """What scores each language, and what the registry tells of it, where one is configured.

    The registry is not asked for it: it is read every BADBUZZ_REGISTRY_POLL_S. While it is
    unreachable, what it told last is answered.
    """
    return reply(told_models(parts.judging.scorers, parts.following.heard))


def told_models(scorers: Mapping[str, Scorer], heard: Heard) -> Models:
    """What serves beside what the registry told.

    Examples
    --------
    >>> told = told_models({"fr": Scorer.load("tweets-fr")}, Heard("none"))
    >>> told.languages[0].serving.threshold, told.languages[0].versions, told.registry.state
    (0.5, (), 'none')
    """
    languages = sorted({*scorers, *heard.lives})
    return Models(
        RegistryState(heard.state, heard.since_ms, heard.read_ms),
        tuple(
            _told_language(one, scorers.get(one), heard.lives.get(one, ModelHistory()))
            for one in languages
        ),
    )


def _told_language(language: str, scorer: Scorer | None, life: ModelHistory) -> LanguageModels:
    newest = life.versions[::-1]
    shown = [
        version for place, version in enumerate(newest) if place < _MOST_VERSIONS or version.aliases
    ]
    return LanguageModels(
        language=language,
        serving=None if scorer is None else _serving(scorer, newest),
        champion=_with_alias(newest, CHAMPION),
        challenger=_with_alias(newest, CHALLENGER),
        n_versions=len(newest),
        versions=tuple(_registered(version) for version in shown),
        events=life.events[::-1][:_MOST_EVENTS],
    )


def _serving(scorer: Scorer, newest: tuple[Version, ...]) -> Serving:
    number = next((one.number for one in newest if one.bundle == scorer.version), None)
    return Serving(scorer.version, scorer.threshold, number, scorer.card)


def _with_alias(versions: tuple[Version, ...], alias: str) -> int | None:
    return next((version.number for version in versions if alias in version.aliases), None)


def _registered(version: Version) -> Registered:
    return Registered(
        version.number,
        version.bundle,
        version.aliases,
        version.created_ms,
        _card(version.tags.get("card", "")),
    )


def _card(text: str) -> Card | None:
    """A card as a version's tag holds it; a tag that another program wrote may be anything."""
    try:
        card = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return card if isinstance(card, dict) else None
