"""Elements that all pages share: style, sentences, tweets, legends, links between pages."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, TypeVar

import streamlit as st

from badbuzz.messages.translator import Translator
from badbuzz.model import Example
from badbuzz.store.model import SampledTweet

_PAGES: Final = "pages"
_LOOSE: Final = re.compile(r" (?=[%;:!?»])|(?<=«) ")
_STYLE: Final = Path(__file__).with_name("style.css")

T = TypeVar("T")


def register_pages(pages: dict[str, st.Page]) -> None:
    """Store the pages by path, for links between them."""
    st.session_state[_PAGES] = pages


def page(path: str) -> st.Page:
    """Return the page of a path."""
    known: st.Page = st.session_state[_PAGES][path]
    return known


def apply_style(t: Translator) -> None:
    """Add the style sheet, and set the language of the document."""
    st.html(_STYLE)
    st.html(
        f"<script>document.documentElement.lang = '{t.language}'</script>",
        unsafe_allow_javascript=True,
    )


def select(
    label: str, options: Sequence[T], named: Callable[[T], str], key: str, **looks: Any
) -> T:
    """Draw a select box that keeps its choice when the names of the options change.

    Streamlit identifies a choice by its name, and would lose it in another language or with a
    brand's state.
    """
    called = [named(option) for option in options]
    if key in st.session_state and st.session_state.get(f"{key}_called") != called:
        st.session_state[key] = st.session_state[key]
    st.session_state[f"{key}_called"] = called
    chosen: T = st.selectbox(label, options, format_func=named, key=key, **looks)
    return chosen


def sentence(text: str, more: Sequence[str] = ()) -> None:
    """Draw a large sentence, and smaller ones below it."""
    below = "".join(f"<p>{_text(line)}</p>" for line in more)
    st.html(f'<div class="bb-sentences"><p class="bb-sentence">{_text(text)}</p>{below}</div>')


def lines(sentences: Sequence[str], script: str = "") -> None:
    """Draw sentences, one per line, and run a script of the page's own if one is given."""
    paragraphs = "".join(f"<p>{_text(line)}</p>" for line in sentences)
    st.html(paragraphs + script, unsafe_allow_javascript=bool(script))


def note(text: str) -> None:
    """Draw a sentence in small print."""
    st.html(f'<p class="bb-note">{_text(text)}</p>')


def figures(*values: tuple[str, str, str]) -> None:
    """Draw figures side by side: name, value, and the value to compare it with."""
    items = "".join(
        f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd><dd>{_text(comparison)}</dd></div>"
        for name, value, comparison in values
    )
    st.html(f'<dl class="bb-figures">{items}</dl>')


def legend(*marks: tuple[str, str]) -> None:
    """Draw a legend: each mark is a kind (line, dash, band, alert, bar) and its text."""
    items = "".join(
        f'<li><span class="bb-mark bb-{kind}"></span>{_text(text)}</li>' for kind, text in marks
    )
    st.html(f'<ul class="bb-legend" aria-hidden="true">{items}</ul>')


def chips(terms: Sequence[tuple[str, str]]) -> None:
    """Draw terms, each with its count."""
    items = "".join(f"<li>{_text(term)} <b>{_text(n)}</b></li>" for term, n in terms)
    st.html(f'<ul class="bb-chips">{items}</ul>')


def tweets(sampled: Sequence[SampledTweet], zone: str, t: Translator) -> None:
    """Draw sampled tweets, which the store has masked."""
    cards = "".join(
        _card(
            tweet.text,
            tweet.lang,
            tweet.url,
            (t.moment(tweet.created_ms, zone), _prediction(tweet, t)),
            tweet.n_retweets,
            t,
        )
        for tweet in sampled
    )
    st.html(f'<div class="bb-tweets">{cards}</div>')


def examples(shown: Sequence[Example], zone: str, t: Translator) -> None:
    """Draw an alert's example tweets."""
    cards = ""
    for one in shown:
        facts = [t.moment(one.created_ms, zone)]
        facts.append(t("tweet_negative", rate=_sure(one.score, t)))
        if one.n_alike > 1:
            facts.append(t.plural("alike", one.n_alike - 1))
        cards += _card(one.text, "", one.url, facts, one.n_retweets, t)
    st.html(f'<div class="bb-tweets">{cards}</div>')


def _prediction(tweet: SampledTweet, t: Translator) -> str:
    if tweet.score is None:
        return t("tweet_unread", lang=tweet.lang)
    key = "tweet_negative" if tweet.negative else "tweet_other"
    return t(key, rate=_sure(tweet.score, t))


def _sure(score: float, t: Translator) -> str:
    """Return a score in percent, between 1 and 99 %."""
    return t.percent(min(max(score, 0.01), 0.99))


def _card(
    text: str, lang: str, url: str, facts: Sequence[str], n_retweets: int, t: Translator
) -> str:
    parts = [_text(part) for part in facts]
    if n_retweets:
        parts.append(_text(t.plural("retweets", n_retweets, n=t.number(n_retweets))))
    if url.startswith(("https://", "http://")):
        parts.append(
            f'<a href="{html.escape(url)}" target="_blank" rel="noopener noreferrer">'
            f"{_text(t('tweet_original'))}</a>"
        )
    lang_attribute = f' lang="{html.escape(lang)}"' if lang and lang != "und" else ""
    return (
        f'<article class="bb-tweet"><p{lang_attribute}>{_text(text)}</p>'
        f"<footer>{' · '.join(parts)}</footer></article>"
    )


def _text(text: str) -> str:
    """Escape a text, with a no-break space before French punctuation and a percent sign."""
    return html.escape(_LOOSE.sub("\N{NO-BREAK SPACE}", text))
