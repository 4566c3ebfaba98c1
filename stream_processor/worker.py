"""The commands that are workers: each runs until a signal or a crash, and says why it ended."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable
from typing import Final

import click
import faust
import mode.loop
from aiokafka.errors import KafkaConnectionError, ProducerFenced
from aiokafka.errors import KafkaError as BrokerError
from mode import Service

from badbuzz.config.settings import Settings
from badbuzz.errors import BadbuzzError, KafkaError
from badbuzz.terminal.ports import check_port
from stream_processor.engine.exit import hard_exit

mode.loop.use("uvloop")

_LIBRARY_PAUSE_S: Final = 10.0
_LIBRARIES: Final = (
    "mode", "faust", "aiokafka", "aiohttp", "alembic", "azure", "opencensus", "opentelemetry",
    "urllib3",
)  # fmt: skip


@click.command()
def process() -> None:
    """Run the worker: tweets in; scored tweets, windows and alerts out.

    Workers share the partitions: start as many as there are, and one that dies is replaced by the
    others, nothing lost and nothing counted twice. All settings are environment variables: see
    badbuzz settings. It answers on BADBUZZ_WEB_PORT: /healthz /readyz /state/BRAND /metrics.

    \b
    Examples:
      badbuzz process
      BADBUZZ_KAFKA_BOOTSTRAP_SERVERS=kafka:9092 BADBUZZ_WEB_PORT=6067 badbuzz process
    """
    from stream_processor.processor.pipeline import (  # noqa: PLC0415 - after the loop is chosen
        ProcessorPipeline,
        new_processor,
    )

    settings = Settings.read()
    _check_port(settings)
    pipeline = ProcessorPipeline(settings)
    gc.freeze()  # what was imported lives as long as the worker: nothing to look for there
    run_worker(new_processor(settings, pipeline), pipeline, settings)


@click.command()
@click.option(
    "--skip-deleted",
    is_flag=True,
    help="Go on behind records that the topics' retention deleted before they were recorded.",
)
def record(skip_deleted: bool) -> None:
    """Run the recorder: windows, alerts and a sample of scored tweets into the store.

    The store is BADBUZZ_STORE: a SQLite file, or PostgreSQL; its tables are made and migrated at
    the start. Recorders share the partitions. One that dies, and a database that is down, lose
    nothing and record nothing twice: the position is in the store, beside the rows. It answers on
    BADBUZZ_WEB_PORT: /healthz /readyz /metrics.

    \b
    Examples:
      BADBUZZ_WEB_PORT=6067 badbuzz record
      BADBUZZ_STORE=postgresql://badbuzz@db/badbuzz badbuzz record
    """
    try:
        # After the loop is chosen; the store's libraries may be missing.
        from badbuzz.store.database import describe_address  # noqa: PLC0415
        from stream_processor.engine.pipeline import new_app  # noqa: PLC0415
        from stream_processor.recorder.pipeline import RecorderPipeline  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"record needs {error.name}: pip install 'badbuzz[recorder]'"
        ) from error

    settings = Settings.read()
    _check_port(settings)
    click.echo(f"store: {describe_address(settings.store)}", err=True)
    pipeline = RecorderPipeline(settings, skip_deleted=skip_deleted)
    gc.freeze()
    worker = new_app(f"{settings.group}.recorder", settings, pipeline)
    _run_with_store(worker, pipeline, settings, lambda: pipeline.desk.stuck)


@click.command()
@click.option("--notify", "replays", is_flag=True, help="Tell of replays too, marked as such.")
@click.option(
    "--no-store",
    is_flag=True,
    help="Read no store: acknowledgements end no reminders, corrections are not passed on.",
)
def notify(replays: bool, no_store: bool) -> None:
    """Run the notifier: changes of alerts to Alertmanager, to Azure Monitor, or to both.

    They group, route, silence and send. Each sink has its own position and pace: one that is down
    holds up no other, and is told later what it missed. What it does not take for
    BADBUZZ_NOTIFY_RETRY_S goes to the dead letters. A replay notifies nobody. From the store,
    BADBUZZ_STORE, it passes on what people do in the API: acknowledging an alert ends its
    reminders, a corrected label becomes a trace. It answers on BADBUZZ_WEB_PORT: /healthz /readyz
    /metrics.

    \b
    Examples:
      BADBUZZ_ALERTMANAGER_URL=http://127.0.0.1:9093 BADBUZZ_WEB_PORT=6068 badbuzz notify
      BADBUZZ_AZURE_CONNECTION_STRING=InstrumentationKey=... badbuzz notify --no-store
    """
    try:
        # After the loop is chosen; the store's libraries may be missing.
        from stream_processor.engine.pipeline import new_app  # noqa: PLC0415
        from stream_processor.notifier.pipeline import NotifierPipeline  # noqa: PLC0415
        from stream_processor.notifier.store_follower import StoreFollower  # noqa: PLC0415

        settings = Settings.read()
        _check_port(settings)
        follower = None if no_store else StoreFollower(settings)
        pipeline = NotifierPipeline(settings, replays=replays, follower=follower)
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"notify needs {error.name}: pip install 'badbuzz[notifier]'"
        ) from error
    gc.freeze()
    worker = new_app(f"{settings.group}.notify", settings, pipeline)
    _run_with_store(worker, pipeline, settings, lambda: follower is not None and follower.stuck)


def _check_port(settings: Settings) -> None:
    remedy = "set BADBUZZ_WEB_PORT to a free port"
    check_port(settings.web_host, settings.web_port, remedy)


def _run_with_store(
    app: faust.App, service: Service, settings: Settings, is_stuck: Callable[[], bool]
) -> None:
    """Run a worker; at its end, do not wait for a database that keeps a thread."""
    try:
        run_worker(app, service, settings)
    except BadbuzzError as error:
        if is_stuck():
            hard_exit(str(error), error.exit_code)
        raise
    except SystemExit as end:
        if is_stuck():
            hard_exit("the database does not answer: not waited for", int(end.code or 0))
        raise


def run_worker(app: faust.App, service: Service, settings: Settings) -> None:
    """Run a worker to its end.

    Parameters
    ----------
    app
        Of which the service is a part.
    service
        Whose crash ends the worker.
    settings
        Of the worker.

    Raises
    ------
    BadbuzzError
        When it crashed for a reason that a user can mend, the loss of its partitions included.
    """
    _set_up_logging(settings.log_level)
    worker = faust.Worker(
        app,
        quiet=True,
        loglevel=settings.log_level,
        override_logging=False,
        redirect_stdouts=False,
    )
    worker.spinner = None  # its escape codes would stand in logs
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        reason = (
            service.crash_reason or end.__context__
        )  # of a start that failed, mode tells only so
        if reason is not None:
            raise _explain(reason) from reason
        raise


def _set_up_logging(level: str) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=level)
    if level == "DEBUG":
        return
    for_users = _ForUsers()
    for handler in logging.getLogger().handlers:
        handler.addFilter(for_users)


class _ForUsers:
    """Lets our own lines through, and each error of a library once in ten seconds.

    A broker that is gone makes aiokafka log hundreds of lines a second; Faust marks its own
    lines with ``[^``.
    """

    def __init__(self) -> None:
        self._quiet_until_s: dict[tuple[str, int], float] = {}

    def __call__(self, record: logging.LogRecord) -> bool:
        of_libraries = record.name.startswith(_LIBRARIES) or str(record.msg).startswith("[^")
        if not of_libraries or record.levelno > logging.ERROR:
            return True
        if record.exc_info and isinstance(record.exc_info[1], BadbuzzError):
            return False  # it is the last line, and needs no traceback
        now_s, said = time.monotonic(), (record.pathname, record.lineno)
        if record.levelno < logging.ERROR or now_s < self._quiet_until_s.get(said, 0.0):
            return False
        self._quiet_until_s[said] = now_s + _LIBRARY_PAUSE_S
        return True


def _explain(reason: BaseException) -> BaseException:
    if isinstance(reason, BadbuzzError):
        return reason
    if isinstance(reason, ProducerFenced):
        return KafkaError("another worker took over this one's partitions: start it again")
    if isinstance(reason, KafkaConnectionError):
        return KafkaError(f"the broker was lost: {reason}")
    if isinstance(reason, BrokerError):
        return KafkaError(f"the broker refused: {reason!r}")
    return reason
