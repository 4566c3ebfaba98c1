"""Bundles that differ only in their cards, and their registration."""

from __future__ import annotations

import shutil
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
from click.testing import CliRunner

from badbuzz.cli import badbuzz
from badbuzz.errors import BadbuzzError, BundleError
from badbuzz.models.bundle import digest_of, read_files
from badbuzz.models.registry import (
    BUNDLE_PATH,
    CHAMPION,
    PROMOTED_TAG,
    Registry,
    Version,
    model_name,
)
from training.registry.register import register

SHIPPED = Path(str(files("badbuzz"))) / "bundles"


def variant(folder: Path, source: str = "airline-en", **card: Any) -> Path:
    """Write a shipped bundle with another card: same scores, another version."""
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
    """Register a version with a truncated graph."""
    bundle = variant(folder)
    network = bundle / "model.tflite"
    network.write_bytes(network.read_bytes()[:100_000])
    return put_unchecked(registry, bundle, "broken@1")


def put_unchecked(registry: Registry, bundle: Path, version: str) -> Version:
    """Register files under any name and version, as another program could."""
    client, name = registry.client, model_name("en")
    if registry.find_model("en") is None:
        client.create_registered_model(name)
    experiment = client.create_experiment(f"unchecked-{bundle}")
    run = client.create_run(experiment)
    client.log_artifacts(run.info.run_id, str(bundle), BUNDLE_PATH)
    made = client.create_model_version(
        name, run.info.artifact_uri, run_id=run.info.run_id, tags={"bundle": version}
    )
    registered = registry.find_version("en", str(made.version))
    assert registered is not None
    return registered


def crown(registry: Registry, version: Version) -> None:
    """Let a version be the champion, as a promotion does that checks nothing."""
    name = model_name(version.language)
    with TemporaryDirectory() as folder, suppress(BundleError):
        files = read_files(Path(registry._download(version, Path(folder))))
        registry.client.set_model_version_tag(
            name, str(version.number), PROMOTED_TAG, digest_of(files)
        )
    registry.client.set_registered_model_alias(name, CHAMPION, str(version.number))


@dataclass(frozen=True)
class Ran:
    """The exit code and the output of a command."""

    exit_code: int
    output: str


def command(registry: Registry, *arguments: object) -> Ran:
    """Run a command of badbuzz on a registry."""
    return local(*arguments, BADBUZZ_MLFLOW_URI=registry.uri)


def local(*arguments: object, **environ: str) -> Ran:
    """Run a command of badbuzz in this process: MLflow takes seconds to import."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # those between MLflow and pandas
        result = CliRunner().invoke(badbuzz, [str(argument) for argument in arguments], env=environ)
    if isinstance(result.exception, BadbuzzError):
        return Ran(result.exception.exit_code, f"{result.output}badbuzz: {result.exception}")
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.output)
