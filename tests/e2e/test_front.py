"""The front in a browser, with the running demo."""

from __future__ import annotations

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from badbuzz.messages.translator import Language
from badbuzz.store.model import Feedback
from demo.processes import free_port
from tests.support.alertmanager_server import AlertmanagerServer
from tests.support.browser import chromium
from tests.support.front import (
    LIVE,
    NARROW,
    PATHS,
    WIDE,
    Demo,
    front,
    grave_faults,
    open_page,
    overflow_px,
    served,
    settle,
)
from tests.support.prometheus import PrometheusServer
from tests.support.stream import await_that

pytestmark = [pytest.mark.e2e, pytest.mark.services, pytest.mark.slow]

BRAND = "Air Paradis"
DAYS = ("--days", "3", "--seed", "1", "--warmup", "48h")
SPEED = ("--speed", "1200")  # the alert, at 7:40, comes 23 seconds after midnight
ALWAYS = 2**62
PATIENCE_MS = 200_000  # of a machine that does much else


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE_MS)
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def demo(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run the demo, whose crisis begins soon after it serves."""
    with Demo(tmp_path_factory.mktemp("demo"), *DAYS, *SPEED) as running:
        yield running


@pytest.fixture(scope="module")
def fronts(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Language, str]]:
    """Yield the URL of a front in each language: the demo's is English."""
    folder, api = tmp_path_factory.mktemp("french"), demo.addresses["the API"]
    with front(folder, api, "fr") as french:
        yield {"en": demo.addresses["the front"], "fr": french}


def api_answer(demo: Demo, path: str) -> Any:
    """Return the API's answer."""
    with urllib.request.urlopen(demo.addresses["the API"] + path, timeout=30) as answer:
        return orjson.loads(answer.read())


def alerts(demo: Demo) -> list[dict[str, Any]]:
    """Return the alerts of the brand with the first crisis."""
    items = api_answer(demo, "/alerts")["items"]
    return [item for item in items if item["alert"]["brand"] == BRAND]


@pytest.fixture(scope="module")
def alert(demo: Demo) -> str:
    """Return the id of the crisis's alert once it is recorded."""
    await_that(lambda: bool(alerts(demo)), "an alert")
    return str(alerts(demo)[-1]["alert"]["id"])


@pytest.fixture(scope="module")
def finished_demo(demo: Demo) -> Demo:
    """Return the demo once its replay is over."""
    await_that(lambda: "still serving" in demo.log.read_text(), "the replay's end", 280)
    return demo


def feedback(demo: Demo, source: str) -> list[Feedback]:
    """Return the stored feedback of a source."""
    with demo.store() as store:
        return [label for label in store.feedback(0, ALWAYS) if label.source == source]


def test_a_crisis_appears_on_live_without_reload(demo: Demo, browser: Browser) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{demo.addresses['the front']}/?brand={quote(BRAND)}")
    expect(page.get_by_role("heading", name=BRAND)).to_be_visible()
    claim = page.get_by_text(f"tweets about {BRAND} in the last 15 minutes are negative")
    assert claim.count() == 0
    page.evaluate("window.notReloaded = true")
    expect(claim.first).to_be_visible()
    assert page.evaluate("window.notReloaded")
    page.close()


def test_an_alert_is_acknowledged_and_ruled_on(demo: Demo, alert: str, browser: Browser) -> None:
    page = open_page(browser, demo.addresses["the front"], "alerts", alert=alert)
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Acknowledged by")).to_be_visible()
    page.get_by_text("Real crisis").first.click()
    page.get_by_label("Note (optional)").fill("bags in CDG")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    with demo.store() as store:
        life = store.alert(alert)
    assert life is not None
    assert life.acknowledged_by
    assert [(ruling.verdict, ruling.note) for ruling in life.rulings] == [("real", "bags in CDG")]
    page.close()


def test_a_text_is_scored_and_its_correction_is_stored(demo: Demo, browser: Browser) -> None:
    page = open_page(browser, demo.addresses["the front"], "try")
    text = "You lost my bag again, worst airline ever"
    page.get_by_label("Text", exact=True).fill(text)
    page.get_by_role("button", name="Score text").click()
    expect(page.get_by_role("heading", name="Negative", exact=True)).to_be_visible()
    expect(page.get_by_role("rowheader", name="worst", exact=True)).to_be_visible()
    page.get_by_role("button", name="Wrong").click()
    expect(page.get_by_text("Saved as a misprediction")).to_be_visible()
    (correction,) = feedback(demo, "try")
    assert (correction.text, correction.predicted, correction.ground_truth) == (text, True, False)
    assert correction.mispredicted
    page.close()


def test_five_tweets_are_labelled_by_keyboard_alone(demo: Demo, browser: Browser) -> None:
    await_that(lambda: len(api_answer(demo, "/labelling?limit=5")) == 5, "five tweets to label")
    page = open_page(browser, demo.addresses["the front"], "label")
    for n, key in enumerate("nonon", 1):
        page.keyboard.press(key)
        expect(page.get_by_text(f"Labelled: {n}")).to_be_visible()
        settle(page)
    labels = sorted(feedback(demo, "labelling"), key=lambda label: label.at_ms)
    assert [label.ground_truth for label in labels] == [True, False, True, False, True]
    assert len({label.tweet_id for label in labels}) == 5
    page.close()


def test_a_key_pressed_before_the_buttons_are_drawn_counts(demo: Demo, browser: Browser) -> None:
    await_that(lambda: len(api_answer(demo, "/labelling?limit=1")) == 1, "a tweet to label")
    page, held = browser.new_page(), list[Route]()
    page.set_default_timeout(PATIENCE_MS)

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/Button.*.js", hold)
    page.goto(f"{demo.addresses['the front']}/label")
    expect(page.locator("[data-shown]")).to_be_visible()
    page.wait_for_function("window.badbuzzLabelling")
    page.keyboard.press("o")
    assert page.locator(".stButton button").count() == 0
    for route in held:
        route.continue_()
    expect(page.get_by_text("Labelled: 1")).to_be_visible()
    page.close()


def test_choices_stay_in_another_language(demo: Demo, alert: str, browser: Browser) -> None:
    page = open_page(browser, demo.addresses["the front"], "label")
    brand, language = page.get_by_role("combobox").all()
    language.click()
    page.get_by_role("option", name="French").click()
    settle(page)
    page.get_by_text("Français").click()
    expect(brand).to_have_value("Toutes")
    expect(language).to_have_value("français")
    page.close()


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path or "live")
@pytest.mark.parametrize(("language", "size"), [("en", WIDE), ("fr", NARROW)])
def test_pages_are_accessible(
    language: Language,
    size: tuple[int, int],
    path: str,
    fronts: dict[Language, str],
    finished_demo: Demo,
    browser: Browser,
) -> None:
    page = open_page(browser, fronts[language], path, size)
    assert page.evaluate("document.documentElement.lang") == language
    assert grave_faults(page) == []
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    await_that(lambda: overflow_px(page) == 0, "a page that fits, its charts drawn anew")
    page.close()


