"""Disturbances of a run: processes, brokers, clocks, topics and hostile records."""

from __future__ import annotations

import random
import re
import signal
import time
from collections.abc import Sequence
from typing import Any, Final

import orjson
from confluent_kafka import Producer
from confluent_kafka.admin import NewPartitions

from badbuzz import wire
from badbuzz.model import DAY_MS, HOUR_MS
from tests.e2e.chaos.campaign import MARK, Disturbance, SupervisedDeployment
from tests.e2e.scenario import START_MS
from tests.support.source import open_transaction
from tests.support.stream import WorkerProcess, await_that

_BRAND: Final = f"{MARK} Air"
_FREEZE_S: Final = 8.0
_RECENT_MS: Final = 2 * HOUR_MS
"""Well within the time for which ids are kept."""
_STOP_LIMIT_S: Final = 10.0
"""Docker kills a process that has not ended this long after SIGTERM."""


def kill_worker(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Kill a worker."""
    rng.choice(deployment.workers).kill()


def stop_worker(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Stop a worker in order."""
    worker = rng.choice(deployment.workers)
    worker.signal(signal.SIGTERM)
    worker.finish(_STOP_LIMIT_S)


def suspend_worker(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Suspend a worker until the other one owns all partitions."""
    suspended, other = rng.sample(deployment.workers, 2)
    suspended.signal(signal.SIGSTOP)
    everything = list(range(deployment.stream.settings.partitions))

    def has_taken_over() -> bool:
        told = other.readiness()
        return bool(told.get("ready")) and told["partitions"] == everything

    await_that(lambda: not other.running or has_taken_over(), "all partitions at the other worker")
    suspended.signal(signal.SIGCONT)
    await_that(
        lambda: not suspended.running or suspended.get("/healthz") is not None,
        "an answer of the suspended worker",
    )


def join_worker(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Let a third worker join the group, and stop one of the three."""
    third = deployment.stream.worker()
    await_that(lambda: third.get("/readyz") is not None or not third.running, "a third worker")
    deployment.workers.append(third)
    leaving = deployment.workers.pop(rng.randrange(3))
    leaving.signal(signal.SIGTERM)
    leaving.finish(_STOP_LIMIT_S)


def kill_replay(deployment: SupervisedDeployment, _: random.Random) -> None:
    """Kill the replay; it resends what was not acknowledged."""
    if deployment.replay is not None and deployment.replay.running:
        deployment.replay.kill()


def kill_recorder(deployment: SupervisedDeployment, _: random.Random) -> None:
    """Kill the recorder."""
    if deployment.recorder is not None and deployment.recorder.running:
        deployment.recorder.kill()


def kill_broker(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Kill a broker and start it again."""
    server = rng.choice(deployment.cluster.servers)
    server.kill()
    server.start()


def freeze_broker(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Freeze a broker for some seconds."""
    with rng.choice(deployment.cluster.servers).frozen():
        time.sleep(_FREEZE_S)


def stop_worker_in_freeze(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Stop a worker while a broker is frozen: it ends within Docker's limit."""
    worker = rng.choice(deployment.workers)
    with rng.choice(deployment.cluster.servers).frozen():
        worker.signal(signal.SIGTERM)
        worker.finish(_STOP_LIMIT_S)


def hang_transaction(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Leave a transaction open in the state of a partition while a worker is replaced."""
    settings = deployment.stream.settings
    partition = rng.randrange(settings.partitions)
    producer = open_transaction(settings, wire.PROCESSOR_STATE, partition)
    kill_worker(deployment, rng)
    deployment.supervise()
    time.sleep(rng.uniform(1, 4))
    producer.abort_transaction()


def plant_hostile_records(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Send records that no process can read, and some that are merely absurd."""
    refused = [
        f'{{"{MARK}":'.encode(),
        f'"{MARK}"'.encode() + b"\xff\x00" * 40,
        b"[" * 2000 + MARK.encode(),
        _tweet(n_retweets=2**64 - 1),
        _tweet(created_ms=2**62),
        _tweet(id=5),
    ]
    absurd = [
        _tweet(id="dashes", text="-" * 60_000),
        _tweet(id="ligatures", text="\ufdfa" * 4096),
        _tweet(id="number", seq=2**62, source="replay:chaos"),
    ]
    _send(deployment, [(_BRAND, value) for value in refused + absurd])
    deployment.n_refused += len(refused)


def repeat_tweets(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Send recent tweets again with other numbers or none, as a source that polls does."""
    repeats = [
        (tweet["brand"], orjson.dumps({**tweet, "seq": rng.choice((-1, 0, 2**62))}))
        for tweet in _sample_recent(deployment, rng, 300)
    ]
    _send(deployment, repeats)


def delete_from_elsewhere(deployment: SupervisedDeployment, rng: random.Random) -> None:
    """Delete recent tweets in the name of another network."""
    changes = {"kind": "delete", "text": "", "source": f"mastodon:{MARK}"}
    deletions = [
        (tweet["brand"], orjson.dumps(tweet | changes))
        for tweet in _sample_recent(deployment, rng, 50)
    ]
    _send(deployment, deletions)


def _sample_recent(
    deployment: SupervisedDeployment, rng: random.Random, n_most: int
) -> list[dict[str, Any]]:
    """Draw tweets that are recent enough for their ids to be known."""
    tweets = [
        orjson.loads(value)
        for key, value in deployment.stream.committed(wire.TWEETS)
        if key is not None and MARK.encode() not in value
    ]
    newest_ms = max(tweet["created_ms"] for tweet in tweets)
    recent = [tweet for tweet in tweets if newest_ms - tweet["created_ms"] < _RECENT_MS]
    return rng.sample(recent, min(n_most, len(recent)))


def lie_about_the_time(deployment: SupervisedDeployment, _: random.Random) -> None:
    """Send a replayed heartbeat of the year after next, and a live one of tomorrow."""
    now_ms = time.time_ns() // 1_000_000
    year = _heartbeat(f"replay:{MARK}", now_ms + 400 * DAY_MS, replay=True)
    tomorrow = _heartbeat(MARK, now_ms + DAY_MS, replay=False)
    partitions = range(deployment.stream.settings.partitions)
    _send(
        deployment, [(partition, value) for partition in partitions for value in (year, tomorrow)]
    )
    deployment.n_refused += len(partitions)


def _heartbeat(source: str, at_ms: int, *, replay: bool) -> bytes:
    return _tweet(
        kind="heartbeat", id="", brand="", text="", source=source, created_ms=at_ms,
        produced_ms=at_ms, replay=replay,
    )  # fmt: skip


def _tweet(**fields: object) -> bytes:
    """Encode a replayed tweet; its fields need not be valid."""
    tweet: dict[str, object] = {
        "v": wire.VERSION, "kind": "post", "id": "1", "brand": _BRAND, "text": "Lost my bag",
        "created_ms": START_MS, "produced_ms": START_MS, "seq": -1, "source": f"replay:{MARK}",
        "lang": "en", "replay": True,
    }  # fmt: skip
    return orjson.dumps(tweet | fields)


def _send(deployment: SupervisedDeployment, records: Sequence[tuple[str | int, bytes]]) -> None:
    """Send records to ``tweets``, each by its key or to a partition."""
    producer = _producer(deployment, {"enable.idempotence": True, "partitioner": "murmur2_random"})
    topic = deployment.stream.settings.topic(wire.TWEETS)
    for place, value in records:
        if isinstance(place, int):
            producer.produce(topic, value, partition=place)
        else:
            producer.produce(topic, value, key=place)
    assert producer.flush(60) == 0


def _producer(deployment: SupervisedDeployment, options: dict[str, object]) -> Producer:
    return Producer({"bootstrap.servers": deployment.cluster.bootstrap_servers, **options})


def delete_topic(deployment: SupervisedDeployment, _: random.Random) -> None:
    """Delete ``tweets``: every worker ends with the remedy."""
    deployment.stream.delete_topic(wire.TWEETS)
    _await_remedies(deployment.workers, r"was deleted while|are missing: run badbuzz topics")


def add_partitions(deployment: SupervisedDeployment, _: random.Random) -> None:
    """Add partitions to ``tweets``: every worker ends with the remedy."""
    topic, admin = deployment.stream.settings.topic(wire.TWEETS), deployment.stream.admin()
    admin.create_partitions([NewPartitions(topic, 6)])[topic].result()
    _await_remedies(deployment.workers, "6 partitions.* move to new topics")


def _await_remedies(workers: Sequence[WorkerProcess], said: str) -> None:
    for worker in workers:
        assert worker.finish() == 4, worker.log_text()
        assert re.search(said, worker.log_text().splitlines()[-1]), worker.log_text()


DISTURBANCES: Final[tuple[Disturbance, ...]] = (
    kill_worker, suspend_worker, stop_worker, join_worker, kill_replay, kill_recorder, kill_broker,
    freeze_broker, stop_worker_in_freeze, hang_transaction, plant_hostile_records, repeat_tweets,
    delete_from_elsewhere, lie_about_the_time,
)  # fmt: skip
ENDINGS: Final[tuple[Disturbance, ...]] = (delete_topic, add_partitions)
SUSPENSIONS: Final[tuple[Disturbance, ...]] = (suspend_worker, suspend_worker)
"""Only a suspended worker can write after its successor: without fencing it does."""
