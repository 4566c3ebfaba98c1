"""Page *Try*: score a text, explain the score word by word, and take a correction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

import streamlit as st

from badbuzz.messages.translator import Translator
from dashboards.front.client import Client
from dashboards.front.labels import (
    explain_score,
    probability,
    send_label,
    served_languages,
)
from dashboards.front.language_detection import guess
from dashboards.front.parts import layout
from dashboards.front.parts.highlighting import STYLE, highlighted, pulls
from dashboards.responses import ExplainedText, FeedbackReceipt

_STATE: Final = "tried"
_GUESS: Final = ""
_MOST: Final = 2000


@dataclass(slots=True)
class _Tried:
    """A text, its prediction and the label that was sent for it.

    Parameters
    ----------
    id, n_sent
        Parts of the idempotency key of the next label: one that is sent twice counts once.
    """

    text: str
    lang: str
    guessed: bool
    scored: ExplainedText | None
    id: str
    n_sent: int = 0
    correct: bool | None = None
    receipt: FeedbackReceipt | None = None


def show(client: Client, t: Translator) -> None:
    """Draw the page below its heading."""
    languages = served_languages(client)
    st.write(t("try_about"))
    with st.form("try", border=False):
        text = st.text_area(t("try_text"), max_chars=_MOST, key="try_text", height=110)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            lang = layout.select(
                t("try_language"), [_GUESS, *languages],
                lambda one: t.name("language", one) if one else t("try_guess"),
                "try_lang", width=220,
            )  # fmt: skip
            submitted = st.form_submit_button(t("try_score"), type="primary")
    if submitted and text.strip() and languages:
        known = lang or guess(text, languages)
        scored = explain_score(client, text.strip(), known)
        st.session_state[_STATE] = _Tried(text.strip(), known, not lang, scored, uuid4().hex)
    elif submitted:
        st.warning(t("try_nothing"), icon=":material/edit:")
    tried: _Tried | None = st.session_state.get(_STATE)
    if tried is None:
        return
    if tried.scored is None:
        named = t.name("language", tried.lang)
        st.info(t("try_unread", language=named), icon=":material/translate:")
        return
    _show_score(tried, tried.scored, t)
    _ask(client, t, tried, tried.scored)
    _show_pulls(tried, tried.scored, t)


def _show_score(tried: _Tried, scored: ExplainedText, t: Translator) -> None:
    st.header(t("negative" if scored.negative else "not_negative").capitalize(), anchor=False)
    st.write(t("try_score_is", percent=probability(scored.score, t)))
    with st.container(border=True):
        st.html(STYLE + highlighted(tried.text, scored.explanation.contributions))
    layout.note(t("try_legend"))


def _show_pulls(tried: _Tried, scored: ExplainedText, t: Translator) -> None:
    st.header(t("try_why"), anchor=False)
    st.html(pulls(scored.explanation.contributions, t))
    key, named = "try_guessed" if tried.guessed else "try_given", t.name("language", tried.lang)
    layout.note(t(key, language=named, bundle=scored.bundle))


def _ask(client: Client, t: Translator, tried: _Tried, scored: ExplainedText) -> None:
    """Ask whether the prediction is right; the last of several answers counts."""
    st.header(t("try_right"), anchor=False)
    with st.container(horizontal=True):
        if st.button(t("try_yes"), icon=":material/check:", disabled=tried.correct is True):
            _answer(client, tried, scored, True)
        if st.button(t("try_no"), icon=":material/close:", disabled=tried.correct is False):
            _answer(client, tried, scored, False)
    if tried.receipt is not None:
        key = "try_noted_wrong" if tried.receipt.misprediction else "try_noted_right"
        st.success(t(key, bundle=scored.bundle), icon=":material/inventory:")


def _answer(client: Client, tried: _Tried, scored: ExplainedText, correct: bool) -> None:
    tried.receipt = send_label(
        client, f"try-{tried.id}-{tried.n_sent}", scored.negative is correct, "try",
        text=tried.text, lang=tried.lang, predicted=scored.negative, score=scored.score,
        bundle=scored.bundle,
    )  # fmt: skip
    tried.correct, tried.n_sent = correct, tried.n_sent + 1
    st.rerun()
