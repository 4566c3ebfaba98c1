"""The pages Live and Alerts with a real API process, and their errors when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path

import httpx
import pytest
from streamlit.testing.v1 import AppTest

from badbuzz.messages.translator import Translator
from badbuzz.model import Term
from badbuzz.store.database import Store
from dashboards.front.client import ApiError, Client, decode
from dashboards.front.session import client_of
from dashboards.front.views.alert import claim
from demo.processes import free_port
from tests.support.served import (
    ALERTS,
    BRAND,
    START_MS,
    STEP_MS,
    WINDOWS,
    Served,
    alert,
    fill,
    make_key,
    window,
)
from tests.support.servers import ROOT, die_with_parent
from tests.support.stream import await_that

OPEN = f"{BRAND}/{START_MS + 5 * STEP_MS}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("api"), API_RATE=200) as started:
        with Store.open(started.address) as store:
            fill(store)
        yield started


@pytest.fixture
def new_key(served: Served, request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Return a function that makes a key of a scope, named after the test."""

    def made(scope: str) -> str:
        with Store.open(served.address) as store:
            return make_key(store, f"{request.node.name} {scope}", scope)

    return made


@pytest.fixture
def client(served: Served, new_key: Callable[[str], str]) -> Iterator[Client]:
    with Client(served.url, new_key("read")) as opened:
        yield opened


@pytest.fixture
def open_page(
    served: Served, new_key: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., AppTest]]:
    """Return a function that opens a tab, signed in with a key unless its scope is empty."""

    def opened(scope: str = "write", url: str = served.url, **asked: str) -> AppTest:
        monkeypatch.setenv("BADBUZZ_API_URL", url)
        monkeypatch.setenv("BADBUZZ_LANGUAGE", "en")
        app = AppTest.from_file(str(ROOT / "dashboards" / "front" / "app.py"), default_timeout=60)
        if scope:
            app.session_state["api_key"] = new_key(scope)
        for name, value in asked.items():
            app.query_params[name] = value
        return app.run()

    yield opened
    client_of.clear()


def page_text(app: AppTest) -> str:
    """Return all texts of the page, headings and HTML alike."""
    kinds = ("title", "header", "markdown", "error", "warning")
    plain = [str(element.value) for kind in kinds for element in app.get(kind)]  # type: ignore[union-attr]
    html = [unescape(element.proto.body) for element in app.get("html")]
    return "\n".join(plain + html).replace("\N{NO-BREAK SPACE}", " ")


def page_html(app: AppTest) -> str:
    """Return the HTML of the page as it is sent."""
    return "".join(element.proto.body for element in app.get("html"))


# The client


def failure(client: Client, ask: Callable[[Client], object] = Client.brands) -> str | None:
    """Return the key of the error sentence, or None if the request succeeds."""
    try:
        ask(client)
    except ApiError as error:
        return error.key
    return None


def test_an_unreachable_api_is_down() -> None:
    with Client(f"http://127.0.0.1:{free_port()}") as client:
        assert failure(client) == "api_down"


def test_a_wrong_key_is_refused(served: Served) -> None:
    with Client(served.url, "bb_wrong") as client:
        assert failure(client) == "api_unauthorized"


def test_a_read_key_cannot_acknowledge(client: Client) -> None:
    assert failure(client, lambda asked: asked.acknowledge(OPEN)) == "api_forbidden"


def test_an_unknown_alert_is_not_found(client: Client) -> None:
    assert failure(client, lambda asked: asked.alert("nobody/0")) == "api_not_found"


def test_too_many_requests_are_refused(client: Client) -> None:
    assert {failure(client) for _ in range(100)} == {None, "api_too_many"}


def test_a_brand_has_its_time_zone(client: Client) -> None:
    (status,) = client.brands()
    assert (status.brand, status.zone) == (BRAND, "Europe/Paris")


def test_windows_come_oldest_first(client: Client) -> None:
    steps = client.windows(BRAND, START_MS, START_MS + 8 * STEP_MS)
    assert [step.start_ms for step in steps] == [START_MS + n * STEP_MS for n in range(8)]


# Signing in


def test_without_a_key_the_page_asks_for_one(open_page: Callable[..., AppTest]) -> None:
    app = open_page("")
    assert [title.value for title in app.title] == ["Sign in"]


def test_a_wrong_key_is_reported_and_a_valid_key_accepted(
    open_page: Callable[..., AppTest], new_key: Callable[[str], str]
) -> None:
    app = open_page("")
    app.text_input[0].set_value("bb_wrong")
    app.button[0].click().run()
    assert "The API key is invalid or was revoked." in page_text(app)
    app.text_input[0].set_value(new_key("read"))
    app.button[0].click().run()
    assert [title.value for title in app.title] == ["Live"]


def test_an_unreachable_api_is_reported(open_page: Callable[..., AppTest]) -> None:
    app = open_page(url=f"http://127.0.0.1:{free_port()}")
    assert "The API is not responding." in page_text(app)
    assert not app.exception


# Live


