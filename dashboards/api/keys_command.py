"""The commands ``keys add``, ``keys revoke`` and ``keys list``."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import click
import orjson

from badbuzz.config.settings import Settings
from badbuzz.store.database import Store, describe_address
from badbuzz.wire import is_name
from dashboards.api import credentials


@click.group()
def keys() -> None:
    """Make, revoke and list the API's keys.

    A key has a name, which is who acknowledges and corrects with it, and a scope: read; write,
    which also acknowledges, rules and corrects; admin, which also sees the audit. The database
    holds no secret, only what it takes to recognise one.

    \b
    Examples:
      badbuzz keys add ana --scope write
      badbuzz keys list --json
      badbuzz keys revoke ana
    """


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    type=click.Choice(credentials.SCOPES),
    default="read",
    show_default=True,
    help="What it may; each includes those before it.",
)
def add(name: str, scope: str) -> None:
    """Make a key, and print its secret: once, and nowhere else.

    The secret alone goes to stdout, everything else to stderr.

    \b
    Examples:
      badbuzz keys add ana --scope write
      KEY=$(badbuzz keys add dashboard)
    """
    if not is_name(name):
        raise click.BadParameter(f"no name for a key: {name!r}", param_hint="NAME")
    secret, prefix = credentials.new_secret()
    with _opened(create=True) as store:
        digest = credentials.digest(secret)
        store.add_key(name, frozenset({scope}), digest, prefix, time.time_ns() // 1_000_000)
    click.echo(f"{name} may {scope}. This is shown once; keep it as you keep a password:", err=True)
    click.echo(secret)


@keys.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Let a key open nothing any more, within five seconds.

    \b
    Examples:
      badbuzz keys revoke ana
    """
    with _opened() as store:
        store.revoke_key(name, time.time_ns() // 1_000_000)
    click.echo(f"{name} is revoked: it opens nothing from five seconds on", err=True)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_(as_json: bool) -> None:
    """List the keys: names, scopes, when they were made and revoked.

    \b
    Examples:
      badbuzz keys list
      badbuzz keys list --json
    """
    with _opened() as store:
        known = store.keys()
    if as_json:
        click.echo(orjson.dumps(known, default=sorted))
        return
    if not known:
        click.echo("no keys yet: badbuzz keys add NAME", err=True)
    for key in known:
        state = f"revoked {_day(key.revoked_ms)}" if key.revoked_ms is not None else "in force"
        scopes = ",".join(sorted(key.scopes))
        click.echo(f"{key.name}\tbb_{key.prefix}_…\t{scopes}\tmade {_day(key.made_ms)}\t{state}")


def _opened(*, create: bool = False) -> Store:
    address = Settings.read().store
    store = Store.open(address, create=create)
    click.echo(f"store: {describe_address(address)}", err=True)
    return store


def _day(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
