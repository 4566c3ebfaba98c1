"""Page *Models*: the model of each language, its quality, drift and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import streamlit as st

from badbuzz.messages.translator import Translator
from badbuzz.models.history import ChampionChange
from dashboards.front.client import Client
from dashboards.front.drift import SHIFT, drift, recent_scores
from dashboards.front.parts import error_charts, layout, tables
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


def show(client: Client, t: Translator) -> None:
    """Draw the page below its heading."""
    answer, scores = client.models(), recent_scores(client)
    for one in answer.languages:
        _show_language(one, scores, t)
    _show_registry(answer.registry, t)
    error_charts.show(client, t)


def _show_language(one: LanguageModels, scores: Mapping[str, list[float]], t: Translator) -> None:
    st.header(t.name("language", one.language).capitalize(), anchor=False)
    if one.serving is None:
        st.warning(t("models_unserved"), icon=":material/warning:")
    else:
        serving = one.serving
        version = t("models_version", n=serving.version) if serving.version else ""
        layout.sentence(t("models_serves", bundle=serving.bundle), [version] if version else [])
        _show_quality(serving.card, t)
        _show_drift(serving, scores.get(serving.bundle, []), t)
        _show_card(serving.card, serving.threshold, t)
    if one.n_versions:
        _show_versions(one, t)
    if one.events:
        _show_events(one.events, t)


def _show_quality(card: Card, t: Translator) -> None:
    quality = card.get("quality", {})
    vader = quality.get("vader", {})
    known = [name for name in _FIGURES if _mean(quality, name) is not None]
    layout.figures(*(_figure(name, quality, vader, t) for name in known))


def _figure(
    name: str, quality: Mapping[str, Any], vader: Mapping[str, Any], t: Translator
) -> tuple[str, str, str]:
    """Return name, value, and deviation with VADER's value of a quality figure."""
    mean, sd = _mean(quality, name), _deviation(quality, name)
    value = t.number(mean or 0.0, 3)
    details = f"± {t.number(sd, 3)}" if sd is not None else ""
    rival = _mean(vader, name)
    if rival is not None:
        details += f" · VADER {t.number(rival, 3)}"
    return t(f"models_{name}"), value, details.removeprefix(" · ")


def _show_drift(serving: ServingBundle, scores: list[float], t: Translator) -> None:
    """Draw the drift of the newest tweets from the bundle's reference."""
    index = drift(serving, scores)
    if index is None:
        layout.note(t("models_drift_unknown"))
        return
    values = {"n": t.number(len(scores)), "index": t.number(index, 2)}
    if index > SHIFT:
        st.warning(t("models_drift_shift", **values), icon=":material/moving:")
    else:
        layout.note(t("models_drift_none", **values))


def _mean(quality: Mapping[str, Any], name: str) -> float | None:
    value = quality.get(name)
    value = value.get("mean") if isinstance(value, dict) else value
    return value if isinstance(value, int | float) else None


def _deviation(quality: Mapping[str, Any], name: str) -> float | None:
    value = quality.get(name)
    return value.get("sd") if isinstance(value, dict) else None


def _show_card(card: Card, threshold: float, t: Translator) -> None:
    with st.expander(t("models_card"), icon=":material/description:"):
        quality = card.get("quality", {})
        kind = card.get("model", {}).get("kind", "")
        sentences = [
            t("models_threshold", threshold=t.number(threshold, 2)),
            t(
                "models_rows",
                n=t.number(card.get("n_rows", 0)),
                rate=t.percent(card.get("negative_rate")),
            ),
        ]
        if kind:
            sentences.append(t("models_kind", kind=kind))
        if "left_out_auc" in quality:
            auc = t.number(quality["left_out_auc"], 3)
            sentences.append(t("models_left_out", brand=quality.get("left_out", "?"), auc=auc))
        layout.lines(sentences)
        _show_data(card.get("data", []), t)
        layout.note(t("models_protocol", protocol=card.get("protocol", "–")))


def _show_data(data: Sequence[Mapping[str, Any]], t: Translator) -> None:
    tables.draw(
        [t("models_data"), t("models_n"), t("models_use"), t("models_licence")],
        [
            [
                str(one.get("title", "")),
                t.number(one.get("n_rows", 0)),
                str(one.get("use", "")),
                str(one.get("licence", "")),
            ]
            for one in data
        ],
    )


def _show_versions(one: LanguageModels, t: Translator) -> None:
    st.subheader(t("models_versions", n=one.n_versions), anchor=False)
    tables.draw(
        [t(f"models_{key}") for key in ("number", "bundle", "since", "auc")],
        [
            [
                _numbered(version, t),
                version.bundle,
                t.day(version.created_ms, _ZONE),
                _auc(version, t),
            ]
            for version in one.versions
        ],
    )


def _numbered(version: RegisteredVersion, t: Translator) -> str:
    """Return the number of a version with its aliases."""
    known = {"champion", "challenger"}
    parts = [t(f"models_{alias}") if alias in known else alias for alias in version.aliases]
    return " – ".join([str(version.number), *parts])


def _auc(version: RegisteredVersion, t: Translator) -> str:
    mean = _mean((version.card or {}).get("quality", {}), "auc")
    return "–" if mean is None else t.number(mean, 3)


def _show_events(events: Sequence[ChampionChange], t: Translator) -> None:
    st.subheader(t("models_events"), anchor=False)
    layout.lines([_event_text(event, t) for event in events[:_MOST_EVENTS]])


def _event_text(event: ChampionChange, t: Translator) -> str:
    text = t(
        f"models_{event.what}",
        when=t.moment(event.when_ms, _ZONE),
        who=event.who,
        before=event.before or "–",
        after=event.after,
    )
    text += t("models_why", why=event.why) if event.why else ""
    return text + (t("models_forced") if event.forced else "")


def _show_registry(registry: RegistryState, t: Translator) -> None:
    since = t.moment(registry.since_ms, _ZONE) if registry.since_ms else ""
    text = t(f"models_registry_{registry.state}", since=since)
    if registry.state == "unreachable":
        st.warning(text, icon=":material/cloud_off:")
    else:
        layout.note(text)
