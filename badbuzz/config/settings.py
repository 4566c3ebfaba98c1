"""Settings, read from environment variables.

Every setting is a field of :class:`Settings`. Its variable is ``BADBUZZ_`` and the field's name in
capitals.
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
from badbuzz.messages.translator import LANGUAGES

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{0,100}")
_USER_ENDS: Final = re.compile("[:/?#]")
_PASSWORD_OPTION: Final = re.compile("([?&](?:ssl)?password=)[^&]*", re.IGNORECASE)
_PREFIX: Final = "BADBUZZ_"
_PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_EXPORTERS: Final = ("opentelemetry", "opencensus")
_LOG_LEVELS: Final = ("DEBUG", "INFO", "WARNING", "ERROR")
_MECHANISMS: Final = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


def _setting(
    default: Any, meaning: str, *, secret: bool = False, least: int = 1, most: int = 10**6
) -> Any:
    limits = {"least": least, "most": most}
    return field(default=default, metadata={"meaning": meaning, "secret": secret, **limits})


@dataclass(frozen=True, slots=True)
class Settings:
    """Values of all settings.

    Examples
    --------
    >>> Settings.read({"BADBUZZ_LATENESS_S": "90"}).lateness_s
    90
    >>> Settings.read({"BADBUZZ_LATENESS_S": "soon"})
    Traceback (most recent call last):
    badbuzz.errors.SettingsError: BADBUZZ_LATENESS_S: expected a whole number, found 'soon'
    """

    kafka_bootstrap_servers: str = _setting("127.0.0.1:9092", "brokers, comma-separated host:port")
    kafka_security_protocol: str = _setting("PLAINTEXT", "protocol: " + " | ".join(_PROTOCOLS))
    kafka_sasl_mechanism: str = _setting("PLAIN", "SASL mechanism: " + " | ".join(_MECHANISMS))
    kafka_sasl_username: str = _setting("", "SASL user name")
    kafka_sasl_password: str = _setting("", "SASL password", secret=True)
    kafka_ssl_cafile: str = _setting("", "CA certificates (PEM file); the system's if empty")
    kafka_ssl_certfile: str = _setting("", "client certificate (PEM file), if brokers require one")
    kafka_ssl_keyfile: str = _setting("", "key of the client certificate (PEM file)")
    topic_prefix: str = _setting("", "prefix of topics and groups, to separate deployments")
    partitions: int = _setting(4, "partitions of each topic; a change requires a migration")
    replication: int = _setting(1, "replication factor of each topic; 3 on a production cluster")
    app_id: str = _setting("badbuzz", "consumer group and prefix of transactional ids")
    instance: str = _setting("", "static membership name of this worker, or empty")
    session_timeout_s: int = _setting(
        6, "seconds without heartbeat until a worker counts as dead", least=6, most=1800
    )
    brands: str = _setting("", "path of brands.toml; the shipped example if empty")
    bundles: str = _setting(
        "en=airline-en,fr=tweets-fr", "bundle of each language: language=name or language=path"
    )
    mlflow_uri: str = _setting(
        "", "MLflow server whose champions replace these bundles; none if empty"
    )
    registry_poll_s: int = _setting(
        30, "seconds between checks for a new champion", least=1, most=86_400
    )
    warmup_h: int = _setting(168, "hours with tweets before alerts may exceed info", least=0)
    lateness_s: int = _setting(60, "allowed lateness, seconds of event time", least=0, most=3600)
    checkpoint_ms: int = _setting(200, "minimum milliseconds between checkpoints")
    unlisted_brands: int = _setting(
        1000, "brands of a partition from which only those of brands.toml are let in", least=0
    )
    max_dead_letters: int = _setting(
        1000, "dead letters of a partition per minute, above which a worker stops"
    )
    max_brands: int = _setting(200, "maximum brands with own gauges in /metrics")
    web_host: str = _setting("127.0.0.1", "address on which the worker's web server listens")
    web_port: int = _setting(6066, "port on which the worker's web server listens", most=65_535)
    store: str = _setting(
        "sqlite:///badbuzz.db",
        "database: sqlite:///FILE, relative to the current folder, or "
        "postgresql://USER:PASSWORD@HOST/NAME",
        secret=True,
    )
    retention_days: int = _setting(
        30,
        "days to keep sampled tweets, and what was learnt about a brand that is not in brands.toml",
        most=3650,
    )
    api_host: str = _setting("127.0.0.1", "address on which the API listens")
    api_port: int = _setting(8080, "port on which the API listens", most=65_535)
    api_rate: int = _setting(600, "maximum requests per minute of one API key")
    api_max_kb: int = _setting(1024, "maximum size of a request body, KiB", most=65_536)
    api_origins: str = _setting("", "origins that may call the API (CORS), comma-separated")
    api_url: str = _setting("http://127.0.0.1:8080", "address of the API, for the front")
    front_host: str = _setting("127.0.0.1", "address on which the front listens")
    front_port: int = _setting(8501, "port on which the front listens", most=65_535)
    front_api_key: str = _setting(
        "", "API key of the front, for a single user; users sign in if empty", secret=True
    )
    language: str = _setting("fr", "language of notifications and pages: " + " | ".join(LANGUAGES))
    dashboard_url: str = _setting(
        "", "address of the front, linked from notifications; no link if empty"
    )
    alertmanager_url: str = _setting(
        "", "address of Alertmanager, such as http://127.0.0.1:9093; none if empty", secret=True
    )
    azure_connection_string: str = _setting(
        "", "connection string of an Application Insights resource; none if empty", secret=True
    )
    azure_exporter: str = _setting("opentelemetry", "Azure exporter: " + " | ".join(_EXPORTERS))
    notify_timeout_s: int = _setting(10, "timeout of a request to a sink, seconds", most=120)
    notify_retry_s: int = _setting(
        3600, "seconds to retry a sink before a notification is abandoned", least=0
    )
    notify_repeat_s: int = _setting(
        60, "seconds between reminders of an open alert, and between heartbeats", most=3600
    )
    author_key: str = _setting(
        "badbuzz", "key of the hash of author names; set one, or hashes can be guessed", secret=True
    )
    log_level: str = _setting("INFO", "log level: " + " | ".join(_LOG_LEVELS))

    @classmethod
    def read(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from environment variables.

        Parameters
        ----------
        environ
            Environment variables, default those of the process. An empty one counts as unset.

        Raises
        ------
        SettingsError
            If a value is invalid or a ``BADBUZZ_`` variable is unknown.
        """
        environ = os.environ if environ is None else environ
        types = get_type_hints(cls)
        known = {_PREFIX + spec.name.upper(): spec for spec in fields(cls)}
        values: dict[str, Any] = {}
        for variable, text in environ.items():
            if not variable.startswith(_PREFIX) or not text:
                continue
            if variable not in known:
                raise SettingsError(f"{variable} is not a setting; see: badbuzz settings")
            spec = known[variable]
            values[spec.name] = (
                _parse_int(variable, text, spec.metadata["least"], spec.metadata["most"])
                if types[spec.name] is int
                else text.strip()
            )
        read = cls(**values)
        read._check()
        return read

    def _check(self) -> None:
        for variable, value, allowed in (
            ("KAFKA_SECURITY_PROTOCOL", self.kafka_security_protocol, _PROTOCOLS),
            ("KAFKA_SASL_MECHANISM", self.kafka_sasl_mechanism, _MECHANISMS),
            ("LANGUAGE", self.language, LANGUAGES),
            ("AZURE_EXPORTER", self.azure_exporter, _EXPORTERS),
            ("LOG_LEVEL", self.log_level, _LOG_LEVELS),
        ):
            if value not in allowed:
                raise SettingsError(
                    f"{_PREFIX}{variable}: expected one of {', '.join(allowed)}, found {value!r}"
                )
        for variable, value in (("TOPIC_PREFIX", self.topic_prefix), ("APP_ID", self.app_id)):
            if not _NAME.fullmatch(value):
                raise SettingsError(
                    f"{_PREFIX}{variable}: expected at most 100 of a-z A-Z 0-9 . _ -, "
                    f"found {value!r}"
                )
        if "@" in self.mlflow_uri:
            raise SettingsError(
                f"{_PREFIX}MLFLOW_URI: must not contain credentials, because it is logged; set "
                "MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD"
            )
        for variable, value in (("API_URL", self.api_url), ("MLFLOW_URI", self.mlflow_uri)):
            is_unset = variable == "MLFLOW_URI" and not value
            if not is_unset and not value.startswith(("http://", "https://")):
                raise SettingsError(
                    f"{_PREFIX}{variable}: expected http://… or https://…, found {value!r}"
                )

    def topic(self, name: str) -> str:
        """Return a topic's name with the prefix of this deployment.

        Examples
        --------
        >>> Settings(topic_prefix="staging.").topic("tweets")
        'staging.tweets'
        """
        return self.topic_prefix + name

    @property
    def group(self) -> str:
        """Consumer group and prefix of transactional ids.

        Examples
        --------
        >>> Settings(topic_prefix="staging.").group
        'staging.badbuzz'
        """
        return self.topic(self.app_id)

    def bundle_languages(self) -> frozenset[str]:
        """Return the languages that have a bundle.

        Examples
        --------
        >>> sorted(Settings(bundles="en=airline-en, fr=tweets-fr").bundle_languages())
        ['en', 'fr']
        """
        return frozenset(part.partition("=")[0].strip() for part in self.bundles.split(","))

    def kafka_client(self) -> dict[str, Any]:
        """Return the connection options that kafka-python and aiokafka share.

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
            files = (self.kafka_ssl_cafile, self.kafka_ssl_certfile, self.kafka_ssl_keyfile)
            names = ", ".join(filter(None, files))
            raise SettingsError(f"BADBUZZ_KAFKA_SSL_*: cannot use {names}: {error}") from error
        return context


def _parse_int(variable: str, text: str, least: int, most: int) -> int:
    try:
        number = int(text)
    except ValueError as error:
        raise SettingsError(f"{variable}: expected a whole number, found {text!r}") from error
    if not least <= number <= most:
        raise SettingsError(f"{variable}: expected {least} to {most}, found {number}")
    return number


def hide_password(address: str) -> str:
    """Replace the passwords in a database's address by asterisks; the whole text if it is none.

    Everything between the user name and the last ``@`` counts as the password, because a password
    may contain characters that should have been percent-encoded.

    Examples
    --------
    >>> hide_password("postgresql://kim:s3/cr@t@db/badbuzz")
    'postgresql://kim:****@db/badbuzz'
    >>> hide_password("sqlite:///badbuzz.db")
    'sqlite:///badbuzz.db'
    """
    scheme, separator, rest = address.partition("://")
    if not separator:
        return "****"
    login, at, host = rest.rpartition("@")
    user = _USER_ENDS.split(login)[0]
    hidden = "" if user == login else ":****"
    host = _PASSWORD_OPTION.sub(r"\1****", host)
    return f"{scheme}://{user}{hidden}{at}{host}"


@click.command()
def settings() -> None:
    """Show the variable, value and meaning of every setting."""
    read = Settings.read()
    for spec in fields(Settings):
        value = getattr(read, spec.name)
        shown = "****" if spec.metadata["secret"] and value else value
        if spec.name == "store":
            shown = hide_password(value)
        click.echo(f"{_PREFIX}{spec.name.upper()}={shown}")
        click.echo(f"    {spec.metadata['meaning']}")
