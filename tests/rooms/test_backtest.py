"""The backtest's command: the alerts of a replay, verdicts from everywhere, rules side by side."""

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

from backtest import scores
from backtest.compare import compare
from backtest.jury import Jury, Truthful
from backtest.rules import RuleSet
from backtest.run import Backtest, Run
from backtest.verdicts import severity, worst
from backtest.words import benign, caught
from badbuzz import wire
from badbuzz.cli import badbuzz
from badbuzz.errors import RecordingError
from badbuzz.evaluate import Incident, Scorecard, Truth, score
from badbuzz.model import Alert, Tweet, Verdict
from badbuzz.recording import Labelled, read_recording
from badbuzz.render import example
from badbuzz.scorer import Judges
from badbuzz.state import Rules
from tests.core.events import burst, in_order, steady
from tests.e2e.scenario import by_fold, write_scenario
from tests.e2e.stream import await_that

LOUD = Labelled(Tweet("1", "Nordwind", "Lost my bag. Worst airline.", 0, 0, lang="en"), None, None)


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of this test's own."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty-eight hours with two crises at their end."""
    return write_scenario(tmp_path_factory.mktemp("backtest"), brands=3, tweets_per_day=2000)


@pytest.fixture(scope="module")
def judges() -> Judges:
    return Judges.read("en=airline-en,fr=tweets-fr")


