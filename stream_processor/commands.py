"""The commands ``topics``, ``topics reset-clock``, ``baseline load`` and ``baseline export``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import asdict

import click
import orjson

from badbuzz import wire
from badbuzz.config.brands import read_brands
from badbuzz.config.settings import Settings
from badbuzz.detection.baseline_file import BrandBaseline, decode_baselines, encode_baselines
from badbuzz.errors import KafkaError, StateError
from badbuzz.messages.text import counted
from badbuzz.models.scorer import ScorerSet
from badbuzz.recordings.limits import read_file
from badbuzz.recordings.outputs import check_outputs, write_atomically
from badbuzz.terminal.options import wait_option
from stream_processor.engine.topics import TopicReport, prepare_topics, wait_for_broker
from stream_processor.processor.export_baseline import export_baselines
from stream_processor.processor.load_baseline import load_baselines
from stream_processor.processor.reset_clock import reset_clocks


@click.group(invoke_without_command=True)
@click.option("--check", is_flag=True, help="Check the topics and create none.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@wait_option
@click.pass_context
def topics(context: click.Context, check: bool, as_json: bool, wait_s: float) -> None:
    """Create missing topics and check the others.

    BADBUZZ_PARTITIONS and BADBUZZ_REPLICATION set the numbers of partitions and replicas. An
    existing topic is never altered: differences are printed with their remedy, and the exit code
    is 4.

    \b
    Examples:
      badbuzz topics
      badbuzz topics --check --json
      BADBUZZ_TOPIC_PREFIX=staging. BADBUZZ_REPLICATION=3 badbuzz topics
    """
    if context.invoked_subcommand is not None:
        return
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
        raise KafkaError(f"{len(report.differences)} properties of the topics are not as expected")


@topics.command("reset-clock")
def reset_clock() -> None:
    """Mend partitions whose clock was moved into the future.

    A replay of the future, or a source with a wrong clock, can move a brand's closed windows ahead
    of now: its tweets are late until that date. This command lets such brands start again with
    their next tweet; what they learned stays. Stop all workers of the deployment first: the command
    fails while one runs.

    \b
    Example:
      badbuzz topics reset-clock && badbuzz process
    """
    settings = Settings.read()
    for one in asyncio.run(reset_clocks(settings, time.time_ns() // 1_000_000)):
        what = ", ".join((*one.brands, *(f"source {source}" for source in one.sources)))
        click.echo(f"partition {one.partition}: {what or 'nothing to reset'}")


async def _prepare(settings: Settings, *, check: bool, wait_s: float) -> TopicReport:
    await wait_for_broker(settings, wait_s, report=lambda line: click.echo(line, err=True))
    return await prepare_topics(settings, create=not check)


def _print(report: TopicReport) -> None:
    if report.embedded:
        click.echo("Embedded broker: topics are created on demand; only partitions are checked.")
    differing = {difference.topic for difference in report.differences}
    for name in report.topics:
        if name not in differing:
            click.echo(f"{name}: {'created' if name in report.created else 'as expected'}")
    for difference in report.differences:
        click.echo(str(difference))


@click.command()
@click.argument("file", metavar="FILE.json")
@click.option(
    "--brand", "only", multiple=True, help="Load only this brand; can be given several times."
)
@click.option(
    "--replace", is_flag=True, help="Replace the baseline of brands that already have a state."
)
def load(file: str, only: tuple[str, ...], replace: bool) -> None:
    """Load baselines into the workers' state, so that new brands are watched from the first day.

    Stop all workers of the deployment first: the command fails while one runs. --replace replaces
    only the baseline of a brand that has a state; its position in the stream and an open alert
    stay.

    \b
    Examples:
      badbuzz baseline build month.jsonl.gz -o baseline.json
      badbuzz baseline load baseline.json && badbuzz process
      badbuzz baseline load baseline.json --brand "Air Paradis" --replace
    """
    settings = Settings.read()
    brands = _select(_read_file(file), only, file)
    _check_deployment(brands, settings, file)
    for one in asyncio.run(load_baselines(settings, brands, replace=replace)):
        what = "baseline replaced" if one.replaced else "loaded"
        click.echo(f"{one.state.brand}: {what}, partition {one.partition}")


@click.command()
@click.option(
    "-o", "--output", required=True, metavar="FILE.json", help="Write the baselines here."
)
def export(output: str) -> None:
    """Export what the workers have learnt, as badbuzz baseline load reads it.

    The file has the baseline of each brand at the last checkpoint; workers may run meanwhile. Use
    it to move to new topics without learning again.

    \b
    Examples:
      badbuzz baseline export -o baseline.json
      BADBUZZ_TOPIC_PREFIX=v2. badbuzz baseline load baseline.json
    """
    check_outputs([("-o", output)], [])
    settings = Settings.read()
    baselines = asyncio.run(export_baselines(settings, read_brands(settings.brands)))
    write_atomically(output, encode_baselines(baselines, [settings.topic(wire.PROCESSOR_STATE)]))
    for one in sorted(baselines, key=lambda one: one.state.brand):
        click.echo(f"{one.state.brand}: {counted(one.state.n_hours, 'hour')} with tweets exported")


def _read_file(file: str) -> list[BrandBaseline]:
    try:
        return decode_baselines(read_file(file))
    except OSError as error:
        raise StateError(f"{file}: cannot be read: {error.strerror}") from error
    except StateError as error:
        raise StateError(f"{file}: {error}") from error


def _select(brands: list[BrandBaseline], only: Sequence[str], file: str) -> list[BrandBaseline]:
    known = {learnt.state.brand for learnt in brands}
    unknown = sorted(set(only) - known)
    if unknown:
        raise StateError(f"{file}: has no brand {unknown[0]!r}; it has {', '.join(sorted(known))}")
    return [learnt for learnt in brands if not only or learnt.state.brand in only]


def _check_deployment(brands: Sequence[BrandBaseline], settings: Settings, file: str) -> None:
    """Fail if a brand's time zone differs from the deployment's; warn about another bundle."""
    watched = read_brands(settings.brands)
    served = set(ScorerSet.read(settings.bundles).versions)
    for learnt in brands:
        brand = learnt.state.brand
        zone = str(watched.of(brand).zone)
        if zone != learnt.zone:
            raise StateError(
                f"{file}: brand {brand!r} was learnt in time zone {learnt.zone}, but the brands "
                f"file has {zone}: build it again"
            )
        others = sorted(set(learnt.bundle.split(",")) - served - {""})
        if others:
            click.echo(
                f"badbuzz: {brand}: was learnt from scores of {', '.join(others)}, which this "
                "deployment does not use: the baseline may not fit",
                err=True,
            )