def test_the_page_of_an_alert_is_accessible(
    fronts: dict[Language, str], alert: str, finished_demo: Demo, browser: Browser
) -> None:
    page = open_page(browser, fronts["fr"], "alerts", NARROW, alert=alert)
    assert overflow_px(page) == 0
    assert grave_faults(page) == []
    page.close()


def test_nothing_is_loaded_from_other_hosts(demo: Demo, browser: Browser) -> None:
    hosts: set[str] = set()
    page: Page = browser.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]))
    page.goto(demo.addresses["the front"])
    page.wait_for_selector("h1")
    settle(page)
    assert hosts == {"127.0.0.1"}
    page.close()


def test_a_page_reports_that_the_api_is_down_and_recovers(
    demo: Demo, tmp_path: Path, browser: Browser
) -> None:
    port = free_port()
    with front(tmp_path, f"http://127.0.0.1:{port}", "en") as url:
        page = open_page(browser, url, LIVE)
        expect(page.get_by_role("alert")).to_contain_text("The API is not responding.")
        with served(tmp_path, "api --without-keys", "/readyz", port, BADBUZZ_STORE=demo.store_url):
            expect(page.get_by_text(BRAND).first).to_be_visible()
        page.close()


def series(demo: Demo, expression: str) -> dict[str, str]:
    """Return the values of a query to the demo's Prometheus, by job."""
    base = demo.addresses["Prometheus"].removesuffix("/alerts")
    with urllib.request.urlopen(f"{base}/api/v1/query?query={quote(expression)}") as answer:
        result = orjson.loads(answer.read())["data"]["result"]
    return {sample["metric"]["job"]: sample["value"][1] for sample in result}


def test_prometheus_scrapes_all_targets_and_alertmanager_is_notified(
    demo: Demo, alert: str
) -> None:
    PrometheusServer.require()
    AlertmanagerServer.program()
    assert series(demo, "up") == dict.fromkeys(
        ("worker", "recorder", "api", "notifier", "prometheus"), "1"
    )
    accepted = 'badbuzz_notified_total{sink="alertmanager", outcome="told"} > 0'
    await_that(lambda: bool(series(demo, accepted)), "a change that Alertmanager took")
