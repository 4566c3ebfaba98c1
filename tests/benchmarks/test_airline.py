"""The detector on a real recording, by human truth and by the shipped model's labels."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from badbuzz.detection.alert_evaluation import GRACE_MS, Incident, delay_ms, evaluate
from badbuzz.detection.fold import Fold
from badbuzz.detection.heartbeats import with_heartbeats
from badbuzz.detection.state import Rules
from badbuzz.model import Alert, Prediction
from badbuzz.models.scorer import ScorerSet
from badbuzz.recordings.reader import LabelledTweet, read_labelled

MINUTE_MS = 60_000


def at(day: int, hour: int, minute: int) -> int:
    return int(datetime(2015, 2, day, hour, minute, tzinfo=UTC).timestamp() * 1000)


BURSTS = {
    Incident("United", "burst", at(23, 5, 0), at(23, 5, 30)),
    Incident("US Airways", "burst", at(23, 7, 15), at(23, 7, 45)),
    Incident("Southwest", "burst", at(24, 16, 45), at(24, 17, 15)),
}
BENIGN = Incident("Southwest", "benign", at(23, 0, 45), at(23, 2, 0))


def human(rows: list[LabelledTweet]) -> list[Prediction | None]:
    return [
        Prediction(0.9, True, 10_000, "human@1") if row.label == "negative"
        else Prediction(0.1, False, 0, "human@1")
        for row in rows
    ]  # fmt: skip


@pytest.fixture(scope="module", params=["human", "model"])
def alerts(request: pytest.FixtureRequest, shared_data: Path) -> list[Alert]:
    by: Literal["human", "model"] = request.param
    rows = list(read_labelled([str(shared_data / "airline/airline_tweets.jsonl.gz")]))
    tweets = [row.tweet for row in rows]
    predictions = human(rows) if by == "human" else ScorerSet.read("en=airline-en").predict(tweets)
    of = {tweet.id: prediction for tweet, prediction in zip(tweets, predictions, strict=True)}
    fold = Fold(lambda _: Rules(warmup_hours=36))
    return [
        alert
        for tweet in with_heartbeats(tweets)
        for alert in fold.apply(tweet, of.get(tweet.id)).alerts
    ]


def test_it_fires_within_twenty_minutes_of_each_real_burst(alerts: list[Alert]) -> None:
    caught = evaluate(alerts, sorted(BURSTS, key=lambda burst: burst.start_ms)).caught
    delays = [delay_ms(burst, alert) if alert else None for burst, alert in caught]
    assert all(delay is not None and delay <= 20 * MINUTE_MS for delay in delays), delays


def test_volume_without_negatives_raises_no_alert(alerts: list[Alert]) -> None:
    assert evaluate(alerts, [BENIGN]).n_caught == 0


def test_each_airline_has_at_most_one_other_alert_in_the_week(alerts: list[Alert]) -> None:
    others = [alert.brand for alert in evaluate(alerts, list(BURSTS)).false_alarms]
    assert len(others) == len(set(others))


def test_a_brand_without_history_has_no_alert(alerts: list[Alert]) -> None:
    early = at(24, 2, 0) + GRACE_MS
    assert not [a for a in alerts if a.brand == "American" and a.opened_ms < early
                and a.severity != "info"]  # fmt: skip
