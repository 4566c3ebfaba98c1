"""Commands ``models list``, ``show``, ``pull`` and ``rollback``; MLflow's client suffices."""

from __future__ import annotations

from dataclasses import asdict
from getpass import getuser
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

import click
import orjson
from rich.console import Console
from rich.table import Table

from badbuzz.config.settings import Settings
from badbuzz.errors import RegistryError
from badbuzz.models.history import ChampionChange, read_changes
from badbuzz.models.registry import CHAMPION, Registry, Version
from badbuzz.recordings.times import format_clock
from training.registry.promotion import find_version, roll_back

_SHOWN: tuple[str, ...] = ("accuracy", "auc")
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
who_option = click.option(
    "--who", default=getuser, help="Name to record as the author.  [default: your user name]"
)


def open_registry() -> Registry:
    """Return the registry at BADBUZZ_MLFLOW_URI."""
    return Registry(Settings.read().mlflow_uri)


@click.command("list")
@click.argument("languages", nargs=-1, metavar="[LANGUAGE…]")
@as_json_option
def list_(languages: tuple[str, ...], as_json: bool) -> None:
    """List every version with its bundle, its aliases and the figures of its card.

    \b
    Examples:
      badbuzz models list
      badbuzz models list fr --json
    """
    registry = open_registry()
    listed = [
        version
        for language in languages or registry.languages()
        for version in registry.versions(language)
    ]
    if as_json:
        click.echo(orjson.dumps({"versions": [_plain(version) for version in listed]}))
        return
    if not listed:
        click.echo("no versions yet: badbuzz models register BUNDLE")
        return
    table = Table("", "", "aliases", "bundle", "registered", *_SHOWN, box=None, pad_edge=False)
    for version in listed:
        table.add_row(
            version.language,
            str(version.number),
            ", ".join(version.aliases),
            version.bundle,
            format_clock(version.created_ms),
            *(version.tags.get(name, "") for name in _SHOWN),
        )
    Console().print(table)


def _plain(version: Version) -> dict[str, object]:
    return asdict(version) | {"tags": {k: v for k, v in version.tags.items() if k != "card"}}


@click.command()
@click.argument("language")
@click.argument("which", default=CHAMPION, metavar="[VERSION]")
@as_json_option
def show(language: str, which: str, as_json: bool) -> None:
    """Show a version's card, and every promotion and rollback of its language.

    VERSION is champion (the default), challenger or a number.

    \b
    Examples:
      badbuzz models show en
      badbuzz models show fr 3 --json
    """
    registry = open_registry()
    version = find_version(registry, language, which)
    history = read_changes(registry, language)
    if as_json:
        shown = {"version": _plain(version), "events": [asdict(event) for event in history]}
        click.echo(orjson.dumps(shown | {"card": orjson.loads(version.tags.get("card", "null"))}))
        return
    click.echo(f"{version}  {', '.join(version.aliases)}")
    for name, value in sorted(version.tags.items()):
        if name not in ("card", "bundle", "language"):
            click.echo(f"  {name}: {value}")
    for event in history:
        click.echo(_line(event))


def _line(event: ChampionChange) -> str:
    before = "" if event.before is None else f" from {event.before}"
    forced = ", forced" if event.forced else ""
    why = f": {event.why}" if event.why else ""
    when = format_clock(event.when_ms)
    return f"{when} UTC  {event.what}{before} to {event.after}{forced}, by {event.who}{why}"


@click.command()
@click.argument("language")
@click.argument("which", default=CHAMPION, metavar="[VERSION]")
@click.option(
    "-o",
    "--out",
    required=True,
    type=click.Path(path_type=Path),
    help="Folder to create.",
)
def pull(language: str, which: str, out: Path) -> None:
    """Fetch a version's bundle, check it, and write it to a new folder.

    \b
    Examples:
      badbuzz models pull en -o champion-en
      BADBUZZ_BUNDLES=en=champion-en,fr=tweets-fr badbuzz process
    """
    if out.exists():
        raise RegistryError(f"{out}: exists already: give a new folder")
    registry = open_registry()
    version = find_version(registry, language, which)
    with TemporaryDirectory(prefix="badbuzz-bundle-") as folder:
        _, bundle = registry.fetch(version, Path(folder))
        copytree(bundle, out)
    click.echo(f"{version} is in {out}")


@click.command()
@click.argument("language")
@click.option("--reason", default="", help="Reason to record.")
@who_option
def rollback(language: str, reason: str, who: str) -> None:
    """Make the version champion that was champion before.

    Workers load it within BADBUZZ_REGISTRY_POLL_S. A second rollback goes back further.

    \b
    Examples:
      badbuzz models rollback en --reason "twice the false alarms since Tuesday"
    """
    event = roll_back(open_registry(), language, who=who, why=reason)
    click.echo(_line(event))
