"""The one reader of the environment.

Every setting is a field of :class:`Settings`: its variable is ``BADBUZZ_`` and the field's name
in capitals, its type is the field's, its meaning stands beside it.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final, get_type_hints

import click

from badbuzz.errors import SettingsError

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{0,100}")
_USER_ENDS: Final = re.compile("[:/?#]")
_PASSWORD_OPTION: Final = re.compile("([?&](?:ssl)?password=)[^&]*", re.IGNORECASE)
_PREFIX: Final = "BADBUZZ_"
_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_LANGUAGES: Final = ("fr", "en")
_EXPORTERS: Final = ("opentelemetry", "opencensus")
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def _setting(
    default: Any, meaning: str, *, secret: bool = False, least: int = 1, most: int = 10**6
) -> Any:
    limits = {"least": least, "most": most}
    return field(default=default, metadata={"meaning": meaning, "secret": secret, **limits})


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says.

    Examples
    --------
    >>> Settings.read({"BADBUZZ_LATENESS_S": "90"}).lateness_s
    90
    >>> Settings.read({"BADBUZZ_LATENESS_S": "soon"})
    Traceback (most recent call last):
    badbuzz.errors.SettingsError: BADBUZZ_LATENESS_S: expected a whole number, found 'soon'
    """

    kafka_bootstrap_servers: str = _setting("127.0.0.1:9092", "host:port of brokers, comma between")
    kafka_security_protocol: str = _setting("PLAINTEXT", " | ".join(_PROTOCOLS))
    kafka_sasl_mechanism: str = _setting("PLAIN", " | ".join(_MECHANISMS))
    kafka_sasl_username: str = _setting("", "SASL user name")
    kafka_sasl_password: str = _setting("", "SASL password", secret=True)
    kafka_ssl_cafile: str = _setting("", "CA certificates (PEM); the system's when empty")
    kafka_ssl_certfile: str = _setting("", "client certificate (PEM), if the broker asks for one")
    kafka_ssl_keyfile: str = _setting("", "its key (PEM)")
    topic_prefix: str = _setting(
        "", "before the names of topics and groups: keeps deployments apart"
    )
    partitions: int = _setting(4, "partitions of each topic; changing it is a migration")
    replication: int = _setting(1, "replicas of each topic; 3 on a real cluster")
    app_id: str = _setting("badbuzz", "consumer group, and prefix of transactional ids")
    instance: str = _setting("", "stable name of this worker (static membership), or empty")
    session_timeout_s: int = _setting(
        6, "seconds of silence until a worker is taken for dead", least=6, most=1800
    )
    brands: str = _setting("", "path of brands.toml; the shipped example when empty")
    bundles: str = _setting("en=airline-en,fr=tweets-fr", "bundle for each language, name or path")
    mlflow_uri: str = _setting(
        "", "MLflow server whose champions serve instead of those bundles; none when empty"
    )
    registry_poll_s: int = _setting(
        30, "seconds between looks for a new champion", least=1, most=86_400
    )
    warmup_h: int = _setting(
        168, "hours with tweets before alerts are more than informational", least=0
    )
    lateness_s: int = _setting(
        60, "how late in event time a tweet may come and still count", least=0, most=3600
    )
    checkpoint_ms: int = _setting(200, "milliseconds between checkpoints, at least")
    max_brands: int = _setting(200, "brands that get gauges of their own in /metrics")
    web_host: str = _setting("127.0.0.1", "address of the worker's web server")
    web_port: int = _setting(6066, "port of the worker's web server", most=65_535)
    store: str = _setting(
        "sqlite:///badbuzz.db",
        "database: sqlite:///FILE, from the current folder on, or "
        "postgresql://USER:PASSWORD@HOST/NAME",
        secret=True,
    )
    retention_days: int = _setting(30, "days that sampled tweets are kept in the store", most=3650)
    api_host: str = _setting("127.0.0.1", "address of the API")
    api_port: int = _setting(8080, "port of the API", most=65_535)
    api_rate: int = _setting(600, "requests a minute that one API key may make")
    api_max_kb: int = _setting(1024, "largest request body, in KiB", most=65_536)
    api_origins: str = _setting("", "origins whose pages may call the API (CORS), comma between")
    api_url: str = _setting("http://127.0.0.1:8080", "where the front finds the API")
    front_host: str = _setting("127.0.0.1", "address of the front")
    front_port: int = _setting(8501, "port of the front", most=65_535)
    front_api_key: str = _setting(
        "",
        "API key that the front asks with, on a machine of your own; each signs in when empty",
        secret=True,
    )
    language: str = _setting("fr", "of what people are sent and shown: " + " | ".join(_LANGUAGES))
    dashboard_url: str = _setting("", "address of the front, which a message links to, or empty")
    alertmanager_url: str = _setting(
        "",
        "where Alertmanager listens, such as http://127.0.0.1:9093; none when empty",
        secret=True,
    )
    azure_connection_string: str = _setting(
        "", "of an Application Insights resource; none when empty", secret=True
    )
    azure_exporter: str = _setting("opentelemetry", " | ".join(_EXPORTERS))
    notify_timeout_s: int = _setting(10, "seconds that a sink may take to answer", most=120)
    notify_retry_s: int = _setting(
        3600, "seconds that a sink is asked again until a message is given up", least=0
    )
    notify_repeat_s: int = _setting(
        60, "seconds between repetitions of an open alert, and between heartbeats", most=3600
    )
    author_key: str = _setting(
        "badbuzz",
        "key of an author's hash: set one, or it can be guessed",
        secret=True,
    )
    log_level: str = _setting("INFO", "DEBUG | INFO | WARNING | ERROR")

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the environment.

        Parameters
        ----------
        environ
            Variables; the process's own when None. An empty variable counts as unset.

        Raises
        ------
        SettingsError
            When a value is of the wrong kind, or a ``BADBUZZ_`` variable is unknown.
        """
        environ = os.environ if environ is None else environ
        types = get_type_hints(cls)
        limits = {
            spec.name: (spec.metadata["least"], spec.metadata["most"]) for spec in fields(cls)
        }
        known = {_PREFIX + spec.name.upper(): spec.name for spec in fields(cls)}
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if not variable.startswith(_PREFIX) or not text:
                continue
            if variable not in known:
                raise SettingsError(f"{variable} is no setting; see: badbuzz settings")
            name = known[variable]
            values[name] = text.strip()
            if types[name] is int:
                values[name] = _parse_int(variable, text, limits[name])
        read = cls(**values)
        read._check()
        return read

    def _check(self) -> None:
        for variable, found, allowed in (
            ("KAFKA_SECURITY_PROTOCOL", self.kafka_security_protocol, _PROTOCOLS),
            ("KAFKA_SASL_MECHANISM", self.kafka_sasl_mechanism, _MECHANISMS),
            ("LANGUAGE", self.language, _LANGUAGES),
            ("AZURE_EXPORTER", self.azure_exporter, _EXPORTERS),
            ("LOG_LEVEL", self.log_level, ("DEBUG", "INFO", "WARNING", "ERROR")),
        ):
            if found not in allowed:
                raise SettingsError(
                    f"{_PREFIX}{variable}: expected one of {', '.join(allowed)}, found {found!r}"
                )
        self._check_mlflow_uri()
        if not self.api_url.startswith(("http://", "https://")):
            raise SettingsError(
                f"{_PREFIX}API_URL: expected http://… or https://…, found {self.api_url!r}"
            )
        for variable, found in (("TOPIC_PREFIX", self.topic_prefix), ("APP_ID", self.app_id)):
            if not _NAME.fullmatch(found):
                raise SettingsError(
                    f"{_PREFIX}{variable}: expected at most 100 of a-z A-Z 0-9 . _ -, "
                    f"found {found!r}"
                )

    def _check_mlflow_uri(self) -> None:
        if "@" in self.mlflow_uri:
            raise SettingsError(
                f"{_PREFIX}MLFLOW_URI: no user belongs in it, as it is logged: MLflow reads "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            )
        if self.mlflow_uri and not self.mlflow_uri.startswith(("http://", "https://")):
            raise SettingsError(
                f"{_PREFIX}MLFLOW_URI: expected http://… or https://…, found {self.mlflow_uri!r}"
            )

    def topic(self, name: str) -> str:
        """A topic's name in this deployment.

        Examples
        --------
        >>> Settings(topic_prefix="staging.").topic("tweets")
        'staging.tweets'
        """
        return self.topic_prefix + name

    @property
    def group(self) -> str:
        """The consumer group, which also begins the transactional ids.

        Examples
        --------
        >>> Settings(topic_prefix="staging.").group
        'staging.badbuzz'
        """
        return self.topic(self.app_id)

    def bundle_languages(self) -> frozenset[str]:
        """The languages that have a bundle.

        Examples
        --------
        >>> sorted(Settings(bundles="en=airline-en, fr=tweets-fr").bundle_languages())
        ['en', 'fr']
        """
        return frozenset(part.partition("=")[0].strip() for part in self.bundles.split(","))

    def kafka_client(self) -> dict[str, Any]:
        """Connection options, under the names that kafka-python and aiokafka share.

        Examples
        --------
        >>> Settings(kafka_bootstrap_servers="a:1,b:2").kafka_client()["bootstrap_servers"]
        ['a:1', 'b:2']
        """
        options: dict[str, Any] = {
            "bootstrap_servers": [one.strip() for one in self.kafka_bootstrap_servers.split(",")],
            "security_protocol": self.kafka_security_protocol,
        }
        if self.kafka_security_protocol.startswith("SASL"):
            options["sasl_mechanism"] = self.kafka_sasl_mechanism
            options["sasl_plain_username"] = self.kafka_sasl_username
            options["sasl_plain_password"] = self.kafka_sasl_password
        if self.kafka_security_protocol.endswith("SSL"):
            options["ssl_context"] = self._ssl_context()
        return options

    def _ssl_context(self) -> ssl.SSLContext:
        try:
            context = ssl.create_default_context(cafile=self.kafka_ssl_cafile or None)
            if self.kafka_ssl_certfile:
                context.load_cert_chain(self.kafka_ssl_certfile, self.kafka_ssl_keyfile or None)
        except OSError as error:
            files = ", ".join(
                filter(
                    None, (self.kafka_ssl_cafile, self.kafka_ssl_certfile, self.kafka_ssl_keyfile)
                )
            )
            raise SettingsError(f"BADBUZZ_KAFKA_SSL_*: cannot use {files}: {error}") from error
        return context


def _parse_int(variable: str, text: str, limits: tuple[int, int]) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise SettingsError(f"{variable}: expected a whole number, found {text!r}") from error
    least, most = limits
    if not least <= number <= most:
        raise SettingsError(f"{variable}: expected {least} to {most}, found {number}")
    return number


def hide_password(address: str) -> str:
    """A database's address with its passwords hidden; all of it where it is none.

    Whatever stands between the user and the last ``@`` counts as a password, as one may hold
    characters that ought to be percent-encoded.

    Examples
    --------
    >>> hide_password("postgresql://kim:s3/cr@t@db/badbuzz")
    'postgresql://kim:****@db/badbuzz'
    >>> hide_password("sqlite:///badbuzz.db")
    'sqlite:///badbuzz.db'
    """
    scheme, found, rest = address.partition("://")
    if not found:
        return "****"
    login, at, place = rest.rpartition("@")
    user = _USER_ENDS.split(login)[0]
    hidden = "" if user == login else ":****"
    place = _PASSWORD_OPTION.sub(r"\1****", place)
    return f"{scheme}://{user}{hidden}{at}{place}"


@click.command()
def settings() -> None:
    """Show every setting: its variable, its value here, what it means."""
    read = Settings.read()
    for spec in fields(Settings):
        value = getattr(read, spec.name)
        shown = "****" if spec.metadata["secret"] and value else value
        if spec.name == "store":
            shown = hide_password(value)
        click.echo(f"{_PREFIX}{spec.name.upper()}={shown}")
        click.echo(f"    {spec.metadata['meaning']}")
