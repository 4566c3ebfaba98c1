from __future__ import annotations

from dataclasses import replace

import pytest

from badbuzz.evaluate import GRACE_MS, Incident, delay_ms, evaluate
from badbuzz.model import Alert
from badbuzz.render import example

MINUTE_MS = 60_000
CRISIS = Incident("Air Paradis", "strike", start_ms=0, end_ms=60 * MINUTE_MS)


def alert(opened_ms: int, **fields: object) -> Alert:
    made = replace(example(), id=f"a{opened_ms}", opened_ms=opened_ms)
    return replace(made, **fields)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("opened_ms", "caught"),
    [
        (0, False),
        (1, True),
        (CRISIS.end_ms + GRACE_MS, True),
        (CRISIS.end_ms + GRACE_MS + 1, False),
    ],
)
def test_an_alert_catches_from_onset_to_five_minutes_after_the_end(
    opened_ms: int, caught: bool
) -> None:
    assert evaluate([alert(opened_ms)], [CRISIS]).n_caught == caught


def test_an_alert_that_catches_nothing_is_a_false_alarm() -> None:
    late = alert(2 * CRISIS.end_ms)
    assert evaluate([late], [CRISIS]).false_alarms == (late,)


def test_another_brands_alert_catches_nothing() -> None:
    assert evaluate([alert(MINUTE_MS, brand="Nordwind")], [CRISIS]).n_caught == 0


@pytest.mark.parametrize("fields", [{"severity": "info"}, {"phase": "escalated"}])
def test_only_openings_that_claim_something_count(fields: dict[str, object]) -> None:
    found = evaluate([alert(MINUTE_MS, **fields)], [CRISIS])
    assert (found.n_caught, found.false_alarms) == (0, ())


def test_the_delay_runs_to_the_first_alert() -> None:
    alerts = [alert(20 * MINUTE_MS), alert(10 * MINUTE_MS)]
    ((incident, first),) = evaluate(alerts, [CRISIS]).caught
    assert first is not None
    assert delay_ms(incident, first) == 10 * MINUTE_MS


def test_one_alert_may_catch_two_incidents() -> None:
    other = replace(CRISIS, kind="delay", start_ms=30 * MINUTE_MS)
    assert evaluate([alert(40 * MINUTE_MS)], [CRISIS, other]).n_caught == 2
