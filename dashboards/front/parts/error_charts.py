"""Draw a summary of the error analysis of the last four weeks."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from badbuzz.evidence.reasons import REASONS
from badbuzz.messages.translator import Translator
from badbuzz.model import DAY_MS
from badbuzz.quality.proportions import MIN_OF_GROUP
from dashboards.error_responses import ErrorAnalysis, LabelErrors, LabelGroup, WrongLabel
from dashboards.front.client import Client
from dashboards.front.labels import probability
from dashboards.front.parts import layout, tables

_DAYS: Final = 28
_MOST: Final = 5
_COMMAND: Final = f"badbuzz errors --days {_DAYS} --report errors.html"


_KEYS: Final = {
    "better": "better", "worse": "worse", "no difference": "same", "too few": "too_few",
}  # fmt: skip


def show(client: Client, t: Translator) -> None:
    """Draw error rates, trends, groups and the worst errors."""
    st.header(t("errors_title", days=_DAYS), anchor=False)
    analysis = client.errors(time.time_ns() // 1_000_000 - _DAYS * DAY_MS)
    labels = analysis.labels
    if not labels.overall.n:
        st.write(t("errors_none"))
        return
    layout.figures(
        *(
            (t(f"errors_{name}"), t.percent(group.wrong_rate), _of(group, t))
            for name, group in (
                ("overall", labels.overall),
                ("corrections", labels.corrections),
                ("labelling", labels.labelling),
            )
            if group.n
        )
    )
    layout.note(t("errors_caution"))
    _show_trends(analysis, t)
    _show_groups(labels, t)
    _show_worst(labels.worst[:_MOST], t)
    st.write(t("errors_report"))
    st.code(_COMMAND, language=None, wrap_lines=True)


def _of(group: LabelGroup, t: Translator) -> str:
    low, high = group.wrong_interval or (0.0, 1.0)
    return t("errors_of", n=t.number(group.n), low=t.percent(low), high=t.percent(high))


def _show_trends(analysis: ErrorAnalysis, t: Translator) -> None:
    sentences = [
        t(f"errors_{_KEYS[step.told]}", name=step.name, before=step.before)
        for trend in (analysis.trends.corrections, analysis.trends.labelling)
        for step in {one.name.partition("@")[0]: one for one in trend.by_version}.values()
        if step.told is not None
    ]
    if sentences:
        layout.lines(list(dict.fromkeys(sentences)))


def _show_groups(labels: LabelErrors, t: Translator) -> None:
    kinds = ("language", "brand", "reason", "term")
    groups = [
        (kind, group)
        for kind in kinds
        for group in getattr(labels, f"by_{kind}")[:_MOST]
        if group.n >= MIN_OF_GROUP
    ]
    if not groups:
        return
    st.subheader(t("errors_where"), anchor=False)
    tables.draw(
        [t(f"errors_{key}") for key in ("group", "by", "judged", "missed", "false", "share")],
        [
            [
                _named(kind, group.name, t),
                t(f"errors_by_{kind}"),
                t.number(group.n),
                t.number(group.n_missed),
                t.number(group.n_false),
                t.percent(group.wrong_rate),
            ]
            for kind, group in groups
        ],
    )


def _named(kind: str, name: str, t: Translator) -> str:
    if kind == "language":
        return t.name("language", name)
    if kind == "reason":
        return t.name("reason", name) if name in REASONS else t("errors_no_reason")
    return name or t("errors_no_brand")


def _show_worst(worst: Sequence[WrongLabel], t: Translator) -> None:
    if not worst:
        return
    st.subheader(t("errors_worst"), anchor=False)
    cards = "".join(
        f'<article class="bb-tweet"><p lang="{escape(one.lang)}">{escape(one.text)}</p>'
        f"<footer>{escape(' · '.join(_facts(one, t)))}</footer></article>"
        for one in worst
    )
    st.html(f'<div class="bb-tweets">{cards}</div>')


def _facts(one: WrongLabel, t: Translator) -> list[str]:
    facts = [
        t("errors_missed_one" if one.right else "errors_false_one"),
        one.bundle,
    ]
    if one.score is not None:
        facts.append(t("errors_score", percent=probability(one.score, t)))
    if one.today is not None:
        facts.append(t("errors_still_wrong" if one.today.wrong else "errors_right_today"))
    return facts
