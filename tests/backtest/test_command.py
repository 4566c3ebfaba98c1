"""The backtest command: alerts of a replay, matches with the truth, messages."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from click.testing import CliRunner

from backtest.alert_matching import severity, worst
from backtest.cached_scorer import CachedScorer, LabelOracle
from backtest.formatting import benign, caught
from backtest.rules import RuleSet
from backtest.run import Backtest, Run
from badbuzz import wire
from badbuzz.cli import badbuzz
from badbuzz.detection.alert_evaluation import Incident, Scorecard, Truth, score
from badbuzz.detection.state import Rules
from badbuzz.errors import RecordingError
from badbuzz.models.scorer import ScorerSet
from badbuzz.recordings.reader import LabelledTweet
from tests.backtest.runs import (
    BURST_MS,
    LOUD,
    STRIKE,
    alert,
    command,
    stderr_of,
    steady_file,
    summed_up,
    truth_file,
)  # fmt: skip
from tests.e2e.scenario import by_fold
from tests.support.stream import await_that


def test_the_alerts_equal_those_of_the_fold_byte_for_byte(recording: Path, tmp_path: Path) -> None:
    alerts = tmp_path / "alerts.jsonl"
    command(recording, "--warmup", "24h", "--alerts", alerts)
    assert sorted(alerts.read_bytes().splitlines()) == by_fold(recording)[wire.ALERTS]


def test_cached_scores_give_the_same_alerts(recording: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    for path in (first, second):
        command(recording, "--warmup", "24h", "--alerts", path)
    assert first.read_bytes() == second.read_bytes() != b""


def test_the_last_tweets_windows_are_closed_too() -> None:
    run = Run(RuleSet("some"), lambda _brand: Rules())
    recorded = [
        LabelledTweet(
            replace(LOUD.tweet, id=str(at), created_ms=at, produced_ms=at), "negative", None
        )
        for at in (60_000, 599_999)
    ]
    Backtest([run], LabelOracle()).run(recorded)
    assert [window.n_negative for window in run.windows["Nordwind"]][:2] == [1, 1]


# Matches


def test_incidents_are_caught_or_missed(tmp_path: Path) -> None:
    start_ms = 1_700_006_400_000 + 129_600_000
    truth = tmp_path / "truth.json"
    incident = {"brand": "Air Paradis", "kind": "strike", "end_ms": start_ms + 600_000}
    truth.write_bytes(
        orjson.dumps({"incidents": [{**incident, "start_ms": start_ms},
                                    {**incident, "brand": "Nobody", "start_ms": 0}]})
    )  # fmt: skip
    (result,) = summed_up(steady_file(tmp_path), "--truth", truth)["rules"]
    assert (result["n_caught"], result["n_incidents"], result["n_unjudged"]) == (1, 1, 1)
    assert result["n_false_alarms"] == 0


def test_a_truth_about_another_brand_is_reported(tmp_path: Path) -> None:
    truth = truth_file(tmp_path, benign=[{**STRIKE, "brand": "Nobody"}])
    output = stderr_of(steady_file(tmp_path), "--truth", truth, "--warmup", "24h")
    assert output == (
        "badbuzz: truth: the recording has no tweet about Nobody; it has Air Paradis\n"
    )


def test_a_truth_about_another_time_is_reported(tmp_path: Path) -> None:
    truth = truth_file(tmp_path, incidents=[STRIKE, {**STRIKE, "start_ms": 0, "end_ms": 1}])
    output = stderr_of(steady_file(tmp_path), "--truth", truth, "--warmup", "24h")
    assert "truth: 1 entry outside the recording, which is from Wed 15 Nov 2023" in output


def test_rules_about_another_brand_are_reported(tmp_path: Path) -> None:
    (tmp_path / "calm.toml").write_text('[brand."Air Pardis"]\ntheta = 5\n')
    output = stderr_of(steady_file(tmp_path), "--rules", tmp_path / "calm.toml", "--warmup", "24h")
    assert "rules 'calm': the recording has no tweet about Air Pardis" in output


def test_a_recording_shorter_than_the_warm_up_names_the_remedy(tmp_path: Path) -> None:
    output = command(steady_file(tmp_path))
    assert "No alerts. No brand was watched" in output
    assert "try --warmup 24h" in " ".join(output.split())


def test_a_recording_that_no_bundle_reads_names_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "week.jsonl"
    path.write_bytes(wire.encode_tweet(replace(LOUD.tweet, lang="fi")))
    assert "no tweet has a prediction" in stderr_of(path)


@pytest.mark.parametrize(
    ("format_", "expected"), [(caught, "1 not watched"), (benign, "2 not watched")]
)
def test_unwatched_incidents_are_shown_without_alerts(
    format_: Callable[[Scorecard], str], expected: str
) -> None:
    early = Incident("Nordwind", "strike", 0, 1)
    card = score([], Truth((early,), (early, early)), {}, np.random.Generator(np.random.PCG64(1)))
    assert format_(card) == expected


def test_an_alert_has_its_highest_severity() -> None:
    opened, resolved = (replace(phase, severity="warning") for phase in alert(100))
    rises = [
        replace(opened, phase="escalated", severity="critical", window_end_ms=at_min * 60_000)
        for at_min in (115, 140)
    ]
    highest = worst([opened, *rises, replace(resolved, severity="critical")])[opened.id]
    assert severity(opened, highest) == "warning, critical after 15 min"


@pytest.mark.parametrize(
    ("lists", "kind", "sign"),
    [
        ({"incidents": [STRIKE]}, "hit", "✓"),
        ({"benign": [STRIKE]}, "benign", "✗"),
        ({}, "false", "✗"),
    ],
)
def test_an_alert_is_matched(
    lists: dict[str, list[dict[str, Any]]], kind: str, sign: str, tmp_path: Path
) -> None:
    path, truth = steady_file(tmp_path), truth_file(tmp_path, **lists)
    (result,) = summed_up(path, "--truth", truth)["rules"]
    assert [opened["verdict"] for opened in result["alerts"]] == [kind]
    output = command(path, "--warmup", "24h", "--truth", truth)
    assert [mark for mark in output if mark in "✓✗"] == [sign]


def test_the_table_lists_missed_and_unwatched_incidents(tmp_path: Path) -> None:
    day_ms = 86_400_000
    missed = {"start_ms": BURST_MS - day_ms // 4, "end_ms": BURST_MS - day_ms // 8}
    early = {"start_ms": BURST_MS - day_ms, "end_ms": BURST_MS - day_ms + 1}
    truth = truth_file(tmp_path, incidents=[STRIKE | missed, STRIKE | early])
    output = " ".join(command(steady_file(tmp_path), "--warmup", "24h", "--truth", truth).split())
    assert "Missed: Air Paradis, strike, Thu 16 Nov 2023 06:00" in output
    assert "the brand was not watched yet: Air Paradis, strike, Wed 15 Nov 2023 12:00" in output


def test_the_table_names_brands_and_alerts(tmp_path: Path) -> None:
    output = command(steady_file(tmp_path), "--warmup", "24h")
    assert "Air Paradis" in output
    assert "tweets about Air Paradis in the last" in output


# Ends


def test_a_stopped_pass_ends_early(scorers: ScorerSet) -> None:
    def endless() -> Iterator[LabelledTweet]:
        while True:
            yield LOUD

    asked: Callable[[], bool] = iter([False, False, True]).__next__
    tally = Backtest([], CachedScorer(scorers, None), stopping=asked).run(endless())
    assert (tally.interrupted, tally.n_tweets) == (True, 2048)


def test_ctrl_c_ends_it_with_the_signals_code(recording: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "badbuzz", "backtest", "-", "--json", "--quiet"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stderr is not None
    process.stdin.write(recording.read_bytes())
    process.stdin.flush()
    await_that(lambda: _catches_sigterm(process.pid), "a handler for SIGTERM")
    process.send_signal(signal.SIGTERM)
    process.stdin.close()
    assert process.wait(60) == 128 + signal.SIGTERM
    assert b"interrupted" in process.stderr.read()
    process.stderr.close()
    assert process.stdout is not None
    process.stdout.close()


def _catches_sigterm(pid: int) -> bool:
    """Tell whether a process has a handler for SIGTERM, which means that it has started."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    (caught,) = (line.split()[1] for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(int(caught, 16) & 1 << signal.SIGTERM - 1)


