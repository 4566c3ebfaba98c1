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
    """Create, revoke and list the keys of the API.

    A key has a name, which is recorded with every acknowledgement, ruling and correction, and a
    scope: read; write, which also acknowledges, rules and corrects; admin, which also reads the
    audit log. The database holds digests of the secrets only.

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
    help="Permissions; each scope includes those before it.",
)
def add(name: str, scope: str) -> None:
    """Create a key and print its secret, which cannot be shown again.

    The secret goes to stdout, everything else to stderr.

    \b
    Examples:
      badbuzz keys add ana --scope write
      KEY=$(badbuzz keys add dashboard)
    """
    if not is_name(name):
        raise click.BadParameter(f"invalid name: {name!r}", param_hint="NAME")
    secret, prefix = credentials.new_secret()
    with _open_store(create=True) as store:
        digest = credentials.digest(secret)
        store.add_key(name, frozenset({scope}), digest, prefix, time.time_ns() // 1_000_000)
    click.echo(f"{name} has the scope {scope}. The secret is shown only once:", err=True)
    click.echo(secret)


@keys.command()
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke a key. The API refuses it after five seconds at most.

    \b
    Examples:
      badbuzz keys revoke ana
    """
    with _open_store() as store:
        store.revoke_key(name, time.time_ns() // 1_000_000)
    click.echo(f"{name} is revoked: the API refuses it after five seconds at most", err=True)


@keys.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def list_(as_json: bool) -> None:
    """List the keys: names, scopes, times of creation and revocation.

    \b
    Examples:
      badbuzz keys list
      badbuzz keys list --json
    """
    with _open_store() as store:
        listed = store.keys()
    if as_json:
        click.echo(orjson.dumps(listed, default=sorted))
        return
    if not listed:
        click.echo("no keys yet: badbuzz keys add NAME", err=True)
    for key in listed:
        state = f"revoked {_day(key.revoked_ms)}" if key.revoked_ms is not None else "valid"
        scopes = ",".join(sorted(key.scopes))
        click.echo(f"{key.name}\tbb_{key.prefix}_…\t{scopes}\tcreated {_day(key.made_ms)}\t{state}")


def _open_store(*, create: bool = False) -> Store:
    address = Settings.read().store
    store = Store.open(address, create=create)
    click.echo(f"store: {describe_address(address)}", err=True)
    return store


def _day(time_ms: int) -> str:
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"
