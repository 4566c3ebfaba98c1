"""Errors that a user may see.

::

    BadbuzzError
    ├── WireError         invalid record
    ├── RecordingError    unreadable recording, or row of a recording
    ├── BundleError       invalid model bundle
    ├── BrandsError       invalid brands.toml
    ├── SettingsError     invalid environment variable
    ├── StateError        incomplete, misplaced or unknown detector state
    ├── KafkaError        missing or unsuitable broker or topic
    │   └── BrokerDownError  temporarily unavailable broker (a ServiceDownError too)
    ├── DeadLettersError  more dead letters in a minute than the limit
    ├── StoreError        unusable database
    │   ├── StoreDownError  temporarily unavailable database (a ServiceDownError too)
    │   ├── UnstorableError  row that the database refuses
    │   └── UnknownError    unknown alert or key
    ├── QueryError        invalid query, such as a cursor or a step
    ├── ServiceDownError  temporarily unavailable service
    │   └── SinkDownError   temporarily unavailable notification sink
    ├── RegistryError     model registry that refuses a request or lacks a model
    │   └── RegistryDownError  temporarily unavailable model registry
    └── TrackingError     unusable MLflow store or server

Each message names the input and the remedy. The command line prints it on one line and exits with
the class's ``exit_code``.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class BadbuzzError(Exception):
    """An error that a user can fix; its message names the remedy."""

    exit_code = 1


class WireError(BadbuzzError):
    """An invalid record; the message names the field and the reason.

    Parameters
    ----------
    field
        Name of the invalid field, or ``"record"`` for the whole record.
    reason
        One of :data:`badbuzz.wire.REASONS`, used as a metric's label.
    detail
        Explanation for people.

    Examples
    --------
    >>> str(WireError("created_ms", "type", "expected an integer"))
    'created_ms: type: expected an integer'
    """

    def __init__(self, field: str, reason: str, detail: str) -> None:
        super().__init__(f"{field}: {reason}: {detail}")
        self.field = field
        self.reason = reason
        self.detail = detail


class RecordingError(BadbuzzError):
    """An unreadable recording, or an unreadable row of a recording."""


class BundleError(BadbuzzError):
    """A model bundle that is missing, damaged or fails its golden scores."""


class BrandsError(BadbuzzError):
    """An invalid brands file."""


class SettingsError(BadbuzzError):
    """An invalid environment variable."""

    exit_code = 2


class StateError(BadbuzzError):
    """Detector state that is incomplete, in the wrong partition, or of an unknown version."""

    exit_code = 3


@contextmanager
def damaged_state(what: str) -> Iterator[None]:
    """Convert any error that the content of a state's record causes to a StateError.

    Examples
    --------
    >>> with damaged_state("the record of a partition"):
    ...     {}["v"]
    Traceback (most recent call last):
    badbuzz.errors.StateError: the record of a partition is damaged: KeyError: 'v'
    """
    try:
        yield
    except StateError:
        raise
    except (
        ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError,
    ) as error:  # fmt: skip
        message = f"{what} is damaged: {type(error).__name__}: {str(error)[:200]}"
        raise StateError(message) from error


class KafkaError(BadbuzzError):
    """A missing or unsuitable broker or topic."""

    exit_code = 4


class DeadLettersError(BadbuzzError):
    """More dead letters of one partition in one minute than ``BADBUZZ_MAX_DEAD_LETTERS``."""

    exit_code = 8


class ServiceDownError(BadbuzzError):
    """A temporarily unavailable service; callers retry."""


class BrokerDownError(KafkaError, ServiceDownError):
    """A broker that does not answer, or an error of it that passes."""


class SinkDownError(ServiceDownError):
    """A sink that has not accepted a notification yet."""

    exit_code = 6


class StoreError(BadbuzzError):
    """An unusable database: missing, without permission or of another schema."""

    exit_code = 5


class StoreDownError(StoreError, ServiceDownError):
    """A temporarily unavailable database."""


class UnstorableError(StoreError):
    """A row that the database refuses; others can be written."""


class UnknownError(StoreError, LookupError):
    """An alert or a key that does not exist in the store."""


class QueryError(BadbuzzError, ValueError):
    """An invalid query, such as a malformed cursor or a step that does not divide a window."""

    exit_code = 2


class RegistryError(BadbuzzError):
    """A model registry that refuses a request or lacks a model."""

    exit_code = 7


class RegistryDownError(RegistryError):
    """A temporarily unavailable model registry."""


class TrackingError(BadbuzzError):
    """An MLflow store or server that is unavailable, full or of another kind."""

    exit_code = 7
