"""Watched brands and their rules, read from ``brands.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

import click

from badbuzz.config.rules import DETECTOR_FIELDS, MAX_TOML, check_known, read_changes, read_zone
from badbuzz.config.settings import Settings
from badbuzz.detection.state import Rules
from badbuzz.errors import BrandsError
from badbuzz.recordings.limits import read_file
from badbuzz.wire import NAME_RULE, is_name

SENSITIVITIES: Final = {"normal": 4.0, "sensitive": 3.65}
_KEYS: Final = ("name", "languages", "zone", "mute", "sensitivity", *DETECTOR_FIELDS)
_THETAS: Final = "a number from 1 to 20"
_MUTE_KEYS: Final = frozenset({"from", "until", "why"})


@dataclass(frozen=True, slots=True)
class Brands:
    """Rules by brand; a brand that is not in the file has the default rules."""

    rules: Mapping[str, Rules]
    default: Rules = field(default_factory=Rules)

    def of(self, brand: str) -> Rules:
        """Return the rules of a brand.

        Examples
        --------
        >>> Brands({}).of("Nobody").theta
        4.0
        """
        return self.rules.get(brand, self.default)

    def zone_of(self, brand: str) -> str:
        """Return the IANA name of a brand's time zone.

        Examples
        --------
        >>> read_brands("").zone_of("Air Paradis"), Brands({}).zone_of("Nobody")
        ('Europe/Paris', 'UTC')
        """
        return str(self.of(brand).zone)


def read_brands(path: str, default: Rules | None = None) -> Brands:
    """Read a brands file.

    Parameters
    ----------
    path
        Path of a ``brands.toml``; the shipped example if empty.
    default
        Values of the rules that a brand does not set, default those of :class:`Rules`.

    Raises
    ------
    BrandsError
        If the file is missing or invalid; names the brand, the key and the expected value.

    Examples
    --------
    >>> sorted(read_brands("").rules)
    ['Air Paradis', 'Costa Air', 'Nordwind']
    """
    source = _find_file(path)
    try:
        text = read_file(source, MAX_TOML).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise BrandsError(f"{source}: cannot be read: {error}") from error
    return parse_brands(text, str(source), default)


def _find_file(path: str) -> Traversable:
    return Path(path) if path else files("badbuzz").joinpath("data", "brands.toml")


def parse_brands(text: str, source: str, default: Rules | None = None) -> Brands:
    """Read the brands of a TOML document; ``source`` is its name in errors."""
    default = default or Rules()
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, or a number too long
        raise BrandsError(f"{source}: is not TOML: {error}") from error
    entries = document.get("brand")
    if set(document) != {"brand"} or not isinstance(entries, list) or not entries:
        raise BrandsError(f"{source}: expected one [[brand]] table per brand and nothing else")
    rules: dict[str, Rules] = {}
    for number, entry in enumerate(entries, 1):
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not is_name(name):
            raise BrandsError(f"{source}: brand {number}: name: {NAME_RULE}")
        if name in rules:
            raise BrandsError(f"{source}: brand {name!r}: is given twice")
        rules[name] = _read_rules(entry, f"{source}: brand {name!r}", default)
    return Brands(rules, default)


def _read_rules(entry: dict[str, Any], where: str, default: Rules) -> Rules:
    for key in entry:
        check_known(key, where, _KEYS)
    tuned = read_changes({key: entry[key] for key in DETECTOR_FIELDS if key in entry}, where)
    return replace(
        default,
        **tuned | _read_theta(entry, where),
        zone=read_zone(entry.get("zone", "UTC"), f"{where}: zone"),
        languages=_read_languages(entry.get("languages"), where),
        muted_ms=_read_mutes(entry.get("mute", []), where),
    )


def _read_theta(entry: dict[str, Any], where: str) -> dict[str, Any]:
    """Return theta from ``theta`` or ``sensitivity``, two names of the same rule."""
    keys = [key for key in ("theta", "sensitivity") if key in entry]
    if not keys:
        return {}
    if len(keys) == 2:
        raise BrandsError(f"{where}: theta: expected either theta or sensitivity, not both")
    value = entry[keys[0]]
    levels = SENSITIVITIES if keys[0] == "sensitivity" else {}
    theta: Any = levels.get(value) if isinstance(value, str) else value
    if type(theta) not in (int, float) or not 1.0 <= theta <= 20.0:
        names = "".join(f"{name!r} or " for name in levels)
        raise BrandsError(f"{where}: {keys[0]}: expected {names}{_THETAS}, found {value!r}")
    return {"theta": float(theta)}


def _read_languages(languages: object, where: str) -> frozenset[str] | None:
    if languages is None:
        return None
    if (
        isinstance(languages, list)
        and languages
        and all(isinstance(lang, str) and lang.isalpha() and lang.islower() for lang in languages)
    ):
        return frozenset(languages)
    raise BrandsError(
        f"{where}: languages: expected codes such as ['fr', 'en'], found {languages!r}"
    )


def _read_mutes(periods: object, where: str) -> tuple[tuple[int, int], ...]:
    if not isinstance(periods, list):
        raise BrandsError(f"{where}: mute: expected [[brand.mute]] tables, found {periods!r}")
    return tuple(_read_mute(period, where) for period in periods)


def _read_mute(period: object, where: str) -> tuple[int, int]:
    if not isinstance(period, dict) or not {"from", "until"} <= set(period) <= _MUTE_KEYS:
        raise BrandsError(f"{where}: mute: expected tables with from, until and, optionally, why")
    start, end = (_read_instant_ms(period[key], key, where) for key in ("from", "until"))
    if start >= end:
        raise BrandsError(f"{where}: mute: until {period['until']} is not after from")
    return start, end


def _read_instant_ms(value: object, key: str, where: str) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise BrandsError(
            f"{where}: mute: {key}: expected a time with offset, such as "
            f"2026-12-01T08:00:00+01:00, found {value}"
        )
    return int(value.timestamp() * 1000)


@click.group()
def brands() -> None:
    """Work with the file of watched brands (BADBUZZ_BRANDS)."""


@brands.command()
@click.argument("path", required=False)
def check(path: str | None) -> None:
    """Check a brands file and print its rules.

    Detector rules are printed if they differ from the defaults.
    Languages without a bundle in BADBUZZ_BUNDLES are listed: their tweets are not counted.

    \b
    Examples:
      badbuzz brands check
      badbuzz brands check /etc/badbuzz/brands.toml
    """
    settings = Settings.read()
    path = settings.brands if path is None else path
    watched = read_brands(path)
    click.echo(f"{_find_file(path)}:")
    for name, rules in watched.rules.items():
        languages = ", ".join(sorted(rules.languages)) if rules.languages else "every language"
        click.echo(f"{name}: {languages}; {rules.zone}; alerts at a score of {rules.theta:g}")
        for start_ms, end_ms in rules.muted_ms:
            start, end = (datetime.fromtimestamp(t / 1000, UTC) for t in (start_ms, end_ms))
            click.echo(f"  muted {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M} UTC")
        changed = _list_changes(rules)
        if changed:
            click.echo(f"  differs from the defaults: {changed}")
        unread = ", ".join(sorted((rules.languages or frozenset()) - settings.bundle_languages()))
        if unread:
            click.echo(f"  {unread}: no bundle in BADBUZZ_BUNDLES; tweets are not counted")


def _list_changes(rules: Rules) -> str:
    default = Rules()
    return ", ".join(
        f"{key} {getattr(rules, key):g} ({getattr(default, key):g})"
        for key in DETECTOR_FIELDS
        if getattr(rules, key) != getattr(default, key)
    )
