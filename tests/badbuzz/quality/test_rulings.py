from __future__ import annotations

from badbuzz.quality.rulings import RulingCounts, summarise_rulings
from tests.support.feedback import alert, evidence, ruled


def test_each_alert_counts_once_by_its_latest_ruling() -> None:
    one = alert(0)
    found = summarise_rulings(
        [ruled("real", one, at_ms=9, by="sam"), ruled("false_alarm", one, at_ms=5)]
    )
    assert found.overall == RulingCounts("all", 1, 0, 0)


def test_an_alert_is_contested_when_people_disagree() -> None:
    one, other = alert(0), alert(1)
    found = summarise_rulings(
        [
            ruled("real", one, at_ms=9, by="sam"),
            ruled("benign", one, at_ms=5),
            ruled("real", other, by="sam"),
            ruled("real", other),
        ]
    )
    assert found.n_contested == 1


def test_a_revised_ruling_does_not_contest() -> None:
    found = summarise_rulings(
        [ruled("real", alert(0), at_ms=1), ruled("benign", alert(0), at_ms=2)]
    )
    assert found.n_contested == 0
    assert found.overall.n_benign == 1


def test_the_worst_severity_counts_and_the_gravest_comes_first() -> None:
    rose = (alert(0), alert(0, "critical", phase="escalated"), alert(0, phase="resolved"))
    found = summarise_rulings(
        [ruled("real", *rose), ruled("benign", alert(1)), ruled("real", alert(2, "info"))]
    )
    assert [(one.name, one.n) for one in found.severities] == [
        ("critical", 1), ("warning", 1), ("info", 1),
    ]  # fmt: skip


def test_an_alert_counts_in_each_term_of_its_last_evidence() -> None:
    first = alert(0, evidence=evidence("bag"))
    then = alert(0, phase="escalated", evidence=evidence("strike", "stuck"))
    found = summarise_rulings(
        [ruled("real", first, then, alert(0, phase="resolved")), ruled("benign", alert(1))]
    )
    assert {one.name: one.n for one in found.terms} == {"strike": 1, "stuck": 1, "none": 1}


def test_brands_with_most_alerts_come_first() -> None:
    found = summarise_rulings(
        [
            ruled("false_alarm", alert(0, brand="B", id="B/0")),
            ruled("real", alert(1)),
            ruled("real", alert(2)),
        ]
    )
    assert found.brands == (RulingCounts("Air Paradis", 2, 0, 0), RulingCounts("B", 0, 1, 0))
    assert found.brands[1].real.rate == 0.0


def test_of_brands_with_as_many_alerts_the_first_by_name_comes_first() -> None:
    rulings = [ruled("real", alert(i, brand=brand, id=f"{i}")) for i, brand in enumerate("CAB")]
    assert [one.name for one in summarise_rulings(rulings).brands] == ["A", "B", "C"]
