"""Tests of the repository: contracts, locks, the wheel and the docs."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from configparser import ConfigParser
from dataclasses import fields
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from badbuzz.cli import COMMANDS
from badbuzz.config.settings import Settings
from badbuzz.detection.state import Rules
from badbuzz.models.bundle import FILES
from tests.support.pure import pure_files, pure_modules
from tests.support.repository import PACKAGES, project, read
from tests.support.servers import ROOT, lacking

IMPURE = {
    "__init__", "__main__", "cli", "config", "models", "recordings", "reports", "store", "terminal",
}  # fmt: skip
"""Modules and packages of badbuzz that may have I/O."""
LOCKS = ("demo", "image", "dev", "core", "protocol", "mlflow", "minilm")


def contracts() -> ConfigParser:
    parser = ConfigParser()
    parser.read_string(read(".importlinter"))
    return parser


# Imports


def test_every_package_of_badbuzz_is_pure_or_known_not_to_be() -> None:
    folder = ROOT / "badbuzz"
    parts = {path.stem for path in folder.glob("*.py")}
    parts |= {path.parent.name for path in folder.glob("*/__init__.py")}
    pure = {name.split(".")[1] for name in pure_modules() if name.count(".") == 1}
    assert parts - IMPURE == pure


def test_coverage_is_measured_in_the_pure_packages() -> None:
    assert project()["tool"]["coverage"]["run"]["source"] == pure_modules()


PURE_LIBRARIES = {"badbuzz", "msgspec", "numpy", "orjson"}
PURE_STANDARD = {
    "__future__", "array", "base64", "bisect", "collections", "contextlib", "dataclasses",
    "datetime", "functools", "hashlib", "html", "itertools", "math", "operator", "re", "statistics",
    "string", "struct", "types", "typing", "unicodedata", "zlib", "zoneinfo",
}  # fmt: skip


def test_make_test_fast_names_every_pure_module() -> None:
    listed = subprocess.run(
        ["make", "--dry-run", "test-fast"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    paths = set(listed.stdout.split())
    for module in pure_modules():
        path = module.replace(".", "/")
        assert {path, f"{path}.py"} & paths, module


def test_the_pure_packages_read_no_clock_and_draw_no_numbers() -> None:
    for path in pure_files():
        source = path.read_text(encoding="utf-8")
        assert not re.search(r"\.(now|utcnow|today|random|default_rng)\(|\bopen\(", source), path


def test_the_pure_packages_import_nothing_but_what_is_listed() -> None:
    imported = {
        name.partition(".")[0]
        for path in pure_files()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else
                     [alias.name for alias in node.names])
    }  # fmt: skip
    assert not imported - PURE_LIBRARIES - PURE_STANDARD


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
    """Return import-linter's report on a copy of the packages that breaks every contract."""
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
    lines = re.findall(r"^([\w.-]+)==(\S+)", read(f"requirements/{name}.txt"), re.MULTILINE)
    return {pin.lower().replace("_", "-"): version for pin, version in lines}


def direct_requirements(extras: tuple[str, ...], groups: tuple[str, ...] = ()) -> list[Requirement]:
    """Return the requirements of pyproject.toml, with those of nested extras and groups."""
    described = project()
    lines: list[str] = list(described["project"]["dependencies"])
    open_groups = list(groups)
    while open_groups:
        for entry in described["dependency-groups"][open_groups.pop()]:
            if isinstance(entry, dict):
                open_groups.append(entry["include-group"])
            else:
                lines.append(entry)
    open_extras = list(extras)
    while open_extras:
        for line in described["project"]["optional-dependencies"][open_extras.pop()]:
            requirement = Requirement(line)
            if requirement.name == "badbuzz":
                open_extras += requirement.extras
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
        ("core", ("litert",), ("core",)),
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
    demo, image, dev = map(pins, ("demo", "image", "dev"))
    core, protocol = map(pins, ("core", "protocol"))
    assert demo.items() <= image.items() <= dev.items()
    assert core.items() <= dev.items()
    assert protocol.items() <= {**protocol, **dev}.items()


def test_the_core_lock_contains_no_heavy_package() -> None:
    heavy = {"tensorflow", "mlflow", "mlflow-skinny", "streamlit", "faust-streaming", "sqlalchemy"}
    assert heavy <= set(pins("dev"))
    assert not heavy & set(pins("core"))


# The wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[zipfile.ZipFile]:
    """Yield the built wheel."""
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


def test_the_wheel_contains_the_packages_and_no_others(wheel: zipfile.ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == PACKAGES
    assert set(project()["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) == PACKAGES


@pytest.mark.parametrize("bundle", ["airline-en", "tweets-fr"])
def test_the_wheel_contains_the_bundles(bundle: str, wheel: zipfile.ZipFile) -> None:
    assert {f"badbuzz/bundles/{bundle}/{name}" for name in FILES} <= set(wheel.namelist())


@pytest.mark.parametrize("bundle", ["airline-en", "tweets-fr"])
def test_a_bundle_is_at_most_five_megabytes(bundle: str, wheel: zipfile.ZipFile) -> None:
    folder = f"badbuzz/bundles/{bundle}/"
    sizes = [info.file_size for info in wheel.infolist() if info.filename.startswith(folder)]
    assert sum(sizes) <= 5_000_000


def test_the_wheel_contains_every_file_that_is_not_python(wheel: zipfile.ZipFile) -> None:
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


def test_the_docs_list_every_parameter_of_the_detector() -> None:
    rows = re.findall(
        r"^\| (`[a-z_`, ]+`) \| ([\d., ]+) \|", read("docs/detection.md"), re.MULTILINE
    )
    defaults = {
        name: value
        for names, values in rows
        for name, value in zip(re.findall(r"[a-z_]+", names), values.split(","), strict=True)
    }
    numbers = {spec.name: spec.default for spec in fields(Rules) if spec.type in ("float", "int")}
    numbers.pop("lateness_ms")  # the worker's setting
    assert {name: float(value) for name, value in defaults.items()} == numbers


def test_the_docs_list_every_topic_with_its_cleanup_policy() -> None:
    from stream_processor.engine.topics import topics_of

    text = read("docs/kafka.md")
    rows = dict(
        re.findall(r"^\| `([a-z-]+)` \| .*? \| (compaction|deletion)\b", text, re.MULTILINE)
    )
    policies = {"compaction": "compact", "deletion": "delete"}
    assert {name: policies[word] for name, word in rows.items()} == {
        topic.name: topic.topic_configs["cleanup.policy"] for topic in topics_of(Settings())
    }


DOCUMENTS = [
    *sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("*.md")),
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")),
    "benchmarks/README.md",
]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_paths_in_a_document_exist(document: str) -> None:
    text = read(document)
    folders = "|".join([*PACKAGES, "benchmarks", "deploy", "docs", "tests"])
    paths = re.findall(rf"`((?:{folders})/[\w./-]*)`", text)
    folder = (ROOT / document).parent
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
    missing = [path for path in paths if not (ROOT / path).exists()]
    missing += [link for link in links if not (folder / link).exists()]
    assert not missing


def test_the_architecture_is_read_in_five_minutes() -> None:
    assert len(read("ARCHITECTURE.md").split()) <= 1500
