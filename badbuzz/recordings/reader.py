"""Reader of recordings: yields tweets in time order, numbered, and reports rejected rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from badbuzz.errors import RecordingError
from badbuzz.model import MAX_MS, Tweet
from badbuzz.recordings.csv_rows import csv_header
from badbuzz.recordings.fields import RowError
from badbuzz.recordings.ids import make_id
from badbuzz.recordings.rows import RawRow, RecordingFile, Reject
from badbuzz.recordings.source_formats import (
    ANNOTATION_FIELDS,
    PRESETS,
    Preset,
    RowReader,
    choose_preset,
    detect_preset,
)

_PROBE_ROWS: Final = 100
_PROBE_BYTES: Final = 1 << 20


class LabelledTweet(NamedTuple):
    """A tweet with its recorded ground truth and prediction, if any.

    ``label``, and ``reason`` if it is negative, are a person's annotation. ``score``, ``negative``
    and ``bundle`` are the prediction made before the tweet was recorded.
    """

    tweet: Tweet
    label: str | None
    reason: str | None
    score: float | None = None
    negative: bool | None = None
    bundle: str | None = None


class _ParsedRow(NamedTuple):
    file: str
    line: int
    fields: dict[str, Any]


class _FileParser(NamedTuple):
    """The options of :func:`read_labelled` that apply to each file."""

    preset: str | None
    mapping: Mapping[str, str] | None
    brand: str | None
    lang: str | None
    labels: Mapping[str, str] | None
    author_key: str
    on_reject: Callable[[Reject], None]
    on_open: Callable[[RecordingFile], None] | None

    def rows(self, path: str) -> Iterator[_ParsedRow]:
        """Open a recording and return an iterator over its tweets."""
        opened = RecordingFile(path)
        if self.on_open is not None:
            self.on_open(opened)
        labels = self.labels
        resolved, rows = _resolve_format(opened, self.preset, self.mapping or {}, labels or {})
        reader = RowReader(
            resolved, self.brand, self.lang, self.author_key, checks_labels=labels is not None
        )
        return _rows(opened.name, rows, reader, self.on_reject)


def raise_reject(reject: Reject) -> None:
    """Raise an error for a rejected row: the default of ``on_reject``."""
    raise RecordingError(str(reject))


def read_recording(paths: Sequence[str], **options: Any) -> Iterator[Tweet]:
    """Read tweets like :func:`read_labelled`, without annotations."""
    return (labelled.tweet for labelled in read_labelled(paths, **options))


def read_labelled(
    paths: Sequence[str],
    *,
    preset: str | None = None,
    mapping: Mapping[str, str] | None = None,
    brand: str | None = None,
    lang: str | None = None,
    from_ms: int | None = None,
    to_ms: int | None = None,
    start_ms: int | None = None,
    sort: bool = False,
    lateness_ms: int = 60_000,
    labels: Mapping[str, str] | None = None,
    source: str = "replay",
    author_key: str = "badbuzz",
    on_reject: Callable[[Reject], None] = raise_reject,
    on_open: Callable[[RecordingFile], None] | None = None,
) -> Iterator[LabelledTweet]:
    """Read tweets with their annotations from recordings, numbered from 0 in file order.

    Parameters
    ----------
    paths
        Recordings, read one after another: JSON lines, a JSON document or CSV, optionally gzipped;
        ``-`` is standard input.
    preset
        Key of :data:`badbuzz.recordings.source_formats.PRESETS`; None detects it from the columns
        of each file.
    mapping
        Column by field; overrides the preset's.
    brand, lang
        Values for all rows; override the rows' values unless None.
    from_ms, to_ms
        Period ``[from_ms, to_ms)`` of the recorded creation times, Unix ms; None is unlimited.
    start_ms
        Creation time of the first tweet, Unix ms; the others are shifted too. None keeps times.
    sort
        Whether to load all rows and sort them by time first.
    lateness_ms
        Maximum lateness of a row behind earlier rows, ms.
    labels
        Value of :data:`badbuzz.recordings.source_formats.LABELS` by word of the label column;
        overrides the preset's. Unless None, rows with another label are rejected.
    source
        Value of the tweets' field ``source``.
    author_key
        Key of the hash that replaces an author's name.
    on_reject
        Callback for each rejected row; the default raises an error.
    on_open
        Callback for each opened recording, which knows its read position.

    Yields
    ------
    LabelledTweet
        Tweets whose ``produced_ms`` is the newest event time so far and whose ``replay`` is set.
        Recorded heartbeats are omitted.

    Raises
    ------
    RecordingError
        If a file cannot be read, has no tweet (in the period), or is not in time order.
    """
    if preset is not None and preset not in PRESETS:
        raise RecordingError(f"unknown preset {preset!r}; expected one of {', '.join(PRESETS)}")
    parser = _FileParser(preset, mapping, brand, lang, labels, author_key, on_reject, on_open)
    rows: Iterable[_ParsedRow] = chain.from_iterable(map(parser.rows, paths))
    if from_ms is not None or to_ms is not None:
        rows = _within(rows, from_ms or 0, MAX_MS if to_ms is None else to_ms)
    if sort:
        rows = sorted(rows, key=lambda row: row.fields["created_ms"])
    return _numbered(rows, start_ms, source, lateness_ms)


def _within(rows: Iterable[_ParsedRow], from_ms: int, to_ms: int) -> Iterator[_ParsedRow]:
    n_tweets = 0
    for row in rows:
        if from_ms <= row.fields["created_ms"] < to_ms:
            n_tweets += 1
            yield row
    if not n_tweets:
        raise RecordingError("no tweet was created in that period; see --from and --to")


def _numbered(
    rows: Iterable[_ParsedRow], start_ms: int | None, source: str, lateness_ms: int
) -> Iterator[LabelledTweet]:
    shift_ms = newest_ms = 0
    for seq, (file, line, fields) in enumerate(rows):
        if seq == 0 and start_ms is not None:
            shift_ms = start_ms - fields["created_ms"]
        annotation = [fields.pop(name) for name in ANNOTATION_FIELDS]
        created_ms = fields["created_ms"] = fields["created_ms"] + shift_ms
        if created_ms > newest_ms:
            newest_ms = created_ms
        elif created_ms < newest_ms - lateness_ms:
            raise RecordingError(
                f"{file}:{line}: {(newest_ms - created_ms) // 1000} s behind the rows before it: "
                "the recording is not in time order; use --sort"
            )
        fields["id"] = fields["id"] or make_id(
            source, seq, fields["brand"], created_ms, fields["text"]
        )
        yield LabelledTweet(
            Tweet(**fields, produced_ms=newest_ms, seq=seq, source=source, replay=True), *annotation
        )


def _rows(
    file: str, rows: Iterable[RawRow], reader: RowReader, on_reject: Callable[[Reject], None]
) -> Iterator[_ParsedRow]:
    n_tweets = 0
    first: Reject | None = None
    for row in rows:
        fields = _read(reader, row)
        if isinstance(fields, str):
            reject = row.reject(file, fields)
            first = first or reject
            on_reject(reject)
        elif fields["kind"] != "heartbeat":
            n_tweets += 1
            yield _ParsedRow(file, row.line, fields)
    if not n_tweets:
        reason = f"; first: {first}" if first else ""
        raise RecordingError(f"{file}: has no tweet{reason}; see --preset and --map")


def _resolve_format(
    source: RecordingFile,
    preset_name: str | None,
    mapping: Mapping[str, str],
    labels: Mapping[str, str],
) -> tuple[Preset, Iterator[RawRow]]:
    """Return the preset for a recording, and its rows."""
    form = source.form
    known = PRESETS.get(preset_name or "")
    if known is None and form == "csv":
        known = detect_preset(csv_header(source.head))
    rows = source.rows(form, known.columns, known.encoding) if known else source.rows(form)
    probe = _probe(rows)
    named = (row.fields for row in probe if isinstance(row.fields, dict))
    columns = list(dict.fromkeys(chain.from_iterable(named)))
    if not columns and probe:
        first = probe[0].reject(source.name, str(probe[0].fields))
        raise RecordingError(f"{source.name}: has no tweet; first: {first}")
    preset = choose_preset(columns, known.name if known else None, mapping, source.name)
    return replace(preset, labels={**preset.labels, **labels}), chain(probe, rows)


def _probe(rows: Iterator[RawRow]) -> list[RawRow]:
    """Take the first rows, fewer if they are large."""
    taken: list[RawRow] = []
    size = 0
    for row in islice(rows, _PROBE_ROWS):
        taken.append(row)
        size += len(row.raw)
        if size > _PROBE_BYTES:
            break
    return taken


def _read(reader: RowReader, row: RawRow) -> dict[str, Any] | str:
    if isinstance(row.fields, str):
        return row.fields
    try:
        return reader.read(row.fields)
    except RowError as error:
        return str(error)
    except RecursionError:
        return "nested too deeply"
