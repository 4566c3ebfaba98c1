"""The command ``alert test``: a marked alert through every sink, and what each answered."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

import click

from badbuzz.config.settings import Settings
from badbuzz.errors import SinkAwayError
from badbuzz.messages.text import example
from badbuzz.model import Alert, Severity
from stream_processor.notifier.notification import Notification
from stream_processor.notifier.pipeline import new_notification_factory
from stream_processor.notifier.sinks import new_sinks
from stream_processor.notifier.sinks.sink import RefusedError, Sink, UnansweredError


@click.command("test")
@click.option("--brand", required=True, help="Whom the alert is about.")
@click.option(
    "--severity",
    type=click.Choice(["info", "warning", "critical"]),
    default="critical",
    show_default=True,
    help="Routes may differ by it.",
)
def try_out(brand: str, severity: Severity) -> None:
    """Send a made-up alert, marked as a test, and say what each configured sink answered.

    It fires for five minutes. Kafka is not needed. The exit code is 6 where a sink did not take it.

    \b
    Examples:
      badbuzz alert test --brand "Air Paradis"
      BADBUZZ_LANGUAGE=en badbuzz alert test --brand "Air Paradis" --severity warning
    """
    settings = Settings.read()
    teller = new_notification_factory(settings, replays=True)
    if brand not in teller.brands.rules:
        watched = ", ".join(teller.brands.rules)
        click.echo(f"badbuzz: {brand!r} is not watched; those who are: {watched}", err=True)
    now_ms = int(time.time() * 1000)
    notice = teller.told(made_up(brand, severity, now_ms), now_ms, "test")
    failed = asyncio.run(_send(new_sinks(settings), notice))
    if failed:
        raise SinkAwayError(f"{', '.join(failed)} did not take the test alert")


def made_up(brand: str, severity: Severity, now_ms: int) -> Alert:
    """An alert as a crisis would raise it, about the last quarter of an hour.

    Examples
    --------
    >>> made_up("Nordwind", "warning", 1_767_189_960_000).id
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


async def _send(sinks: Sequence[Sink], notice: Notification) -> list[str]:
    """Tell each sink once, and print its answer; the names of those that did not take it."""
    failed = []
    for sink in sinks:
        try:
            answer = await sink.tell(notice)
        except (UnansweredError, RefusedError) as error:
            failed.append(sink.name)
            click.echo(f"{sink.name}: did not take it: {error}")
        else:
            click.echo(f"{sink.name}: took it (answered {answer})")
        finally:
            await sink.close()
    return failed
