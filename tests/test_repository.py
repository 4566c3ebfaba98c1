"""The repository keeps its own promises: contracts, locks, containers, the wheel, the docs."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import fields
from email.parser import Parser
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from packaging.requirements import Requirement
from ruamel.yaml import YAML

from badbuzz.cli import COMMANDS
from badbuzz.config.settings import Settings
from badbuzz.detection.state import Rules
from badbuzz.models import scorer
from tests.support.servers import ROOT, lacking

SIBLINGS = {"producers", "stream_processor", "training", "backtest", "demo", "dashboards"}
PACKAGES = SIBLINGS | {"badbuzz"}
IMPURE = {
    "__init__", "__main__", "cli", "config", "models", "recordings", "reports", "store", "terminal",
}  # fmt: skip
"""Modules and packages of badbuzz that may have I/O."""
LOCKS = ("demo", "image", "dev", "protocol", "mlflow", "minilm")
CONTAINERS = ("compose.yaml", ".github/workflows/ci.yml")


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def read_yaml(path: str) -> Any:
    return YAML(typ="safe").load(read(path))


def project() -> dict[str, Any]:
    return tomllib.loads(read("pyproject.toml"))


def contracts() -> ConfigParser:
    parser = ConfigParser()
    parser.read_string(read(".importlinter"))
    return parser


# Imports


def pure_modules() -> list[str]:
    return contracts()["importlinter:contract:pure"]["source_modules"].split()


def test_every_package_of_badbuzz_is_pure_or_known_not_to_be() -> None:
    folder = ROOT / "badbuzz"
    parts = {path.stem for path in folder.glob("*.py")}
    parts |= {path.parent.name for path in folder.glob("*/__init__.py")}
    pure = {name.split(".")[1] for name in pure_modules() if name.count(".") == 1}
    assert parts - IMPURE == pure


def test_the_pure_packages_read_no_clock_and_draw_no_numbers() -> None:
    for module in pure_modules():
        place = ROOT / module.replace(".", "/")
        for path in place.glob("*.py") if place.is_dir() else [place.with_suffix(".py")]:
            source = path.read_text(encoding="utf-8")
            assert not re.search(r"\.(now|utcnow|today|random|default_rng)\(", source), path


BREACHES = {
    "siblings": ("producers", "import demo"),
    "core": ("badbuzz", "import training"),
    "pure": ("badbuzz/detection/statistics.py", "import time"),
    "training": ("stream_processor", "import tensorflow"),
    "mlflow": ("badbuzz", "import mlflow"),
    "sql": ("badbuzz", "import sqlalchemy"),
    "tflite": ("training", "import ai_edge_litert"),
    "producers": ("badbuzz", "import kafka"),
    "worker": ("producers", "import aiokafka"),
    "azure": ("badbuzz", "import opencensus"),
    "web": ("badbuzz", "import fastapi"),
    "demo": ("producers", "import confluent_kafka"),
    "front": ("dashboards/front", "import badbuzz.store"),
    "streamlit": ("dashboards", "import streamlit"),
    "jinja": ("backtest", "import jinja2"),
    "order": ("training/datasets", "import training.recipes"),
}


@pytest.fixture(scope="module")
def breached(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What import-linter says of a copy of the packages that breaks every contract."""
    copy = tmp_path_factory.mktemp("breached")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, copy / package, ignore=shutil.ignore_patterns("__pycache__", "bundles")
        )
    for place, statement in BREACHES.values():
        path = copy / place
        with (path / "breach.py" if path.is_dir() else path).open("a") as module:
            module.write(f"\n{statement}\n")
    shutil.copy(ROOT / ".importlinter", copy)
    linted = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=copy,
        env={"PYTHONPATH": str(copy), "COLUMNS": "300"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 1, linted.stdout + linted.stderr
    return linted.stdout


def test_every_contract_has_a_breach() -> None:
    sections = contracts().sections()
    assert {s.rpartition(":")[2] for s in sections if ":" in s} == set(BREACHES)


@pytest.mark.parametrize("contract", BREACHES)
def test_a_breached_contract_is_broken(contract: str, breached: str) -> None:
    name = contracts()[f"importlinter:contract:{contract}"]["name"]
    assert f"{name} BROKEN" in breached


# Locks


def pins(name: str) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==(\S+)", read(f"requirements/{name}.txt"), re.MULTILINE)
    return {pin.lower().replace("_", "-"): version for pin, version in found}


def direct_requirements(extras: tuple[str, ...], groups: tuple[str, ...] = ()) -> list[Requirement]:
    """What pyproject.toml asks for, this project's own extras followed."""
    described = project()
    lines: list[str] = list(described["project"]["dependencies"])
    for group in groups:
        lines += described["dependency-groups"][group]
    left = list(extras)
    while left:
        for line in described["project"]["optional-dependencies"][left.pop()]:
            requirement = Requirement(line)
            if requirement.name == "badbuzz":
                left += requirement.extras
            else:
                lines.append(line)
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address(name: str) -> None:
    assert not re.search(r"://|index-url|find-links|/wheels", read(f"requirements/{name}.txt"))


@pytest.mark.parametrize("name", LOCKS)
def test_every_pin_has_a_hash(name: str) -> None:
    blocks = re.split(r"^(?=\w)", read(f"requirements/{name}.txt"), flags=re.MULTILINE)
    bare = [block for block in blocks if "==" in block and "--hash=sha256:" not in block]
    assert not bare


@pytest.mark.parametrize(
    ("name", "extras", "groups"),
    [
        ("demo", ("demo",), ()),
        ("image", ("demo", "notifier", "registry"), ()),
        ("dev", ("demo", "notifier", "registry", "bert"), ("dev",)),
        ("protocol", (), ("protocol",)),
        ("mlflow", (), ("mlflow",)),
    ],
)
def test_a_lock_is_not_stale(name: str, extras: tuple[str, ...], groups: tuple[str, ...]) -> None:
    pinned = pins(name)
    stale = [
        str(requirement)
        for requirement in direct_requirements(extras, groups)
        if not requirement.specifier.contains(
            pinned.get(requirement.name.lower().replace("_", "-"), "0"), prereleases=True
        )
    ]
    assert not stale, "run make lock"


def test_the_locks_agree() -> None:
    demo, image, dev, protocol = map(pins, ("demo", "image", "dev", "protocol"))
    assert demo.items() <= image.items() <= dev.items()
    assert protocol.items() <= {**protocol, **dev}.items()


# Containers and CI


def schema_errors(path: str, schema: str) -> list[str]:
    """What is wrong by a schema that check-jsonschema carries."""
    spec = find_spec("check_jsonschema")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0]) / "builtin_schemas" / "vendor"
    validator = Draft7Validator(orjson.loads((folder / schema).read_bytes()))
    return [error.message for error in validator.iter_errors(read_yaml(path))]


