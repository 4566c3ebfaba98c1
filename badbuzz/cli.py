"""Command line; a command's module is imported when the command is called."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from typing import Any, Final

import click

from badbuzz import __version__
from badbuzz.errors import BadbuzzError

COMMANDS: Final = {
    "alert": ("badbuzz.cli:alert", "Send a test alert through every sink."),
    "alerts": ("stream_processor.alerts:alerts", "Print alerts as they arrive."),
    "api": ("dashboards.api.command:api", "Serve the store over HTTP."),
    "backtest": ("backtest.commands:backtest", "List the alerts of a recording."),
    "baseline": ("badbuzz.cli:baseline", "Learn baselines from recorded tweets."),
    "brands": ("badbuzz.config.brands:brands", "Check the file of watched brands."),
    "broker": ("demo.commands:broker", "Start an embedded Kafka broker, in memory."),
    "demo": ("demo.commands:demo", "Detect a simulated crisis, in one terminal."),
    "errors": ("dashboards.errors.commands:errors", "Analyse wrong labels and false alarms."),
    "front": ("dashboards.front.commands:front", "Serve the web pages."),
    "keys": ("dashboards.api.keys_command:keys", "Create, revoke and list API keys."),
    "models": ("badbuzz.cli:models", "Register, compare, promote and roll back models."),
    "notify": ("stream_processor.worker:notify", "Send notifications of alerts: mail, SMS, Azure."),
    "process": ("stream_processor.worker:process", "Run the worker: score, detect, alert."),
    "record": ("stream_processor.worker:record", "Run the recorder: topics to the store."),
    "replay": ("producers.commands:replay", "Send recorded tweets through Kafka."),
    "settings": ("badbuzz.config.settings:settings", "Show every setting and its value."),
    "simulate": (
        "producers.commands:simulate",
        "Generate tweets about airlines with known crises.",
    ),
    "topics": ("stream_processor.commands:topics", "Create or check Kafka topics."),
    "train": ("training.commands:train", "Build model bundles."),
}
"""Module and name of each click command, and its line in ``badbuzz --help``."""

BASELINE_COMMANDS: Final = {
    "build": ("backtest.baseline_command:build", "Learn baselines from recorded tweets."),
    "export": ("stream_processor.commands:export", "Export baselines from the workers' state."),
    "load": ("stream_processor.commands:load", "Load baselines into the workers' state."),
}

ALERT_COMMANDS: Final = {
    "test": (
        "stream_processor.notifier.sink_check:check_sinks",
        "Send a test alert and print each sink's response.",
    ),
}

MODELS_COMMANDS: Final = {
    "compare": (
        "training.registry.promotion_commands:compare",
        "Compare the alerts of two versions.",
    ),
    "list": ("training.registry.commands:list_", "List versions and their aliases."),
    "promote": (
        "training.registry.promotion_commands:promote",
        "Make a version champion if it passes the checks.",
    ),
    "pull": ("training.registry.commands:pull", "Download a version's bundle."),
    "register": ("training.registry.promotion_commands:register", "Register a bundle."),
    "rollback": ("training.registry.commands:rollback", "Restore the previous champion."),
    "show": ("training.registry.commands:show", "Show a version's card and history."),
}

_EXTRAS: Final = {
    "backtest": "backtest",
    "dashboards": "api",
    "dashboards.front": "front",
    "demo": "demo",
    "producers": "producers",
    "stream_processor": "processor",
    "training": "training",
}


class _LazyGroup(click.Group):
    """Group of commands that are imported when they are called."""

    def __init__(self, table: Mapping[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(**options)
        self.table = table

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module_name, _, attribute = self.table[cmd_name][0].partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            package = module_name.partition(".")[0]
            extra = _EXTRAS.get(module_name.rpartition(".")[0], _EXTRAS.get(package))
            if extra is None:
                raise
            raise click.ClickException(
                f"{cmd_name} needs {error.name}: pip install 'badbuzz[{extra}]'"
            ) from error
        command: click.Command = getattr(module, attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, self.table[name][1]) for name in sorted(self.table)])


@click.group(
    cls=_LazyGroup, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(__version__, prog_name="badbuzz")
def badbuzz() -> None:
    """Watch tweets about brands and alert on a crisis within minutes.

    \b
    Without Kafka:
      badbuzz demo
    With your own Kafka:
      export BADBUZZ_KAFKA_BOOTSTRAP_SERVERS=kafka:9092
      badbuzz topics && badbuzz process
    """


@click.group(cls=_LazyGroup, table=BASELINE_COMMANDS)
def baseline() -> None:
    """Learn, export and load brands' baselines, so that detection works from the start.

    \b
    Examples:
      badbuzz baseline build month.jsonl.gz -o baseline.json
      badbuzz baseline load baseline.json
    """


@click.group(cls=_LazyGroup, table=ALERT_COMMANDS)
def alert() -> None:
    """Test the delivery of alerts.

    \b
    Examples:
      badbuzz alert test --brand "Air Paradis"
    """


@click.group(cls=_LazyGroup, table=MODELS_COMMANDS)
def models() -> None:
    """Manage models in an MLflow registry (BADBUZZ_MLFLOW_URI) and choose the champion.

    \b
    Examples:
      badbuzz models register my-bundle
      badbuzz models promote en
      badbuzz models rollback en --reason "it misses sarcasm"
    """


def main() -> None:
    """Run a command; print a user's error on one line and exit with its code."""
    try:
        badbuzz()
    except BadbuzzError as error:
        click.echo(f"badbuzz: {error}", err=True)
        sys.exit(error.exit_code)
