"""The commands that run the three workers until a signal or a crash."""

from __future__ import annotations

import gc
import logging
import time
from collections.abc import Callable
from typing import Final

import click
import faust
import mode.loop
from aiokafka.errors import KafkaError as BrokerError
from mode import Service

from badbuzz.config.settings import Settings
from badbuzz.errors import BadbuzzError, KafkaError
from badbuzz.terminal.ports import check_port
from stream_processor.engine.exit import hard_exit, limit_shutdown

mode.loop.use("uvloop")

_LIBRARY_PAUSE_S: Final = 10.0
_CRASH: Final = "We experienced a crash"
_LIBRARIES: Final = (
    "mode", "faust", "aiokafka", "aiohttp", "alembic", "azure", "opencensus", "opentelemetry",
    "urllib3",
)  # fmt: skip


@click.command()
@click.option(
    "--skip-deleted",
    is_flag=True,
    help="Continue after tweets that were deleted unread, or with a topic that was created again.",
)
def process(skip_deleted: bool) -> None:
    """Run the processor: it turns tweets into scored tweets, windows and alerts.

    Processors share the partitions: start up to one per partition. If one dies, the others take
    over its partitions without losing a tweet or counting one twice. All settings are environment
    variables, see badbuzz settings. The web server on BADBUZZ_WEB_PORT answers /healthz, /readyz,
    /state/BRAND and /metrics.

    \b
    Examples:
      badbuzz process
      BADBUZZ_KAFKA_BOOTSTRAP_SERVERS=kafka:9092 BADBUZZ_WEB_PORT=6067 badbuzz process
      badbuzz process --skip-deleted
    """
    from stream_processor.processor.pipeline import (  # noqa: PLC0415 - after the event loop is chosen
        ProcessorPipeline,
        new_processor,
    )

    settings = _read_settings()
    pipeline = ProcessorPipeline(settings, skip_deleted=skip_deleted)
    gc.freeze()  # imported objects live as long as the worker, so the collector skips them
    run_worker(new_processor(settings, pipeline), pipeline, settings)


@click.command()
@click.option(
    "--skip-deleted",
    is_flag=True,
    help="Continue after records that the topics' retention deleted before they were recorded.",
)
def record(skip_deleted: bool) -> None:
    """Run the recorder: it writes windows, alerts and a sample of scored tweets to the store.

    BADBUZZ_STORE is the store, a SQLite file or PostgreSQL; its tables are created and migrated at
    the start. Recorders share the partitions. The position is written to the store with the rows,
    so that the crash of a recorder or of the database neither loses nor repeats a row. The web
    server on BADBUZZ_WEB_PORT answers /healthz, /readyz and /metrics.

    \b
    Examples:
      BADBUZZ_WEB_PORT=6067 badbuzz record
      BADBUZZ_STORE=postgresql://badbuzz@db/badbuzz badbuzz record
    """
    try:
        # Imported after the event loop is chosen; the store's libraries may be missing.
        from badbuzz.store.database import describe_address  # noqa: PLC0415
        from stream_processor.engine.pipeline import new_app  # noqa: PLC0415
        from stream_processor.recorder.pipeline import RecorderPipeline  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"record needs {error.name}: pip install 'badbuzz[recorder]'"
        ) from error

    settings = _read_settings()
    click.echo(f"store: {describe_address(settings.store)}", err=True)
    pipeline = RecorderPipeline(settings, skip_deleted=skip_deleted)
    gc.freeze()
    worker = new_app(f"{settings.group}.recorder", settings, pipeline)
    _run_with_store(worker, pipeline, settings, lambda: pipeline.store_thread.stuck)


