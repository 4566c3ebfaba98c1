"""Every error a user may meet.

::

    BadbuzzError
    ├── WireError         a record that cannot be read
    ├── RecordingError    a recorded file, or a row of it, that cannot be read
    ├── BundleError       a model bundle that must not serve
    ├── BrandsError       a brands.toml that does not say what it must
    ├── SettingsError     an environment variable that cannot be used
    ├── StateError        detector state that is incomplete, misplaced or unknown
    ├── KafkaError        a broker or topic that is not there or not as it must be
    ├── StoreError        a database that cannot be used
    │   ├── StoreDownError  one that does not answer now, and may again
    │   └── UnknownError    no such alert or key
    ├── QueryError        a question that cannot be asked: a cursor or step that is none
    └── TrackingError     an MLflow store or server that cannot be used

Each message names the input and the remedy; the command line prints it on
one line and exits with the class's ``exit_code``.
"""

from __future__ import annotations


class BadbuzzError(Exception):
    """Something a user can mend; its message says how."""

    exit_code = 1


class WireError(BadbuzzError):
    """A record that cannot be read: names the field and the reason.

    Parameters
    ----------
    field
        The field that is wrong, or ``"record"`` for the whole.
    reason
        A word from a short list, fit for a metric's label.
    detail
        What was found, in words.

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
    """A recorded file, or a row of it, that cannot be read."""


class BundleError(BadbuzzError):
    """A model bundle that is missing, broken or does not score as it says."""


class BrandsError(BadbuzzError):
    """A brands file that does not say what it must."""


class SettingsError(BadbuzzError):
    """An environment variable that cannot be used."""

    exit_code = 2


class StateError(BadbuzzError):
    """Detector state that is incomplete, in the wrong partition, or of an unknown version."""

    exit_code = 3


class KafkaError(BadbuzzError):
    """A broker or a topic that is not there, or is not as it must be."""

    exit_code = 4


class StoreError(BadbuzzError):
    """A database that cannot be used: no such place, no permission, another schema."""

    exit_code = 5


class StoreDownError(StoreError):
    """A database that does not answer now, and may again."""


class UnknownError(StoreError, LookupError):
    """What is to be changed is not in the store: no such alert, no such key."""


class QueryError(BadbuzzError, ValueError):
    """A question that cannot be asked: a cursor that is none, a step that divides no window."""

    exit_code = 2


class TrackingError(BadbuzzError):
    """An MLflow store or server that does not answer, is full, or is none."""

    exit_code = 6
