"""The commands ``topics`` and ``baseline load``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import orjson

from badbuzz.config.brands import read_brands
from badbuzz.config.settings import Settings
from badbuzz.detection.baseline_file import BrandBaseline, decode_baselines
from badbuzz.errors import KafkaError, StateError
from badbuzz.models.scorer import ScorerSet
from badbuzz.terminal.options import wait_option
from stream_processor.engine.topics import TopicReport, prepare_topics, wait_for_broker
from stream_processor.processor.load_baseline import load_baselines


@click.command()
@click.option("--check", is_flag=True, help="Create nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@wait_option
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


async def _prepare(settings: Settings, *, check: bool, wait_s: float) -> TopicReport:
    await wait_for_broker(settings, wait_s, say=lambda line: click.echo(line, err=True))
    return await prepare_topics(settings, create=not check)


def _print(report: TopicReport) -> None:
    if report.embedded:
        click.echo("Embedded broker: topics appear by themselves; only partitions are checked.")
    differing = {difference.topic for difference in report.differences}
    for name in report.topics:
        if name not in differing:
            click.echo(f"{name}: {'created' if name in report.created else 'as it must be'}")
    for difference in report.differences:
        click.echo(str(difference))


@click.command()
@click.argument("file", metavar="FILE.json")
@click.option("--brand", "only", multiple=True, help="Of this brand alone; several may be given.")
@click.option(
    "--replace", is_flag=True, help="Also where the brand has learnt from its stream already."
)
def load(file: str, only: tuple[str, ...], replace: bool) -> None:
    """Put what was learnt from history into the workers' state, so that no brand begins blind.

    Stop all workers of the deployment first: the command refuses while one runs. A brand that
    has a state keeps its place in its stream, and an alert that is open; with --replace only
    what is usual is replaced.

    \b
    Examples:
      badbuzz baseline build month.jsonl.gz -o baseline.json
      badbuzz baseline load baseline.json && badbuzz process
      badbuzz baseline load baseline.json --brand "Air Paradis" --replace
    """
    settings = Settings.read()
    brands = _picked(_read_history(file), only, file)
    _check_like_the_workers(brands, settings, file)
    placed = asyncio.run(load_baselines(settings, brands, replace=replace))
    for one in placed:
        what = "replaced what was usual" if one.replaced else "loaded"
        click.echo(f"{one.brand}: {what}, partition {one.partition}")


def _read_history(file: str) -> list[BrandBaseline]:
    try:
        return decode_baselines(Path(file).read_bytes())
    except OSError as error:
        raise StateError(f"{file}: cannot be read: {error.strerror}") from error
    except StateError as error:
        raise StateError(f"{file}: {error}") from error


def _picked(brands: list[BrandBaseline], only: Sequence[str], file: str) -> list[BrandBaseline]:
    known = {found.state.brand for found in brands}
    unknown = sorted(set(only) - known)
    if unknown:
        raise StateError(f"{file}: has no brand {unknown[0]!r}; it has {', '.join(sorted(known))}")
    return [found for found in brands if not only or found.state.brand in only]


def _check_like_the_workers(brands: Sequence[BrandBaseline], settings: Settings, file: str) -> None:
    """Refuse hours learnt by another clock; say which scores were another bundle's."""
    watched = read_brands(settings.brands)
    served = set(ScorerSet.read(settings.bundles).versions)
    for found in brands:
        brand = found.state.brand
        zone = str(watched.of(brand).zone)
        if zone != found.zone:
            raise StateError(
                f"{file}: brand {brand!r} was learnt by the clock of {found.zone}, the brands "
                f"file says {zone}: build it again"
            )
        others = sorted(set(found.bundle.split(",")) - served - {""})
        if others:
            click.echo(
                f"badbuzz: {brand}: was learnt from scores of {', '.join(others)}, which this "
                "deployment does not serve: what is usual may differ",
                err=True,
            )
