"""Formats of recordings: presets of columns, and conversion of a row into a tweet's fields."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, Final

from badbuzz.errors import RecordingError
from badbuzz.recordings.fields import (
    RowError,
    read_count,
    read_created_ms,
    read_flag,
    read_language,
    read_optional_text,
    read_score,
    read_text,
)
from badbuzz.recordings.limits import shown
from badbuzz.wire import MAX_BYTES, NAME_RULE, is_name

FIELDS: Final = (
    "id", "brand", "text", "created_at", "created_ms", "lang", "author", "n_retweets", "url",
    "kind", "replaces", "label", "reason", "score", "negative", "bundle",
)  # fmt: skip
"""Fields that ``--map`` accepts; ``created_at`` is a time with an offset, or Unix seconds."""

ANNOTATION_FIELDS: Final = ("label", "reason", "score", "negative", "bundle")
"""Fields of the ground truth and the prediction, which are not part of the tweet."""

LABELS: Final = ("negative", "neutral", "positive")
"""Values of a person's label, case-insensitive."""

_MAX_ID: Final = 200
_KINDS: Final = frozenset({"post", "edit", "delete", "heartbeat"})
_MAX_SEEN: Final = 100_000


@dataclass(frozen=True, slots=True)
class Preset:
    """Columns and conventions of one kind of recording.

    Parameters
    ----------
    fields
        Column by field; a dot accesses a nested object.
    columns
        Columns of a CSV without a header, in order.
    encoding
        Encoding of a CSV.
    lang
        Default language of rows.
    hashes_author
        Whether authors are names that have to be hashed.
    labels
        Value of :data:`LABELS` by word of the label column.
    history
        Column with the ids of a tweet's versions; empty if there is none.
    """

    name: str
    fields: Mapping[str, str]
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"
    lang: str = "en"
    hashes_author: bool = True
    labels: Mapping[str, str] = field(default_factory=dict)
    history: str = ""


PRESETS: Final = {
    preset.name: preset
    for preset in (
        Preset(
            "badbuzz",
            {name: name for name in FIELDS if name != "created_at"},
            lang="und",
            hashes_author=False,
        ),
        Preset(
            "labelled",
            {name: name for name in ("id", "created_at", "brand", "text", "label", "reason")},
        ),
        Preset(
            "us-airline",
            {
                "id": "tweet_id", "created_at": "tweet_created", "brand": "airline",
                "text": "text", "author": "name", "n_retweets": "retweet_count",
                "label": "airline_sentiment", "reason": "negativereason",
            },
        ),
        Preset(
            "sentiment140",
            {"id": "id", "created_at": "date", "author": "user", "text": "text", "label": "label"},
            columns=("label", "id", "date", "query", "user", "text"),
            encoding="latin-1",
            labels={"0": "negative", "2": "neutral", "4": "positive"},
        ),
        Preset(
            "x",
            {
                "id": "id", "created_at": "created_at", "text": "text", "lang": "lang",
                "author": "author_id", "n_retweets": "public_metrics.retweet_count",
            },
            lang="und",
            history="edit_history_tweet_ids",
        ),
    )
}  # fmt: skip
"""Presets by name: badbuzz lines, labelled rows, and three common formats."""

CUSTOM: Final = Preset("custom", {})

_REQUIRED_COLUMNS: Final = (
    ("badbuzz", {"created_ms", "text"}),
    ("us-airline", {"tweet_id", "tweet_created", "airline", "text"}),
    ("labelled", {"created_at", "brand", "text"}),
    ("x", {"id", "created_at", "text"}),
)


def detect_preset(columns: Iterable[str]) -> Preset | None:
    """Return the preset that matches the columns, or None.

    Examples
    --------
    >>> detect_preset(["tweet_id", "airline", "text", "tweet_created"]).name
    'us-airline'
    >>> detect_preset(["0", "1467810369", "Mon Apr 06 22:19:45 PDT 2009", "", "x", "t"]).name
    'sentiment140'
    """
    cells = list(columns)
    if len(cells) == 6 and cells[0] in PRESETS["sentiment140"].labels and cells[1].isdigit():
        return PRESETS["sentiment140"]
    matching = (name for name, required in _REQUIRED_COLUMNS if required <= set(cells))
    name = next(matching, None)
    return None if name is None else PRESETS[name]


def choose_preset(
    columns: Iterable[str], name: str | None, mapping: Mapping[str, str], file: str
) -> Preset:
    """Return the preset of a file, with the columns of ``--map``.

    Parameters
    ----------
    columns
        Columns of the file.
    name
        Name of the preset; None detects it from the columns.
    mapping
        Column by field.
    file
        Name of the file for error messages.

    Raises
    ------
    RecordingError
        If a column or field is unknown, or no preset matches.
    """
    cells = list(columns)
    names = ", ".join(cells) or "none"
    for name_of_field, column in mapping.items():
        if name_of_field not in FIELDS:
            raise RecordingError(f"--map {name_of_field}: the fields are {', '.join(FIELDS)}")
        if column.split(".")[0] not in cells and not (name and PRESETS[name].columns):
            raise RecordingError(f"{file}: --map: has no column {column!r}; it has {names}")
    preset = PRESETS[name] if name else detect_preset(cells)
    if preset is None and not {"text"} <= mapping.keys():
        raise RecordingError(
            f"{file}: no preset matches its columns ({names}): use --preset "
            f"({', '.join(PRESETS)}) or --map text=… --map created_at=… --map brand=…"
        )
    preset = preset or CUSTOM
    fields = {**preset.fields, **mapping}
    if "created_at" in mapping:
        fields.pop("created_ms", None)
    return replace(preset, fields=fields, hashes_author=preset.hashes_author or "author" in mapping)


