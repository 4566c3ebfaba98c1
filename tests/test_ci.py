"""Tests of the containers, the CI script and the files that GitHub reads."""

from __future__ import annotations

import re
import subprocess
from dataclasses import fields
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft7Validator  # type: ignore[import-untyped]
from packaging.specifiers import SpecifierSet

from badbuzz.config.settings import Settings
from tests.support.repository import PACKAGES, project, read, read_yaml
from tests.support.servers import ROOT

WORKFLOW = ".github/workflows/ci.yml"


def schema_errors(path: str, schema: str) -> list[str]:
    """Return the violations of a schema shipped with check-jsonschema."""
    spec = find_spec("check_jsonschema")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    folder = Path(spec.submodule_search_locations[0]) / "builtin_schemas" / "vendor"
    validator = Draft7Validator(orjson.loads((folder / schema).read_bytes()))
    return [error.message for error in validator.iter_errors(read_yaml(path))]


def test_an_image_contains_every_package() -> None:
    assert {f"!{package}" for package in PACKAGES} <= set(read(".dockerignore").split())


def test_compose_follows_its_specification() -> None:
    assert schema_errors("compose.yaml", "compose-spec.json") == []


@pytest.mark.parametrize(
    ("path", "schema"),
    [
        (WORKFLOW, "github-workflows.json"),
        (".github/dependabot.yml", "dependabot.json"),
        (".github/ISSUE_TEMPLATE/bug.yml", "github-issue-forms.json"),
        (".github/ISSUE_TEMPLATE/feature.yml", "github-issue-forms.json"),
        (".github/ISSUE_TEMPLATE/config.yml", "github-issue-config.json"),
    ],
)
def test_a_file_of_github_follows_its_schema(path: str, schema: str) -> None:
    assert schema_errors(path, schema) == []


def workflow_job() -> dict[str, Any]:
    (job,) = read_yaml(WORKFLOW)["jobs"].values()
    return dict(job)


def run_ci(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [ROOT / ".ci" / "run", *arguments], capture_output=True, text=True, check=False
    )


def test_the_workflow_runs_the_steps_of_the_script_and_nothing_else() -> None:
    job = workflow_job()
    commands = [step["run"] for step in job["steps"] if "run" in step]
    assert commands == [".ci/run ${{ matrix.step }}"]
    assert job["strategy"]["matrix"]["step"] == run_ci("--list").stdout.split()


def test_every_step_of_the_script_is_a_function_of_it() -> None:
    defined = re.findall(r"^step_(\w+)\(\)", read(".ci/run"), re.MULTILINE)
    assert run_ci("--list").stdout.split() == defined


def test_a_full_run_runs_every_step() -> None:
    full_run = read(".ci/run").rpartition("make .venv/bin/python\n")[2]
    assert set(re.findall(r"\brun (\w+)", full_run)) == set(run_ci("--list").stdout.split())


def test_the_script_refuses_an_unknown_step_before_it_runs_one() -> None:
    refused = run_ci("check", "tests")
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert "the steps are: check" in refused.stderr


def test_the_script_runs_the_readmes_test_command() -> None:
    assert re.search(r"^make test\b", read("README.md"), re.MULTILINE)
    assert re.search(r"\bmake test$", read(".ci/run"), re.MULTILINE)


def test_the_workflow_runs_every_supported_python() -> None:
    supported = SpecifierSet(project()["project"]["requires-python"])
    versions = [f"3.{minor}" for minor in range(9, 20)]
    assert workflow_job()["strategy"]["matrix"]["python"] == list(supported.filter(versions))


def test_the_workflow_may_only_read() -> None:
    assert read_yaml(WORKFLOW)["permissions"] == {"contents": "read"}
    assert "permissions" not in workflow_job()


EXACT_VERSION_ONLY: tuple[str, ...] = ()
"""Actions pinned by their exact version because their commit hash was not known."""


def test_every_action_is_pinned_by_hash_or_listed() -> None:
    uses = re.findall(r"uses: (\S+?)@(.*)", read(WORKFLOW))
    assert uses
    for action, pin in uses:
        exact = (
            r"v\d+\.\d+\.\d+" if action in EXACT_VERSION_ONLY else r"[0-9a-f]{40} # v\d+\.\d+\.\d+"
        )
        assert re.fullmatch(exact, pin), action


def test_a_commit_checks_changed_files_only() -> None:
    (repository,) = read_yaml(".pre-commit-config.yaml")["repos"]
    hooks = [hook for hook in repository["hooks"] if "pre-push" not in hook.get("stages", ())]
    assert [hook["id"] for hook in hooks] == ["ruff", "ruff-format"]
    assert all(hook.get("pass_filenames", True) for hook in hooks)


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


@pytest.mark.parametrize("caller", [".ci/run", ".pre-commit-config.yaml"])
def test_every_target_that_ci_calls_exists(caller: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    called = set(re.findall(r"\bmake ([a-z][a-z-]*)", read(caller)))
    assert called
    assert called <= targets
