"""Bundles in an MLflow registry: found by language and alias, fetched, checked, then believed.

Each language has one registered model, ``badbuzz-sentiment-en``; each of its versions holds one
bundle. The alias ``champion`` says which version serves, ``challenger`` which one may come next.
Nothing that is fetched is executed: a bundle is JSON and a TFLite graph.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

from badbuzz.errors import BundleError, RegistryDownError, RegistryError
from badbuzz.models.scorer import Scorer

CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
BUNDLE_PATH: Final = "artifacts/bundle"
"""Where the bundle's files lie in a registered model."""

_PREFIX: Final = "badbuzz-sentiment-"
_NOT_FOUND: Final = "RESOURCE_DOES_NOT_EXIST"
_LONG_TIMEOUTS: Final = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "60",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
}
_SHORT_TIMEOUTS: Final = _LONG_TIMEOUTS | {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
}
_QUIET: Final = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}


def model_name(language: str) -> str:
    """The registered model of a language.

    Examples
    --------
    >>> model_name("en")
    'badbuzz-sentiment-en'
    """
    return _PREFIX + language


@dataclass(frozen=True, slots=True)
class Version:
    """One registered bundle.

    Parameters
    ----------
    language
        It is registered for.
    number
        Counts from 1, for each language.
    bundle
        Its ``name@hash``, as verdicts carry it; empty when it was registered without.
    aliases
        Sorted.
    created_ms
        When it was registered, Unix milliseconds.
    tags
        Its card, by figure.

    Examples
    --------
    >>> str(Version("en", 3, "airline-en@d43f01aa"))
    'badbuzz-sentiment-en version 3 (airline-en@d43f01aa)'
    """

    language: str
    number: int
    bundle: str
    aliases: tuple[str, ...] = ()
    created_ms: int = 0
    tags: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = f" ({self.bundle})" if self.bundle else ""
        return f"{model_name(self.language)} version {self.number}{shown}"


