"""The pure modules of badbuzz, as the contract in .importlinter lists them."""

from __future__ import annotations

from configparser import ConfigParser
from pathlib import Path
from typing import Final

_ROOT: Final = Path(__file__).resolve().parents[2]


def pure_modules() -> list[str]:
    """Return the names of the pure modules and packages, sorted."""
    parser = ConfigParser()
    parser.read_string((_ROOT / ".importlinter").read_text(encoding="utf-8"))
    return sorted(parser["importlinter:contract:pure"]["source_modules"].split())


def pure_files() -> list[Path]:
    """Return the files of the pure modules and packages, sorted."""
    places = [_ROOT / module.replace(".", "/") for module in pure_modules()]
    return sorted(
        path
        for place in places
        for path in (place.rglob("*.py") if place.is_dir() else [place.with_suffix(".py")])
    )