def command(*arguments: object, code: int = 0) -> str:
    """What the command printed."""
    result = CliRunner().invoke(
        badbuzz, ["backtest", *map(str, arguments), "--quiet"], catch_exceptions=True
    )
    if code == 0 and result.exception is not None:
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def summed_up(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(command(*arguments, "--warmup", "24h", "--json"))
    return found


def steady_file(folder: Path, *, name: str = "steady.jsonl", at_day: float = 1.5) -> Path:
    """Two days of the same, with one loud and angry moment; every tweet with its score."""
    moment_ms = 1_700_006_400_000 + int(at_day * 86_400_000)
    events = in_order([*steady(2), *burst(moment_ms, 60)])
    path = folder / name
    path.write_bytes(b"\n".join(wire.encode_scored(tweet, verdict) for tweet, verdict in events))
    return path


# The fold that runs live


def test_the_alerts_are_those_of_the_fold_to_the_byte(recording: Path, tmp_path: Path) -> None:
    alerts = tmp_path / "alerts.jsonl"
    command(recording, "--warmup", "24h", "--alerts", alerts)
    assert sorted(alerts.read_bytes().splitlines()) == by_fold(recording)[wire.ALERTS]


def test_remembered_scores_give_the_same_alerts(recording: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
    for path in (first, second):
        command(recording, "--warmup", "24h", "--alerts", path)
    assert first.read_bytes() == second.read_bytes() != b""


def test_the_last_tweets_windows_are_closed_too() -> None:
    run = Run(RuleSet("some"), lambda _brand: Rules())
    recorded = [
        Labelled(replace(LOUD.tweet, id=str(at), created_ms=at, produced_ms=at), "negative", None)
        for at in (60_000, 599_999)
    ]
    Backtest([run], Truthful()).run(recorded)
    assert [window.n_negative for window in run.windows["Nordwind"]][:2] == [1, 1]


# Verdicts


def test_a_known_bundles_score_gives_its_verdict(judges: Judges) -> None:
    verdict = judges.judge([LOUD.tweet])[0]
    assert verdict is not None
    recorded = LOUD._replace(score=verdict.score, negative=True, bundle=verdict.bundle)
    assert Jury(judges, None).verdicts([recorded]) == [verdict]


def test_an_unknown_bundles_score_is_taken_as_it_is(judges: Judges) -> None:
    recorded = LOUD._replace(score=0.45, negative=True, bundle="other@1")
    expected = Verdict(score=0.45, negative=True, adjusted=4_500, bundle="other@1")
    assert Jury(judges, None).verdicts([recorded]) == [expected]


def test_recorded_scores_may_be_passed_over(judges: Judges) -> None:
    recorded = LOUD._replace(score=0.0)
    assert Jury(judges, None, rescore=True).verdicts([recorded]) == judges.judge([LOUD.tweet])


def test_the_jury_says_what_the_worker_would(judges: Judges, recording: Path) -> None:
    tweets = list(read_recording([str(recording)]))[:500]
    found = Jury(judges, None).verdicts([Labelled(tweet, None, None) for tweet in tweets])
    assert found == judges.judge(tweets)


def test_the_truth_is_a_humans_and_a_tweet_without_one_has_no_verdict() -> None:
    labelled = [LOUD._replace(label=label) for label in ("negative", "neutral", None)]
    assert [v and v.negative for v in Truthful().verdicts(labelled)] == [True, False, None]


def labelled_file(folder: Path, *labels: str) -> Path:
    path = folder / "labelled.csv"
    rows = [f"2015-02-24T11:35:{n:02}Z,Nordwind,Well.,{word}" for n, word in enumerate(labels)]
    path.write_text("\n".join(["created_at,brand,text,label", *rows]))
    return path


def test_a_label_that_is_none_is_a_bad_row_with_its_remedy(tmp_path: Path) -> None:
    path = labelled_file(tmp_path, "negative", "angry")
    said = CliRunner().invoke(badbuzz, ["backtest", str(path), "--use-truth"]).output
    assert (
        "labelled.csv:3: label 'angry' is none of negative, neutral, positive: map it with "
        "--label angry=negative" in said
    )


@pytest.mark.parametrize("options", [(), ("--label", "angry=negative")])
def test_a_word_for_a_label_is_counted_where_its_meaning_is_known(
    options: tuple[str, ...], tmp_path: Path
) -> None:
    path = labelled_file(tmp_path, "Neutral", "angry")
    assert summed_up(path, "--use-truth", *options)["n_tweets"] == 1 + bool(options)


def test_truth_without_a_single_label_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no row has a label"):
        command(labelled_file(tmp_path, "", ""), "--use-truth")


# Remembered scores


def test_scores_are_remembered(tmp_path: Path, judges: Judges) -> None:
    for n_scored in (1, 0):
        jury = Jury(judges, tmp_path)
        jury.verdicts([LOUD])
        assert jury.close() == []
        assert jury.n_scored == n_scored


def test_no_cache_keeps_nothing(recording: Path, cache_folder: Path) -> None:
    command(recording, "--no-cache")
    assert not list(cache_folder.rglob("*@*"))


def test_other_code_has_other_scores(tmp_path: Path) -> None:
    path = tmp_path / "text.py"
    found = set()
    for source in ("lower = True\n", "lower = False\n"):
        path.write_text(source)
        found.add(scores.code_digest([path]))
    assert len(found) == 2


@pytest.mark.parametrize("module", ["text", "features"])
def test_the_folder_of_scores_is_named_after_what_makes_them(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scores.cache_folder()
    changed = tmp_path / "changed.py"
    changed.write_text("changed = True\n")
    monkeypatch.setattr(f"badbuzz.{module}.__file__", str(changed))
    assert scores.cache_folder() != before


def test_a_row_that_a_kill_cut_off_is_lost_alone(tmp_path: Path) -> None:
    path = tmp_path / "scores"
    for keys, chop in (([1, 2], 5), ([3], 0)):
        cache = scores.ScoreCache(path)
        cache.add(keys, keys)
        cache.save()
        path.write_bytes(path.read_bytes()[: path.stat().st_size - chop])
    assert scores.ScoreCache(path).known == {1: 1, 3: 3}


def test_a_row_that_does_not_check_is_no_row(tmp_path: Path) -> None:
    path = tmp_path / "scores"
    cache = scores.ScoreCache(path)
    cache.add([1, 2], [10, 20])
    cache.save()
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    content[8] ^= 1
    path.write_bytes(content.tobytes() + bytes(24))
    assert scores.ScoreCache(path).known == {2: 20}


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from backtest.scores import ScoreCache\n"
        "cache = ScoreCache(Path(sys.argv[1])); start = int(sys.argv[2])\n"
        "for n in range(start, start + 2000):\n"
        "    cache.add([n], [n % 10000])\n"
        "    if n % 10 == 0: cache.save()\n"
        "cache.save()"
    )
    path = tmp_path / "scores"
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(start)])
        for start in (0, 10_000)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert scores.ScoreCache(path).known == {
        n: n % 10_000 for start in (0, 10_000) for n in range(start, start + 2000)
    }


