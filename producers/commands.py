"""The commands ``replay`` and ``simulate``."""

from __future__ import annotations

import logging
import os
import re
import shlex
import sys
import time
from contextlib import closing
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
import orjson
from click.core import ParameterSource

from badbuzz.config.settings import Settings
from badbuzz.errors import KafkaError
from badbuzz.recordings.outputs import check_outputs
from badbuzz.recordings.rows import check_readable
from badbuzz.recordings.times import parse_time
from badbuzz.terminal.options import Instant, Speed, recording_options, wait_option
from badbuzz.terminal.progress import ProgressDisplay
from badbuzz.terminal.rejects import RejectLog
from badbuzz.terminal.signals import SignalGuard
from badbuzz.wire import NAME_RULE, TWEETS, is_name
from producers.airlines import LANGUAGES, build_airlines
from producers.incidents import read_incidents, schedule_incidents
from producers.live_sources import find_live_sources
from producers.progress_file import ProgressFile, ReplayJob
from producers.publisher import Publisher
from producers.replay import Pace, Replay, ReplayStats
from producers.simulate import TWEETS_PER_DAY, Simulation
from producers.writing import write_truth, write_tweets


class _FastUntil(click.ParamType):
    name = "ISO|HOURSh"

    def convert(self, value: Any, param: Any, ctx: Any) -> dict[str, int]:
        if isinstance(value, dict):
            return value
        hours = re.fullmatch(r"(\d+(?:\.\d+)?)h", value)
        if hours:
            return {"fast_for_ms": round(float(hours[1]) * 3_600_000)}
        try:
            return {"fast_until_ms": parse_time(value)}
        except ValueError as error:
            self.fail(f"expected hours such as 168h, or a time: {error}", param, ctx)


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@recording_options
@click.option(
    "--from", "from_ms", type=Instant(), help="Only tweets created at or after this time."
)
@click.option("--to", "to_ms", type=Instant(), help="Only tweets created before this time.")
@click.option(
    "--start", type=Instant(), help="Creation time of the first tweet; the others are shifted too."
)
@click.option(
    "--shift-to-now", is_flag=True, help="Shift times so that the first tweet is created now."
)
@click.option(
    "--speed",
    type=Speed(),
    metavar="N|max",
    help="Event time per real time: 1 is real time, 600 is ten minutes per second; default: max, "
    "or 1 with --shift-to-now.",
)
@click.option(
    "--fast-until",
    type=_FastUntil(),
    metavar="ISO|HOURSh",
    default=dict,
    help="Send at full speed until this event time, or for this many hours of event time.",
)
@click.option(
    "--source",
    help="Name of the stream: its network, and after a colon which of its streams it is; "
    "default: replay, and the file name with a digest of the time.",
)
@click.option(
    "--heartbeat-s",
    type=click.IntRange(1, 60),
    default=60,
    show_default=True,
    help="Seconds of event time between heartbeats.",
)
@click.option(
    "--tail-s",
    type=click.IntRange(0),
    help="Duration of heartbeats after the last tweet, in seconds of event time; default: 600 plus "
    "the lateness.",
)
@click.option("--progress", metavar="FILE", help="Save the progress to this file.")
@click.option("--resume", metavar="FILE", help="Resume from this progress file.")
@click.option(
    "--allow-future", is_flag=True, help="Send tweets that are created later than now, too."
)
@click.option(
    "--beside-live",
    is_flag=True,
    help="Replay although live sources write to the topic; their brands do not count it.",
)
@click.option("--rejects", metavar="FILE", help="Write rejected rows to this file, as JSON lines.")
@wait_option
@click.option("--quiet", is_flag=True, help="Print only errors.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as a JSON object.")
def replay(files: tuple[str, ...], resume: str | None, as_json: bool, **options: Any) -> None:
    """Send recorded tweets to Kafka with their original times.

    FILE is JSON lines, a JSON document or CSV, optionally gzipped; - is standard input. Rows that
    are not tweets are rejected and counted. --from and --to are times in the file.

    Tweets of a brand that have the same id count once, in whichever files they are: ids must be
    the network's own. If they are row numbers, give each file its own network (--source survey-1).
    Rows without an id get one from their place in the file and their content.

    A replay ends at a tweet that is created later than now, unless --allow-future is given, and
    does not begin if live sources write to the topic, unless --beside-live is given.

    \b
    Examples:
      badbuzz replay week.jsonl.gz
      badbuzz replay Tweets.csv --sort --speed 600
      badbuzz replay month.jsonl.gz --from 2026-11-09T00:00:00Z --to 2026-11-10T00:00:00Z
      badbuzz replay page.json --preset x --brand "Air Paradis" --shift-to-now --speed 1
      badbuzz replay posts.csv --map text=body --map created_at=posted --brand "Air Paradis"
      badbuzz replay week.jsonl --progress week.progress     (and after a crash:)
      badbuzz replay --resume week.progress
    """
    if bool(files) == bool(resume):
        raise click.UsageError("give FILE… or --resume FILE")
    _check_options(resume, options)
    settings = Settings.read()
    if settings.log_level != "DEBUG":
        # The publisher reports errors of the library with their remedies.
        logging.getLogger("kafka").addHandler(logging.NullHandler())
        logging.getLogger("kafka").propagate = False
    progress = ProgressFile.load(resume) if resume else None
    job = progress.job if progress else _job(files, settings, options)
    check_readable(job.paths)
    check_outputs(
        [("--rejects", options["rejects"]), ("--progress", options["progress"])],
        [("FILE", path) for path in job.paths],
    )
    if options["progress"] and not progress:
        progress = ProgressFile(options["progress"], job)
    log = RejectLog(options["rejects"], hint="use --rejects FILE to keep them")
    with SignalGuard() as stopping, log as rejects:
        stats = _run_replay(job, progress, rejects, stopping, settings, options)
    quiet = options["quiet"]
    if as_json:
        click.echo(orjson.dumps({"source": job.source, **stats.summary()}))
    elif not quiet:
        click.echo(stats.sentence())
    rejects.report(shown=not quiet)
    if stats.interrupted:
        click.echo(f"badbuzz: interrupted; {_hint(progress, options['speed'])}", err=True)
        sys.exit(128 + stopping.signal)


