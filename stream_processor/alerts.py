"""The command ``alerts``, which prints the alerts in the topic."""

from __future__ import annotations

import asyncio
from operator import itemgetter

import click
from aiokafka import TopicPartition

from badbuzz import wire
from badbuzz.config.brands import Brands, read_brands
from badbuzz.config.settings import Settings
from badbuzz.messages.text import headline, why
from badbuzz.messages.translator import LANGUAGES, Language
from badbuzz.model import Alert
from badbuzz.recordings.times import format_clock, zone_name
from badbuzz.terminal.options import wait_option
from badbuzz.terminal.signals import SignalGuard
from stream_processor.engine.broker_errors import retry
from stream_processor.engine.dead_letters import Failure, Step
from stream_processor.engine.partition import ConsumerRecord
from stream_processor.engine.topic_reader import ends, open_reader, poll, read_to_end
from stream_processor.engine.topics import check_topics, wait_for_broker

_POLL_MS = 500
_OUTAGE_S = 60.0


@click.command()
@click.option("--language", type=click.Choice(LANGUAGES), default="en", show_default=True)
@click.option(
    "--follow/--no-follow",
    default=True,
    show_default=True,
    help="Wait for further alerts until Ctrl-C.",
)
@wait_option
def alerts(language: Language, follow: bool, wait_s: float) -> None:
    """Print alerts from the beginning of the topic, in the time zone of their brand.

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
    await wait_for_broker(settings, wait_s, report=lambda line: click.echo(line, err=True))
    await check_topics(settings)
    partitions = _partitions(settings, wire.ALERTS)
    async with open_reader(settings, partitions) as consumer:
        if not any((await ends(consumer)).values()):
            click.echo(await _explain_none(settings), err=True)
        records: list[ConsumerRecord] = []
        async for batch in read_to_end(consumer):
            if stopping():
                return
            records += batch
        _show_all(records, brands, language)
        while follow and not stopping():
            records = await retry(lambda: poll(consumer, _POLL_MS), _OUTAGE_S)
            _show_all(records, brands, language)


def _partitions(settings: Settings, topic: str) -> list[TopicPartition]:
    return [TopicPartition(settings.topic(topic), n) for n in range(settings.partitions)]


async def _explain_none(settings: Settings) -> str:
    async with open_reader(settings, _partitions(settings, wire.WINDOWS)) as consumer:
        windows = await ends(consumer)
    if any(windows.values()):
        return "no alerts in the topic; a brand's first week is its warm-up"
    return "no alerts and no windows in the topics: is badbuzz process running?"


def _show_all(records: list[ConsumerRecord], brands: Brands, language: Language) -> None:
    shown = [line for record in records if (line := _show(record, brands, language)) is not None]
    for _, lines in sorted(shown, key=itemgetter(0)):
        click.echo(lines)


def _show(record: ConsumerRecord, brands: Brands, language: Language) -> tuple[int, str] | None:
    """Return an alert's time and lines; a record that cannot be shown is reported."""
    step: Step = "decode"
    try:
        alert = wire.decode_alert(record.value or b"")
        step = "render"
        return alert.window_end_ms, _lines(alert, brands, language)
    except Exception as error:  # noqa: BLE001 - the others are shown
        failure = Failure.at(step, error)
        what = ": ".join(filter(None, (failure.field, failure.reason, failure.detail)))
        click.echo(f"badbuzz: a record of the topic was skipped: {what}", err=True)
        return None


def _lines(alert: Alert, brands: Brands, language: Language) -> str:
    zone = brands.of(alert.brand).zone
    when = f"{format_clock(alert.window_end_ms, zone)} {zone_name(alert.window_end_ms, zone):<5}"
    what = f"{alert.phase} {alert.severity}"
    first = f"{when}  {alert.brand:<12} {what:<18} {headline(alert, language)}"
    indent = " " * (len(when) + 2)
    return "\n".join([first, *(f"{indent}{reason}" for reason in why(alert, language))])
