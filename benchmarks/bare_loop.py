"""A bare aiokafka loop that only decodes and counts: the lower bound of the cost."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import uvloop
from aiokafka import AIOKafkaConsumer

from badbuzz import wire
from badbuzz.config.settings import Settings


async def main() -> None:
    """Read until the process is terminated."""
    settings = Settings.read()
    consumer = AIOKafkaConsumer(
        settings.topic(wire.TWEETS),
        **settings.kafka_client(),
        group_id=f"{settings.app_id}-bare",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    counts: Counter[tuple[str, int]] = Counter()
    n_done = 0
    while True:
        for records in (await consumer.getmany(timeout_ms=50, max_records=2000)).values():
            for record in records:
                tweet = wire.decode_tweet(record.value)
                counts[tweet.brand, tweet.created_ms // 300_000] += 1
            n_done += len(records)
        Path(os.environ["BENCH_PROGRESS"]).write_text(str(n_done), encoding="utf-8")


if __name__ == "__main__":
    uvloop.run(main())
