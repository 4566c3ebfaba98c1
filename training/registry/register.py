"""Registering a bundle: log it as a model that MLflow can serve, check it, register it.

The version is created with all its tags in one request, after the stored model has reproduced the
bundle's scores, so that a killed command leaves no incomplete version.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import mlflow
import numpy as np
import orjson
import pandas as pd
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, Schema

from badbuzz.errors import BundleError
from badbuzz.models.bundle import FILES
from badbuzz.models.history import read_changes
from badbuzz.models.registry import CHALLENGER, Registry, Version, model_name
from badbuzz.models.scorer import Scorer
from training.recipes import report

EXPERIMENT: Final = "badbuzz-bundles"
SCORING_MODULES: Final = (
    "__init__", "errors", "features/__init__", "features/attribution", "features/featurisers",
    "features/hashing", "features/known_words", "features/token_cache", "features/tokens",
    "features/vocabulary", "model", "models/__init__", "models/bundle", "models/scorer",
)  # fmt: skip
"""Modules of badbuzz that a served model contains."""

_LIBRARIES: Final = ("ai-edge-litert", "mlflow", "msgspec", "numpy", "pandas")
_SIGNATURE: Final = ModelSignature(
    inputs=Schema([ColSpec("string", "text")]),
    outputs=Schema(
        [ColSpec("double", "score"), ColSpec("string", "label"), ColSpec("string", "bundle")]
    ),
)


@dataclass(frozen=True)
class RegisteredBundle:
    """Version, and whether it was registered before."""

    version: Version
    known: bool


def register(registry: Registry, bundle: Path) -> list[RegisteredBundle]:
    """Register a bundle as the challenger of each of its languages.

    Parameters
    ----------
    registry
        Registry to register it in.
    bundle
        Folder of the bundle.

    Raises
    ------
    BundleError
        The bundle is broken, or the stored model has other scores.
    RegistryError
        The server refuses or does not answer.
    """
    scorer = Scorer.load(str(bundle))
    registered: dict[str, RegisteredBundle] = {}
    for language in scorer.languages:
        versions = registry.versions(language)
        for version in versions:
            if version.bundle == scorer.version:
                registered[language] = RegisteredBundle(version, known=True)
        if language in registered:
            _complete(registry, registered[language].version, versions[-1])
    missing = [language for language in scorer.languages if language not in registered]
    if missing:
        with registry.named_errors():
            source, run_id = _log(registry, bundle, scorer)
        for language in missing:
            registered[language] = _create(registry, language, scorer, bundle, source, run_id)
    return [registered[language] for language in scorer.languages]


def _complete(registry: Registry, version: Version, newest: Version) -> None:
    """Make the newest version the challenger if its registration was killed before that step."""
    if version.number != newest.number or version.aliases:
        return
    history = read_changes(registry, version.language)
    if not any(version.number in (event.before, event.after) for event in history):
        with registry.named_errors():
            name = model_name(version.language)
            registry.client.set_registered_model_alias(name, CHALLENGER, str(version.number))


def _log(registry: Registry, bundle: Path, scorer: Scorer) -> tuple[str, str]:
    """Store the bundle as a model and check its scores; return its URI and run id."""
    mlflow.set_tracking_uri(registry.uri)
    mlflow.set_experiment(EXPERIMENT)
    texts = pd.DataFrame({"text": _golden_texts(bundle)})
    with mlflow.start_run(run_name=scorer.version) as run, _staged(bundle) as folder:
        mlflow.log_params(scorer.card.get("model", {}))
        mlflow.log_metrics(_figures(scorer))
        stored = mlflow.pyfunc.log_model(
            name="sentiment",
            python_model=str(Path(str(files("training.registry"))) / "pyfunc.py"),
            artifacts={"bundle": str(folder / "bundle")},
            code_paths=[str(folder / "badbuzz")],
            signature=_SIGNATURE,
            input_example=texts.head(2),
            pip_requirements=[f"{name}=={installed(name)}" for name in _LIBRARIES],
        )
        check_parity(stored.model_uri, texts, scorer)
    return stored.model_uri, run.info.run_id


def _golden_texts(bundle: Path) -> list[str]:
    golden = orjson.loads((bundle / "golden.json").read_bytes())
    return [case["text"] for case in golden]


@contextmanager
def _staged(bundle: Path) -> Iterator[Path]:
    """Create a folder with the bundle under a fixed name and the modules that score."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        for part, source, names in (
            ("bundle", bundle, FILES),
            ("badbuzz", Path(str(files("badbuzz"))), [f"{one}.py" for one in SCORING_MODULES]),
        ):
            (folder / part).mkdir()
            for one in names:
                (folder / part / one).parent.mkdir(exist_ok=True)
                shutil.copy(source / one, folder / part / one)
        yield folder


def check_parity(uri: str, texts: pd.DataFrame, scorer: Scorer) -> None:
    """Raise an error if a stored model does not reproduce a bundle's scores exactly.

    Raises
    ------
    BundleError
        A score differs.
    """
    served = mlflow.pyfunc.load_model(uri).predict(texts)
    expected = scorer.score(texts["text"].tolist())
    if not np.array_equal(served["score"].to_numpy(), expected):
        raise BundleError(
            f"{scorer.version}: the model that MLflow stored has other scores: not registered"
        )


def _create(
    registry: Registry, language: str, scorer: Scorer, bundle: Path, source: str, run_id: str
) -> RegisteredBundle:
    name, client = model_name(language), registry.client
    if registry.find_model(language) is None:
        with registry.named_errors():
            client.create_registered_model(name)
    with registry.named_errors():
        number = client.create_model_version(
            name,
            source,
            run_id=run_id,
            tags=_tags(language, scorer, bundle),
            model_id=source.rpartition("/")[2],
        ).version
        client.set_registered_model_alias(name, CHALLENGER, number)
    version = registry.find_version(language, str(number))
    assert version is not None
    return RegisteredBundle(version, known=False)


def _tags(language: str, scorer: Scorer, bundle: Path) -> Mapping[str, str]:
    """Return the card as tags: one for each figure, and the whole card as JSON."""
    return {
        "bundle": scorer.version,
        "language": language,
        "threshold": str(scorer.threshold),
        "n_rows": str(scorer.card.get("n_rows", "")),
        "n_bytes": str(bundle_bytes(bundle)),
        **{name: str(value) for name, value in _figures(scorer).items()},
        "card": orjson.dumps(scorer.card).decode(),
    }


def _figures(scorer: Scorer) -> dict[str, float]:
    return report.flat(scorer.card.get("quality", {}))


def bundle_bytes(bundle: Path) -> int:
    """Return the size of a bundle in bytes."""
    return sum((bundle / name).stat().st_size for name in FILES)
