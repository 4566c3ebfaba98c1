"""Sinks: where people are told of alerts, one file each."""

from __future__ import annotations

from badbuzz.config.settings import Settings
from badbuzz.errors import SettingsError
from stream_processor.notifier.sinks.sink import Sink


def new_sinks(settings: Settings) -> list[Sink]:
    """The sinks that are configured.

    Parameters
    ----------
    settings
        Their addresses.

    Raises
    ------
    SettingsError
        When there is none, or one's address is none.

    Examples
    --------
    >>> [sink.name for sink in new_sinks(Settings(alertmanager_url="http://127.0.0.1:9093"))]
    ['alertmanager']
    """
    sinks: list[Sink] = []
    if settings.alertmanager_url:
        from stream_processor.notifier.sinks.alertmanager import Alertmanager  # noqa: PLC0415

        sinks.append(Alertmanager(settings))
    if settings.azure_connection_string:
        sinks.append(_azure(settings))
    if not sinks:
        raise SettingsError(
            "nowhere to tell alerts: set BADBUZZ_ALERTMANAGER_URL or "
            "BADBUZZ_AZURE_CONNECTION_STRING, or both"
        )
    return sinks


def _azure(settings: Settings) -> Sink:
    """The exporter that is asked for; only that one is imported, as each takes a second."""
    if settings.azure_exporter == "opencensus":
        from stream_processor.notifier.sinks.azure_opencensus import AzureOpenCensus  # noqa: PLC0415

        return AzureOpenCensus(settings)
    from stream_processor.notifier.sinks.azure_opentelemetry import AzureOpenTelemetry  # noqa: PLC0415

    return AzureOpenTelemetry(settings)
