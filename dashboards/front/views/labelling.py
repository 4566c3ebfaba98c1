"""Page *Label*: one uncertain tweet at a time, one key for each answer.

The model's label is hidden until the answer, because people would follow it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import streamlit as st

from badbuzz.messages.translator import Translator
from badbuzz.store.model import SampledTweet
from dashboards.front.client import ApiError, Client
from dashboards.front.labels import probability, send_label, served_languages, uncertain_tweets
from dashboards.front.parts import layout
from dashboards.front.parts.highlighting import STYLE, highlighted

_STATE: Final = "labelling"
_ALL: Final = ""
_PAGE: Final = 20
_MOST: Final = 100
"""Most tweets that the API returns at once, and so the most that can be skipped."""
_ANSWERS: Final = ("negative", "other", "skip", "undo")
_KEYS_SCRIPT: Final = Path(__file__).with_name("labelling.html").read_text(encoding="utf-8")


@dataclass(slots=True)
class _Queue:
    """The tweets of one tab.

    Parameters
    ----------
    brand, lang
        Filters of the tweets; empty for all.
    waiting
        Tweets to label, the one on the screen first.
    done
        Labelled tweets with their label (True: negative), oldest first.
    skipped
        Ids of skipped tweets.
    id, n_sent
        Parts of the idempotency key of the next label: one that is sent twice counts once.
    """

    brand: str = _ALL
    lang: str = _ALL
    waiting: list[SampledTweet] = field(default_factory=list)
    done: list[tuple[SampledTweet, bool]] = field(default_factory=list)
    skipped: set[str] = field(default_factory=set)
    id: str = field(default_factory=lambda: uuid4().hex)
    n_sent: int = 0


def show(client: Client, t: Translator) -> None:
    """Draw the page below its heading."""
    st.html(STYLE)
    layout.lines([t("label_about")], script=_KEYS_SCRIPT)
    queue: _Queue = st.session_state.setdefault(_STATE, _Queue())
    zones = {one.brand: one.zone for one in client.brands()}
    _choose(list(zones), served_languages(client), t, queue)
    if not queue.waiting:
        queue.waiting = _next(client, queue)
    counts = t("label_count", n=len(queue.done), skipped=len(queue.skipped))
    st.markdown(f"**{counts}**")
    if not queue.waiting:
        _show_end(t, queue)
        return
    tweet = queue.waiting[0]
    shown = f"{tweet.id.encode().hex()}-{queue.n_sent}"
    _show_tweet(t, tweet, zones.get(tweet.brand, "UTC"), shown)
    _ask(client, t, queue, shown)


def _choose(brands: list[str], languages: list[str], t: Translator, queue: _Queue) -> None:
    """Draw the filters, and empty the queue when one of them changes."""
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
    if (brand, lang) != (queue.brand, queue.lang):
        queue.brand, queue.lang, queue.waiting = brand, lang, []


def _next(client: Client, queue: _Queue) -> list[SampledTweet]:
    """Return more tweets, without skipped ones and without texts labelled in this tab."""
    labelled = {tweet.text for tweet, _ in queue.done}
    for limit in (min(_PAGE + len(queue.skipped), _MOST), _MOST):
        tweets = uncertain_tweets(client, queue.lang or None, queue.brand or None, limit)
        new = [one for one in tweets if one.id not in queue.skipped and one.text not in labelled]
        if new or len(tweets) < limit:
            return new
    return []


def _show_end(t: Translator, queue: _Queue) -> None:
    st.success(
        t("label_skipped_all" if queue.skipped else "label_empty"), icon=":material/done_all:"
    )
    if queue.skipped and st.button(t("label_again"), icon=":material/replay:"):
        queue.skipped.clear()
        st.rerun()


def _show_tweet(t: Translator, tweet: SampledTweet, zone: str, shown: str) -> None:
    """Draw the tweet with the names of its buttons, which labelling.html looks up."""
    when, language = t.moment(tweet.created_ms, zone), t.name("language", tweet.lang)
    keys = escape(json.dumps({t(f"label_{name}_key").lower(): name for name in _ANSWERS}))
    with st.container(border=True):
        layout.note(t("label_of", brand=tweet.brand, when=when, language=language))
        attributes = f'data-shown="{shown}" data-keys="{keys}"'
        st.html(f"<div {attributes}>{highlighted(tweet.text, ())}</div>")


def _ask(client: Client, t: Translator, queue: _Queue, shown: str) -> None:
    """Draw a button for each answer, whose key names the tweet: two presses answer once."""
    tweet = queue.waiting[0]
    st.markdown(t("label_question", brand=tweet.brand))

    def pressed(name: str, **looks: Any) -> bool:
        return st.button(
            t(f"label_{name}"), key=f"{name}-{shown}", shortcut=t(f"label_{name}_key"), **looks
        )

    with st.container(horizontal=True):
        if pressed("negative", type="primary"):
            _answer(client, queue, True)
        if pressed("other", type="primary"):
            _answer(client, queue, False)
        if pressed("skip"):
            queue.skipped.add(tweet.id)
            del queue.waiting[0]
            st.rerun()
        if queue.done and pressed("undo", type="tertiary", icon=":material/undo:"):
            queue.waiting.insert(0, queue.done.pop()[0])
            queue.n_sent += 1
            st.rerun()
    if queue.done:
        _show_last(t, *queue.done[-1])


def _answer(client: Client, queue: _Queue, negative: bool) -> None:
    tweet = queue.waiting[0]
    try:
        send_label(
            client, f"label-{queue.id}-{queue.n_sent}", negative, "labelling", tweet_id=tweet.id
        )
    except ApiError as error:
        if error.key != "api_not_found":
            raise
        queue.skipped.add(tweet.id)  # the tweet was deleted in the meantime
    else:
        queue.done.append((tweet, negative))
    queue.n_sent += 1
    del queue.waiting[0]
    st.rerun()


def _show_last(t: Translator, tweet: SampledTweet, negative: bool) -> None:
    label = t("negative" if negative else "not_negative")
    agreed = t("label_agreed" if tweet.negative is negative else "label_disagreed")
    percent = probability(tweet.score or 0.0, t)
    layout.note(t("label_last", label=label, agreed=agreed, percent=percent))