@click.command()
@click.option(
    "--notify", "replays", is_flag=True, help="Also send notifications of replays, marked as such."
)
@click.option(
    "--no-store",
    is_flag=True,
    help="Run without a store: ignore acknowledgements and do not forward corrections.",
)
def notify(replays: bool, no_store: bool) -> None:
    """Run the notifier: it sends changes of alerts to Alertmanager, Azure Monitor or both.

    The sinks group, route, silence and deliver notifications. Each sink has its own position: a
    sink that is down does not delay the other, and receives missed changes later. A change that a
    sink does not accept within BADBUZZ_NOTIFY_RETRY_S goes to the dead letters. Replays are not
    sent. From the store, BADBUZZ_STORE, the notifier forwards feedback: an acknowledgement ends
    an alert's reminders, and a corrected label becomes a trace. The web server on BADBUZZ_WEB_PORT
    answers /healthz, /readyz and /metrics.

    \b
    Examples:
      BADBUZZ_ALERTMANAGER_URL=http://127.0.0.1:9093 BADBUZZ_WEB_PORT=6068 badbuzz notify
      BADBUZZ_AZURE_CONNECTION_STRING=InstrumentationKey=... badbuzz notify --no-store
    """
    try:
        # Imported after the event loop is chosen; the store's libraries may be missing.
        from stream_processor.engine.pipeline import new_app  # noqa: PLC0415
        from stream_processor.notifier.pipeline import NotifierPipeline  # noqa: PLC0415
        from stream_processor.notifier.store_follower import StoreFollower  # noqa: PLC0415

        settings = _read_settings()
        follower = None if no_store else StoreFollower(settings)
        pipeline = NotifierPipeline(settings, replays=replays, follower=follower)
    except ModuleNotFoundError as error:
        raise click.ClickException(
            f"notify needs {error.name}: pip install 'badbuzz[notifier]'"
        ) from error
    gc.freeze()
    worker = new_app(f"{settings.group}.notify", settings, pipeline)
    _run_with_store(
        worker, pipeline, settings, lambda: follower is not None and follower.store_thread.stuck
    )


def _read_settings() -> Settings:
    settings = Settings.read()
    check_port(settings.web_host, settings.web_port, "set BADBUZZ_WEB_PORT to a free port")
    return settings


def _run_with_store(
    app: faust.App, service: Service, settings: Settings, is_stuck: Callable[[], bool]
) -> None:
    """Run a worker, and do not wait at exit for a thread that the database blocks."""
    try:
        run_worker(app, service, settings)
    except BadbuzzError as error:
        if is_stuck():
            hard_exit(str(error), error.exit_code)
        raise
    except SystemExit as end:
        if is_stuck():
            hard_exit(
                "the database does not answer: exiting without closing it", int(end.code or 0)
            )
        raise


def run_worker(app: faust.App, service: Service, settings: Settings) -> None:
    """Run a worker's app until its end, or until its service crashes.

    Raises
    ------
    BadbuzzError
        When the worker crashed for a reason that a user can fix, or lost its partitions.
    """
    _set_up_logging(settings.log_level)
    worker = _Worker(
        app,
        quiet=True,
        loglevel=settings.log_level,
        override_logging=False,
        redirect_stdouts=False,
    )
    worker.spinner = None  # it would write escape codes to the log
    try:
        worker.execute_from_commandline()
    except SystemExit as end:
        # If the start failed, mode passes the reason on as the context only.
        reason = service.crash_reason or end.__context__
        if reason is not None:
            raise _explain(reason) from reason
        raise


class _Worker(faust.Worker):
    """A worker whose shutdown has a time limit."""

    async def stop(self) -> None:
        """Stop all services."""
        limit_shutdown(crash_reason=lambda: self.crash_reason)
        await super().stop()


def _set_up_logging(level: str) -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=level)
    if level == "DEBUG":
        return
    library_filter = _LibraryFilter()
    for handler in logging.getLogger().handlers:
        handler.addFilter(library_filter)


class _LibraryFilter:
    """Keeps this project's log lines, and one error per ten seconds of each place in a library.

    Without a broker, aiokafka logs hundreds of lines a second. Faust marks its own lines with
    ``[^``. An exception of a library is one line instead of its traceback.
    """

    def __init__(self) -> None:
        self._quiet_until_s: dict[tuple[str, int], float] = {}

    def __call__(self, record: logging.LogRecord) -> bool:
        if _CRASH in str(record.msg):
            return False  # the command prints the reason as its last line
        is_library = record.name.startswith(_LIBRARIES) or str(record.msg).startswith("[^")
        if not is_library or record.levelno > logging.ERROR:
            return True
        error = record.exc_info[1] if record.exc_info else None
        reasons = (error, *(record.args if isinstance(record.args, tuple) else ()))
        if any(isinstance(reason, BadbuzzError) for reason in reasons):
            return False  # the command prints it as its last line, without a traceback
        now_s, place = time.monotonic(), (record.pathname, record.lineno)
        if record.levelno < logging.ERROR or now_s < self._quiet_until_s.get(place, 0.0):
            return False
        self._quiet_until_s[place] = now_s + _LIBRARY_PAUSE_S
        if error is not None:
            record.msg, record.args = f"{record.getMessage().rstrip()}: {error!r}", ()
        record.exc_info = record.exc_text = None
        return True


def _explain(reason: BaseException) -> BaseException:
    if isinstance(reason, BadbuzzError):
        return reason
    if isinstance(reason, BrokerError):
        return KafkaError(f"the broker returned an error: {reason!r}")
    return reason
