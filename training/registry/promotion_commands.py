"""Commands ``models register``, ``promote`` and ``compare``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import orjson

from badbuzz.config.settings import Settings
from badbuzz.errors import BundleError
from badbuzz.model import Alert
from badbuzz.models.registry import CHALLENGER, CHAMPION, PROMOTED_TAG
from badbuzz.models.scorer import Scorer, ScorerSet
from badbuzz.recordings.reader import read_recording
from badbuzz.recordings.rows import check_readable
from badbuzz.recordings.times import format_clock
from badbuzz.terminal.options import recording_options
from badbuzz.terminal.progress import ProgressDisplay
from badbuzz.terminal.rejects import RejectLog
from training.registry import gate
from training.registry.commands import as_json_option, open_registry, who_option
from training.registry.gate import Check
from training.registry.heldout_sets import find_heldout
from training.registry.heldout_sets import load as load_rows
from training.registry.promotion import find_version, load_bundle
from training.registry.promotion import promote as move
from training.registry.register import register as put
from training.registry.replay import AlertChange, Replayed, alert_changes, replay

_NO_HELDOUT_SET = Check(
    "evaluation set", holds=False, found="none is frozen: badbuzz train freeze-eval FILE"
)
"""Check that fails without a held-out set; the registry records its name."""


@click.command()
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path))
def register(bundle: Path) -> None:
    """Register a bundle as the challenger of each of its languages.

    MLflow can serve it: mlflow models serve -m models:/badbuzz-sentiment-en@challenger

    \b
    Examples:
      badbuzz models register my-bundle
    """
    for one in put(open_registry(), bundle):
        known = "was registered before as" if one.known else "is now the challenger,"
        click.echo(f"{bundle} {known} {one.version}")


@click.command()
@click.argument("language")
@click.argument("which", default=CHALLENGER, metavar="[VERSION]")
@click.option(
    "--margin",
    type=click.FloatRange(0, 1),
    default=gate.MARGIN,
    show_default=True,
    help="Largest loss of macro-F1 against the champion.",
)
@click.option("--reason", default="", help="Reason to record.")
@click.option("--force", is_flag=True, help="Promote although a check fails; needs --reason.")
@who_option
def promote(language: str, which: str, margin: float, reason: str, force: bool, who: str) -> None:
    """Make a version the champion if it is not worse than the champion on the held-out set.

    VERSION is challenger (the default) or a number. The checks are golden inputs, gain in macro-F1
    over the champion (lower end of the interval), size and speed. A broken bundle is never
    promoted, not even with --force.

    \b
    Examples:
      badbuzz models promote en
      badbuzz models promote fr 4 --force --reason "the champion knows no emoji"
    """
    registry = open_registry()
    version = find_version(registry, language, which)
    champion = registry.find_version(language)
    challenger, n_bytes = load_bundle(registry, version)
    if champion is not None and champion.number == version.number:
        if version.tags.get(PROMOTED_TAG) == challenger.digest:
            click.echo(f"{version} is the champion already")
            return
        champion = None  # its promoted files are gone: comparing it with itself would prove nothing
    heldout = find_heldout(registry, language)
    if heldout is None:
        checks = [_NO_HELDOUT_SET]
    else:
        serving = load_bundle(registry, champion)[0] if champion is not None else None
        rows = load_rows(registry, heldout)
        checks = gate.examine(challenger, serving, rows, n_bytes, margin)
    for check in checks:
        click.echo(f"{'holds' if check.holds else 'FAILS'}  {check.name}: {check.found}")
    move(
        registry, version, checks, digest=challenger.digest, who=who, why=reason, force=force,
        heldout_digest=heldout.digest if heldout is not None else "",
    )  # fmt: skip
    click.echo(f"{version} is the champion")


@click.command()
@click.argument("first", default=CHAMPION, metavar="[FIRST]")
@click.argument("second", default=CHALLENGER, metavar="[SECOND]")
@click.option(
    "--replay", "files", multiple=True, required=True, metavar="FILE", help="Recording to fold."
)
@click.option("--language", default="en", show_default=True, help="Language of the bundles.")
@as_json_option
@click.option("--quiet", is_flag=True, help="Show only errors and results.")
@recording_options
def compare(
    first: str,
    second: str,
    files: tuple[str, ...],
    language: str,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Fold a recording with two bundles and show the alerts gained, lost and moved in time.

    FIRST and SECOND are champion, challenger, a number, a shipped bundle's name or a folder.

    \b
    Examples:
      badbuzz models compare champion challenger --replay month.jsonl.gz
      badbuzz models compare airline-en ./mine --replay month.jsonl.gz --json
    """
    check_readable(files)
    settings = Settings.read()
    base = ScorerSet.read(settings.bundles)
    pairs = [
        replace(base, scorers={**base.scorers, language: _scorer(which, language)})
        for which in (first, second)
    ]
    replayed = _replayed(files, pairs, settings, options, shown=not quiet)
    before, after = (one.alerts.values() for one in replayed)
    changes = alert_changes(before, after)
    if as_json:
        click.echo(orjson.dumps(_plain(replayed, changes)))
        return
    for change in changes:
        click.echo(_line(change))
    counts = [f"{sum(change.what == what for change in changes)} {what}" for what in _WHATS]
    negatives = " against ".join(f"{one.n_negative:,}" for one in replayed)
    click.echo(f"alerts: {', '.join(counts)}; negatives: {negatives}")


def _replayed(
    files: Sequence[str],
    pairs: Sequence[ScorerSet],
    settings: Settings,
    options: dict[str, Any],
    *,
    shown: bool,
) -> list[Replayed]:
    with RejectLog() as rejects, ProgressDisplay(files, shown=shown) as display:
        tweets = read_recording(
            files,
            **options,
            lateness_ms=settings.lateness_s * 1000,
            author_key=settings.author_key,
            on_reject=rejects,
            on_open=display.opened,
        )
        replayed = replay(tweets, pairs, settings, display.update)
    rejects.report(shown=True)
    return replayed


_WHATS = ("same", "moved", "gained", "lost")


def _scorer(which: str, language: str) -> Scorer:
    if which not in (CHAMPION, CHALLENGER) and not which.isdecimal():
        scorer = Scorer.load(which)
        if language not in scorer.languages:
            raise BundleError(f"{which}: was validated on {', '.join(scorer.languages)} only")
        return scorer
    registry = open_registry()
    return load_bundle(registry, find_version(registry, language, which))[0]


def _line(change: AlertChange) -> str:
    minutes = change.moved_ms / 60_000
    moved = f", {minutes:+.0f} min" if change.what == "moved" else ""
    severities = [
        alert.severity if alert is not None else "none" for alert in (change.before, change.after)
    ]
    return (
        f"{format_clock(change.opened_ms)} UTC  {change.brand}  {change.what}{moved}  "
        f"{' → '.join(severities)}"
    )


def _plain(replayed: list[Replayed], changes: list[AlertChange]) -> dict[str, object]:
    return {
        "n_negative": [one.n_negative for one in replayed],
        "alerts": [
            {
                "what": change.what,
                "brand": change.brand,
                "moved_ms": change.moved_ms,
                "before": _brief(change.before),
                "after": _brief(change.after),
            }
            for change in changes
        ],
    }


def _brief(alert: Alert | None) -> dict[str, object] | None:
    if alert is None:
        return None
    return {"id": alert.id, "opened_ms": alert.opened_ms, "severity": alert.severity}
