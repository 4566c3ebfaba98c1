"""Sinks: destinations of notifications, one file each."""

from __future__ import annotations

from badbuzz.config.settings import Settings
from badbuzz.errors import SettingsError
from stream_processor.notifier.sinks.sink import Sink


def new_sinks(settings: Settings) -> list[Sink]:
    """Create the configured sinks.

    Parameters
    ----------
    settings
        Addresses of the sinks.

    Raises
    ------
    SettingsError
        If no sink is configured, or an address is not valid.

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
            "no sink is configured: set BADBUZZ_ALERTMANAGER_URL or "
            "BADBUZZ_AZURE_CONNECTION_STRING, or both"
        )
    return sinks


def _azure(settings: Settings) -> Sink:
    """Create the selected Azure sink; each takes a second to import, so only that one is."""
    if settings.azure_exporter == "opencensus":
        from stream_processor.notifier.sinks.azure_opencensus import AzureOpenCensus  # noqa: PLC0415

        return AzureOpenCensus(settings)
    from stream_processor.notifier.sinks.azure_opentelemetry import AzureOpenTelemetry  # noqa: PLC0415

    return AzureOpenTelemetry(settings)
