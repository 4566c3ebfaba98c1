"""The page *Models*: what scores each language, how good it is, and where people saw it err."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from badbuzz.models.history import ChampionChange
from dashboards.front.client import Client
from dashboards.front.drift import SHIFT, drift, recent_scores
from dashboards.front.parts import error_charts, layout, tables
from dashboards.front.translator import Translator
from dashboards.responses import (
    Card,
    LanguageModels,
    RegisteredVersion,
    RegistryState,
    ServingBundle,
)

_FIGURES: Final = ("accuracy", "auc", "ece")
_MOST_EVENTS: Final = 10
_ZONE: Final = "UTC"


def show(client: Client, words: Translator) -> None:
    """Draw the page, below its heading."""
    found, scores = client.models(), recent_scores(client)
    for one in found.languages:
        _show_language(one, scores, words)
    _tell_registry(found.registry, words)
    error_charts.show(client, words)


def _show_language(
    one: LanguageModels, scores: Mapping[str, list[float]], words: Translator
) -> None:
    st.header(words.language_name(one.language).capitalize(), anchor=False)
    if one.serving is None:
        st.warning(words("models_unserved"), icon=":material/warning:")
    else:
        serving = one.serving
        version = words("models_version", n=serving.version) if serving.version else ""
        layout.sentence(words("models_serves", bundle=serving.bundle), [version] if version else [])
        _show_quality(serving.card, words)
        _tell_drift(serving, scores.get(serving.bundle, []), words)
        _show_card(serving.card, serving.threshold, words)
    if one.n_versions:
        _show_versions(one, words)
    if one.events:
        _show_events(one.events, words)


def _show_quality(card: Card, words: Translator) -> None:
    quality = card.get("quality", {})
    vader = quality.get("vader", {})
    known = [name for name in _FIGURES if _mean(quality, name) is not None]
    layout.figures(*(_figure(name, quality, vader, words) for name in known))


def _figure(
    name: str, quality: Mapping[str, Any], vader: Mapping[str, Any], words: Translator
) -> tuple[str, str, str]:
    """A figure's name, its value with its deviation, and what it is held against."""
    mean, sd = _mean(quality, name), _deviation(quality, name)
    value = words.number(mean or 0.0, 3)
    held = words("models_sd", sd=words.number(sd, 3)) if sd is not None else ""
    rival = _mean(vader, name)
    if rival is not None:
        held += f" · VADER {words.number(rival, 3)}"
    return words(f"models_{name}"), value, held.removeprefix(" · ")


def _tell_drift(serving: ServingBundle, scores: list[float], words: Translator) -> None:
    """Say how far the newest tweets are from those that the figures are of."""
    found = drift(serving, scores)
    if found is None:
        layout.note(words("models_drift_unknown"))
        return
    told = {"n": words.number(len(scores)), "index": words.number(found, 2)}
    if found > SHIFT:
        st.warning(words("models_drift_shift", **told), icon=":material/moving:")
    else:
        layout.note(words("models_drift_none", **told))


def _mean(quality: Mapping[str, Any], name: str) -> float | None:
    found = quality.get(name)
    found = found.get("mean") if isinstance(found, dict) else found
    return found if isinstance(found, int | float) else None


def _deviation(quality: Mapping[str, Any], name: str) -> float | None:
    found = quality.get(name)
    return found.get("sd") if isinstance(found, dict) else None


def _show_card(card: Card, threshold: float, words: Translator) -> None:
    with st.expander(words("models_card"), icon=":material/description:"):
        quality = card.get("quality", {})
        kind = card.get("model", {}).get("kind", "")
        told = [
            words("models_threshold", threshold=words.number(threshold, 2)),
            words(
                "models_rows",
                n=words.number(card.get("n_rows", 0)),
                rate=words.percent(card.get("negative_rate")),
            ),
        ]
        if kind:
            told.append(words("models_kind", kind=kind))
        if "left_out_auc" in quality:
            auc = words.number(quality["left_out_auc"], 3)
            told.append(words("models_left_out", brand=quality.get("left_out", "?"), auc=auc))
        layout.lines(told)
        _show_data(card.get("data", []), words)
        layout.note(words("models_protocol", protocol=card.get("protocol", "–")))


def _show_data(data: Sequence[Mapping[str, Any]], words: Translator) -> None:
    tables.draw(
        [words("models_data"), words("models_n"), words("models_use"), words("models_licence")],
        [
            [
                str(one.get("title", "")),
                words.number(one.get("n_rows", 0)),
                str(one.get("use", "")),
                str(one.get("licence", "")),
            ]
            for one in data
        ],
    )


def _show_versions(one: LanguageModels, words: Translator) -> None:
    st.subheader(words("models_versions", n=one.n_versions), anchor=False)
    tables.draw(
        [words(f"models_{key}") for key in ("number", "bundle", "since", "auc")],
        [
            [
                _numbered(version, words),
                version.bundle,
                words.day(version.created_ms, _ZONE),
                _auc(version, words),
            ]
            for version in one.versions
        ],
    )


def _numbered(version: RegisteredVersion, words: Translator) -> str:
    """A version's number, and its part if it has one."""
    known = {"champion", "challenger"}
    parts = [words(f"models_{alias}") if alias in known else alias for alias in version.aliases]
    return " – ".join([str(version.number), *parts])


def _auc(version: RegisteredVersion, words: Translator) -> str:
    mean = _mean((version.card or {}).get("quality", {}), "auc")
    return "–" if mean is None else words.number(mean, 3)


def _show_events(events: Sequence[ChampionChange], words: Translator) -> None:
    st.subheader(words("models_events"), anchor=False)
    layout.lines([_told(event, words) for event in events[:_MOST_EVENTS]])


def _told(event: ChampionChange, words: Translator) -> str:
    said = words(
        f"models_{event.what}",
        when=words.moment(event.when_ms, _ZONE),
        who=event.who,
        before=event.before or "–",
        after=event.after,
    )
    said += words("models_why", why=event.why) if event.why else ""
    return said + (words("models_forced") if event.forced else "")


def _tell_registry(registry: RegistryState, words: Translator) -> None:
    since = words.moment(registry.since_ms, _ZONE) if registry.since_ms else ""
    told = words(f"models_registry_{registry.state}", since=since)
    if registry.state == "unreachable":
        st.warning(told, icon=":material/cloud_off:")
    else:
        layout.note(told)