def test_a_missing_file_is_named_before_anything_is_loaded() -> None:
    with pytest.raises(Exception, match=r"nowhere\.jsonl: cannot be read"):
        command("nowhere.jsonl")


def test_a_report_that_cannot_be_written_is_named_before_anything_is_read(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="there is no folder"):
        command("-", "--report", tmp_path / "nowhere" / "report.html")


@pytest.mark.parametrize(
    ("option", "name"), [("--report", "steady.jsonl"), ("--alerts", "a.toml"),
                         ("--alerts", "truth.json"), ("--report", "a.jsonl")]
)  # fmt: skip
def test_an_output_does_not_overwrite_an_input_or_another_output(
    option: str, name: str, tmp_path: Path
) -> None:
    (tmp_path / "a.toml").write_text("theta = 4")
    (tmp_path / "truth.json").write_text('{"incidents": []}')
    path = steady_file(tmp_path)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    with pytest.raises(RecordingError, match="give another name"):
        command(
            path, "--rules", tmp_path / "a.toml", "--truth", tmp_path / "truth.json",
            "--alerts", tmp_path / "a.jsonl", option, tmp_path / name,
        )  # fmt: skip
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before


def test_a_baseline_does_not_overwrite_its_recording(tmp_path: Path) -> None:
    path = steady_file(tmp_path)
    arguments = ["baseline", "build", str(path), "-o", str(path), "--quiet"]
    error = CliRunner().invoke(badbuzz, arguments).exception
    assert "would be lost" in str(error)


def test_a_report_is_written_to_the_given_path(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    command(steady_file(tmp_path), "--warmup", "24h", "--report", report)
    assert "tweets about Air Paradis" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "promised"),
    [((), True), (("--warmup", "24h"), False), (("--sweep", "theta=3:4:1"), False)],
)
def test_a_report_claims_the_alerts_of_a_replay_only_without_changes(
    options: tuple[str, ...], promised: bool, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    command(steady_file(tmp_path), "--report", report, *options)
    assert ("those of a replay" in report.read_text(encoding="utf-8")) == promised


# Real tweets


def test_the_airlines_real_bursts_are_found_by_labels_and_by_truth(shared_data: Path) -> None:
    path = shared_data / "airline" / "airline_tweets.jsonl.gz"
    for options in ((), ("--use-truth",)):
        summary = orjson.loads(command(path, "--warmup", "36h", "--json", *options))
        assert summary["n_tweets"] == 11_759
        assert summary["rules"][0]["n_alerts"] > 0
