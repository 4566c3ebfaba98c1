"""Queries of the store: sums by step, lists by page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from badbuzz.errors import QueryError
from badbuzz.store.database import Store
from badbuzz.store.model import Page, Ruling, WindowSum
from tests.support.events import BUCKET_MS, HOUR_MS, START_MS
from tests.support.recorded import (
    ALERTS,
    BRAND,
    TWEETS,
    WINDOWS,
    alert,
    later,
    scored,
    shown,
    window,
)  # fmt: skip

ALWAYS = 0, 2**53


def test_a_step_adds_up_its_windows(store: Store) -> None:
    worse = window(
        1, n=10, n_negative=9, expected=4.5, rate=0.9, adjusted_rate=0.75, score=3.5,
        state="firing", alert_id="Air Paradis/1", baseline_rate=0.6,
    )  # fmt: skip
    store.record_windows(WINDOWS, [(0, window()), (1, worse)], 2)
    (step,) = store.windows(BRAND, *ALWAYS, step_ms=HOUR_MS).items
    assert step == WindowSum(
        start_ms=START_MS,
        end_ms=START_MS + HOUR_MS,
        n=16,
        n_negative=12,
        expected=7.0,
        expected_low=2.0,
        expected_high=10.0,
        rate=0.75,
        adjusted_rate=9 / 16,
        baseline_rate=0.5,
        score=3.5,
        state="firing",
        alert_id="Air Paradis/1",
    )


def test_a_step_without_tweets_has_no_rate(store: Store) -> None:
    empty = window(n=0, n_negative=0, rate=None, adjusted_rate=None)
    store.record_windows(WINDOWS, [(0, empty)], 1)
    (step,) = store.windows(BRAND, *ALWAYS).items
    assert (step.rate, step.adjusted_rate) == (None, None)


@pytest.mark.parametrize("forged", [{"n": 2**63 - 1}, {"n_negative": 2**63 - 1}, {"n": -1}])
def test_counts_that_an_older_version_recorded_unchecked_are_left_out(
    store: Store, forged: dict[str, int]
) -> None:
    found = [window(), window(1, **forged), window(2, **forged)]
    store.record_windows(WINDOWS, list(enumerate(found)), 3)
    (step,) = store.windows(BRAND, *ALWAYS, step_ms=HOUR_MS).items
    assert (step.n, step.n_negative) == (6, 3)


@pytest.mark.parametrize(
    "forged", [{"expected": 1e308}, {"adjusted_rate": 1e308}, {"baseline_rate": -1e308}]
)
def test_sums_do_not_overflow_by_what_an_older_version_recorded_unchecked(
    store: Store, forged: dict[str, float]
) -> None:
    found = [window(), window(1, **forged), window(2, **forged)]
    store.record_windows(WINDOWS, list(enumerate(found)), 3)
    (step,) = store.windows(BRAND, *ALWAYS, step_ms=HOUR_MS).items
    assert (step.n, step.expected, step.adjusted_rate, step.baseline_rate) == (6, 2.5, 0.25, 0.4)


def test_a_rate_that_an_older_version_recorded_unchecked_may_be_missing(store: Store) -> None:
    store.record_windows(WINDOWS, [(0, window(adjusted_rate=None))], 1)
    (step,) = store.windows(BRAND, *ALWAYS).items
    assert (step.rate, step.adjusted_rate) == (0.5, None)


@pytest.mark.parametrize(
    ("states", "worst"),
    [
        (("quiet", "firing", "muted"), "firing"),
        (("quiet", "cooling", "no_baseline"), "cooling"),
        (("quiet", "muted", "no_baseline"), "muted"),
        (("quiet", "no_baseline"), "no_baseline"),
        (("quiet", "paused"), "paused"),
        (("paused",), "paused"),
        (("firing", "paused"), "paused"),
        (("",), "unknown"),
        (("quiet", ""), "unknown"),
        (("", "paused"), "paused"),
        (("Paused!",), "unknown"),
    ],
)
def test_a_steps_state_is_the_worst(store: Store, states: tuple[str, ...], worst: str) -> None:
    rows = [(i, window(i, state=state)) for i, state in enumerate(states)]
    store.record_windows(WINDOWS, rows, len(rows))
    assert [step.state for step in store.windows(BRAND, *ALWAYS, step_ms=HOUR_MS).items] == [worst]


def test_windows_are_those_that_begin_in_the_time(store: Store) -> None:
    store.record_windows(WINDOWS, [(i, window(i)) for i in range(6)], 6)
    sums = store.windows(BRAND, START_MS + BUCKET_MS, START_MS + 3 * BUCKET_MS)
    assert [step.start_ms for step in sums.items] == [
        START_MS + BUCKET_MS,
        START_MS + 2 * BUCKET_MS,
    ]


def test_windows_are_those_of_the_brand(store: Store) -> None:
    store.record_windows(WINDOWS, [(0, window()), (1, window(brand="Other", n=7))], 2)
    assert [step.n for step in store.windows("Other", *ALWAYS).items] == [7]


@pytest.mark.parametrize("step_ms", [0, -300_000, 1000, 450_000])
def test_a_step_that_divides_no_window_is_refused(store: Store, step_ms: int) -> None:
    with pytest.raises(QueryError, match="step: expected a multiple"):
        store.windows(BRAND, *ALWAYS, step_ms=step_ms)


def test_a_brands_summary_has_its_last_window_and_its_open_alert(store: Store) -> None:
    store.record_windows(WINDOWS, [(0, window(1)), (1, window(0)), (2, window(brand="B"))], 3)
    over, fired = alert(0), alert(9)
    store.record_alerts(ALERTS, [(0, over), (1, later(over, 2, phase="resolved")), (2, fired)], 3)
    summaries = [(brand.brand, brand.last_window, brand.open_alert) for brand in store.brands()]
    assert summaries == [(BRAND, window(1), fired), ("B", window(brand="B"), None)]


FORGED: tuple[dict[str, Any], ...] = (
    {"rate": 7.0},
    {"expected": 1e13},
    {"state": ""},
    {"n": 2, "n_negative": 3},
    {"alert_id": "Other/1"},
)


@pytest.mark.parametrize("forged", FORGED)
def test_a_last_window_that_an_older_version_recorded_unchecked_is_passed_over(
    store: Store, forged: dict[str, Any]
) -> None:
    bad = window(200, **forged)
    found = [window(), bad, window(brand="B")]
    store.record_windows(WINDOWS, list(enumerate(found)), 3)
    assert [one.last_window for one in store.brands()] == [window(), window(brand="B")]
    assert store.last_windows() == [window(), window(brand="B")]
    assert store.brand(BRAND) == store.brands()[0]


def test_a_brand_without_a_valid_window_is_known(store: Store) -> None:
    store.record_windows(WINDOWS, [(0, window(rate=7.0))], 1)
    assert [(brand.brand, brand.last_window) for brand in store.brands()] == [(BRAND, None)]


def test_invalid_windows_do_not_end_the_changes(store: Store) -> None:
    found = [window(0, rate=7.0), window(1, state=""), window(2), window(3)]
    store.record_windows(WINDOWS, list(enumerate(found)), 4)
    assert store.changes({WINDOWS: -1}, limit=1) == [(WINDOWS, 2, window(2))]
    assert store.changes({WINDOWS: -1}, limit=3) == [
        (WINDOWS, 2, window(2)),
        (WINDOWS, 3, window(3)),
    ]


def test_the_summary_of_one_brand_equals_that_in_the_list(store: Store) -> None:
    store.record_windows(WINDOWS, [(0, window(0)), (1, window(brand="B"))], 2)
    store.record_alerts(ALERTS, [(0, alert(9)), (1, alert(8, brand="B"))], 2)
    assert [store.brand(brand.brand) for brand in store.brands()] == store.brands()
    assert store.brand("C") is None


def test_a_brand_with_an_alert_only_is_known(store: Store) -> None:
    store.record_alerts(ALERTS, [(0, alert())], 1)
    assert [(brand.brand, brand.last_window) for brand in store.brands()] == [(BRAND, None)]


def some_alerts(store: Store) -> None:
    kinds = [("A", "warning"), ("B", "critical"), ("A", "critical"), ("B", "warning")]
    outcomes = [
        (i, alert(i, brand=brand, severity=severity)) for i, (brand, severity) in enumerate(kinds)
    ]
    last = later(outcomes[3][1], 1, phase="resolved")
    store.record_alerts(ALERTS, [*outcomes, (4, last)], 5)


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ({}, [3, 2, 1, 0]),
        ({"brand": "A"}, [2, 0]),
        ({"severity": "critical"}, [2, 1]),
        ({"phase": "resolved"}, [3]),
        ({"phase": "open"}, [2, 1, 0]),
        ({"brand": "B", "phase": "firing"}, [1]),
        ({"from_ms": START_MS + 2 * BUCKET_MS, "to_ms": START_MS + 4 * BUCKET_MS}, [2, 1]),
    ],
)
def test_alerts_are_filtered_and_the_newest_comes_first(
    store: Store, filters: dict[str, Any], numbers: list[int]
) -> None:
    some_alerts(store)
    alerts = store.alerts(**filters).items
    assert [
        (history.alert.window_start_ms - START_MS) // BUCKET_MS for history in alerts
    ] == numbers


def test_a_missing_alert_is_none(store: Store) -> None:
    assert store.alert("nobody/0") is None


def fill(store: Store) -> None:
    """Three of everything."""
    store.record_windows(WINDOWS, [(i, window(i)) for i in range(3)], 3)
    store.record_alerts(ALERTS, [(i, alert(0, brand=f"b{i}")) for i in range(3)], 3)
    store.record_tweets(TWEETS, [(i, scored(str(i))) for i in range(3)], 3)
    for i in range(3):
        store.rule(Ruling(f"b{i}/{START_MS}", "real", "kim", i, ""))


PAGED: dict[str, Callable[[Store, int, str | None], Page[Any]]] = {
    "windows": lambda store, n, at: store.windows(BRAND, *ALWAYS, limit=n, cursor=at),
    "alerts": lambda store, n, at: store.alerts(limit=n, cursor=at),
    "newest": lambda store, n, at: store.tweets(BRAND, *ALWAYS, "newest", n, at),
    "negative": lambda store, n, at: store.tweets(BRAND, *ALWAYS, "negative", n, at),
    "uncertain": lambda store, n, at: store.tweets(BRAND, *ALWAYS, "uncertain", n, at),
    "audit": lambda store, n, at: store.audit(n, at),
}


@pytest.mark.parametrize("query", PAGED)
def test_pages_contain_everything_once_including_ties(store: Store, query: str) -> None:
    fill(store)
    read = PAGED[query]
    page = read(store, 1, None)
    items = list(page.items)
    while page.cursor is not None:
        page = read(store, 1, page.cursor)
        items += page.items
    assert items == list(read(store, 3, None).items)
    assert len(items) == 3


@pytest.mark.parametrize("query", PAGED)
def test_a_page_that_holds_all_has_no_cursor(store: Store, query: str) -> None:
    fill(store)
    assert PAGED[query](store, 3, None).cursor is None


BAD_CURSORS = ["", "x", "é", "bnVsbA", "W10", "WyJ3aW5kb3dzIl0", "WyJ3aW5kb3dzIiwiNSJd", "A" * 5000]


@pytest.mark.parametrize("cursor", BAD_CURSORS)
@pytest.mark.parametrize("query", PAGED)
def test_a_malformed_cursor_is_an_error(store: Store, query: str, cursor: str) -> None:
    with pytest.raises(QueryError, match="cursor: expected the cursor of an earlier page"):
        PAGED[query](store, 1, cursor)


def test_the_cursor_of_another_query_is_an_error(store: Store) -> None:
    fill(store)
    cursor = PAGED["newest"](store, 1, None).cursor
    with pytest.raises(QueryError, match="of this query"):
        PAGED["audit"](store, 1, cursor)


@pytest.mark.parametrize("limit", [0, -1, 10_001])
@pytest.mark.parametrize("query", PAGED)
def test_a_limit_out_of_bounds_is_an_error(store: Store, query: str, limit: int) -> None:
    with pytest.raises(QueryError, match="limit: expected 1 to 10000"):
        PAGED[query](store, limit, None)


def test_later_writes_do_not_shift_pages(store: Store) -> None:
    fill(store)
    first = store.alerts(limit=1)
    store.record_alerts(ALERTS, [(9, alert(5))], 10)
    second = store.alerts(limit=5, cursor=first.cursor)
    assert [history.alert.brand for history in (*first.items, *second.items)] == ["b2", "b1", "b0"]


QUERIES: dict[str, Callable[[Store, Any], Any]] = {
    "windows": lambda store, odd: store.windows(odd, *ALWAYS).items,
    "tweets": lambda store, odd: store.tweets(odd, *ALWAYS).items,
    "alerts": lambda store, odd: store.alerts(brand=odd).items,
    "alert": lambda store, odd: store.alert(odd) or (),
    "tweet": lambda store, odd: store.tweet(odd) or (),
    "labelling": lambda store, odd: store.labelling(lang=odd),
    "key": lambda store, odd: store.key(odd) or (),
}


@pytest.mark.parametrize("odd", ["\x00", "\ud800", "x" * 100_000], ids=["nul", "half", "long"])
@pytest.mark.parametrize("query", QUERIES)
def test_odd_texts_find_nothing(store: Store, query: str, odd: str) -> None:
    fill(store)
    assert list(QUERIES[query](store, odd)) == []


@pytest.mark.parametrize("at_ms", [2**70, -(2**70)])
def test_out_of_range_times_are_clipped(store: Store, at_ms: int) -> None:
    fill(store)
    outcomes = [
        store.windows(BRAND, at_ms, 2**80).items,
        store.tweets(BRAND, at_ms, 2**80).items,
        store.alerts(from_ms=at_ms, to_ms=2**80).items,
        store.rulings(at_ms, 2**80),
    ]
    assert {len(some) for some in outcomes} == {0 if at_ms > 0 else 3}


def test_a_phase_that_an_older_version_recorded_unchecked_is_left_out(store: Store) -> None:
    fired = alert(phase="firing")
    forged = replace(alert(1), n=-1, evidence=shown("t1"))
    store.record_alerts(ALERTS, [(0, fired), (1, later(fired, 1, rate=7.0)), (2, forged)], 3)
    assert [one.phases for one in store.alerts().items] == [(fired,)]
    assert store.alert(forged.id) is None
    assert [one.open_alert for one in store.brands()] == [fired]
    assert [value for _, _, value in store.changes({ALERTS: -1})] == [fired]
    store.record_tweets(TWEETS, [(0, scored("t1", kind="delete"))], 1)
    assert store.alert(fired.id) is not None