def _run_replay(
    job: ReplayJob,
    progress: ProgressFile | None,
    rejects: RejectLog,
    stopping: SignalGuard,
    settings: Settings,
    options: dict[str, Any],
) -> ReplayStats:
    quiet = options["quiet"]
    warn = None if quiet else lambda line: click.echo(f"badbuzz: {line}", err=True)
    publisher = Publisher(settings, wait_s=options["wait_s"], on_wait=warn, stopping=stopping)
    with closing(publisher):
        if not options["beside_live"]:
            _refuse_live_sources(settings, publisher.n_partitions, stopping)
        with ProgressDisplay(job.paths, shown=not quiet) as display:
            return Replay(
                job=job,
                publisher=publisher,
                pace=Pace(options["speed"], **options["fast_until"]),
                author_key=settings.author_key,
                on_reject=rejects,
                progress=progress,
                on_open=display.opened,
                on_tick=lambda stats: display.update(stats.n_sent, stats.last_ms, stats.n_rejected),
                stopping=stopping,
                allows_future=options["allow_future"],
            ).run()


def _refuse_live_sources(settings: Settings, n_partitions: int, stopping: SignalGuard) -> None:
    live = find_live_sources(settings, n_partitions, stopping)
    if live:
        raise KafkaError(
            f"{', '.join(live)} write live tweets to {settings.topic(TWEETS)!r}: replay under a "
            "BADBUZZ_TOPIC_PREFIX of its own, or with --beside-live brands that have no live tweets"
        )


def _hint(progress: ProgressFile | None, speed: float | None) -> str:
    if progress is None:
        return "use --progress FILE to be able to resume"
    speed_option = "" if speed is None else f" --speed {speed:g}"
    return f"badbuzz replay --resume {shlex.quote(progress.path)}{speed_option}"


_JOB_OPTIONS: Final = (
    "preset", "mapping", "brand", "lang", "from_ms", "to_ms", "start", "shift_to_now", "source",
    "sort", "heartbeat_s", "tail_s", "progress",
)  # fmt: skip
_OPTION_NAMES: Final = {"mapping": "map", "from_ms": "from", "to_ms": "to"}


def _is_given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is not ParameterSource.DEFAULT


def _check_options(resume: str | None, options: dict[str, Any]) -> None:
    """Check that options do not conflict; set the speed to 1 with ``--shift-to-now``."""
    fixed = [name for name in _JOB_OPTIONS if _is_given(name)]
    if resume and fixed:
        option = "--" + _OPTION_NAMES.get(fixed[0], fixed[0]).replace("_", "-")
        raise click.UsageError(f"{option}: already set by {resume}; omit it or --resume")
    from_ms, to_ms = options["from_ms"], options["to_ms"]
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        raise click.UsageError("--from must be before --to")
    if options["source"] is not None and not is_name(options["source"]):
        raise click.UsageError(f"--source: {NAME_RULE}, found {options['source']!r}")
    if options["shift_to_now"] and not _is_given("speed"):
        options["speed"] = 1.0