class Registry:
    """The registry that one MLflow server holds.

    Parameters
    ----------
    uri
        ``http://`` or ``https://``; MLflow itself reads MLFLOW_TRACKING_USERNAME and the like.
    hurried
        Whether a server that is slow is given up after ten seconds, not a minute.

    Attributes
    ----------
    client
        MLflow's own, for what only training needs.

    Raises
    ------
    RegistryError
        When no server is given, or MLflow is not installed.
    """

    def __init__(self, uri: str, *, hurried: bool = False) -> None:
        if not uri:
            raise RegistryError(
                "no MLflow server is given: set BADBUZZ_MLFLOW_URI, such as http://127.0.0.1:5000 "
                "of make mlflow"
            )
        self.uri = uri
        for variable, value in {
            **_QUIET,
            **(_SHORT_TIMEOUTS if hurried else _LONG_TIMEOUTS),
        }.items():
            os.environ.setdefault(variable, value)
        require_mlflow()
        mlflow = import_module("mlflow")
        self._artifacts = import_module("mlflow.artifacts")
        self._failure: type[Exception] = import_module("mlflow.exceptions").MlflowException
        logging.getLogger("mlflow").setLevel(logging.WARNING)
        self.client: Any = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)

    @contextmanager
    def named_errors(self) -> Iterator[None]:
        """Turn MLflow's complaints into errors that name the server.

        Raises
        ------
        RegistryDownError
            When the server does not answer, or answers that it cannot.
        RegistryError
            When it refuses.
        """
        try:
            yield
        except self._failure as error:
            said = _summarise(error)
            if getattr(error, "error_code", "") in ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"):
                raise RegistryDownError(f"{self.uri} does not answer: {said}") from error
            raise RegistryError(f"{self.uri} refuses: {said}") from error
        except OSError as error:  # those of requests are
            raise RegistryDownError(f"{self.uri} does not answer: {_summarise(error)}") from error

    def model(self, language: str) -> Any | None:
        """MLflow's registered model of a language, or None."""
        with self.named_errors():
            try:
                return self.client.get_registered_model(model_name(language))
            except self._failure as error:
                if getattr(error, "error_code", "") != _NOT_FOUND:
                    raise
                return None

    def find(self, language: str, which: str = CHAMPION) -> Version | None:
        """The version that an alias or a number names, or None.

        Raises
        ------
        RegistryError
            When the server refuses, or does not answer.
        """
        model = self.model(language)
        if model is None:
            return None
        aliases: dict[str, Any] = model.aliases
        number = which if which.isdecimal() else aliases.get(which)
        if number is None:
            return None
        with self.named_errors():
            try:
                found = self.client.get_model_version(model.name, str(number))
            except self._failure as error:
                if getattr(error, "error_code", "") != _NOT_FOUND:
                    raise
                return None
        return _to_version(language, found, aliases)

    def versions(self, language: str) -> list[Version]:
        """Every version of a language, oldest first."""
        model = self.model(language)
        if model is None:
            return []
        found: list[Any] = []
        token: str | None = None
        with self.named_errors():
            while token != "":
                page = self.client.search_model_versions(
                    f"name='{model.name}'", max_results=1000, page_token=token
                )
                found += page
                token = page.token or ""
        versions = [_to_version(language, one, model.aliases) for one in found]
        return sorted(versions, key=lambda version: version.number)

    def languages(self) -> list[str]:
        """The languages that have a registered model, sorted."""
        with self.named_errors():
            models = self.client.search_registered_models(
                f"name LIKE '{_PREFIX}%'", max_results=1000
            )
        return sorted(model.name.removeprefix(_PREFIX) for model in models)

    def fetch(self, version: Version, folder: Path) -> tuple[Scorer, Path]:
        """Download a version's bundle and hold it to what was registered.

        Parameters
        ----------
        version
            Which.
        folder
            To download into.

        Returns
        -------
        tuple
            Its scorer, whose golden scores came back, and the bundle's own folder.

        Raises
        ------
        RegistryError
            When it cannot be downloaded.
        BundleError
            When it is not whole, not for that language, or not the bundle that was registered.
        """
        path = self._download(version, folder)
        scorer = Scorer.load(path)
        if version.language not in scorer.languages:
            raise BundleError(f"{version}: was validated on {', '.join(scorer.languages)} only")
        if version.bundle and scorer.version != version.bundle:
            raise BundleError(f"{version}: its files are those of {scorer.version}")
        return scorer, Path(path)

    def _download(self, version: Version, folder: Path) -> str:
        with self.named_errors():
            source = self.client.get_model_version_download_uri(
                model_name(version.language), str(version.number)
            )
        try:
            path: str = self._artifacts.download_artifacts(
                artifact_uri=f"{source.rstrip('/')}/{BUNDLE_PATH}",
                dst_path=str(folder),
                tracking_uri=self.uri,
                registry_uri=self.uri,
            )
        except (self._failure, OSError) as error:
            raise RegistryError(f"{version}: cannot be downloaded: {_summarise(error)}") from error
        return path


def require_mlflow() -> None:
    """Refuse to go on without MLflow's client.

    Raises
    ------
    RegistryError
        When it is not installed.
    """
    if find_spec("mlflow") is None:
        raise RegistryError(
            "BADBUZZ_MLFLOW_URI is set, but MLflow is not installed: "
            "pip install 'badbuzz[registry]'"
        )


def _summarise(error: Exception) -> str:
    """What an error says, on one line that is not too long."""
    return " ".join(str(error).split())[:300]


def _to_version(language: str, found: Any, aliases: Mapping[str, Any]) -> Version:
    number = int(found.version)
    return Version(
        language=language,
        number=number,
        bundle=str(found.tags.get("bundle", "")),
        aliases=tuple(sorted(name for name, at in aliases.items() if int(at) == number)),
        created_ms=int(found.creation_timestamp),
        tags=dict(found.tags),
    )
