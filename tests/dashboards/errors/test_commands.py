"""The error analysis, from a store to the terminal, to JSON and to a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from badbuzz.models.scorer import ScorerSet
from badbuzz.quality.mispredictions import FeedbackGroup
from badbuzz.store.database import Store
from badbuzz.store.model import Ruling, SourcePartition
from dashboards.errors.commands import errors
from dashboards.errors.findings import TREND_DAYS, ErrorFindings, analyse_errors
from dashboards.errors.report import render
from dashboards.errors.sections import sections
from dashboards.errors.table import show
from tests.dashboards.errors.example import example
from tests.support.browser import chromium
from tests.support.feedback import alert, evidence, feedback

DAY_MS = 86_400_000
NOW_MS = 1_795_500_000_000
SCORERS = ScorerSet.read("en=airline-en,fr=tweets-fr")
PERIOD = ["--from", "2026-11-17T00:00:00Z", "--to", "2026-11-25T00:00:00Z"]


def fill(store: Store) -> None:
    """Record feedback on two versions of a bundle in two languages, and three rulings."""
    for n in range(60):
        at: dict[str, Any] = {"at_ms": NOW_MS - 20 * DAY_MS + n, "id": f"old{n}"}
        store.add_feedback(feedback("missed" if n < 6 else "ok", **at))
    for n in range(30):
        at = {
            "at_ms": NOW_MS + n,
            "id": f"new{n}",
            "bundle": "b@2",
            "lang": "fr" if n % 3 else "en",
        }
        store.add_feedback(feedback("false" if n < 15 else "ok", text="a long queue", **at))
    asked = feedback("missed", 0.48, at_ms=NOW_MS, id="asked", source="labelling", bundle="b@2",
                     text="<b>Fine</b>, if you like strikes", brand="A&B <i>Air")  # fmt: skip
    store.add_feedback(asked)
    phases = [alert(n, "critical" if n else "info", evidence=evidence("strike")) for n in range(3)]
    store.record_alerts(SourcePartition("alerts", 0), list(enumerate(phases)), 3)
    for phase, verdict in zip(phases, ("real", "real", "false_alarm"), strict=True):
        store.rule(Ruling(phase.id, verdict, "kim", NOW_MS, ""))  # type: ignore[arg-type]


@pytest.fixture
def filled(store_url: str) -> str:
    """The address of a store with feedback and rulings."""
    with Store.open(store_url) as store:
        fill(store)
    return store_url


def run(url: str, *args: str, code: int = 0) -> Result:
    ran = CliRunner().invoke(errors, args, env={"BADBUZZ_STORE": url}, catch_exceptions=False)
    assert ran.exit_code == code, ran.output
    return ran


def run_json(url: str, *args: str) -> Any:
    return orjson.loads(run(url, *(args or PERIOD), "--json").stdout)


# The figures


def test_every_figure_is_in_the_json(filled: str) -> None:
    analysis = run_json(filled)
    labels, alerts = analysis["labels"], analysis["alerts"]
    assert (labels["overall"]["n"], labels["overall"]["n_missed"]) == (31, 1)
    assert labels["corrections"]["wrong_rate"] == 0.5
    assert labels["labelling"]["n"] == 1
    assert {group["name"]: group["n"] for group in labels["by_language"]} == {"fr": 20, "en": 11}
    assert labels["by_reason"][0]["name"] == "long_lines"
    assert labels["worst"][0]["score"] == 0.8
    assert (alerts["overall"]["n_real"], alerts["overall"]["n_false_alarm"]) == (2, 1)
    assert [group["name"] for group in alerts["by_severity"]] == ["critical", "info"]
    assert alerts["by_term"] == [{**alerts["overall"], "name": "strike"}]


def test_a_version_is_compared_with_one_from_before_the_period(filled: str) -> None:
    newest = run_json(filled)["trends"]["corrections"]["by_version"][-1]
    assert (newest["name"], newest["before"], newest["told"]) == ("b@2", "b@1", "worse")
    low, high = newest["difference"]
    assert 0 < low < 0.4 < high


def test_trends_begin_at_a_limit(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.add_feedback(feedback("ok", at_ms=NOW_MS - (TREND_DAYS + 1) * DAY_MS))
        store.add_feedback(feedback("ok", at_ms=NOW_MS))
        findings = analyse_errors(store, SCORERS, NOW_MS - DAY_MS, NOW_MS + DAY_MS)
    assert [step.group.n for step in findings.trends[0].weeks] == [1]


def test_the_json_keeps_its_fields(filled: str) -> None:
    analysis = run_json(filled)
    assert analysis["schema"] == 1
    assert {key: sorted(analysis[key]) for key in ("labels", "trends", "alerts")} == {
        "labels": ["by_brand", "by_language", "by_margin", "by_reason", "by_term", "corrections",
                   "labelling", "overall", "worst"],
        "trends": ["corrections", "from_ms", "labelling"],
        "alerts": ["by_brand", "by_severity", "by_term", "n_contested", "overall"],
    }  # fmt: skip
    assert sorted(analysis["labels"]["overall"]) == [
        "n", "n_false", "n_missed", "name", "wrong_interval", "wrong_rate",
    ]  # fmt: skip


def record_wrong_label(url: str, **fields: Any) -> Any:
    """Record one wrong label; return its entry in the JSON."""
    with Store.open(url) as store:
        store.add_feedback(feedback(at_ms=NOW_MS, **fields))
    (only,) = run_json(url)["labels"]["worst"]
    return only


def test_a_label_that_is_still_wrong_names_the_tokens_that_cause_it(store_url: str) -> None:
    text = "The worst airline? Hardly: you lost nothing"
    now = record_wrong_label(store_url, kind="false", text=text)["today"]
    assert now["bundle"] == SCORERS.scorers["en"].version
    assert now["wrong"] is True
    assert "worst" in [pull["token"] for pull in now["pulled_by"]]
    assert all(pull["logit"] > 0 for pull in now["pulled_by"])


def test_a_label_that_the_current_bundle_predicts_correctly_is_not_wrong(store_url: str) -> None:
    text = "Worst airline, you lost my bag again"
    now = record_wrong_label(store_url, kind="missed", text=text)["today"]
    assert now["wrong"] is False


def test_a_language_that_no_bundle_reads_has_no_current_prediction(store_url: str) -> None:
    assert record_wrong_label(store_url, kind="missed", lang="de")["today"] is None


# The terminal


def test_the_terminal_shows_the_errors_and_the_limits_of_the_figures(filled: str) -> None:
    listed = run(filled, *PERIOD).stdout
    assert "31 labels checked, 52 % (35–68) of them wrong" in listed
    assert "▲ Corrections, version b@2 against b@1: worse: +40 points" in listed
    assert "Corrections are not a random sample" in listed
    assert "labelled negative, but is not" in listed


def test_the_worst_labels_come_first_and_the_output_fits_eighty_lines(full: ErrorFindings) -> None:
    console = Console(width=110, record=True, file=StringIO())
    show(console, full)
    listed = console.export_text()
    assert len(listed.splitlines()) < 80
    assert (
        listed.index("Worst predictions:")
        < listed.index("Over time")
        < listed.index("By confidence")
    )


def test_with_a_report_the_terminal_output_is_short(filled: str, tmp_path: Path) -> None:
    path = str(tmp_path / "errors.html")
    ran = run(filled, *PERIOD, "--report", path)
    assert ran.stderr.splitlines()[1:] == [f"badbuzz: report written: {path}"]
    assert "Worst predictions:" in ran.stdout
    assert "Over time" in ran.stdout
    assert "By confidence" not in ran.stdout


def test_small_groups_are_omitted_and_counted(findings: ErrorFindings) -> None:
    brands, alerts = (section for section in sections(findings) if section.title == "By brand")
    assert [row.name for row in brands.rows] == ["Air Paradis"]
    assert brands.omitted == "Omitted: 1 brand of fewer than 3 labels; --json has them."
    assert [row.name for row in alerts.rows] == ["Air Paradis"]


def test_small_groups_of_alerts_are_omitted(store_url: str) -> None:
    with Store.open(store_url) as store:
        phase = alert(0, evidence=evidence("strike", "fog"))
        store.record_alerts(SourcePartition("alerts", 0), [(0, phase)], 1)
        store.rule(Ruling(phase.id, "real", "kim", NOW_MS, ""))
        listed = sections(analyse_errors(store, SCORERS, NOW_MS - DAY_MS, NOW_MS + DAY_MS))
    (terms,) = (section for section in listed if section.title == "By driving term")
    assert (terms.rows, terms.n_small) == ((), 2)
    assert "2 terms of fewer than 3 ruled" in terms.omitted


def test_a_single_version_is_a_sentence(store_url: str) -> None:
    with Store.open(store_url) as store:
        for _ in range(3):
            store.add_feedback(feedback("ok", at_ms=NOW_MS))
        listed = sections(analyse_errors(store, SCORERS, NOW_MS - DAY_MS, NOW_MS + DAY_MS))
    trends = [section for section in listed if section.part == "trends"]
    assert [section.rows for section in trends] == [(), ()]
    assert trends[0].note.startswith("Only one version has feedback, b@1: 0 %")


def test_an_empty_store_prints_advice(store_url: str) -> None:
    Store.open(store_url).close()
    ran = run(store_url)
    assert ran.stdout == ""
    assert ran.stderr.startswith("store: ")
    assert "no feedback and no ruling" in ran.stderr
    assert "POST /feedback" in ran.stderr


def test_an_empty_period_has_empty_figures(filled: str) -> None:
    analysis = run_json(filled, "--to", "2020-01-01T00:00:00Z")
    assert analysis["labels"]["overall"]["wrong_rate"] is None
    assert analysis["alerts"]["by_brand"] == []


def test_feedback_without_a_label_is_counted_in_the_advice(store_url: str) -> None:
    with Store.open(store_url) as store:
        store.add_feedback(feedback("ok", predicted=None, ground_truth=True, at_ms=NOW_MS))
    assert "feedback on 1 text" in run(store_url, *PERIOD).stderr


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        (["--from", "2026-11-17T00:00:00Z", "--days", "3"], "not both"),
        (["--from", "2026-11-17T00:00:00Z", "--to", "2026-11-17T00:00:00Z"], "before --to"),
        (["--from", "2026-11-17"], "expected a time of day"),
        (["--days", "0"], "0 is not in the range"),
    ],
)
def test_an_invalid_period_is_refused(tmp_path: Path, args: list[str], reason: str) -> None:
    assert reason in run(f"sqlite:///{tmp_path / 'badbuzz.db'}", *args, code=2).output


# The report


@pytest.fixture(scope="module")
def findings(tmp_path_factory: pytest.TempPathFactory) -> ErrorFindings:
    path = tmp_path_factory.mktemp("store") / "badbuzz.db"
    with Store.open(f"sqlite:///{path}") as store:
        fill(store)
        return analyse_errors(store, SCORERS, NOW_MS - 7 * DAY_MS, NOW_MS + DAY_MS)


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> ErrorFindings:
    """An analysis of five weeks, two bundles and four brands, with a very long term."""
    findings = example(tmp_path_factory.mktemp("example"))
    longest = FeedbackGroup("internationalisation", 90, 45, 45)
    terms = (longest, *findings.mispredictions.terms)
    mispredictions = replace(findings.mispredictions, terms=terms)
    return replace(findings, mispredictions=mispredictions)


@pytest.fixture(scope="module")
def report(findings: ErrorFindings) -> str:
    return render(findings)


def test_a_report_is_written(filled: str, tmp_path: Path) -> None:
    path = tmp_path / "errors.html"
    run(filled, *PERIOD, "--report", str(path))
    assert "Where badbuzz was wrong" in path.read_text(encoding="utf-8")


def test_one_false_alarm_is_singular(report: str) -> None:
    assert "<small>1 false alarm</small>" in report


def test_texts_and_names_are_escaped(report: str) -> None:
    assert "&lt;b&gt;Fine&lt;/b&gt;, if you like strikes" in report
    assert "A&amp;B &lt;i&gt;Air" in report
    assert "<b>Fine" not in report


def test_a_report_loads_nothing_from_the_network(report: str) -> None:
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", report)
    assert "url(" not in report


def test_an_empty_report_contains_advice(store_url: str) -> None:
    with Store.open(store_url) as store:
        html = render(analyse_errors(store, SCORERS, NOW_MS - DAY_MS, NOW_MS))
    assert "Nothing to analyse" in html
    assert "How to read this report" not in html


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as started:
        yield started


@pytest.fixture(params=[(1280, "light"), (390, "dark")], ids=["desk", "telephone"])
def page(
    browser: Any, full: ErrorFindings, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Any]:
    """The open report; afterwards the console must be empty."""
    width, scheme = request.param
    path = tmp_path / "errors.html"
    path.write_text(render(full), encoding="utf-8")
    messages: list[str] = []
    opened = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened.on("console", lambda message: messages.append(message.text))
    opened.on("pageerror", lambda error: messages.append(str(error)))
    opened.goto(path.as_uri())
    yield opened
    opened.close()
    assert messages == []


@pytest.mark.services
def test_the_report_fits_the_width(page: Any) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= page.viewport_size["width"]
    over = "tables => tables.filter(one => one.scrollWidth > one.clientWidth).length"
    assert page.eval_on_selector_all(".scroll", over) == 0


@pytest.mark.services
def test_names_are_broken_between_words_only(page: Any) -> None:
    broken = page.eval_on_selector_all(
        ".name",
        """names => names.flatMap(name => [...name.textContent.matchAll(/[^\\s-]+/g)]
          .filter(word => {
            const range = document.createRange();
            range.setStart(name.firstChild, word.index);
            range.setEnd(name.firstChild, word.index + word[0].length);
            return range.getClientRects().length > 1;
          }).map(String))""",
    )
    assert broken == []


@pytest.mark.services
def test_every_share_is_drawn_at_its_figure(page: Any) -> None:
    drawn = page.eval_on_selector_all(
        "td .share",
        """shares => shares.map(share => {
          const [bar, mark] = [share.querySelector('.bar'), share.querySelector('b')]
            .map(found => found.getBoundingClientRect());
          return [parseFloat(share.querySelector('.figure').textContent),
                  100 * (mark.x + mark.width / 2 - bar.x) / bar.width];
        })""",
    )
    assert len(drawn) > 10
    assert all(abs(figure - at) < 1.5 for figure, at in drawn)


@pytest.mark.services
def test_headings_are_in_order(page: Any) -> None:
    levels = page.eval_on_selector_all("h1, h2, h3", "found => found.map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.services
def test_the_text_has_enough_contrast(page: Any) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1."""
    ratios = page.evaluate(
        """() => {
          const level = text => {
            const [r, g, b] = text.match(/\\d+/g).slice(0, 3).map(Number).map(one => one / 255)
              .map(one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
            return 0.2126 * r + 0.7152 * g + 0.0722 * b;
          };
          const behind = one => {
            const color = getComputedStyle(one).backgroundColor;
            return color === 'rgba(0, 0, 0, 0)' ? behind(one.parentElement) : color;
          };
          return [...document.querySelectorAll('body *')].filter(one => one.innerText?.trim())
            .map(one => [level(getComputedStyle(one).color), level(behind(one))])
            .map(([a, b]) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
        }"""
    )
    assert min(ratios) >= 4.5
