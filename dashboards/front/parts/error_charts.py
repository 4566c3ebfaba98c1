"""Where people saw labels err: the error analysis of the last weeks, in short."""

from __future__ import annotations

import time
from collections.abc import Sequence
from html import escape
from typing import Final

import streamlit as st

from badbuzz.evidence.reasons import NAMES
from badbuzz.quality.proportions import MIN_OF_GROUP
from dashboards.front.client import Client
from dashboards.front.labels import probability
from dashboards.front.parts import layout, tables
from dashboards.front.translator import LANGUAGES, Translator
from dashboards.responses import ErrorAnalysis, LabelErrors, LabelGroup, LabelStep, WrongLabel

_DAYS: Final = 28
_DAY_MS: Final = 86_400_000
_MOST: Final = 5
_COMMAND: Final = f"badbuzz errors --days {_DAYS} --report errors.html"


def show(client: Client, words: Translator) -> None:
    """Draw what people said of labels in the last weeks."""
    st.header(words("errors_title", days=_DAYS), anchor=False)
    found = client.errors(time.time_ns() // 1_000_000 - _DAYS * _DAY_MS)
    labels = found.labels
    if not labels.overall.n:
        st.write(words("errors_none"))
        return
    layout.figures(
        *(
            (words(f"errors_{name}"), words.percent(group.wrong_rate), _of(group, words))
            for name, group in (
                ("overall", labels.overall),
                ("corrections", labels.corrections),
                ("labelling", labels.labelling),
            )
            if group.n
        )
    )
    layout.note(words("errors_caution"))
    _tell_trends(found, words)
    _show_groups(labels, words)
    _show_worst(labels.worst[:_MOST], words)
    st.write(words("errors_report"))
    st.code(_COMMAND, language=None, wrap_lines=True)


def _of(group: LabelGroup, words: Translator) -> str:
    low, high = group.wrong_interval or (0.0, 1.0)
    return words(
        "errors_of", n=words.number(group.n), low=words.percent(low), high=words.percent(high)
    )


def _tell_trends(found: ErrorAnalysis, words: Translator) -> None:
    told = [
        words(f"errors_{_KEYS[step.told]}", name=step.name, before=step.before)
        for trend in (found.trends.corrections, found.trends.labelling)
        for step in _newest(trend.by_version)
        if step.told is not None
    ]
    if told:
        layout.lines(list(dict.fromkeys(told)))


_KEYS: Final = {
    "better": "better", "worse": "worse", "no difference": "same", "too few": "too_few",
}  # fmt: skip


def _newest(steps: Sequence[LabelStep]) -> list[LabelStep]:
    """The last version of each bundle."""
    return list({step.name.partition("@")[0]: step for step in steps}.values())


def _show_groups(labels: LabelErrors, words: Translator) -> None:
    kinds = ("language", "brand", "reason", "term")
    groups = [
        (kind, group)
        for kind in kinds
        for group in getattr(labels, f"by_{kind}")[:_MOST]
        if group.n >= MIN_OF_GROUP
    ]
    if not groups:
        return
    st.subheader(words("errors_where"), anchor=False)
    tables.draw(
        [words(f"errors_{key}") for key in ("group", "by", "judged", "missed", "false", "share")],
        [
            [
                _named(kind, group.name, words),
                words(f"errors_by_{kind}"),
                words.number(group.n),
                words.number(group.n_missed),
                words.number(group.n_false),
                words.percent(group.wrong_rate),
            ]
            for kind, group in groups
        ],
    )


def _named(kind: str, name: str, words: Translator) -> str:
    if kind == "language":
        return words.language_name(name)
    if kind == "reason":
        known = NAMES.get(name)
        return known[LANGUAGES.index(words.language)] if known else words("errors_no_reason")
    return name or words("errors_no_brand")


def _show_worst(worst: Sequence[WrongLabel], words: Translator) -> None:
    if not worst:
        return
    st.subheader(words("errors_worst"), anchor=False)
    cards = "".join(
        f'<article class="bb-tweet"><p lang="{escape(one.lang)}">{escape(one.text)}</p>'
        f"<footer>{escape(' · '.join(_said(one, words)))}</footer></article>"
        for one in worst
    )
    st.html(f'<div class="bb-tweets">{cards}</div>')


def _said(one: WrongLabel, words: Translator) -> list[str]:
    said = [
        words("errors_missed_one" if one.right else "errors_false_one"),
        one.bundle,
    ]
    if one.score is not None:
        said.append(words("errors_score", percent=probability(one.score, words)))
    if one.today is not None:
        said.append(words("errors_still_wrong" if one.today.wrong else "errors_right_today"))
    return said