def test_an_image_holds_every_room() -> None:
    assert {f"!{package}" for package in PACKAGES} <= set(read(".dockerignore").split())


def test_compose_follows_its_specification() -> None:
    assert schema_errors("compose.yaml", "compose-spec.json") == []


def test_the_workflow_follows_its_schema() -> None:
    assert schema_errors(".github/workflows/ci.yml", "github-workflows.json") == []


def test_compose_waits_for_services_that_exist_and_can_be_healthy() -> None:
    services = read_yaml("compose.yaml")["services"]
    for service in services.values():
        for name, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert "healthcheck" in services[name], name


def test_compose_sets_only_settings_that_exist() -> None:
    known = {f"BADBUZZ_{spec.name.upper()}" for spec in fields(Settings)}
    used = set(re.findall(r"\bBADBUZZ_[A-Z_]+", read("compose.yaml")))
    assert used <= known


def test_compose_runs_the_kafka_that_the_tests_run() -> None:
    image = read_yaml("compose.yaml")["services"]["kafka"]["image"]
    assert f"<version>{image.rpartition(':')[2]}</version>" in read("deploy/kafka/pom.xml")


@pytest.mark.parametrize(
    "caller", [".ci/run", ".github/workflows/ci.yml", ".pre-commit-config.yaml"]
)
def test_every_target_that_ci_calls_exists(caller: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    called = set(re.findall(r"\bmake ([a-z-]+)", read(caller)))
    assert called
    assert called <= targets


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """The built wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, ROOT],
        capture_output=True,
        text=True,
        check=False,
    )
    if "No matching distribution found for hatchling" in built.stderr:
        lacking("a wheel is built with hatchling, which no index offers here", "REQUIRE_SERVICES")
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("badbuzz-*.whl")
    with zipfile.ZipFile(path) as opened:
        yield opened


def test_the_wheel_must_not_be_uploaded(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = Parser().parsestr(wheel.read(name).decode())
    assert "Private :: Do Not Upload" in metadata.get_all("Classifier", [])


def test_the_wheel_holds_the_packages_and_no_others(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert set(project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES


@pytest.mark.parametrize("bundle", ["airline-en", "tweets-fr"])
def test_the_wheel_holds_the_bundles(bundle: str, wheel: zipfile.ZipFile) -> None:
    assert {f"badbuzz/bundles/{bundle}/{name}" for name in scorer.FILES} <= set(wheel.namelist())


@pytest.mark.parametrize("bundle", ["airline-en", "tweets-fr"])
def test_a_bundle_is_at_most_five_megabytes(bundle: str, wheel: zipfile.ZipFile) -> None:
    folder = f"badbuzz/bundles/{bundle}/"
    sizes = [info.file_size for info in wheel.infolist() if info.filename.startswith(folder)]
    assert sum(sizes) <= 5_000_000


def test_the_wheel_holds_every_file_that_is_not_python(wheel: zipfile.ZipFile) -> None:
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wanted <= set(wheel.namelist())


# The docs


@pytest.mark.parametrize("command", COMMANDS)
def test_the_readme_names_every_command(command: str) -> None:
    assert f"badbuzz {command}" in read("README.md")


def test_the_docs_list_every_setting_with_its_default_and_meaning() -> None:
    rows = re.findall(
        r"^\| `(BADBUZZ_\w+)` \| (?:`(.*?)`)? *\| (.*?) \|$", read("docs/settings.md"), re.MULTILINE
    )
    assert rows == [
        (
            f"BADBUZZ_{spec.name.upper()}",
            str(spec.default),
            spec.metadata["meaning"].replace(" | ", " / "),
        )
        for spec in fields(Settings)
    ]


def test_the_docs_say_what_each_of_the_detectors_parameters_does() -> None:
    told = re.findall(
        r"^\| (`[a-z_`, ]+`) \| ([\d., ]+) \|", read("docs/detection.md"), re.MULTILINE
    )
    defaults = {
        name: value
        for names, values in told
        for name, value in zip(re.findall(r"[a-z_]+", names), values.split(","), strict=True)
    }
    numbers = {spec.name: spec.default for spec in fields(Rules) if spec.type in ("float", "int")}
    numbers.pop("lateness_ms")  # the worker's setting
    assert {name: float(value) for name, value in defaults.items()} == numbers


def test_the_docs_name_every_topic_and_what_cleans_it() -> None:
    from stream_processor.engine.topics import topics_of

    told = dict(re.findall(r"^\| `([a-z-]+)` \| .*? \| (\w+)", read("docs/kafka.md"), re.MULTILINE))
    policies = {"compaction": "compact", "deletion": "delete"}
    assert {name: policies[word] for name, word in told.items()} == {
        topic.name: topic.topic_configs["cleanup.policy"] for topic in topics_of(Settings())
    }
