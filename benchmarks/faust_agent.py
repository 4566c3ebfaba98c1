"""The same pipeline as a Faust agent, for comparison with the worker.

It uses uvloop, ``take``, batch scoring and a tumbling table of negatives, and sends predictions.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import mode.loop

mode.loop.use("uvloop")

import faust  # noqa: E402 - the loop is chosen before Faust is imported

from badbuzz import wire  # noqa: E402
from badbuzz.config.settings import Settings  # noqa: E402
from badbuzz.models.scorer import ScorerSet  # noqa: E402

settings = Settings.read()
scorer_set = ScorerSet.read(settings.bundles)
app = faust.App(
    f"{settings.app_id}-agent",
    broker=f"kafka://{settings.kafka_bootstrap_servers}",
    datadir=mkdtemp(),
    consumer_auto_offset_reset="earliest",
    topic_partitions=settings.partitions,
    topic_disable_leader=True,
    web_port=settings.web_port,
    value_serializer="raw",
    key_serializer="raw",
    stream_buffer_maxsize=4096,
)
tweets = app.topic(settings.topic(wire.TWEETS), value_type=bytes)
scored = app.topic(settings.topic(wire.SCORED_TWEETS) + "-agent", value_type=bytes)
table = app.Table("negatives", default=int, partitions=settings.partitions, use_partitioner=True)
negatives = table.tumbling(300).relative_to_now()  # take() provides no event time


@app.agent(tweets)
async def process(stream: Any) -> None:
    """Decode and score a batch, count negatives and send predictions."""
    n_done = 0
    async for batch in stream.take(256, within=0.1):
        posts = [tweet for tweet in map(wire.decode_tweet, batch) if tweet.kind == "post"]
        for tweet, prediction in zip(posts, scorer_set.predict(posts), strict=True):
            if prediction is not None and prediction.negative:
                negatives[tweet.brand] += 1
            await scored.send(key=tweet.brand, value=wire.encode_scored(tweet, prediction))
        n_done += len(batch)
        Path(os.environ["BENCH_PROGRESS"]).write_text(str(n_done), encoding="utf-8")


if __name__ == "__main__":
    sys.argv = ["faust", "worker", "-l", "error"]
    app.main()
