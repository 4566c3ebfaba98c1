"""The commands ``process`` and ``topics``."""

from __future__ import annotations

import asyncio
from dataclasses import asdict

import click
import orjson

from badbuzz.errors import KafkaError
from badbuzz.settings import Settings
from stream_processor.topics import Report, prepare_topics, wait_for_broker


@click.command()
@click.option("--check", is_flag=True, help="Create nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option(
    "--wait",
    "wait_s",
    type=click.FloatRange(0),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for a broker.",
)
def topics(check: bool, as_json: bool, wait_s: float) -> None:
    """Create the topics that are missing, and check the others.

    Partitions and replicas are BADBUZZ_PARTITIONS and BADBUZZ_REPLICATION. A topic that exists is
    never altered: what differs is printed with its remedy, and the exit code is 4.

    \b
    Examples:
      badbuzz topics
      badbuzz topics --check --json
      BADBUZZ_TOPIC_PREFIX=staging. BADBUZZ_REPLICATION=3 badbuzz topics
    """
    settings = Settings.read()
    report = asyncio.run(_prepare(settings, check=check, wait_s=wait_s))
    if as_json:
        differences = [
            asdict(difference) | {"fatal": difference.fatal} for difference in report.differences
        ]
        click.echo(orjson.dumps(asdict(report) | {"differences": differences}))
    else:
        _print(report)
    if report.differences:
        raise KafkaError(f"{len(report.differences)} of the topics' properties are not as expected")


async def _prepare(settings: Settings, *, check: bool, wait_s: float) -> Report:
    await wait_for_broker(settings, wait_s, say=lambda line: click.echo(line, err=True))
    return await prepare_topics(settings, create=not check)


def _print(report: Report) -> None:
    if report.embedded:
        click.echo("Embedded broker: topics appear by themselves; only partitions are checked.")
    differing = {difference.topic for difference in report.differences}
    for name in report.topics:
        if name not in differing:
            click.echo(f"{name}: {'created' if name in report.created else 'as it must be'}")
    for difference in report.differences:
        click.echo(str(difference))
