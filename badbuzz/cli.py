"""The command line: one group, whose commands are imported when they are called."""

from __future__ import annotations

import importlib
import sys
from typing import Final

import click

from badbuzz import __version__
from badbuzz.errors import BadbuzzError

COMMANDS: Final = {
    "alert": ("badbuzz.cli:alert", "Send a test alert through every sink."),
    "alerts": ("stream_processor.alerts:alerts", "Print alerts as they come."),
    "api": ("dashboards.api.command:api", "Serve what the store knows, over HTTP."),
    "backtest": ("backtest.commands:backtest", "Say what alerts a recording would have given."),
    "baseline": ("badbuzz.cli:baseline", "Learn from history, so that no brand begins blind."),
    "brands": ("badbuzz.config.brands:brands", "Check the file of watched brands."),
    "broker": ("demo.commands:broker", "Start an embedded Kafka broker, in memory."),
    "demo": ("demo.commands:demo", "Watch a crisis being caught, in one terminal."),
    "errors": ("dashboards.errors.commands:errors", "Say where labels and alerts were wrong."),
    "front": ("dashboards.front.commands:front", "Serve the pages that people look at."),
    "keys": ("dashboards.api.keys_command:keys", "Make, revoke and list the API's keys."),
    "models": ("badbuzz.cli:models", "Register, compare, promote and take back models."),
    "notify": ("stream_processor.worker:notify", "Tell people of alerts: mail, SMS, Azure."),
    "process": ("stream_processor.worker:process", "Run the worker: score, detect, alert."),
    "record": (
        "stream_processor.worker:record",
        "Run the recorder: what happened, into the store.",
    ),
    "replay": ("producers.commands:replay", "Send recorded tweets through Kafka."),
    "settings": ("badbuzz.config.settings:settings", "Show every setting and its value."),
    "simulate": ("producers.commands:simulate", "Write airline chatter with known crises."),
    "topics": ("stream_processor.commands:topics", "Create Kafka topics, or check them."),
    "train": ("training.commands:train", "Build model bundles."),
}
"""Command -> (where its click command lives, what ``badbuzz --help`` says of it)."""

BASELINE_COMMANDS: Final = {
    "build": ("backtest.baseline_command:build", "Learn from recorded tweets what is usual."),
    "load": ("stream_processor.commands:load", "Put it into the workers' state."),
}

ALERT_COMMANDS: Final = {
    "test": (
        "stream_processor.notifier.sink_check:try_out",
        "Send a marked alert, say what each sink answers.",
    ),
}

MODELS_COMMANDS: Final = {
    "compare": (
        "training.registry.promotion_commands:compare",
        "Hold the alerts of two to each other.",
    ),
    "list": ("training.registry.commands:list_", "List every version, and what it is called."),
    "promote": ("training.registry.promotion_commands:promote", "Let a version serve, if it may."),
    "pull": ("training.registry.commands:pull", "Fetch a version's bundle into a folder."),
    "register": (
        "training.registry.promotion_commands:register",
        "Put a bundle into the registry.",
    ),
    "rollback": ("training.registry.commands:rollback", "Let the former champion serve again."),
    "show": ("training.registry.commands:show", "Show a version's card, and what happened."),
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
    table: dict[str, tuple[str, str]] = COMMANDS

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.table:
            return None
        module_name, _, attribute = self.table[cmd_name][0].partition(":")
        try:
            module = importlib.import_module(module_name)
        except ModuleNotFoundError as error:
            room = module_name.partition(".")[0]
            extra = _EXTRAS.get(module_name.rpartition(".")[0], _EXTRAS.get(room))
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


class _BaselineGroup(_LazyGroup):
    table = BASELINE_COMMANDS


class _AlertGroup(_LazyGroup):
    table = ALERT_COMMANDS


class _ModelsGroup(_LazyGroup):
    table = MODELS_COMMANDS


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="badbuzz")
def badbuzz() -> None:
    """Watch what people say about a brand, and warn of a crisis within minutes.

    \b
    Try it, nothing else needed:
      badbuzz demo
    On your own Kafka:
      export BADBUZZ_KAFKA_BOOTSTRAP_SERVERS=kafka:9092
      badbuzz topics && badbuzz process
    """


@click.group(cls=_BaselineGroup)
def baseline() -> None:
    """Learn from history what is usual for brands, so that none begins blind.

    \b
    Examples:
      badbuzz baseline build month.jsonl.gz -o baseline.json
      badbuzz baseline load baseline.json
    """


@click.group(cls=_AlertGroup)
def alert() -> None:
    """Try the way an alert takes to people.

    \b
    Examples:
      badbuzz alert test --brand "Air Paradis"
    """


@click.group(cls=_ModelsGroup)
def models() -> None:
    """Keep models in an MLflow registry (BADBUZZ_MLFLOW_URI), and decide which one serves.

    \b
    Examples:
      badbuzz models register my-bundle
      badbuzz models promote en
      badbuzz models rollback en --reason "it misses sarcasm"
    """


def main() -> None:
    """Run a command; say a user's error on one line and exit with its code."""
    try:
        badbuzz()
    except BadbuzzError as error:
        click.echo(f"badbuzz: {error}", err=True)
        sys.exit(error.exit_code)
