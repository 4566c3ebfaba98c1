"""Tests of the exceptions: their exit codes and the tree in their module's docstring."""

from __future__ import annotations

import re

from badbuzz import errors
from badbuzz.errors import BadbuzzError

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if isinstance(value, type) and issubclass(value, BadbuzzError)
}


def test_each_error_has_its_exit_code() -> None:
    codes = {name: kind.exit_code for name, kind in CLASSES.items() if kind.exit_code != 1}
    assert codes == {
        "SettingsError": 2,
        "QueryError": 2,
        "StateError": 3,
        "KafkaError": 4,
        "BrokerDownError": 4,
        "StoreError": 5,
        "StoreDownError": 5,
        "UnknownError": 5,
        "UnstorableError": 5,
        "SinkDownError": 6,
        "RegistryError": 7,
        "RegistryDownError": 7,
        "TrackingError": 7,
        "DeadLettersError": 8,
    }
    assert BadbuzzError.exit_code == 1


def test_the_docstring_draws_the_tree_of_the_errors() -> None:
    drawn: dict[str, str] = {}
    path: list[str] = []
    for indent, name in re.findall(
        r"^ {4}([ │├└─]*)(\w+Error)", errors.__doc__ or "", re.MULTILINE
    ):
        path[len(indent) // 4 :] = [name]
        drawn[name] = path[-2] if len(path) > 1 else "BadbuzzError"
    parents = {name: kind.__bases__[0].__name__ for name, kind in CLASSES.items()}
    assert drawn == parents | {"BadbuzzError": "BadbuzzError"}
