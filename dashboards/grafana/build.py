"""Writes the dashboards' JSON, which Grafana reads: ``make dashboards``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.cog.encoder import JSONEncoder

from dashboards.grafana.alerts import alerts
from dashboards.grafana.buzz import buzz
from dashboards.grafana.models import models
from dashboards.grafana.pipeline import pipeline

FOLDER: Final = Path(__file__).parent / "json"
DASHBOARDS: Final = (buzz, pipeline, models, alerts)


def encoded() -> dict[str, str]:
    """Each dashboard's JSON, by its file's name."""
    return {f"{make.__name__}.json": _encode(make()) for make in DASHBOARDS}


def _encode(made: Dashboard) -> str:
    dashboard = made.build()
    for number, panel in enumerate(dashboard.panels or [], start=1):
        panel.id_val = number
    plain: dict[str, Any] = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    return json.dumps(plain, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Write every file, and delete what no dashboard writes."""
    files = encoded()
    for stale in FOLDER.glob("*.json"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