def test_live_shows_the_open_alert_first(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    assert not app.exception
    assert app.header[0].value.endswith(f"{BRAND} · Critical")
    assert "38 of 51 tweets about Air Paradis" in page_text(app)


def test_live_shows_terms_and_tweets(open_page: Callable[..., AppTest]) -> None:
    assert "@user my bags, again" in page_text(open_page())


def test_live_shows_the_period_of_the_url(open_page: Callable[..., AppTest]) -> None:
    app = open_page(brand=BRAND, **{"from": str(START_MS)})
    assert "Past period: 24 Nov 2025 17:00" in page_text(app)


def test_live_is_in_french_once_it_is_chosen(open_page: Callable[..., AppTest]) -> None:
    app = open_page()
    app.session_state["language"] = "fr"
    app.run()
    assert [title.value for title in app.title] == ["En direct"]
    assert f"{BRAND} : 38 tweets négatifs sur 51" in page_text(app)


# Alerts


def test_a_mails_link_opens_the_alert(open_page: Callable[..., AppTest]) -> None:
    app = open_page(alert=OPEN)
    assert not app.exception
    assert [title.value for title in app.title] == ["Alerts"]
    assert "38 of 51 tweets about Air Paradis" in page_text(app)


def test_an_escalated_alert_shows_its_newest_claim(client: Client) -> None:
    life = client.alert(OPEN)
    risen = replace(life.alert, phase="escalated", n_negative=44)
    life = replace(life, alert=risen, phases=(*life.phases, risen))
    assert claim(life, "Europe/Paris", Translator("en")).startswith("44 of 51 tweets")


def test_the_claim_of_a_resolved_alert_has_a_time(client: Client) -> None:
    life = client.alert(OPEN)
    over = replace(life.alert, phase="resolved", evidence=None, n_negative=3)
    life = replace(life, alert=over, phases=(*life.phases, over))
    sentence = claim(life, "Europe/Paris", Translator("en"))
    assert sentence.startswith("24 Nov 2025 17:15: 38 of 51 tweets")


def test_an_unknown_alert_is_reported(open_page: Callable[..., AppTest]) -> None:
    assert "Alert nobody/0 was not found." in page_text(open_page(alert="nobody/0"))


def test_markup_in_the_url_is_escaped(open_page: Callable[..., AppTest]) -> None:
    app = open_page(alert="[x](http://elsewhere.example)<b>")
    assert not app.warning
    assert "<p>Alert [x](http://elsewhere.example)&lt;b&gt; was not found." in page_html(app)


def test_a_read_key_gets_an_error_for_an_acknowledgement(open_page: Callable[..., AppTest]) -> None:
    app = open_page("read", alert=OPEN)
    click(app, "Acknowledge")
    assert "Your API key is read-only." in page_text(app)


def test_an_alert_is_acknowledged_under_the_keys_name(
    open_page: Callable[..., AppTest], served: Served
) -> None:
    app = open_page(alert=OPEN)
    click(app, "Acknowledge")
    assert "Acknowledged by" in page_text(app)
    with Store.open(served.address) as store:
        life = store.alert(OPEN)
    assert life is not None
    assert life.acknowledged_by == "test_an_alert_is_acknowledged_under_the_keys_name write"


def test_a_ruling_is_stored_with_its_note(
    open_page: Callable[..., AppTest], served: Served
) -> None:
    app = open_page(alert=OPEN)
    app.radio[0].set_value("false_alarm")
    app.text_area[0].set_value("a joke")
    click(app, "Save")
    with Store.open(served.address) as store:
        life = store.alert(OPEN)
    assert life is not None
    (ruling,) = life.rulings
    assert (ruling.verdict, ruling.note) == ("false_alarm", "a joke")


def click(app: AppTest, label: str) -> None:
    (button,) = (button for button in app.button if button.label == label)
    button.click().run()


# The command


def test_the_command_serves_until_a_signal(served: Served, tmp_path: Path) -> None:
    port, log = free_port(), tmp_path / "front.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "badbuzz", "front", "--port", str(port)],
            env={**os.environ, "BADBUZZ_API_URL": served.url},
            stdout=out, stderr=out, preexec_fn=die_with_parent,  # noqa: PLW1509
        )  # fmt: skip
    try:
        await_that(lambda: answers(port), "the front")
    finally:
        process.send_signal(signal.SIGINT)
    assert process.wait(20) == 0
    lines = log.read_text().splitlines()
    shown = f"http://127.0.0.1:{port} shows the data of {served.url}; press Ctrl-C to stop"
    assert lines[0] == shown


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/_stcore/health").status_code == 200
    except httpx.TransportError:
        return False


# Other versions


@pytest.mark.parametrize("asked", [{}, {"alert": f"{BRAND}/{START_MS + 6 * STEP_MS}"}])
def test_values_of_a_newer_version_are_shown_by_their_key(
    served: Served, open_page: Callable[..., AppTest], asked: dict[str, str]
) -> None:
    with Store.open(served.address) as store:
        store.record_alerts(ALERTS, [(3, alert(6, phase="merged", severity="major"))], 4)
    app = open_page(**asked)
    assert not app.exception
    assert "major" in page_text(app)


def test_windows_that_an_older_version_stored_unchecked_empty_no_page(
    served: Served, client: Client, open_page: Callable[..., AppTest]
) -> None:
    forged = [replace(window(8), state=""), replace(window(9), rate=7.0)]
    with Store.open(served.address) as store:
        store.record_windows(WINDOWS, list(enumerate(forged, 8)), 10)
    assert "38 of 51 tweets about Air Paradis" in page_text(open_page())
    (status,) = client.brands()
    assert status.last_window == window(7)
    steps = client.windows(BRAND, START_MS + 8 * STEP_MS, START_MS + 10 * STEP_MS)
    assert [step.state for step in steps] == ["unknown", window(9).state]


def test_an_answer_that_cannot_be_read_is_reported() -> None:
    with pytest.raises(ApiError, match="api_unreadable: Term: Object missing required field"):
        decode(Term, {"term": "bags", "n": 3})
