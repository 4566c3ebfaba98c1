"""Rules, sweeps and differences between rule sets."""

from __future__ import annotations

from pathlib import Path

import pytest

from backtest.results import compare
from tests.backtest.runs import (
    alert,
    command,
    run_with,
    steady_file,
    summed_up,
)  # fmt: skip


def test_rules_of_a_brand_override_those_of_all(tmp_path: Path) -> None:
    rules = tmp_path / "strict.toml"
    rules.write_text('theta = 3.0\n[brand."Air Paradis"]\ntheta = 90\n')
    path = steady_file(tmp_path)
    assert summed_up(path)["rules"][0]["n_alerts"] == 1
    assert summed_up(path, "--rules", rules)["rules"][0]["n_alerts"] == 0


@pytest.mark.parametrize(
    ("toml", "message"),
    [
        ("thta = 4", "thta: unknown key; known are theta, zone"),
        ('[brand."Air Paradis"]\nthta = 4', "brand 'Air Paradis': thta: unknown key"),
        ("theta = 'high'", "theta: expected float, 0 or more, found 'high'"),
        ("theta = -1.0", "theta: expected float, 0 or more"),
        ("theta = nan", "theta: expected float, 0 or more"),
        ("warmup_hours = 1.5", "warmup_hours: expected int"),
        ("zone = 'Mars'", "zone: expected an IANA time zone .* found 'Mars'"),
        ("languages = [1]", "languages: expected str"),
        ("muted_ms = [[1, 2, 3]]", "muted_ms: expected 2 values"),
        ("muted_ms = [[2, 1]]", "muted_ms: end .* is not after start"),
        ("brand = 3", "brand: expected tables"),
        ("theta =", "is not TOML"),
    ],
)
def test_invalid_rules_are_refused(toml: str, message: str, tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(toml)
    with pytest.raises(Exception, match=rf"rules\.toml: .*{message}"):
        summed_up(steady_file(tmp_path), "--rules", rules)


def test_rules_can_mute_by_time(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("muted_ms = [[2023-11-15T00:00:00Z, 2023-11-17T00:00:00+01:00]]\n")
    assert summed_up(steady_file(tmp_path), "--rules", rules)["rules"][0]["n_alerts"] == 0


def test_a_sweep_has_a_point_for_every_step(tmp_path: Path) -> None:
    summary = summed_up(steady_file(tmp_path), "--sweep", "theta=4:90:43")
    (sweep,) = summary["sweeps"]
    assert [(point["value"], point["n_alerts"]) for point in sweep["points"]] == [
        (4.0, 1), (47.0, 0), (90.0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sweep", ["theta", "theta=1:2", "theta=2:1:1", "theta=1:2:0", "zone=1:2:1", "no=1:2:1",
              "theta=0:9:0.001"]
)  # fmt: skip
def test_an_invalid_sweep_is_refused(sweep: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="--sweep"):
        summed_up(steady_file(tmp_path), "--sweep", sweep)


def test_an_alert_that_is_open_at_the_same_time_has_moved() -> None:
    change = compare(run_with(alert(100)), run_with(alert(130)))
    assert [(moved.by_min, change.gained, change.lost) for moved in change.moved] == [
        (30.0, (), ())
    ]


def test_an_alert_of_another_time_or_brand_is_lost_and_gained() -> None:
    change = compare(
        run_with(alert(100), alert(900)), run_with(alert(100, "Air Paradis"), alert(500))
    )
    assert {a.id for a in change.lost} == {"Nordwind/100", "Nordwind/900"}
    assert {a.id for a in change.gained} == {"Air Paradis/100", "Nordwind/500"}


def test_an_unchanged_alert_is_no_difference() -> None:
    change = compare(run_with(alert(100)), run_with(alert(100)))
    assert (change.gained, change.lost, change.moved) == ((), (), ())


def test_several_rule_sets_write_their_alerts_side_by_side(tmp_path: Path) -> None:
    for name, theta in (("keen", 3), ("strict", 90)):
        (tmp_path / f"{name}.toml").write_text(f"theta = {theta}")
    command(
        steady_file(tmp_path), "--warmup", "24h", "--alerts", tmp_path / "a.jsonl",
        "--rules", tmp_path / "keen.toml", "--rules", tmp_path / "strict.toml",
    )  # fmt: skip
    assert b'"firing"' in (tmp_path / "a.jsonl").read_bytes()
    assert (tmp_path / "a.strict.jsonl").read_bytes() == b""


# The truth
