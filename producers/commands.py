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
from badbuzz.recordings.outputs import check_outputs
from badbuzz.recordings.rows import check_readable
from badbuzz.recordings.times import parse_time
from badbuzz.terminal.options import Instant, Speed, recording_options, wait_option
from badbuzz.terminal.progress import FileProgress, ProgressDisplay
from badbuzz.terminal.rejects import RejectLog
from badbuzz.terminal.signals import SignalGuard
from badbuzz.wire import NAME_RULE, is_name
from producers.airlines import LANGUAGES, cast
from producers.incidents import place, read_incidents
from producers.progress import Job, Progress
from producers.publisher import Publisher
from producers.replay import Pace, Replay, Tally
from producers.simulate import TWEETS_PER_DAY, Simulation
from producers.writing import write, write_truth


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
@click.option("--from", "from_ms", type=Instant(), help="Only what was written then or later.")
@click.option("--to", "to_ms", type=Instant(), help="Only what was written before.")
@click.option("--start", type=Instant(), help="When the first tweet shall have been written.")
@click.option("--shift-to-now", is_flag=True, help="The first tweet is written now.")
@click.option(
    "--speed",
    type=Speed(),
    metavar="N|max",
    help="Event time per time: 1 is real time, 600 ten minutes a second; default: max, and 1 with "
    "--shift-to-now.",
)
@click.option(
    "--fast-until",
    type=_FastUntil(),
    metavar="ISO|HOURSh",
    default=dict,
    help="Send at full speed until that event time, or for that many hours of it.",
)
@click.option("--source", help="Name of the stream; default: the file's name and the time.")
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
    help="Heartbeats after the last tweet, in "
    "seconds of event time; default: 600 and the lateness.",
)
@click.option("--progress", metavar="FILE", help="Note here how far it has come.")
@click.option("--resume", metavar="FILE", help="Go on where this progress file stands.")
@click.option("--rejects", metavar="FILE", help="Write bad rows here, as JSON lines.")
@wait_option
@click.option("--quiet", is_flag=True, help="Show nothing but errors.")
@click.option("--json", "as_json", is_flag=True, help="Sum up as one JSON object.")
def replay(files: tuple[str, ...], resume: str | None, as_json: bool, **options: Any) -> None:
    """Send recorded tweets through Kafka, with the times at which they were written.

    FILE is JSON lines, a JSON document or CSV, gzipped or not; - is standard input. Bad rows
    are counted and set apart. --from and --to mean the times in the file.

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
        _hush(logging.getLogger("kafka"))
    progress = Progress.load(resume) if resume else None
    job = progress.job if progress else _job(files, settings, options)
    check_readable(job.paths)
    check_outputs(
        [("--rejects", options["rejects"]), ("--progress", options["progress"])],
        [("FILE", path) for path in job.paths],
    )
    if options["progress"] and not progress:
        progress = Progress(options["progress"], job)
    log = RejectLog(options["rejects"], hint="--rejects FILE keeps them")
    with SignalGuard() as stop, log as rejects:
        tally = _replayed(job, progress, rejects, stop, settings, options)
    quiet = options["quiet"]
    if as_json:
        click.echo(orjson.dumps({"source": job.source, **tally.summary()}))
    elif not quiet:
        click.echo(tally.sentence())
    rejects.report(shown=not quiet)
    if tally.interrupted:
        click.echo(f"badbuzz: interrupted; {_hint(progress, options['speed'])}", err=True)
        sys.exit(128 + stop.signal)


def _replayed(
    job: Job,
    progress: Progress | None,
    rejects: RejectLog,
    stop: SignalGuard,
    settings: Settings,
    options: dict[str, Any],
) -> Tally:
    quiet = options["quiet"]
    warn = None if quiet else lambda line: click.echo(f"badbuzz: {line}", err=True)
    publisher = Publisher(settings, wait_s=options["wait_s"], on_wait=warn, stopping=stop)
    with closing(publisher), ProgressDisplay(job.paths, shown=not quiet) as display:
        return Replay(
            job=job,
            publisher=publisher,
            pace=Pace(options["speed"], **options["fast_until"]),
            author_key=settings.author_key,
            on_reject=rejects,
            progress=progress,
            on_open=display.opened,
            on_tick=lambda tally: display.update(tally.n_sent, tally.last_ms, tally.n_rejected),
            stopping=stop,
        ).run()


def _hint(progress: Progress | None, speed: float | None) -> str:
    if progress is None:
        return "give --progress FILE next time, and it can be resumed"
    return f"badbuzz replay --resume {shlex.quote(progress.path)}{_pace(speed)}"


_OF_THE_JOB: Final = (
    "preset", "mapping", "brand", "lang", "from_ms", "to_ms", "start", "shift_to_now", "source",
    "sort", "heartbeat_s", "tail_s", "progress",
)  # fmt: skip
_OPTIONS: Final = {"mapping": "map", "from_ms": "from", "to_ms": "to"}


def _given(name: str) -> bool:
    source = click.get_current_context().get_parameter_source(name)
    return source is not ParameterSource.DEFAULT


def _check_options(resume: str | None, options: dict[str, Any]) -> None:
    """Refuse what contradicts; a replay that is shifted to now goes at the speed of now."""
    fixed = [name for name in _OF_THE_JOB if _given(name)]
    if resume and fixed:
        option = "--" + _OPTIONS.get(fixed[0], fixed[0]).replace("_", "-")
        raise click.UsageError(f"{option}: {resume} says that already; give it without --resume")
    from_ms, to_ms = options["from_ms"], options["to_ms"]
    if from_ms is not None and to_ms is not None and from_ms >= to_ms:
        raise click.UsageError("--from must lie before --to")
    if options["source"] is not None and not is_name(options["source"]):
        raise click.UsageError(f"--source: {NAME_RULE}, found {options['source']!r}")
    if options["shift_to_now"] and not _given("speed"):
        options["speed"] = 1.0


def _pace(speed: float | None) -> str:
    return "" if speed is None else f" --speed {speed:g}"


def _hush(library: logging.Logger) -> None:
    """Show nothing of what a library logs: the publisher says what a user can mend."""
    library.addHandler(logging.NullHandler())
    library.propagate = False


def _job(files: tuple[str, ...], settings: Settings, options: dict[str, Any]) -> Job:
    start_ms = options["start"]
    if options["shift_to_now"]:
        if start_ms is not None:
            raise click.UsageError("give --start or --shift-to-now")
        start_ms = time.time_ns() // 1_000_000
    tail_s = options["tail_s"]
    return Job(
        paths=files,
        source=options["source"] or _source(files),
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


def _source(files: tuple[str, ...]) -> str:
    """A name that no other run has: the first file's, and a digest of this moment."""
    stem = Path(files[0]).name.partition(".")[0].encode(errors="replace")[:60]
    name = "".join(filter(str.isprintable, stem.decode(errors="ignore"))).strip() or "stdin"
    run = f"{files} {time.time_ns()} {os.getpid()}"
    return f"replay:{name}-{blake2b(run.encode(), digest_size=4).hexdigest()}"


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
    help="Days to simulate; the first seven are calm.",
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="The same one gives the same tweets.",
)
@click.option(
    "--brands",
    "n_brands",
    type=click.IntRange(1, 10_000),
    default=3,
    show_default=True,
    help="How many airlines; the first is Air Paradis.",
)
@click.option(
    "--start",
    type=Instant(),
    default="2026-11-02T00:00:00+00:00",
    show_default=True,
    help="When the first day begins.",
)
@click.option(
    "--tweets-per-day",
    type=click.FloatRange(0, min_open=True),
    default=TWEETS_PER_DAY,
    show_default=True,
    help="Of a brand, on average, when nothing happens.",
)
@click.option(
    "--incidents",
    default="auto",
    show_default=True,
    metavar="auto|none|FILE",
    help="What happens; FILE is written like the truth.",
)
@click.option(
    "--lang",
    "languages",
    default=",".join(LANGUAGES),
    show_default=True,
    callback=_languages,
    help="Languages to write.",
)
@click.option("--labelled", is_flag=True, help="Write each tweet's true label beside it.")
@click.option(
    "-o",
    "--output",
    default="-",
    show_default=True,
    metavar="FILE",
    help="Where to write, gzipped when it ends in .gz; - is standard output.",
)
@click.option(
    "--truth",
    metavar="FILE",
    help="Where to write what happened; default: FILE.truth.json beside the output.",
)
@click.option("--quiet", is_flag=True, help="Show nothing but errors.")
def simulate(output: str, truth: str | None, labelled: bool, quiet: bool, **options: Any) -> None:
    """Write airline chatter in English and French, and the truth about its crises.

    Delays, lost luggage, strikes and a viral video are crises; fare sales, new routes and
    retweet storms are loud, but nobody is angry.

    \b
    Examples:
      badbuzz simulate --days 10 --seed 1 -o week.jsonl --truth truth.json
      badbuzz simulate --days 30 --brands 50 -o month.jsonl.gz
      badbuzz simulate | badbuzz replay - --speed 600
    """
    path = truth or (None if output == "-" else f"{output}.truth.json")
    told = options["incidents"] if options["incidents"] not in ("auto", "none") else None
    check_outputs([("-o", output), ("--truth", path)], [("--incidents", told)])
    simulation = _simulation(**options)
    if path:
        write_truth(path, simulation)
    n_written = write(simulation, output, labelled=labelled, shown=not quiet)
    if not quiet:
        beside = f", the truth in {path}" if path else ""
        click.echo(f"badbuzz: {n_written:,} tweets written{beside}", err=True)


def _simulation(
    days: float, seed: int, n_brands: int, start: int, incidents: str, **options: Any
) -> Simulation:
    parts = cast(n_brands)
    simulation = Simulation(parts, start, days, (), seed, **options)
    if incidents == "none":
        return simulation
    if incidents == "auto":
        rng = np.random.default_rng([seed, 1])
        found = place(parts, start, simulation.end_ms, rng)
    else:
        found = read_incidents(incidents, [part.brand for part in parts])
    return replace(simulation, incidents=found)
