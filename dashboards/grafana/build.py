"""The command behind ``make dashboards``: writes the JSON of the dashboards."""

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


def encode_all() -> dict[str, str]:
    """Return the JSON of each dashboard by file name."""
    return {f"{make.__name__}.json": _encode(make()) for make in DASHBOARDS}


def _encode(builder: Dashboard) -> str:
    dashboard = builder.build()
    for number, panel in enumerate(dashboard.panels or [], start=1):
        panel.id_val = number
    plain: dict[str, Any] = json.loads(json.dumps(dashboard, cls=JSONEncoder))
    return json.dumps(plain, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def main() -> None:
    """Write every file and delete those that belong to no dashboard."""
    files = encode_all()
    for stale in FOLDER.glob("*.json"):
        if stale.name not in files:
            stale.unlink()
    for name, text in files.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
