"""``GET /models``: the bundle in use, the registered versions and the promotions per language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import orjson
from fastapi import APIRouter, Response

from badbuzz.models.history import ModelHistory
from badbuzz.models.registry import CHALLENGER, CHAMPION, Version
from badbuzz.models.scorer import Scorer
from dashboards.api import examples
from dashboards.api.routing import ReadRoute, StateDep, reply
from dashboards.responses import (
    Card,
    LanguageModels,
    ModelOverview,
    RegisteredVersion,
    RegistryState,
    ServingBundle,
)

router = APIRouter(route_class=ReadRoute, tags=["models"])

_MAX_VERSIONS: Final = 30
_MAX_EVENTS: Final = 100


@router.get("/models", response_model=ModelOverview, responses=examples.responses(examples.MODELS))
async def models(state: StateDep) -> Response:
    """Return the models of each language: the bundle in use, and the registry's data.

    The registry is read every BADBUZZ_REGISTRY_POLL_S, not by the request. While it is
    unreachable, the response contains the data of the last successful read.
    """
    sync = state.champion_sync
    return reply(overview(state.scorers.scorers, sync.registry, sync.histories))


def overview(
    scorers: Mapping[str, Scorer], registry: RegistryState, histories: Mapping[str, ModelHistory]
) -> ModelOverview:
    """Combine the scorers in use with the registry's data.

    Parameters
    ----------
    scorers
        Scorer in use, by language.
    registry
        State of the registry.
    histories
        Versions and events in the registry, by language.

    Examples
    --------
    >>> registry = RegistryState("none", None, None)
    >>> (french,) = overview({"fr": Scorer.load("tweets-fr")}, registry, {}).languages
    >>> french.serving.threshold, french.versions
    (0.5, ())
    """
    languages = sorted({*scorers, *histories})
    return ModelOverview(
        registry,
        tuple(
            _language_models(one, scorers.get(one), histories.get(one, ModelHistory()))
            for one in languages
        ),
    )


def _language_models(language: str, scorer: Scorer | None, history: ModelHistory) -> LanguageModels:
    newest = history.versions[::-1]
    return LanguageModels(
        language=language,
        serving=None if scorer is None else _serving_bundle(scorer, newest),
        champion=_find_alias(newest, CHAMPION),
        challenger=_find_alias(newest, CHALLENGER),
        n_versions=len(newest),
        versions=tuple(
            _registered_version(version)
            for position, version in enumerate(newest)
            if position < _MAX_VERSIONS or version.aliases
        ),
        events=history.events[::-1][:_MAX_EVENTS],
    )


def _serving_bundle(scorer: Scorer, newest: tuple[Version, ...]) -> ServingBundle:
    number = next((one.number for one in newest if one.bundle == scorer.version), None)
    return ServingBundle(scorer.version, scorer.threshold, number, scorer.card)


def _find_alias(versions: tuple[Version, ...], alias: str) -> int | None:
    return next((version.number for version in versions if alias in version.aliases), None)


def _registered_version(version: Version) -> RegisteredVersion:
    return RegisteredVersion(
        version.number,
        version.bundle,
        version.aliases,
        version.created_ms,
        _parse_card(version.tags.get("card", "")),
    )


def _parse_card(text: str) -> Card | None:
    """Parse the tag ``card`` of a version; return None if another program wrote something else."""
    try:
        card = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return card if isinstance(card, dict) else None
