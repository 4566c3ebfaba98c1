"""The command ``replay`` on both brokers: the records that arrive equal the recording."""

from __future__ import annotations

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from badbuzz import wire
from badbuzz.config.settings import Settings
from badbuzz.detection.heartbeats import with_heartbeats
from badbuzz.model import Tweet
from badbuzz.recordings.reader import read_recording
from producers.publisher import Publisher, partition_of
from tests.producers.replays import MONDAY_MS, PARTITIONS, create_topic, replay, topic
from tests.support.servers import KafkaServer, settings_for

UNREACHABLE = "127.0.0.1:1"


def counted(records: list[Tweet]) -> list[Tweet]:
    """Keep what a consumer counts: tweets with a new number, heartbeats with a new time."""
    newest: dict[tuple[str, str], int] = {}
    kept = []
    for tweet in records:
        rank = tweet.produced_ms if tweet.kind == "heartbeat" else tweet.seq
        if rank > newest.get((tweet.brand, tweet.source), -1):
            newest[tweet.brand, tweet.source] = rank
            kept.append(tweet)
    return kept


def expected(recording: Path, source: str, **options: Any) -> list[list[Tweet]]:
    """Return the records that a backtest folds, by partition."""
    sequence = list(with_heartbeats(read_recording([str(recording)], source=source, **options)))
    return [
        [
            tweet
            for tweet in sequence
            if tweet.kind == "heartbeat" or partition_of(tweet.brand, PARTITIONS) == partition
        ]
        for partition in range(PARTITIONS)
    ]


