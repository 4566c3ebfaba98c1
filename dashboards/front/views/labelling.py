"""The page *Label*: one uncertain tweet at a time, one key for each answer.

What the model says of a tweet is not shown before the answer: people would follow it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import streamlit as st

from badbuzz.messages.translator import Translator
from badbuzz.store.model import SampledTweet
from dashboards.front.client import ApiError, Client
from dashboards.front.labels import probability, say, served_languages, worth_labelling
from dashboards.front.parts import layout
from dashboards.front.parts.highlighting import STYLE, marked

_STATE: Final = "labelling"
_ALL: Final = ""
_AT_ONCE: Final = 20
_MOST: Final = 100
"""What the API gives at once, so many can be skipped."""


@dataclass(slots=True)
class _Desk:
    """What one person has before them in a tab.

    Parameters
    ----------
    brand, lang
        Of which the tweets are; empty for all.
    waiting
        The tweets to judge, the one that is shown first.
    done
        Those that were judged, with the answer, the last one last.
    skipped
        Ids of those that are not asked again.
    id, n_said
        Name the next answer, so that one sent twice counts once.
    """

    brand: str = _ALL
    lang: str = _ALL
    waiting: list[SampledTweet] = field(default_factory=list)
    done: list[tuple[SampledTweet, bool]] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)
    id: str = field(default_factory=lambda: uuid4().hex)
    n_said: int = 0


def show(client: Client, t: Translator) -> None:
    """Draw the page, below its heading."""
    st.html(STYLE)
    st.write(t("label_about"))
    desk: _Desk = st.session_state.setdefault(_STATE, _Desk())
    zones = {one.brand: one.zone for one in client.brands()}
    _choose(list(zones), served_languages(client), t, desk)
    if not desk.waiting:
        desk.waiting = _next(client, desk)
    _tell_progress(t, desk)
    if not desk.waiting:
        _say_empty(t, desk)
        return
    tweet = desk.waiting[0]
    _show_tweet(t, tweet, zones.get(tweet.brand, "UTC"))
    _ask(client, t, desk)


def _choose(brands: list[str], languages: list[str], t: Translator, desk: _Desk) -> None:
    """Let a brand or a language be chosen; another choice is another queue."""
    with st.container(horizontal=True):
        brand = layout.select(
            t("brand"), [_ALL, *brands], lambda one: one or t("label_all"),
            "label_brand", width=240,
        )  # fmt: skip
        lang = layout.select(
            t("label_language"), [_ALL, *languages],
            lambda one: t.name("language", one) if one else t("label_all"),
            "label_lang", width=240,
        )  # fmt: skip
    if (brand, lang) != (desk.brand, desk.lang):
        desk.brand, desk.lang, desk.waiting = brand, lang, []


def _next(client: Client, desk: _Desk) -> list[SampledTweet]:
    """More tweets to judge, without what was skipped and what says the same as one judged here."""
    judged = {tweet.text for tweet, _ in desk.done}
    for limit in (min(_AT_ONCE + len(desk.skipped), _MOST), _MOST):
        found = worth_labelling(client, desk.lang or None, desk.brand or None, limit)
        new = [one for one in found if one.id not in desk.skipped and one.text not in judged]
        if new or len(found) < limit:
            return new
    return []


def _tell_progress(t: Translator, desk: _Desk) -> None:
    told = t("label_count", n=len(desk.done), skipped=len(desk.skipped))
    st.markdown(f"**{told}**")


def _say_empty(t: Translator, desk: _Desk) -> None:
    key = "label_skipped_all" if desk.skipped else "label_empty"
    st.success(t(key), icon=":material/done_all:")
    if desk.skipped and st.button(t("label_again"), icon=":material/replay:"):
        desk.skipped.clear()
        st.rerun()


def _show_tweet(t: Translator, tweet: SampledTweet, zone: str) -> None:
    when, language = t.moment(tweet.created_ms, zone), t.name("language", tweet.lang)
    with st.container(border=True):
        layout.note(t("label_of", brand=tweet.brand, when=when, language=language))
        st.html(marked(tweet.text, ()))


def _ask(client: Client, t: Translator, desk: _Desk) -> None:
    """Draw a button for each answer, whose key is of this tweet: two presses answer once."""
    tweet = desk.waiting[0]
    st.markdown(t("label_question", brand=tweet.brand))
    with st.container(horizontal=True):
        for name, right in (("negative", True), ("other", False)):
            if st.button(
                t(f"label_{name}"), key=f"{name}-{tweet.id}-{desk.n_said}", type="primary",
                shortcut=t(f"label_{name}_key"),
            ):  # fmt: skip
                _answer(client, desk, right)
        if st.button(
            t("label_skip"), key=f"skip-{tweet.id}-{desk.n_said}",
            shortcut=t("label_skip_key"),
        ):  # fmt: skip
            desk.skipped.add(tweet.id)
            del desk.waiting[0]
            st.rerun()
        if desk.done and st.button(
            t("label_undo"), key=f"undo-{tweet.id}-{desk.n_said}", type="tertiary",
            shortcut=t("label_undo_key"), icon=":material/undo:",
        ):  # fmt: skip
            desk.waiting.insert(0, desk.done.pop()[0])
            desk.n_said += 1
            st.rerun()
    if desk.done:
        _tell_last(t, *desk.done[-1])


def _answer(client: Client, desk: _Desk, right: bool) -> None:
    tweet = desk.waiting[0]
    try:
        say(client, f"label-{desk.id}-{desk.n_said}", right, "labelling", tweet_id=tweet.id)
    except ApiError as error:
        if error.key != "api_not_found":
            raise
        desk.skipped.add(tweet.id)  # it was deleted meanwhile: there is nothing to judge
    else:
        desk.done.append((tweet, right))
    desk.n_said += 1
    del desk.waiting[0]
    st.rerun()


def _tell_last(t: Translator, tweet: SampledTweet, right: bool) -> None:
    said = t("negative" if right else "not_negative")
    agreed = t("label_agreed" if tweet.negative is right else "label_disagreed")
    layout.note(
        t("label_last", said=said, agreed=agreed, percent=probability(tweet.score or 0.0, t))
    )