def _job(files: tuple[str, ...], settings: Settings, options: dict[str, Any]) -> ReplayJob:
    start_ms = options["start"]
    if options["shift_to_now"]:
        if start_ms is not None:
            raise click.UsageError("give --start or --shift-to-now")
        start_ms = time.time_ns() // 1_000_000
    tail_s = options["tail_s"]
    return ReplayJob(
        paths=files,
        source=options["source"] or _source(files, start_ms),
        preset=options["preset"],
        mapping=options["mapping"],
        brand=options["brand"],
        lang=options["lang"],
        from_ms=options["from_ms"],
        to_ms=options["to_ms"],
        start_ms=start_ms,
        sort=options["sort"],
        heartbeat_ms=options["heartbeat_s"] * 1000,
        tail_ms=(600 + settings.lateness_s if tail_s is None else tail_s) * 1000,
        lateness_ms=settings.lateness_s * 1000,
    )


def _source(files: tuple[str, ...], start_ms: int | None) -> str:
    """Return a unique source name: name of the first file and a digest of the time.

    Shifted tweets are other tweets than those with their original times, so their network is named
    after the time to which they are shifted.
    """
    network = "replay" if start_ms is None else f"replay:{start_ms}"
    stem = Path(files[0]).name.partition(".")[0].encode(errors="replace")[:60]
    name = "".join(filter(str.isprintable, stem.decode(errors="ignore"))).strip() or "stdin"
    run = f"{files} {time.time_ns()} {os.getpid()}"
    return f"{network}:{name}-{blake2b(run.encode(), digest_size=4).hexdigest()}"


def _languages(_: click.Context, __: click.Parameter, text: str) -> tuple[str, ...]:
    languages = tuple(text.split(","))
    if not set(languages) <= set(LANGUAGES) or len(set(languages)) < len(languages):
        raise click.BadParameter(f"expected some of {','.join(LANGUAGES)}, found {text!r}")
    return languages


@click.command()
@click.option(
    "--days",
    type=click.FloatRange(0, 3660, min_open=True),
    default=10.0,
    show_default=True,
    help="Days to simulate; the first seven have no incidents.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Random seed; the same seed gives the same tweets.",
)
@click.option(
    "--brands",
    "n_brands",
    type=click.IntRange(1, 10_000),
    default=3,
    show_default=True,
    help="Number of airlines; the first is Air Paradis.",
)
@click.option(
    "--start",
    type=Instant(),
    default="2026-11-02T00:00:00+00:00",
    show_default=True,
    help="Start of the first day.",
)
@click.option(
    "--tweets-per-day",
    type=click.FloatRange(0, min_open=True),
    default=TWEETS_PER_DAY,
    show_default=True,
    help="Tweets of an average brand per day outside incidents.",
)
@click.option(
    "--incidents",
    default="auto",
    show_default=True,
    metavar="auto|none|FILE",
    help="Incidents; FILE has the format of the truth file.",
)
@click.option(
    "--lang",
    "languages",
    default=",".join(LANGUAGES),
    show_default=True,
    callback=_languages,
    help="Languages of the tweets.",
)
@click.option("--labelled", is_flag=True, help="Add the true label to each tweet.")
@click.option(
    "-o",
    "--output",
    default="-",
    show_default=True,
    metavar="FILE",
    help="Output file, compressed if it ends in .gz; - is standard output.",
)
@click.option(
    "--truth",
    metavar="FILE",
    help="File for the ground truth; default: FILE.truth.json beside the output.",
)
@click.option("--quiet", is_flag=True, help="Print only errors.")
def simulate(output: str, truth: str | None, labelled: bool, quiet: bool, **options: Any) -> None:
    """Write simulated tweets about airlines, in English and French, and the ground truth.

    Delays, lost luggage, strikes and viral videos are crises. Fare sales, new routes and retweet
    storms are benign surges.

    \b
    Examples:
      badbuzz simulate --days 10 --seed 1 -o week.jsonl --truth truth.json
      badbuzz simulate --days 30 --brands 50 -o month.jsonl.gz
      badbuzz simulate | badbuzz replay - --speed 600
    """
    path = truth or (None if output == "-" else f"{output}.truth.json")
    given = options["incidents"] if options["incidents"] not in ("auto", "none") else None
    check_outputs([("-o", output), ("--truth", path)], [("--incidents", given)])
    simulation = _simulation(**options)
    if path:
        write_truth(path, simulation)
    n_written = write_tweets(simulation, output, labelled=labelled, shown=not quiet)
    if not quiet:
        truth_note = f", ground truth in {path}" if path else ""
        click.echo(f"badbuzz: {n_written:,} tweets written{truth_note}", err=True)


def _simulation(
    days: float, seed: int, n_brands: int, start: int, incidents: str, **options: Any
) -> Simulation:
    airlines = build_airlines(n_brands)
    simulation = Simulation(airlines, start, days, (), seed, **options)
    if incidents == "none":
        return simulation
    if incidents == "auto":
        rng = np.random.default_rng([seed, 1])
        scheduled = schedule_incidents(airlines, start, simulation.end_ms, rng)
    else:
        scheduled = read_incidents(incidents, [airline.brand for airline in airlines])
    return replace(simulation, incidents=scheduled)
