"""The pages Try, Label, History and Models with a real API process."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable, Iterator
from datetime import date
from html import unescape

import pytest
from streamlit.testing.v1 import AppTest

from badbuzz.store.database import Store
from badbuzz.store.model import Feedback
from dashboards.front.session import client_of
from dashboards.front.views.history import exported
from tests.support.feedback import feedback
from tests.support.served import (
    ALERTS,
    BRAND,
    START_MS,
    STEP_MS,
    WINDOWS,
    Served,
    alert,
    fill,
    window,
)  # fmt: skip

OTHER = "Nordwind"
PAGE = """
import streamlit as st
from dashboards.front import session
from dashboards.front.parts import layout
from dashboards.front.views import {page}
from badbuzz.messages.translator import Translator

def draw():
    {page}.show(session.client_of({url!r}, {key!r}), Translator({language!r}))

def elsewhere():
    pass

pages = {{
    "it": st.Page(draw, title="It", default=True),
    "alerts": st.Page(elsewhere, title="Alerts", url_path="alerts"),
}}
layout.register_pages(pages)
st.navigation(list(pages.values())).run()
"""

Open = Callable[..., AppTest]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("pages")) as started:
        with Store.open(started.address) as store:
            fill(store)
            store.record_windows(WINDOWS, [(8 + n, window(n, OTHER)) for n in range(2)], 10)
        yield started


@pytest.fixture(scope="module")
def open_page(served: Served) -> Open:
    """Return a function that opens a tab on a page, with a key that may write."""

    def opened(page: str, language: str = "en") -> AppTest:
        script = PAGE.format(page=page, url=served.url, key=served.keys["write"], language=language)
        app = AppTest.from_string(script, default_timeout=60).run()
        assert not app.exception
        return app

    return opened


def page_text(app: AppTest) -> str:
    """Return all texts of the page, headings and HTML alike."""
    kinds = ("header", "subheader", "markdown", "success", "info", "warning")
    plain = [str(getattr(element, "value", "")) for kind in kinds for element in app.get(kind)]
    html = [unescape(element.proto.body) for element in app.get("html")]
    return "\n".join(plain + html).replace("\N{NO-BREAK SPACE}", " ")


def click(app: AppTest, label: str) -> None:
    (button,) = (button for button in app.button if button.label == label)
    button.click().run()
    assert not app.exception


def stored_feedback(served: Served, source: str) -> list[Feedback]:
    """Return the feedback of a source, oldest first."""
    with Store.open(served.address) as store:
        return [label for label in store.feedback(0, 2**62) if label.source == source]


def now_ms() -> int:
    return time.time_ns() // 1_000_000


# Try


def score(app: AppTest, text: str) -> None:
    app.text_area[0].set_value(text)
    click(app, "Score text")


def test_a_text_is_scored_and_explained_by_its_words(open_page: Open) -> None:
    app = open_page("try_text")
    score(app, "You lost my bag <b>again")
    text = page_text(app)
    assert app.header[0].value == "Negative"
    assert '<mark class="up">lost<sup>+</sup></mark>' in text
    assert '<th scope="row">lost</th><td>negative</td>' in text
    assert "Detected language: English. Model: airline-en@" in text
    assert "<b>again" not in "".join(element.proto.body for element in app.get("html"))


def test_a_french_text_is_detected_as_french(open_page: Open) -> None:
    app = open_page("try_text")
    score(app, "Encore un vol annulé, merci pour rien")
    assert "Detected language: French. Model: tweets-fr@" in page_text(app)


def test_without_a_text_nothing_is_scored(open_page: Open) -> None:
    app = open_page("try_text")
    click(app, "Score text")
    assert "Enter a text first." in page_text(app)


def test_of_two_answers_to_a_try_the_last_one_counts(open_page: Open, served: Served) -> None:
    app = open_page("try_text")
    score(app, "Worst airline, you lost my bag, @jane_doe")
    click(app, "Wrong")
    assert "Saved as a misprediction of airline-en@" in page_text(app)
    click(app, "Correct")
    wrong, right = stored_feedback(served, "try")
    assert [label.ground_truth for label in (wrong, right)] == [False, True]
    assert (wrong.mispredicted, right.mispredicted) == (True, False)
    assert "@jane_doe" not in wrong.text


# Label


def test_tweets_are_labelled_one_by_one_until_none_is_left(open_page: Open, served: Served) -> None:
    app = open_page("labelling")
    assert "Labelled: 0" in page_text(app)
    assert "%" not in page_text(app).replace("width: 100%", "").partition("</style>")[2]
    click(app, "Negative")
    assert "Labelled: 1 · skipped: 0" in page_text(app)
    assert "Your last answer: negative" in page_text(app)
    click(app, "Undo")
    click(app, "Other (not negative)")
    first, again = stored_feedback(served, "labelling")
    assert first.tweet_id == again.tweet_id
    assert (first.ground_truth, again.ground_truth) == (True, False)
    click(app, "Skip")
    for n in range(2, 5):
        click(app, "Negative")
        assert f"Labelled: {n} · skipped: 1" in page_text(app)
    assert "Only skipped tweets are left." in page_text(app)
    click(app, "Show skipped tweets")
    click(app, "Negative")
    assert "No tweets to label." in page_text(app)


def test_each_answer_has_one_key_that_streamlit_does_not_use(open_page: Open) -> None:
    app = open_page("labelling", "fr")
    keys = [button.proto.shortcut for button in app.button if button.proto.shortcut]
    assert len(set(keys)) == len(keys)
    assert not {"c", "r"} & set(keys)


# History


def test_brands_are_compared_over_the_known_period(open_page: Open) -> None:
    text = page_text(open_page("history"))
    assert f'<th scope="row">{BRAND}</th><td>168</td><td>136</td>' in text
    assert f'<th scope="row">{OTHER}</th><td>42</td><td>34</td>' in text
    assert "Each point covers 1 h." in text


def test_a_periods_alerts_are_links(open_page: Open) -> None:
    links = open_page("history").get("page_link")
    assert [link.proto.label for link in links] == [
        f"24 Nov 2025 17:30 · {BRAND} · critical", f"24 Nov 2025 17:05 · {BRAND} · critical",
    ]  # fmt: skip


def test_the_replay_command_names_the_period(open_page: Open) -> None:
    app = open_page("history")
    app.segmented_control[0].set_value("own").run()
    assert "--from 2025-11-23T23:00:00Z --to 2025-11-24T23:00:00Z" in app.code[0].value


def test_a_period_that_ends_before_it_begins_is_reported(open_page: Open) -> None:
    app = open_page("history")
    app.segmented_control[0].set_value("own").run()
    app.date_input[0].set_value(date(2025, 12, 1)).run()
    assert "The last day is before the first day." in page_text(app)


def test_an_export_of_two_brands_is_one_table(served: Served) -> None:
    client = client_of(served.url, served.keys["read"])
    end_ms = START_MS + 8 * STEP_MS
    text = exported(client, "windows", [BRAND, OTHER], START_MS, end_ms)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["brand"] for row in rows] == [BRAND] * 8 + [OTHER] * 2
    assert {row["n"] for row in rows} == {"21"}


# Models


def test_models_are_shown_with_their_cards(open_page: Open) -> None:
    app = open_page("models")
    text = page_text(app)
    assert [header.value for header in app.header[:2]] == ["English", "French"]
    assert "airline-en@" in text
    assert "Sentiment140" in text
    assert "No registry is configured" in text
    assert "there are too few sampled tweets of this bundle" in text


def test_errors_are_shown_with_the_corrections(served: Served, open_page: Open) -> None:
    with Store.open(served.address) as store:
        for n in range(8):
            kind = "false" if n < 6 else "ok"
            text = "a <b>long</b> queue" if n < 6 else "nice"
            store.add_feedback(
                feedback(kind, text=text, at_ms=now_ms(), id=f"e{n}", lang="de", tweet_id=f"e{n}")
            )
    app = open_page("models", "fr")
    text = page_text(app)
    assert (
        '<th scope="row">files d\'attente</th><td>motif</td><td>6</td><td>0</td><td>6</td>' in text
    )
    assert '<th scope="row">allemand</th><td>langue</td><td>8</td><td>0</td><td>6</td>' in text
    assert "<b>long" not in "".join(element.proto.body for element in app.get("html"))


# A newer version


def test_an_alert_of_a_newer_version_is_drawn(open_page: Open, served: Served) -> None:
    with Store.open(served.address) as store:
        store.record_alerts(ALERTS, [(9, alert(6, phase="merged", severity="major"))], 10)
    assert "major" in page_text(open_page("alerts"))
    open_page("history")
