"""Bundles that differ in nothing but what their cards say, and how they come into a registry."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import warnings
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson

from badbuzz.registry import CHAMPION, Registry, Version, model_name
from training.register import register

SHIPPED = Path(str(files("badbuzz"))) / "bundles"


def variant(folder: Path, source: str = "airline-en", **card: Any) -> Path:
    """A shipped bundle with another card: it scores alike, and has a version of its own."""
    shutil.copytree(SHIPPED / source, folder)
    path = folder / "card.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"name": folder.name} | card))
    return folder


def put(registry: Registry, bundle: Path) -> Version:
    """Register a bundle."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those between MLflow and pandas
        return register(registry, bundle)[0].version


def put_broken(registry: Registry, folder: Path) -> Version:
    """A version whose stored bundle is another than it says: a graph that was cut short."""
    bundle = variant(folder)
    network = bundle / "model.tflite"
    network.write_bytes(network.read_bytes()[:100_000])
    client, name = registry.client, model_name("en")
    experiment = client.create_experiment(f"broken-{folder}")
    run = client.create_run(experiment)
    client.log_artifacts(run.info.run_id, str(bundle), "artifacts/bundle")
    made = client.create_model_version(
        name, run.info.artifact_uri, run_id=run.info.run_id, tags={"bundle": "broken@1"}
    )
    found = registry.find("en", str(made.version))
    assert found is not None
    return found


def crown(registry: Registry, version: Version) -> None:
    """Let a version be the champion, without asking anybody."""
    name = model_name(version.language)
    registry.client.set_registered_model_alias(name, CHAMPION, str(version.number))


def command(uri: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run a command of badbuzz on a registry."""
    return subprocess.run(
        [sys.executable, "-m", "badbuzz", *map(str, arguments)],
        env={**os.environ, "BADBUZZ_MLFLOW_URI": uri},
        capture_output=True,
        text=True,
        check=False,
    )
