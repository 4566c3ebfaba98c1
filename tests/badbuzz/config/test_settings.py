from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from click.testing import CliRunner

from badbuzz.config.settings import Settings, settings
from badbuzz.errors import SettingsError


@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("BADBUZZ_PARTITIONS", "four", "expected a whole number, found 'four'"),
        ("BADBUZZ_PARTITIONS", "0", "expected 1 to"),
        ("BADBUZZ_WEB_PORT", "99999", "expected 1 to 65535"),
        ("BADBUZZ_KAFKA_SECURITY_PROTOCOL", "TLS", "expected one of PLAINTEXT"),
        ("BADBUZZ_KAFKA_BOOTSTRAP_SERVER", "x", "is not a setting"),
        ("BADBUZZ_MLFLOW_URI", "http://ann:secret@host", "MLFLOW_TRACKING_PASSWORD"),
        ("BADBUZZ_MLFLOW_URI", "sqlite:///a.db", "expected http://"),
        ("BADBUZZ_LOG_LEVEL", "LOUD", "expected one of DEBUG"),
    ],
)
def test_a_wrong_variable_is_named_with_the_remedy(
    variable: str, value: str, complaint: str
) -> None:
    with pytest.raises(SettingsError, match=f"{variable}.*{complaint}"):
        Settings.read({variable: value})


LIMITS = {
    "partitions": (1, 4, 1_000_000),
    "replication": (1, 1, 1_000_000),
    "session_timeout_s": (6, 6, 1800),
    "registry_poll_s": (1, 30, 86_400),
    "warmup_h": (0, 168, 1_000_000),
    "lateness_s": (0, 60, 3600),
    "checkpoint_ms": (1, 200, 1_000_000),
    "unlisted_brands": (0, 1000, 1_000_000),
    "max_dead_letters": (1, 1000, 1_000_000),
    "max_brands": (1, 200, 1_000_000),
    "web_port": (1, 6066, 65_535),
    "retention_days": (1, 30, 3650),
    "api_port": (1, 8080, 65_535),
    "api_rate": (1, 600, 1_000_000),
    "api_max_kb": (1, 1024, 65_536),
    "front_port": (1, 8501, 65_535),
    "notify_timeout_s": (1, 10, 120),
    "notify_retry_s": (0, 3600, 1_000_000),
    "notify_repeat_s": (1, 60, 3600),
}


def test_every_number_has_limits_in_this_test() -> None:
    assert set(LIMITS) == {spec.name for spec in fields(Settings) if spec.type == "int"}


@pytest.mark.parametrize(("name", "limits"), LIMITS.items())
def test_a_number_is_accepted_within_its_limits(name: str, limits: tuple[int, int, int]) -> None:
    least, default, most = limits
    variable = f"BADBUZZ_{name.upper()}"
    assert getattr(Settings(), name) == default
    for value in (least, most):
        assert getattr(Settings.read({variable: f"{value}"}), name) == value
    for value in (least - 1, most + 1):
        with pytest.raises(SettingsError, match=f"{variable}: expected {least} to {most}"):
            Settings.read({variable: f"{value}"})


@pytest.mark.parametrize("name", ["TOPIC_PREFIX", "APP_ID"])
def test_a_name_has_at_most_100_characters(name: str) -> None:
    Settings.read({f"BADBUZZ_{name}": "x" * 100})
    with pytest.raises(SettingsError, match="at most 100"):
        Settings.read({f"BADBUZZ_{name}": "x" * 101})


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.read({"BADBUZZ_PARTITIONS": ""}).partitions == Settings().partitions


def test_other_variables_are_ignored() -> None:
    assert Settings.read({"PATH": "/bin"}) == Settings()


def test_sasl_over_tls_gives_both_clients_what_they_need() -> None:
    options = Settings.read(
        {
            "BADBUZZ_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "BADBUZZ_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
            "BADBUZZ_KAFKA_SASL_USERNAME": "badbuzz",
            "BADBUZZ_KAFKA_SASL_PASSWORD": "secret",
        }
    ).kafka_client()
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert options["ssl_context"].check_hostname


def test_a_missing_certificate_is_named(tmp_path: Path) -> None:
    path = str(tmp_path / "ca.pem")
    with pytest.raises(SettingsError, match=r"ca\.pem"):
        Settings(kafka_security_protocol="SSL", kafka_ssl_cafile=path).kafka_client()


def test_secrets_are_not_shown() -> None:
    result = CliRunner().invoke(settings, env={"BADBUZZ_KAFKA_SASL_PASSWORD": "hunter2"})
    assert "BADBUZZ_KAFKA_SASL_PASSWORD=****" in result.output
    assert "hunter2" not in result.output


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("sqlite:////srv/badbuzz.db", "sqlite:////srv/badbuzz.db"),
        ("postgresql://kim@db/badbuzz", "postgresql://kim@db/badbuzz"),
        ("postgresql://kim:s3cret@db/badbuzz", "postgresql://kim:****@db/badbuzz"),
        ("postgresql://kim:s3cret/s3cret@s3cret@db/x", "postgresql://kim:****@db/x"),
        ("postgresql://kim@db/x?a=b&password=s3cret&c=d", "postgresql://kim@db/x?a=b&password=****&c=d"),
        ("kim:s3cret@db/badbuzz", "****"),
    ],
)  # fmt: skip
def test_only_the_password_of_the_store_is_hidden(address: str, shown: str) -> None:
    result = CliRunner().invoke(settings, env={"BADBUZZ_STORE": address})
    assert f"BADBUZZ_STORE={shown}\n" in result.output
    assert "s3cret" not in result.output
