"""The command ``alert test``: sends a test alert through every sink."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args

import click

from badbuzz.config.settings import Settings
from badbuzz.errors import SinkDownError
from badbuzz.messages.text import example
from badbuzz.model import Alert, Severity
from stream_processor.notifier.notification import Notification, NotificationFactory
from stream_processor.notifier.sinks import new_sinks
from stream_processor.notifier.sinks.sink import RefusedError, Sink, UnansweredError


@click.command("test")
@click.option("--brand", required=True, help="Brand of the alert.")
@click.option(
    "--severity",
    type=click.Choice(get_args(Severity)),
    default="critical",
    show_default=True,
    help="Severity of the alert.",
)
def check_sinks(brand: str, severity: Severity) -> None:
    """Send an invented alert, marked as a test, and print the answer of each sink.

    The alert fires for five minutes. Kafka is not needed. The exit code is 6 if a sink fails.

    \b
    Examples:
      badbuzz alert test --brand "Air Paradis"
      BADBUZZ_LANGUAGE=en badbuzz alert test --brand "Air Paradis" --severity warning
    """
    settings = Settings.read()
    factory = NotificationFactory(settings, replays=True)
    if brand not in factory.brands.rules:
        watched = ", ".join(factory.brands.rules)
        click.echo(f"badbuzz: {brand!r} is not watched; watched brands: {watched}", err=True)
    now_ms = int(time.time() * 1000)
    notification = factory.from_alert(sample_alert(brand, severity, now_ms), now_ms, "test")
    failed = asyncio.run(_send(new_sinks(settings), notification))
    if failed:
        raise SinkDownError(f"{', '.join(failed)} did not accept the test alert")


def sample_alert(brand: str, severity: Severity, now_ms: int) -> Alert:
    """Return an alert of a crisis in the last 15 minutes.

    Examples
    --------
    >>> sample_alert("Nordwind", "warning", 1_767_189_960_000).id
    'Nordwind/test-1767189960000'
    """
    shown = example()
    return replace(
        shown,
        id=f"{brand}/test-{now_ms}",
        brand=brand,
        severity=severity,
        window_start_ms=now_ms - shown.scale_min * 60_000,
        window_end_ms=now_ms,
        opened_ms=now_ms,
        first_ms=now_ms - shown.scale_min * 60_000,
        last_ms=now_ms,
    )


async def _send(sinks: Sequence[Sink], notification: Notification) -> list[str]:
    """Send to each sink once and print its answer; return the names of those that failed."""
    failed = []
    for sink in sinks:
        try:
            answer = await sink.send(notification)
        except (UnansweredError, RefusedError) as error:
            failed.append(sink.name)
            click.echo(f"{sink.name}: not accepted: {error}")
        else:
            click.echo(f"{sink.name}: accepted (answered {answer})")
        finally:
            await sink.close()
    return failed