def await_progress(path: Path, past: int, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + 60
    while not path.exists() or orjson.loads(path.read_bytes())["next_seq"] <= past:
        assert process.poll() is None, "the replay ended before it came so far"
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_replay_sends_the_tweets_that_a_backtest_folds(broker: Settings, recording: Path) -> None:
    done = replay(broker, recording, "--source", "replay:test", "--json")
    assert done.returncode == 0, done.stderr
    assert topic(broker) == expected(recording, "replay:test")
    summary = orjson.loads(done.stdout)
    n_tweets = sum(1 for _ in read_recording([str(recording)]))
    assert (summary["n_sent"], summary["n_rejected"]) == (n_tweets, 0)


def test_a_paced_replay_sends_the_same_records(broker: Settings, recording: Path) -> None:
    done = replay(broker, recording, "--source", "replay:test", "--speed", "40000", "--quiet")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert topic(broker) == expected(recording, "replay:test")


def test_a_killed_replay_resumes_without_a_gap(
    broker: Settings, recording: Path, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    progress = tmp_path / "progress"
    process = start(broker, recording, "--progress", progress, "--speed", "10000", "--quiet")
    await_progress(progress, 1000, process)
    process.kill()
    process.wait()
    done = replay(broker, "--resume", progress, "--json")
    assert done.returncode == 0, done.stderr
    source = orjson.loads(done.stdout)["source"]
    received = topic(broker)
    assert [counted(records) for records in received] == expected(recording, source)
    assert sum(map(len, received)) >= sum(map(len, expected(recording, source)))


def test_an_interrupted_replay_prints_the_resume_command(
    broker: Settings, recording: Path, tmp_path: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    progress = tmp_path / "a progress"
    process = start(broker, recording, "--progress", progress, "--speed", "10000", "--quiet")
    await_progress(progress, 1000, process)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert stderr == f"badbuzz: interrupted; badbuzz replay --resume '{progress}' --speed 10000\n"
    done = replay(broker, "--resume", progress, "--json")
    source = orjson.loads(done.stdout)["source"]
    assert [counted(records) for records in topic(broker)] == expected(recording, source)


def test_a_finished_replay_resumes_to_nothing(
    broker: Settings, recording: Path, tmp_path: Path
) -> None:
    progress = tmp_path / "progress"
    assert replay(broker, recording, "--progress", progress).returncode == 0
    done = replay(broker, "--resume", progress, "--json")
    assert (done.returncode, orjson.loads(done.stdout)["n_sent"]) == (0, 0)


def test_bad_rows_are_counted_reported_and_kept(broker: Settings, tmp_path: Path) -> None:
    tweet = Tweet("1", "Nordwind", "hello", MONDAY_MS, MONDAY_MS)
    path, rejects = tmp_path / "a.jsonl", tmp_path / "rejects"
    path.write_bytes(wire.encode_tweet(tweet) + b"\nnonsense\n" + wire.encode_tweet(tweet))
    done = replay(broker, path, "--rejects", rejects)
    assert done.returncode == 0
    assert f"{path}:2: invalid JSON" in done.stderr
    assert f"1 row rejected; all are in {rejects}" in done.stderr
    kept = orjson.loads(rejects.read_bytes())
    assert (kept["file"], kept["line"], kept["raw"]) == (str(path), 2, "nonsense\n")


def test_event_times_can_be_shifted(broker: Settings, recording: Path) -> None:
    start = ("--start", "2027-03-01T08:00:00+01:00")
    done = replay(broker, recording, "--source", "s", *start, "--allow-future")
    assert done.returncode == 0, done.stderr
    assert topic(broker) == expected(recording, "s", start_ms=1_803_884_400_000)


def test_a_topic_with_live_sources_is_refused_unless_asked_for(
    broker: Settings, recording: Path
) -> None:
    now_ms = time.time_ns() // 1_000_000
    with closing(Publisher(broker)) as live:
        live.send(Tweet("", "", "", now_ms, now_ms, source="bluesky", kind="heartbeat"))
        live.flush()
    refused = replay(broker, recording, "--source", "s")
    assert refused.returncode == 4
    assert f"bluesky write live tweets to '{broker.topic(wire.TWEETS)}'" in refused.stderr
    assert [[one.source for one in records] for records in topic(broker)] == [["bluesky"]] * 4
    assert replay(broker, recording, "--source", "s", "--beside-live").returncode == 0


def test_a_period_is_replayed(broker: Settings, recording: Path) -> None:
    hours = ("--from", "2026-11-02T08:00:00Z", "--to", "2026-11-02T12:00:00Z")
    done = replay(broker, recording, "--source", "s", *hours)
    assert done.returncode == 0, done.stderr
    period = {"from_ms": MONDAY_MS + 8 * 3_600_000, "to_ms": MONDAY_MS + 12 * 3_600_000}
    assert topic(broker) == expected(recording, "s", **period)


def test_standard_input_is_replayed(broker: Settings, recording: Path) -> None:
    with recording.open() as lines:
        done = replay(broker, "-", "--source", "s", stdin=lines)
    assert done.returncode == 0, done.stderr
    assert topic(broker) == expected(recording, "s")


@pytest.mark.kafka
@pytest.mark.services
def test_a_missing_topic_is_named(real_kafka: str, recording: Path) -> None:
    settings = settings_for(real_kafka)
    done = replay(settings, recording, "--wait", "1")
    assert done.returncode == 4
    assert f"has no topic '{settings.topic(wire.TWEETS)}': run badbuzz topics" in done.stderr


@dataclass(frozen=True)
class RunningReplay:
    """A replay that has sent a part of its recording to a broker of its own."""

    server: KafkaServer
    settings: Settings
    progress: Path
    process: subprocess.Popen[str]


@pytest.fixture
def running(
    tmp_path: Path, recording: Path, start: Callable[..., subprocess.Popen[str]]
) -> Iterator[RunningReplay]:
    """Yield a replay whose broker the test may kill or freeze."""
    with KafkaServer(tmp_path) as server:
        settings = settings_for(server.bootstrap_servers)
        create_topic(settings)
        progress = tmp_path / "progress"
        process = start(settings, recording, "--progress", progress, "--speed", "10000", "--quiet")
        await_progress(progress, 1000, process)
        yield RunningReplay(server, settings, progress, process)


@pytest.mark.kafka
@pytest.mark.services
@pytest.mark.slow
def test_a_restarted_broker_loses_no_record(running: RunningReplay, recording: Path) -> None:
    running.server.kill()
    running.server.start()
    _, stderr = running.process.communicate(timeout=120)
    assert (running.process.returncode, stderr) == (0, "")
    source = orjson.loads(running.progress.read_bytes())["job"]["source"]
    assert topic(running.settings) == expected(recording, source)


@pytest.mark.kafka
@pytest.mark.services
@pytest.mark.slow
def test_a_replay_ends_at_a_signal_while_its_broker_is_frozen(
    running: RunningReplay, recording: Path
) -> None:
    with running.server.frozen():
        running.process.send_signal(signal.SIGTERM)
        _, stderr = running.process.communicate(timeout=8)
    assert running.process.returncode == 4
    assert stderr.count("\n") == 1
    assert "are not acknowledged" in stderr
    done = replay(running.settings, "--resume", running.progress, "--json")
    source = orjson.loads(done.stdout)["source"]
    records = topic(running.settings)
    assert [counted(each) for each in records] == expected(recording, source)


def test_a_missing_broker_is_reported_in_one_line(recording: Path) -> None:
    done = replay(settings_for(UNREACHABLE), recording, "--wait", "0", "--quiet")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "no broker answers at 127.0.0.1:1 (Connection refused): start one" in done.stderr


def test_a_replay_ends_at_a_signal_while_its_broker_never_answers(
    recording: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        process = start(settings_for(f"127.0.0.1:{silent.getsockname()[1]}"), recording)
        assert process.stderr is not None
        assert process.stderr.readline().endswith("trying for 60 s\n")
        process.send_signal(signal.SIGTERM)
        assert process.wait(8) == 4


def test_waiting_for_a_broker_is_reported_once(recording: Path) -> None:
    done = replay(settings_for(UNREACHABLE), recording, "--wait", "5")
    assert done.returncode == 4
    waiting, gave_up = done.stderr.splitlines()
    assert waiting.endswith("trying for 5 s")
    assert gave_up.endswith("(waited 5 s)")


def test_a_replay_that_waits_for_a_broker_ends_at_a_signal(
    recording: Path, start: Callable[..., subprocess.Popen[str]]
) -> None:
    process = start(settings_for(UNREACHABLE), recording)
    assert process.stderr is not None
    assert process.stderr.readline().endswith("trying for 60 s\n")
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 4


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "give FILE"),
        (("a.jsonl", "--resume", "b"), "give FILE"),
        (("a.jsonl", "--speed", "0"), "above 0 or 'max'"),
        (("a.jsonl", "--fast-until", "soon"), "expected hours such as 168h"),
        (
            ("a.jsonl", "--start", "2027-01-01"),
            "expected a time of day and an offset from UTC, as in",
        ),
        (("a.jsonl", "--map", "body=text"), "expected field=column"),
        (("a.jsonl", "--start", "2027-01-01T00:00Z", "--shift-to-now"), "--start or --shift"),
        (("-", "--progress", "p"), "standard input cannot be resumed"),
        (("nowhere.jsonl", "--progress", "p"), "nowhere.jsonl: cannot be read"),
        (("--resume", "nowhere"), "nowhere: cannot be read"),
        (("--resume", "p", "--brand", "A"), "--brand: already set by p"),
        (("a.jsonl", "--source", "é" * 60), "--source: expected a printable name"),
    ],
)
def test_invalid_options_are_reported_with_the_reason(
    arguments: tuple[str, ...], reason: str
) -> None:
    done = replay(settings_for(UNREACHABLE), *arguments)
    assert done.returncode in (1, 2)
    assert reason in done.stderr
