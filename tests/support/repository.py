"""Files of the repository, read for tests."""

from __future__ import annotations

import tomllib
from typing import Any, Final

from ruamel.yaml import YAML

from tests.support.servers import ROOT

PACKAGES: Final = frozenset(
    {"badbuzz", "producers", "stream_processor", "training", "backtest", "demo", "dashboards"}
)


def read(path: str) -> str:
    """Return the text of a file, by its path in the repository."""
    return (ROOT / path).read_text(encoding="utf-8")


def read_yaml(path: str) -> Any:
    """Return the content of a YAML file, by its path in the repository."""
    return YAML(typ="safe").load(read(path))


def project() -> dict[str, Any]:
    """Return the content of pyproject.toml."""
    return tomllib.loads(read("pyproject.toml"))
