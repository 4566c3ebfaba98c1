"""Bundles in an MLflow model registry.

Each language has one registered model, such as ``badbuzz-sentiment-en``; each version of it holds
one bundle. The alias ``champion`` names the version that serves, ``challenger`` a candidate. A
downloaded bundle is checked before use and contains no code: it is JSON and a TFLite graph.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping
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
"""Folder of the bundle's files in a registered model."""
PROMOTED_TAG: Final = "promoted_digest"
"""Tag of a version with the SHA-256 of the bundle that passed the checks of its promotion."""

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
    """Return the name of a language's registered model.

    Examples
    --------
    >>> model_name("en")
    'badbuzz-sentiment-en'
    """
    return _PREFIX + language


@dataclass(frozen=True, slots=True)
class Version:
    """Registered version of a bundle.

    Parameters
    ----------
    language
        Primary language it is registered for.
    number
        Version number, counted from 1 for each language.
    bundle
        Bundle version ``name@hash``; empty if it was registered without one.
    aliases
        Aliases of the version, sorted.
    created_ms
        Time of registration, Unix milliseconds.
    tags
        Figures of the bundle's card, by name.

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
    """Model registry of an MLflow server.

    Parameters
    ----------
    uri
        Address of the server, ``http://…`` or ``https://…``; MLflow reads the credentials from
        MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
    short_timeouts
        Whether requests time out after 10 seconds instead of 60.

    Attributes
    ----------
    client
        MLflow's client, for calls that only training makes.

    Raises
    ------
    RegistryError
        If the address is empty or MLflow is not installed.
    """

    def __init__(self, uri: str, *, short_timeouts: bool = False) -> None:
        if not uri:
            raise RegistryError(
                "no MLflow server is configured: set BADBUZZ_MLFLOW_URI, such as "
                "http://127.0.0.1:5000 of make mlflow"
            )
        self.uri = uri
        for variable, value in {
            **_QUIET,
            **(_SHORT_TIMEOUTS if short_timeouts else _LONG_TIMEOUTS),
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
        """Convert MLflow's exceptions to errors that name the server.

        Raises
        ------
        RegistryDownError
            If the server does not answer or reports an internal error.
        RegistryError
            If the server refuses the request.
        """
        try:
            yield
        except self._failure as error:
            message = _summarise(error)
            if getattr(error, "error_code", "") in ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE"):
                raise RegistryDownError(f"{self.uri} does not answer: {message}") from error
            raise RegistryError(f"{self.uri} refused the request: {message}") from error
        except OSError as error:  # base class of the exceptions of requests
            raise RegistryDownError(f"{self.uri} does not answer: {_summarise(error)}") from error

    def find_model(self, language: str) -> Any | None:
        """Return MLflow's registered model of a language, or None."""
        return self._find(self.client.get_registered_model, model_name(language))

    def _find(self, request: Callable[..., Any], *arguments: str) -> Any | None:
        with self.named_errors():
            try:
                return request(*arguments)
            except self._failure as error:
                if getattr(error, "error_code", "") != _NOT_FOUND:
                    raise
                return None

    def find_version(self, language: str, which: str = CHAMPION) -> Version | None:
        """Return the version with an alias or number, or None.

        Raises
        ------
        RegistryError
            If the server refuses or does not answer.
        """
        model = self.find_model(language)
        if model is None:
            return None
        aliases: dict[str, Any] = model.aliases
        number = which if which.isdecimal() else aliases.get(which)
        if number is None:
            return None
        version = self._find(self.client.get_model_version, model.name, str(number))
        return None if version is None else _to_version(language, version, aliases)

    def versions(self, language: str) -> list[Version]:
        """Return every version of a language, oldest first."""
        model = self.find_model(language)
        if model is None:
            return []
        versions: list[Any] = []
        token: str | None = None
        with self.named_errors():
            while token != "":
                page = self.client.search_model_versions(
                    f"name='{model.name}'", max_results=1000, page_token=token
                )
                versions += page
                token = page.token or ""
        converted = (_to_version(language, version, model.aliases) for version in versions)
        return sorted(converted, key=lambda version: version.number)

    def languages(self) -> list[str]:
        """Return the languages that have a registered model, sorted."""
        with self.named_errors():
            models = self.client.search_registered_models(
                f"name LIKE '{_PREFIX}%'", max_results=1000
            )
        return sorted(model.name.removeprefix(_PREFIX) for model in models)

    def fetch(self, version: Version, folder: Path) -> tuple[Scorer, Path]:
        """Download a version's bundle and check it.

        Parameters
        ----------
        version
            Version to download.
        folder
            Parent of the bundle's folder.

        Returns
        -------
        tuple
            The scorer, which reproduced its golden scores, and the bundle's folder.

        Raises
        ------
        RegistryError
            If the download fails.
        BundleError
            If the bundle is incomplete, not for that language, or not the registered one.
        """
        path = self._download(version, folder)
        scorer = Scorer.load(path)
        if version.language not in scorer.languages:
            raise BundleError(f"{version}: was validated on {', '.join(scorer.languages)} only")
        if version.bundle and scorer.version != version.bundle:
            raise BundleError(f"{version}: its files are those of {scorer.version}")
        return scorer, Path(path)

    def check_promoted(self, version: Version, scorer: Scorer) -> None:
        """Check that a champion is the bundle that a promotion or rollback checked.

        Raises
        ------
        BundleError
            If the version was never promoted, or its files are others.
        """
        promoted = version.tags.get(PROMOTED_TAG, "")
        if promoted != scorer.digest:
            what = "its files are not those that were promoted" if promoted else "was not promoted"
            raise BundleError(
                f"{version}: {what}: badbuzz models promote {version.language} {version.number}"
            )

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
    """Raise a RegistryError if MLflow's client is not installed."""
    if find_spec("mlflow") is None:
        raise RegistryError(
            "BADBUZZ_MLFLOW_URI is set, but MLflow is not installed: "
            "pip install 'badbuzz[registry]'"
        )


def _summarise(error: Exception) -> str:
    """Return an error's message on one line of at most 300 characters."""
    return " ".join(str(error).split())[:300]


def _to_version(language: str, version: Any, aliases: Mapping[str, Any]) -> Version:
    number = int(version.version)
    return Version(
        language=language,
        number=number,
        bundle=str(version.tags.get("bundle", "")),
        aliases=tuple(sorted(alias for alias, target in aliases.items() if int(target) == number)),
        created_ms=int(version.creation_timestamp),
        tags=dict(version.tags),
    )