def test_a_cache_that_cannot_be_written_is_said_and_no_error(
    judges: Judges, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    jury = Jury(judges, tmp_path / "file")
    assert jury.verdicts([LOUD]) == judges.judge([LOUD.tweet])
    assert "scores are not kept" in jury.close()[0]


# Rules, sweeps, comparisons


def test_rules_are_laid_over_each_other(tmp_path: Path) -> None:
    rules = tmp_path / "deaf.toml"
    rules.write_text('theta = 3.0\n[brand."Air Paradis"]\ntheta = 90\n')
    path = steady_file(tmp_path)
    assert summed_up(path)["rules"][0]["n_alerts"] == 1
    assert summed_up(path, "--rules", rules)["rules"][0]["n_alerts"] == 0


@pytest.mark.parametrize(
    ("toml", "complaint"),
    [
        ("thta = 4", "thta: unknown key; known are theta, zone"),
        ('[brand."Air Paradis"]\nthta = 4', "brand 'Air Paradis': thta: unknown key"),
        ("theta = 'high'", "theta: expected float, 0 or more, found 'high'"),
        ("theta = -1.0", "theta: expected float, 0 or more"),
        ("theta = nan", "theta: expected float, 0 or more"),
        ("warmup_hours = 1.5", "warmup_hours: expected int"),
        ("zone = 'Mars'", "zone: 'Mars' is no IANA time zone"),
        ("languages = [1]", "languages: expected str"),
        ("muted_ms = [[1, 2, 3]]", "muted_ms: expected 2 values"),
        ("muted_ms = [[2, 1]]", "muted_ms: ends .*, not after its start"),
        ("brand = 3", "brand: expected tables"),
        ("theta =", "is no TOML"),
    ],
)
def test_rules_that_say_nothing_known_are_refused(
    toml: str, complaint: str, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(toml)
    with pytest.raises(Exception, match=rf"rules\.toml: .*{complaint}"):
        summed_up(steady_file(tmp_path), "--rules", rules)


def test_rules_may_mute_by_time(tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text("muted_ms = [[2023-11-15T00:00:00Z, 2023-11-17T00:00:00+01:00]]\n")
    assert summed_up(steady_file(tmp_path), "--rules", rules)["rules"][0]["n_alerts"] == 0


def test_a_sweep_has_a_point_for_every_step(tmp_path: Path) -> None:
    found = summed_up(steady_file(tmp_path), "--sweep", "theta=4:90:43")
    (sweep,) = found["sweeps"]
    assert [(point["value"], point["n_alerts"]) for point in sweep["points"]] == [
        (4.0, 1), (47.0, 0), (90.0, 0),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "sweep", ["theta", "theta=1:2", "theta=2:1:1", "theta=1:2:0", "zone=1:2:1", "no=1:2:1",
              "theta=0:9:0.001"]
)  # fmt: skip
def test_a_sweep_over_nothing_is_refused(sweep: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="--sweep"):
        summed_up(steady_file(tmp_path), "--sweep", sweep)


def alert(opened_min: int, brand: str = "Nordwind") -> list[Alert]:
    """An alert that stands for an hour."""
    opened_ms = opened_min * 60_000
    opened = replace(
        example(), id=f"{brand}/{opened_min}", brand=brand, opened_ms=opened_ms, phase="firing"
    )
    return [opened, replace(opened, phase="resolved", window_end_ms=opened_ms + 3_600_000)]


def run_with(*alerts: list[Alert]) -> Run:
    run = Run(RuleSet("some"), lambda _brand: Rules())
    run.alerts = [phase for phases in alerts for phase in phases]
    return run


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


def test_an_alert_that_stays_is_no_change() -> None:
    change = compare(run_with(alert(100)), run_with(alert(100)))
    assert (change.gained, change.lost, change.moved) == ((), (), ())


def test_several_rule_sets_write_their_alerts_side_by_side(tmp_path: Path) -> None:
    for name, theta in (("keen", 3), ("deaf", 90)):
        (tmp_path / f"{name}.toml").write_text(f"theta = {theta}")
    command(
        steady_file(tmp_path), "--warmup", "24h", "--alerts", tmp_path / "a.jsonl",
        "--rules", tmp_path / "keen.toml", "--rules", tmp_path / "deaf.toml",
    )  # fmt: skip
    assert b'"firing"' in (tmp_path / "a.jsonl").read_bytes()
    assert (tmp_path / "a.deaf.jsonl").read_bytes() == b""


# The truth


def test_incidents_are_caught_or_missed(tmp_path: Path) -> None:
    start_ms = 1_700_006_400_000 + 129_600_000
    truth = tmp_path / "truth.json"
    incident = {"brand": "Air Paradis", "kind": "strike", "end_ms": start_ms + 600_000}
    truth.write_bytes(
        orjson.dumps({"incidents": [{**incident, "start_ms": start_ms},
                                    {**incident, "brand": "Nobody", "start_ms": 0}]})
    )  # fmt: skip
    (found,) = summed_up(steady_file(tmp_path), "--truth", truth)["rules"]
    assert (found["n_caught"], found["n_incidents"], found["n_unjudged"]) == (1, 1, 1)
    assert found["n_false_alarms"] == 0


def truth_file(folder: Path, **lists: list[dict[str, Any]]) -> Path:
    path = folder / "truth.json"
    path.write_bytes(orjson.dumps({"incidents": [], **lists}))
    return path


def said_of(*arguments: object) -> str:
    """What the command said on standard error."""
    found = CliRunner().invoke(badbuzz, ["backtest", *map(str, arguments), "--quiet", "--json"])
    assert found.exit_code == 0, found.output
    return found.stderr


BURST_MS = 1_700_006_400_000 + 129_600_000
STRIKE = {"brand": "Air Paradis", "kind": "strike", "start_ms": BURST_MS,
          "end_ms": BURST_MS + 600_000}  # fmt: skip


def test_a_truth_about_another_brand_is_said(tmp_path: Path) -> None:
    truth = truth_file(tmp_path, benign=[{**STRIKE, "brand": "Nobody"}])
    said = said_of(steady_file(tmp_path), "--truth", truth, "--warmup", "24h")
    assert said == ("badbuzz: truth: the recording has no tweet about Nobody; it has Air Paradis\n")


def test_a_truth_about_another_time_is_said(tmp_path: Path) -> None:
    truth = truth_file(tmp_path, incidents=[STRIKE, {**STRIKE, "start_ms": 0, "end_ms": 1}])
    said = said_of(steady_file(tmp_path), "--truth", truth, "--warmup", "24h")
    assert "truth: 1 entry outside the recording, which is from Wed 15 Nov 2023" in said


def test_rules_about_another_brand_are_said(tmp_path: Path) -> None:
    (tmp_path / "calm.toml").write_text('[brand."Air Pardis"]\ntheta = 5\n')
    said = said_of(steady_file(tmp_path), "--rules", tmp_path / "calm.toml", "--warmup", "24h")
    assert "rules 'calm': the recording has no tweet about Air Pardis" in said


def test_a_recording_shorter_than_the_warm_up_names_the_remedy(tmp_path: Path) -> None:
    said = command(steady_file(tmp_path))
    assert "No alerts. Nothing was watched" in said
    assert "try --warmup 24h" in " ".join(said.split())


def test_a_recording_that_no_bundle_reads_names_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "week.jsonl"
    path.write_bytes(wire.encode_tweet(replace(LOUD.tweet, lang="fi")))
    assert "no tweet has a verdict" in said_of(path)


@pytest.mark.parametrize(("tell", "expected"), [(caught, "1 unjudged"), (benign, "2 unjudged")])
def test_what_nobody_watched_is_shown_where_nothing_else_is(
    tell: Callable[[Scorecard], str], expected: str
) -> None:
    early = Incident("Nordwind", "strike", 0, 1)
    card = score([], Truth((early,), (early, early)), {}, np.random.Generator(np.random.PCG64(1)))
    assert tell(card) == expected


def test_an_alert_is_as_severe_as_it_became() -> None:
    opened, resolved = (replace(phase, severity="warning") for phase in alert(100))
    rises = [
        replace(opened, phase="escalated", severity="critical", window_end_ms=at_min * 60_000)
        for at_min in (115, 140)
    ]
    highest = worst([opened, *rises, replace(resolved, severity="critical")])[opened.id]
    assert severity(opened, highest) == "warning, critical after 15 min"


@pytest.mark.parametrize(
    ("lists", "sort", "sign"),
    [
        ({"incidents": [STRIKE]}, "hit", "✓"),
        ({"benign": [STRIKE]}, "benign", "✗"),
        ({}, "false", "✗"),
    ],
)
def test_an_alert_is_judged(
    lists: dict[str, list[dict[str, Any]]], sort: str, sign: str, tmp_path: Path
) -> None:
    path, truth = steady_file(tmp_path), truth_file(tmp_path, **lists)
    (found,) = summed_up(path, "--truth", truth)["rules"]
    assert [opened["verdict"] for opened in found["alerts"]] == [sort]
    said = command(path, "--warmup", "24h", "--truth", truth)
    assert [mark for mark in said if mark in "✓✗"] == [sign]


def test_the_table_lists_what_was_missed_and_what_nobody_watched(tmp_path: Path) -> None:
    day_ms = 86_400_000
    missed = {"start_ms": BURST_MS - day_ms // 4, "end_ms": BURST_MS - day_ms // 8}
    early = {"start_ms": BURST_MS - day_ms, "end_ms": BURST_MS - day_ms + 1}
    truth = truth_file(tmp_path, incidents=[STRIKE | missed, STRIKE | early])
    said = " ".join(command(steady_file(tmp_path), "--warmup", "24h", "--truth", truth).split())
    assert "Missed: Air Paradis, strike, Thu 16 Nov 2023 06:00" in said
    assert "nobody watched when they began: Air Paradis, strike, Wed 15 Nov 2023 12:00" in said


def test_the_table_names_brands_and_alerts(tmp_path: Path) -> None:
    said = command(steady_file(tmp_path), "--warmup", "24h")
    assert "Air Paradis" in said
    assert "tweets about Air Paradis in the last" in said


# Ends


def test_what_stops_it_ends_it_early_and_is_told(judges: Judges) -> None:
    def endless() -> Iterator[Labelled]:
        while True:
            yield LOUD

    asked: Callable[[], bool] = iter([False, False, True]).__next__
    tally = Backtest([], Jury(judges, None), stopping=asked).run(endless())
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
    """Whether a process has a handler of its own: it is past its start."""
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
def test_no_output_takes_the_place_of_an_input_or_another(
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


def test_a_baseline_is_not_written_over_what_it_is_learnt_from(tmp_path: Path) -> None:
    path = steady_file(tmp_path)
    arguments = ["baseline", "build", str(path), "-o", str(path), "--quiet"]
    found = CliRunner().invoke(badbuzz, arguments).exception
    assert "would be lost" in str(found)


def test_a_report_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    command(steady_file(tmp_path), "--warmup", "24h", "--report", report)
    assert "tweets about Air Paradis" in report.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "promised"),
    [((), True), (("--warmup", "24h"), False), (("--sweep", "theta=3:4:1"), False)],
)
def test_a_report_promises_a_replays_alerts_only_where_nothing_was_changed(
    options: tuple[str, ...], promised: bool, tmp_path: Path
) -> None:
    report = tmp_path / "report.html"
    command(steady_file(tmp_path), "--report", report, *options)
    assert ("those of a replay" in report.read_text(encoding="utf-8")) == promised


# Real tweets


def test_the_airlines_real_bursts_are_found_by_labels_and_by_truth(shared_data: Path) -> None:
    path = shared_data / "airline" / "airline_tweets.jsonl.gz"
    for options in ((), ("--use-truth",)):
        found = orjson.loads(command(path, "--warmup", "36h", "--json", *options))
        assert found["n_tweets"] == 11_759
        assert found["rules"][0]["n_alerts"] > 0
