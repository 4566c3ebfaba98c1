from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from badbuzz.cli import BASELINE_COMMANDS, COMMANDS, MODELS_COMMANDS, badbuzz

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_has_help_with_examples(command: str) -> None:
    result = CliRunner().invoke(badbuzz, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert command == "settings" or "xample" in result.output or "Commands:" in result.output


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_every_command_is_in_the_readme(command: str) -> None:
    assert f"badbuzz {command}" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("command", sorted(BASELINE_COMMANDS))
def test_every_command_of_baseline_has_help_with_examples(command: str) -> None:
    result = CliRunner().invoke(badbuzz, ["baseline", command, "--help"])
    assert result.exit_code == 0, result.output
    assert "xample" in result.output


@pytest.mark.parametrize("command", sorted(MODELS_COMMANDS))
def test_every_command_of_models_has_help_with_examples(command: str) -> None:
    result = CliRunner().invoke(badbuzz, ["models", command, "--help"])
    assert result.exit_code == 0, result.output
    assert "xample" in result.output


def test_an_unknown_command_is_refused() -> None:
    assert CliRunner().invoke(badbuzz, ["dance"]).exit_code == 2


def test_a_users_error_is_one_line_and_an_exit_code() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "badbuzz", "brands", "check", "absent.toml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 1
    assert ran.stderr.startswith("badbuzz: absent.toml: cannot be read")
    assert len(ran.stderr.splitlines()) == 1


def test_help_imports_no_command() -> None:
    code = (
        "import sys; from badbuzz.cli import badbuzz; badbuzz(['--help'], standalone_mode=False);"
        "sys.exit(any(m in sys.modules for m in ('faust', 'kafka', 'tensorflow', 'numpy')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
