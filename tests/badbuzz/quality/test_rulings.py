from __future__ import annotations

from dataclasses import replace

from badbuzz.quality.rulings import RulingCounts, summarise_rulings
from tests.support.feedback import alert, evidence, ruled


def test_each_alert_counts_once_by_its_latest_ruling() -> None:
    opened = alert(0)
    summary = summarise_rulings(
        [ruled("real", opened, at_ms=9, by="sam"), ruled("false_alarm", opened, at_ms=5)]
    )
    assert summary.overall == RulingCounts("all", 1, 0, 0)


def test_an_alert_is_contested_when_people_disagree() -> None:
    first, other = alert(0), alert(1)
    summary = summarise_rulings(
        [
            ruled("real", first, at_ms=9, by="sam"),
            ruled("benign", first, at_ms=5),
            ruled("real", other, by="sam"),
            ruled("real", other),
        ]
    )
    assert summary.n_contested == 1


def test_a_revised_ruling_does_not_contest() -> None:
    summary = summarise_rulings(
        [ruled("real", alert(0), at_ms=1), ruled("benign", alert(0), at_ms=2)]
    )
    assert summary.n_contested == 0
    assert summary.overall.n_benign == 1


def test_the_worst_severity_counts_and_the_gravest_comes_first() -> None:
    rose = (alert(0), alert(0, "critical", phase="escalated"), alert(0, phase="resolved"))
    summary = summarise_rulings(
        [ruled("real", *rose), ruled("benign", alert(1)), ruled("real", alert(2, "info"))]
    )
    assert [(group.name, group.n) for group in summary.severities] == [
        ("critical", 1), ("warning", 1), ("info", 1),
    ]  # fmt: skip


def test_an_alert_counts_in_each_term_of_its_last_evidence() -> None:
    first = alert(0, evidence=evidence("bag"))
    then = alert(0, phase="escalated", evidence=evidence("strike", "stuck"))
    summary = summarise_rulings(
        [ruled("real", first, then, alert(0, phase="resolved")), ruled("benign", alert(1))]
    )
    assert {group.name: group.n for group in summary.terms} == {"strike": 1, "stuck": 1, "none": 1}


def test_brands_with_most_alerts_come_first() -> None:
    summary = summarise_rulings(
        [
            ruled("false_alarm", alert(0, brand="B", id="B/0")),
            ruled("real", alert(1)),
            ruled("real", alert(2)),
        ]
    )
    assert summary.brands == (RulingCounts("Air Paradis", 2, 0, 0), RulingCounts("B", 0, 1, 0))
    assert summary.brands[1].real.rate == 0.0


def test_of_brands_with_as_many_alerts_the_first_by_name_comes_first() -> None:
    rulings = [ruled("real", alert(i, brand=brand, id=f"{i}")) for i, brand in enumerate("CAB")]
    assert [group.name for group in summarise_rulings(rulings).brands] == ["A", "B", "C"]


def test_a_severity_of_a_newer_version_is_the_gravest() -> None:
    rose = (alert(0, "critical"), replace(alert(0), phase="escalated", severity="major"))
    found = summarise_rulings([ruled("real", alert(1, "critical")), ruled("real", *rose)])
    assert [one.name for one in found.severities] == ["major", "critical"]
