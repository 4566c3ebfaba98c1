"""The report of a backtest, as text and in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backtest.report import render
from backtest.results import BacktestResult, compare
from backtest.rules import RuleSet, Sweep
from backtest.run import Run, Tally
from backtest.series import points
from badbuzz.detection.alert_evaluation import Incident, Truth
from badbuzz.detection.state import Rules
from badbuzz.messages.text import headline
from badbuzz.reports import environment
from tests.support.browser import chromium
from tests.support.events import BUCKET_MS, DAY_MS, START_MS, Event, beat, burst, in_order, steady

BURST_MS = START_MS + int(1.5 * DAY_MS)
BRANDS = ("Air Paradis", "<b>Nord&wind")


def folded(name: str, theta: float) -> Run:
    """Fold two days of two brands, the first of which has a crisis."""
    run = Run(RuleSet(name, {"theta": theta}), lambda _brand: Rules(warmup_hours=24))
    events: list[Event] = [event for brand in BRANDS for event in steady(2, brand=brand)]
    events += [*burst(BURST_MS, 60), beat(START_MS + 2 * DAY_MS + 20 * 60_000)]
    for tweet, prediction in in_order(events):
        run.take(tweet, prediction)
    return run


@pytest.fixture(scope="module")
def result() -> BacktestResult:
    keen, strict = folded("keen", 3.5), folded("strict", 90.0)
    strike = Incident("Air Paradis", "viral_video", BURST_MS - 60_000, BURST_MS + 3_600_000)
    missed = Incident("<b>Nord&wind", "strike", BURST_MS, BURST_MS + 3_600_000)
    return BacktestResult(
        files=("week.jsonl",),
        tally=Tally(3_000, START_MS, START_MS + 2 * DAY_MS),
        runs=(keen, strict),
        swept=((Sweep("theta", (3.5, 90.0)), (keen, strict)),),
        diffs=(compare(keen, strict),),
        truth=Truth((strike, missed), (replace(missed, kind="fare_sale"),)),
    )


@pytest.fixture(scope="module")
def report(result: BacktestResult) -> str:
    return render(result)


def test_the_report_has_the_text_of_every_alert(result: BacktestResult, report: str) -> None:
    (opened,) = (alert for alert in result.runs[0].alerts if alert.phase == "firing")
    assert headline(opened) in report
    assert f"{opened.p_value:.2g}" in report


def test_the_report_has_the_reasons_of_an_alert(result: BacktestResult, report: str) -> None:
    (opened,) = (alert for alert in result.runs[0].alerts if alert.phase == "firing")
    assert opened.evidence is not None
    assert f"<q>{opened.evidence.most_repeated[0].text}</q>" in report


def test_the_report_shows_whether_an_alert_was_right(report: str) -> None:
    assert "Real crisis: viral video" in report


def test_the_report_names_missed_incidents(report: str) -> None:
    assert re.search(r"Missed:.*Nord&amp;wind, strike", report)


def test_incidents_of_unwatched_brands_are_not_missed(result: BacktestResult) -> None:
    early = Incident("Air Paradis", "delay", START_MS, START_MS + DAY_MS // 4)
    html = render(replace(result, truth=Truth((early,))))
    assert re.search(r"Not evaluated.*Air Paradis, delay", html)
    assert "Missed:" not in html


def test_the_report_lists_the_differences(report: str) -> None:
    assert "0 alerts gained, 1 lost, 0 moved" in report


def test_names_are_escaped(report: str) -> None:
    assert "<b>Nord" not in report
    assert "&lt;b&gt;Nord&amp;wind" in report


def test_the_report_loads_nothing_from_a_network(report: str) -> None:
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", report)
    assert "url(" not in report


def test_without_a_truth_there_is_a_report_too(result: BacktestResult) -> None:
    html = render(replace(result, truth=None))
    assert "Alerts per brand-week" in html
    assert "Real cris" not in html


def test_the_evidence_of_an_alert_is_shown_and_escaped() -> None:
    example = SimpleNamespace(
        text="<i>Lost</i> bag", score=0.9, n_alike=4, n_retweets=2, url="javascript:alert(1)"
    )
    evidence = SimpleNamespace(
        n_sampled=30, n_authors=20, near_duplicate_rate=0.4, reach=7,
        reasons=(SimpleNamespace(reason="lost_luggage", n=9),),
        terms=(SimpleNamespace(term="my bag", n=9, z=4.0),), most_repeated=(example,),
        most_negative=(replace_url(example, "https://x.com/1"),),
    )  # fmt: skip
    module: Any = environment("backtest").get_template("evidence.jinja").module
    html = str(module.evidence(evidence))
    assert "lost luggage (9)" in html
    assert "3 near-duplicates" in html
    assert "my bag" in html
    assert "&lt;i&gt;Lost&lt;/i&gt; bag" in html
    assert "javascript" not in html
    assert 'href="https://x.com/1"' in html


def replace_url(example: SimpleNamespace, url: str) -> SimpleNamespace:
    return SimpleNamespace(**{**vars(example), "url": url})


# Series


def test_a_sum_has_the_counts_of_its_windows(result: BacktestResult) -> None:
    windows = result.runs[0].windows["Air Paradis"]
    hours = points(windows, 12 * BUCKET_MS)
    assert sum(hour.n for hour in hours) == sum(window.n for window in windows)
    assert all(hour.low <= hour.expected <= hour.high for hour in hours)


def test_a_single_window_keeps_its_own_band(result: BacktestResult) -> None:
    window = result.runs[0].windows["Air Paradis"][300]
    (point,) = points([window], BUCKET_MS)
    assert point.high == pytest.approx(window.expected_high)
    assert (point.rate, point.n_negative) == (window.rate, window.n_negative)


# In a browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=["desk", "telephone"])
def page(
    browser: Any, report: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """The report, opened; at its end the console was clean and nothing was fetched."""
    width, scheme = request.param
    path = tmp_path / "report.html"
    path.write_text(report, encoding="utf-8")
    logged: list[str] = []
    fetched: list[str] = []
    opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened.on("console", lambda message: logged.append(message.text))
    opened.on("pageerror", lambda error: logged.append(str(error)))
    opened.on("request", lambda sent: fetched.append(sent.url))
    opened.goto(path.as_uri())
    yield opened
    opened.close()
    assert logged == []
    assert [url for url in fetched if not url.startswith("data:")] == [path.as_uri()]


@pytest.mark.services
def test_the_plots_are_drawn(page: Any) -> None:
    boxes = page.eval_on_selector_all(
        ".chart path.bars:not(.above), .chart path.band, .chart path.rate,"
        " .panel:first-child path.curve, .closeup path.bars.above",
        "paths => paths.filter(p => !p.closest('.key')).map(p => p.getBoundingClientRect())"
        ".map(box => Math.max(box.width, box.height))",
    )
    assert len(boxes) == 3 * len(BRANDS) + 1 + 1
    assert min(boxes) > 20


@pytest.mark.services
def test_the_report_fits_the_width_of_the_page(page: Any) -> None:
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.viewport_size["width"]


@pytest.mark.services
def test_a_chart_is_read_with_the_keyboard(page: Any) -> None:
    chart = page.locator(".chart").last
    chart.focus()
    page.keyboard.press("ArrowRight")
    assert re.search(r"9 negative of 18; .* expected", chart.locator(".readout").inner_text())


@pytest.mark.services
def test_it_has_a_title_and_headings_in_order(page: Any) -> None:
    assert "week.jsonl" in page.title()
    levels = page.eval_on_selector_all("h1, h2, h3", "found => found.map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.services
def test_every_chart_has_a_text_alternative(page: Any) -> None:
    labels = page.eval_on_selector_all("figure", "found => found.map(f => f.ariaLabel)")
    assert labels
    assert all(labels)
