"""The command ``alerts``: what the workers have raised, as a reader of the topic sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import click
from aiokafka import AIOKafkaConsumer, TopicPartition

from badbuzz import wire
from badbuzz.config.brands import Brands, read_brands
from badbuzz.config.settings import Settings
from badbuzz.errors import WireError
from badbuzz.messages.text import Language, headline, why
from badbuzz.model import Alert
from badbuzz.recordings.times import format_clock, zone_name
from badbuzz.terminal.options import wait_option
from badbuzz.terminal.signals import SignalGuard
from stream_processor.engine.topics import check_topics, wait_for_broker

_POLL_MS = 500


@click.command()
@click.option("--language", type=click.Choice(["en", "fr"]), default="en", show_default=True)
@click.option(
    "--follow/--no-follow", default=True, show_default=True, help="Wait for more, until Ctrl-C."
)
@wait_option
def alerts(language: Language, follow: bool, wait_s: float) -> None:
    """Print alerts as they come, from the beginning of the topic, each on its brand's clock.

    \b
    Examples:
      badbuzz alerts
      badbuzz alerts --language fr --no-follow
    """
    settings = Settings.read()
    brands = read_brands(settings.brands)
    with SignalGuard() as stopping:
        asyncio.run(_print(settings, brands, language, follow, wait_s, stopping))
    if stopping():
        raise SystemExit(128 + stopping.signal)


async def _print(
    settings: Settings,
    brands: Brands,
    language: Language,
    follow: bool,
    wait_s: float,
    stopping: SignalGuard,
) -> None:
    await wait_for_broker(settings, wait_s, say=lambda line: click.echo(line, err=True))
    await check_topics(settings)
    async with _consumer(settings) as consumer:
        ends = await consumer.end_offsets(_partitions(settings, wire.ALERTS))
        if not any(ends.values()):
            click.echo(await _why_none(consumer, settings), err=True)
        waiting: list[Alert] = []
        while not stopping():
            batches = await consumer.getmany(timeout_ms=_POLL_MS)
            values = [record.value for records in batches.values() for record in records]
            waiting += [alert for alert in map(_alert, values) if alert is not None]
            if not await _all_read(consumer, ends):
                continue
            for alert in sorted(waiting, key=lambda one: one.window_end_ms):
                _show(alert, brands, language)
            waiting.clear()
            if not follow:
                break


def _partitions(settings: Settings, topic: str) -> list[TopicPartition]:
    return [TopicPartition(settings.topic(topic), n) for n in range(settings.partitions)]


@asynccontextmanager
async def _consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(
        **settings.kafka_client(),
        isolation_level="read_committed",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        partitions = _partitions(settings, wire.ALERTS)
        consumer.assign(partitions)
        for at, first in (await consumer.beginning_offsets(partitions)).items():
            consumer.seek(at, first)
        yield consumer
    finally:
        await consumer.stop()


async def _all_read(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    return all([await consumer.position(at) >= end for at, end in ends.items()])


async def _why_none(consumer: AIOKafkaConsumer, settings: Settings) -> str:
    windows = await consumer.end_offsets(_partitions(settings, wire.WINDOWS))
    if any(windows.values()):
        return "no alerts in the topic; a brand's first week is its warm-up"
    return "no alerts in the topic, nor any window: is badbuzz process running?"


def _alert(value: bytes) -> Alert | None:
    try:
        return wire.decode_alert(value)
    except WireError as error:
        click.echo(f"badbuzz: a record of the topic is left out: {error}", err=True)
        return None


def _show(alert: Alert, brands: Brands, language: Language) -> None:
    zone = brands.of(alert.brand).zone
    when = f"{format_clock(alert.window_end_ms, zone)} {zone_name(alert.window_end_ms, zone):<5}"
    what = f"{alert.phase} {alert.severity}"
    click.echo(f"{when}  {alert.brand:<12} {what:<18} {headline(alert, language)}")
    for told in why(alert, language):
        click.echo(f"{'':<{len(when) + 2}}{told}")
