"""The watched brands: ``brands.toml`` and the rules it gives each."""

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

from badbuzz.config.rules import DETECTOR_FIELDS, check_known, read_changes, read_zone
from badbuzz.config.settings import Settings
from badbuzz.detection.state import Rules
from badbuzz.errors import BrandsError
from badbuzz.wire import NAME_RULE, is_name

SENSITIVITIES: Final = {"normal": 4.0, "sensitive": 3.65}
_KEYS: Final = ("name", "languages", "zone", "mute", "sensitivity", *DETECTOR_FIELDS)
_THETAS: Final = "a number from 1 to 20"
_MUTE_KEYS: Final = frozenset({"from", "until", "why"})


@dataclass(frozen=True, slots=True)
class Brands:
    """Rules by brand; a brand that the file does not name gets the default ones."""

    rules: Mapping[str, Rules]
    default: Rules = field(default_factory=Rules)

    def of(self, brand: str) -> Rules:
        """The rules of one brand.

        Examples
        --------
        >>> Brands({}).of("Nobody").theta
        4.0
        """
        return self.rules.get(brand, self.default)

    def zone_of(self, brand: str) -> str:
        """The IANA name of a brand's clock.

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
        Of a ``brands.toml``; the shipped example when empty.
    default
        Rules that each brand's own are laid over.

    Raises
    ------
    BrandsError
        When the file is missing or does not say what it must: names entry, key and remedy.

    Examples
    --------
    >>> sorted(read_brands("").rules)
    ['Air Paradis', 'Costa Air', 'Nordwind']
    """
    source = _find_file(path)
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BrandsError(f"{source}: cannot be read: {error}") from error
    return parse_brands(text, str(source), default)


def _find_file(path: str) -> Traversable:
    return Path(path) if path else files("badbuzz").joinpath("data", "brands.toml")


def parse_brands(text: str, source: str, default: Rules | None = None) -> Brands:
    """The brands in a TOML document; ``source`` names it in errors."""
    default = default or Rules()
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BrandsError(f"{source}: is no TOML: {error}") from error
    entries = document.get("brand")
    if set(document) != {"brand"} or not isinstance(entries, list) or not entries:
        raise BrandsError(f"{source}: expected one [[brand]] table per brand and nothing else")
    rules: dict[str, Rules] = {}
    for number, entry in enumerate(entries, 1):
        name = entry.get("name") if isinstance(entry, dict) else None
        if not isinstance(name, str) or not is_name(name):
            raise BrandsError(f"{source}: brand {number}: name: {NAME_RULE}")
        if name in rules:
            raise BrandsError(f"{source}: brand {name!r}: stands twice")
        rules[name] = _read_rules(entry, f"{source}: brand {name!r}", default)
    return Brands(rules, default)


def _read_rules(entry: dict[str, Any], where: str, default: Rules) -> Rules:
    for key in entry:
        check_known(key, where, _KEYS)
    tuned = read_changes({key: entry[key] for key in DETECTOR_FIELDS if key in entry}, where)
    return replace(
        default,
        **tuned,
        **_read_theta(entry, where),
        zone=read_zone(entry.get("zone", "UTC"), f"{where}: zone"),
        languages=_read_languages(entry.get("languages"), where),
        muted_ms=_read_mutes(entry.get("mute", []), where),
    )


def _read_theta(entry: dict[str, Any], where: str) -> dict[str, Any]:
    """What ``sensitivity`` says, the friendly name of theta; nothing where there is none."""
    if "sensitivity" in entry:
        if "theta" in entry:
            raise BrandsError(f"{where}: theta: expected it or sensitivity, which say the same")
        return {"theta": _read_sensitivity(entry["sensitivity"], where)}
    if "theta" in entry and not 1.0 <= entry["theta"] <= 20.0:
        raise BrandsError(f"{where}: theta: expected {_THETAS}, found {entry['theta']!r}")
    return {}


def _read_sensitivity(sensitivity: object, where: str) -> float:
    if isinstance(sensitivity, str) and sensitivity in SENSITIVITIES:
        return SENSITIVITIES[sensitivity]
    if type(sensitivity) in (int, float) and 1.0 <= float(str(sensitivity)) <= 20.0:
        return float(str(sensitivity))
    words = ", ".join(f"{name!r}" for name in SENSITIVITIES)
    raise BrandsError(f"{where}: sensitivity: expected {words} or {_THETAS}, found {sensitivity!r}")


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
        raise BrandsError(f"{where}: mute: expected tables with from, until and, if you like, why")
    start, end = (_read_instant_ms(period[key], key, where) for key in ("from", "until"))
    if start >= end:
        raise BrandsError(f"{where}: mute: until {period['until']} is not after from")
    return start, end


def _read_instant_ms(value: object, key: str, where: str) -> int:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise BrandsError(
            f"{where}: mute: {key}: expected a time with its offset, such as "
            f"2026-12-01T08:00:00+01:00, found {value}"
        )
    return int(value.timestamp() * 1000)


@click.group()
def brands() -> None:
    """Work with the file of watched brands (BADBUZZ_BRANDS)."""


@brands.command()
@click.argument("path", required=False)
def check(path: str | None) -> None:
    """Check a brands file and say what it means.

    What tunes the detector is shown where it differs from the defaults.
    A language that no bundle of BADBUZZ_BUNDLES reads is pointed out: its tweets do not count.

    \b
    Examples:
      badbuzz brands check
      badbuzz brands check /etc/badbuzz/brands.toml
    """
    settings = Settings.read()
    path = settings.brands if path is None else path
    found = read_brands(path)
    click.echo(f"{_find_file(path)}:")
    for name, rules in found.rules.items():
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
            click.echo(f"  {unread}: no bundle of BADBUZZ_BUNDLES reads it; does not count")


def _list_changes(rules: Rules) -> str:
    usual = Rules()
    return ", ".join(
        f"{key} {getattr(rules, key):g} ({getattr(usual, key):g})"
        for key in DETECTOR_FIELDS
        if getattr(rules, key) != getattr(usual, key)
    )
