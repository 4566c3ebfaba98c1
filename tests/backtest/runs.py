"""Calls of the backtest command, and its input files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
from click.testing import CliRunner

from backtest.rules import RuleSet
from backtest.run import Run
from badbuzz import wire
from badbuzz.cli import badbuzz
from badbuzz.detection.state import Rules
from badbuzz.messages.text import example
from badbuzz.model import Alert, Tweet
from badbuzz.recordings.reader import LabelledTweet
from tests.support.events import burst, in_order, steady

LOUD = LabelledTweet(
    Tweet("1", "Nordwind", "Lost my bag. Worst airline.", 0, 0, lang="en"), None, None
)


def command(*arguments: object, code: int = 0) -> str:
    """Run the command and return its standard output."""
    result = CliRunner().invoke(
        badbuzz, ["backtest", *map(str, arguments), "--quiet"], catch_exceptions=True
    )
    if code == 0 and result.exception is not None:
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def summed_up(*arguments: object) -> dict[str, Any]:
    summary: dict[str, Any] = orjson.loads(command(*arguments, "--warmup", "24h", "--json"))
    return summary


def steady_file(folder: Path, *, name: str = "steady.jsonl", at_day: float = 1.5) -> Path:
    """Write two days of steady scored tweets with one burst of negatives."""
    moment_ms = 1_700_006_400_000 + int(at_day * 86_400_000)
    events = in_order([*steady(2), *burst(moment_ms, 60)])
    path = folder / name
    path.write_bytes(
        b"\n".join(wire.encode_scored(tweet, prediction) for tweet, prediction in events)
    )
    return path


# The fold that runs live


def alert(opened_min: int, brand: str = "Nordwind") -> list[Alert]:
    """Return the phases of an alert that is open for an hour."""
    opened_ms = opened_min * 60_000
    opened = replace(
        example(), id=f"{brand}/{opened_min}", brand=brand, opened_ms=opened_ms, phase="firing"
    )
    return [opened, replace(opened, phase="resolved", window_end_ms=opened_ms + 3_600_000)]


def run_with(*alerts: list[Alert]) -> Run:
    run = Run(RuleSet("some"), lambda _brand: Rules())
    run.alerts = [phase for phases in alerts for phase in phases]
    return run


def truth_file(folder: Path, **lists: list[dict[str, Any]]) -> Path:
    path = folder / "truth.json"
    path.write_bytes(orjson.dumps({"incidents": [], **lists}))
    return path


def stderr_of(*arguments: object) -> str:
    """Run the command and return its standard error."""
    result = CliRunner().invoke(badbuzz, ["backtest", *map(str, arguments), "--quiet", "--json"])
    assert result.exit_code == 0, result.output
    return result.stderr


BURST_MS = 1_700_006_400_000 + 129_600_000
STRIKE = {"brand": "Air Paradis", "kind": "strike", "start_ms": BURST_MS,
          "end_ms": BURST_MS + 600_000}  # fmt: skip


def labelled_file(folder: Path, *labels: str) -> Path:
    path = folder / "labelled.csv"
    rows = [f"2015-02-24T11:35:{n:02}Z,Nordwind,Well.,{word}" for n, word in enumerate(labels)]
    path.write_text("\n".join(["created_at,brand,text,label", *rows]))
    return path
