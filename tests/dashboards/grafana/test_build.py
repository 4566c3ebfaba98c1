"""The JSON of the dashboards is current and valid, and its data sources are provisioned."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models.dashboard import Dashboard

from dashboards.grafana.build import FOLDER, encode_all, main
from tests.dashboards.prometheus.test_rules import read_yaml
from tests.support.servers import ROOT

NAMES = sorted(encode_all())
PROVISIONING = FOLDER.parent / "provisioning"


def read(name: str) -> dict[str, Any]:
    dashboard: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return dashboard


def panels(name: str) -> list[dict[str, Any]]:
    """Return the panels that are not rows."""
    return [panel for panel in read(name)["panels"] if panel["type"] != "row"]


def test_there_is_one_file_per_dashboard() -> None:
    assert sorted(path.name for path in FOLDER.iterdir()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_current(name: str) -> None:
    stale = (FOLDER / name).read_text(encoding="utf-8") != encode_all()[name]
    assert not stale, "run make dashboards"


def test_a_stale_file_is_deleted(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dashboards.grafana.build.FOLDER", tmp_path)
    (tmp_path / "old.json").write_text("{}")
    main()
    assert sorted(path.name for path in tmp_path.iterdir()) == NAMES


def changes(before: Any, after: Any, where: str = "") -> Iterator[str]:
    """Yield the paths whose value changed; added keys are ignored."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key, value in before.items():
            yield from changes(value, after.get(key), f"{where}.{key}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for place, (old, other) in enumerate(zip(before, after, strict=True)):
            yield from changes(old, other, f"{where}[{place}]")
    elif before != after:
        yield where


@pytest.mark.parametrize("name", NAMES)
def test_the_sdk_reads_a_file_without_loss(name: str) -> None:
    register_default_plugins()
    plain = read(name)
    again = json.loads(json.dumps(Dashboard.from_json(plain), cls=JSONEncoder))
    plain.pop("annotations", None)  # the SDK does not support annotations from Prometheus
    assert list(changes(plain, again)) == []


@pytest.mark.parametrize("name", NAMES)
def test_panels_fill_the_width_and_do_not_overlap(name: str) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in read(name)["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24, panel["title"]
        taken |= cells


@pytest.mark.parametrize("name", NAMES)
def test_a_panel_has_a_description(name: str) -> None:
    assert [panel["title"] for panel in panels(name) if not panel["description"]] == []


@pytest.mark.parametrize("name", NAMES)
def test_the_ids_of_panels_are_unique(name: str) -> None:
    numbers = [panel["id"] for panel in read(name)["panels"]]
    assert len(set(numbers)) == len(numbers)


def sources(value: Any) -> Iterator[str]:
    """Yield the uid of every data source in a dashboard."""
    if isinstance(value, dict):
        if isinstance(value.get("datasource"), dict):
            yield value["datasource"]["uid"]
        for part in value.values():
            yield from sources(part)
    elif isinstance(value, list):
        for part in value:
            yield from sources(part)


def test_the_data_sources_are_provisioned() -> None:
    provisioned = read_yaml(PROVISIONING / "datasources" / "badbuzz.yaml")["datasources"]
    used = {uid for name in NAMES for uid in sources(read(name))}
    assert used == {source["uid"] for source in provisioned}


def test_the_container_mounts_the_files_at_the_provisioned_path() -> None:
    (provider,) = read_yaml(PROVISIONING / "dashboards" / "badbuzz.yaml")["providers"]
    volumes = read_yaml(ROOT / "compose.yaml")["services"]["grafana"]["volumes"]
    assert f"./{FOLDER.relative_to(ROOT)}:{provider['options']['path']}:ro" in volumes


def test_the_operations_page_names_every_dashboard() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"| {read(name)['title']} |" not in page] == []