@dataclass(slots=True)
class RowReader:
    """Convert a row into the fields of a tweet.

    Parameters
    ----------
    preset
        Preset with the columns.
    brand, lang
        Values for all rows; override the rows' values unless None.
    author_key
        Key of the hash that replaces an author's name.
    checks_labels
        Whether rows with a label outside :data:`LABELS` are rejected.
    seen
        Ids that may occur in the history of an edited tweet.
    """

    preset: Preset
    brand: str | None = None
    lang: str | None = None
    author_key: str = "badbuzz"
    checks_labels: bool = False
    seen: dict[str, None] = field(default_factory=dict)
    _is_nested: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._is_nested = any("." in column for column in self.preset.fields.values())

    def read(self, row: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of the tweet and of :data:`ANNOTATION_FIELDS`; missing ones are None.

        Raises
        ------
        RowError
            If a field is missing or invalid; the message has the field.

        Examples
        --------
        >>> reader = RowReader(PRESETS["labelled"])
        >>> row = {"created_at": "1970-01-01T00:00:01+00:00", "brand": "Air Paradis", "text": ""}
        >>> reader.read(row)["created_ms"]
        1000
        """
        columns = self.preset.fields
        if self._is_nested:
            values = {name: _nested(row, column) for name, column in columns.items()}
        else:
            values = dict(zip(columns, map(row.get, columns.values()), strict=True))
        kind = values.get("kind") or "post"
        if self.preset.history and "kind" not in columns:
            kind, values["replaces"] = self._version(row, values)
        if not isinstance(kind, str) or kind not in _KINDS:
            raise RowError(f"kind: expected one of {sorted(_KINDS)}, found {shown(kind)}")
        if kind == "heartbeat":
            return {"kind": kind}
        brand = (self.brand or read_text(values, "brand")).strip()
        if not is_name(brand):
            raise RowError(f"brand: {NAME_RULE}")
        return {
            "id": read_optional_text(values, "id", max_bytes=_MAX_ID),
            "brand": brand,
            "text": read_text(values, "text", max_bytes=MAX_BYTES - 4096),
            "created_ms": read_created_ms(values),
            "lang": read_language(self.lang or values.get("lang"), self.preset.lang),
            "author": self._author(values.get("author")),
            "n_retweets": read_count(values.get("n_retweets")),
            "url": self._url(values),
            "kind": kind,
            "replaces": read_optional_text(values, "replaces", max_bytes=_MAX_ID),
            "label": self._label(values),
            "reason": read_optional_text(values, "reason") or None,
            "score": read_score(values.get("score")),
            "negative": read_flag(values.get("negative")),
            "bundle": read_optional_text(values, "bundle") or None,
        }

    def _version(self, row: dict[str, Any], values: dict[str, Any]) -> tuple[str, str]:
        """Return the kind of a row, and the id of the version that it replaces.

        The row is an edit if an earlier version is in the same recording. Otherwise it names the
        version before it, which another source may have read.
        """
        history, id_ = row.get(self.preset.history), str(values.get("id"))
        if not isinstance(history, list):
            return "post", ""
        earlier = [version for version in map(str, history) if version != id_]
        replaced = next((version for version in reversed(earlier) if version in self.seen), "")
        self.seen[id_] = None
        if len(self.seen) > _MAX_SEEN:
            del self.seen[next(iter(self.seen))]
        return ("edit", replaced) if replaced else ("post", "".join(earlier[-1:]))

    def _author(self, author: object) -> str:
        name = read_optional_text({"author": author}, "author")
        if not self.preset.hashes_author or not name:
            return name
        key = self.author_key.encode()[:64]
        return blake2b(name.encode(), digest_size=8, key=key).hexdigest()

    def _url(self, values: dict[str, Any]) -> str:
        if self.preset.name == "x" and "url" not in values:
            return f"https://x.com/i/web/status/{values['id']}"
        return read_optional_text(values, "url")

    def _label(self, values: dict[str, Any]) -> str | None:
        word = read_optional_text(values, "label")
        label = self.preset.labels.get(word, word)
        if label.lower() in LABELS:
            return label.lower()
        if label and self.checks_labels:
            raise RowError(
                f"label {label!r:.40} is none of {', '.join(LABELS)}: map it with "
                f"--label {label:.40}=negative, or another of them"
            )
        return label or None


def _nested(row: dict[str, Any], column: str) -> Any:
    if column in row or "." not in column:
        return row.get(column)
    value: Any = row
    for step in column.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value
