"""Recorded files as tweets: in time order, numbered, their bad rows set apart."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from badbuzz.errors import RecordingError
from badbuzz.model import Tweet
from badbuzz.recordings.rows import RawRow, RecordingFile, Reject, csv_header
from badbuzz.recordings.source_formats import (
    ANNOTATION_FIELDS,
    PRESETS,
    Preset,
    RowError,
    RowReader,
    choose_preset,
    detect_preset,
)
from badbuzz.wire import MAX_MS

_PROBE_ROWS: Final = 100


class LabelledTweet(NamedTuple):
    """A tweet with what was said of it, if anything was.

    ``label``, and ``reason`` of a negative one, are a human's; ``score``, ``negative`` and
    ``bundle`` those of the bundle that scored it before it was recorded.
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


def raise_reject(reject: Reject) -> None:
    """Take a bad row for an error: what ``on_reject`` does unless told otherwise."""
    raise RecordingError(str(reject))


def read_recording(paths: Sequence[str], **options: Any) -> Iterator[Tweet]:
    """Tweets of recorded files, as :func:`read_labelled` reads them, without labels."""
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
    """Tweets of recorded files, numbered from 0 by their place, with their labels.

    Parameters
    ----------
    paths
        Files, one after another: JSON lines, a JSON document or CSV, gzipped or not; ``-`` is
        standard input.
    preset
        A key of :data:`badbuzz.recordings.source_formats.PRESETS`; None tells it from each file's
        columns.
    mapping
        Column by field, over the preset's.
    brand, lang
        For every row, whatever it says.
    from_ms, to_ms
        Only those created in ``[from_ms, to_ms)``, by their own times; None leaves it open.
    start_ms
        When the first tweet shall have been created; the others move with it. None keeps times.
    sort
        Load everything and put it in time order first.
    lateness_ms
        How far a row may stand behind those before it.
    labels
        One of :data:`badbuzz.recordings.source_formats.LABELS` by the recording's word for it, over
        the preset's; unless None, a row with a label that is none of them is no tweet.
    source
        The tweets' source.
    author_key
        Key of the hash that stands for an author.
    on_reject
        Called with every row that is no tweet; the default raises.
    on_open
        Called with every file that is opened: it tells how far reading has come.

    Yields
    ------
    Labelled
        ``produced_ms`` is the newest event time so far, ``replay`` is set. Recorded heartbeats
        are left out.

    Raises
    ------
    RecordingError
        When a file cannot be read, holds no tweet (of the period), or is not in time order.
    """

    def found_in(path: str) -> Iterator[_ParsedRow]:
        opened = RecordingFile(path)
        if on_open is not None:
            on_open(opened)
        made = partial(
            RowReader,
            brand=brand,
            lang=lang,
            author_key=author_key,
            checks_labels=labels is not None,
        )
        understood = _understood(opened, preset, mapping or {}, labels or {})
        return _rows(opened, understood, made, on_reject)

    if preset is not None and preset not in PRESETS:
        raise RecordingError(f"preset {preset!r} is none of {', '.join(PRESETS)}")
    found: Iterable[_ParsedRow] = chain.from_iterable(map(found_in, paths))
    if from_ms is not None or to_ms is not None:
        found = _within(found, from_ms or 0, MAX_MS if to_ms is None else to_ms)
    if sort:
        found = sorted(found, key=lambda row: row.fields["created_ms"])
    return _numbered(found, start_ms, source, lateness_ms)


def _within(found: Iterable[_ParsedRow], from_ms: int, to_ms: int) -> Iterator[_ParsedRow]:
    n_found = 0
    for row in found:
        if from_ms <= row.fields["created_ms"] < to_ms:
            n_found += 1
            yield row
    if not n_found:
        raise RecordingError("no tweet was written in that period; see --from and --to")


def _numbered(
    found: Iterable[_ParsedRow], start_ms: int | None, source: str, lateness_ms: int
) -> Iterator[LabelledTweet]:
    shift_ms = newest_ms = 0
    for seq, (file, line, fields) in enumerate(found):
        if seq == 0 and start_ms is not None:
            shift_ms = start_ms - fields["created_ms"]
        said = [fields.pop(name) for name in ANNOTATION_FIELDS]
        created_ms = fields["created_ms"] = fields["created_ms"] + shift_ms
        if created_ms > newest_ms:
            newest_ms = created_ms
        elif created_ms < newest_ms - lateness_ms:
            raise RecordingError(
                f"{file}:{line}: {(newest_ms - created_ms) // 1000} s behind the rows before it: "
                "the recording is not in time order; give --sort"
            )
        fields["id"] = fields["id"] or f"{source}/{seq}"
        yield LabelledTweet(
            Tweet(**fields, produced_ms=newest_ms, seq=seq, source=source, replay=True), *said
        )


def _rows(
    source: RecordingFile,
    understood: tuple[Preset, Iterator[RawRow]],
    made: Callable[[Preset], RowReader],
    on_reject: Callable[[Reject], None],
) -> Iterator[_ParsedRow]:
    preset, rows = understood
    reader = made(preset)
    n_found = 0
    first: Reject | None = None
    for row in rows:
        fields = _read(reader, row)
        if isinstance(fields, str):
            reject = row.reject(source.name, fields)
            first = first or reject
            on_reject(reject)
        elif fields["kind"] != "heartbeat":
            n_found += 1
            yield _ParsedRow(source.name, row.line, fields)
    if not n_found:
        reason = f"; first: {first}" if first else ""
        raise RecordingError(f"{source.name}: holds no tweet{reason}; see --preset and --map")


def _understood(
    source: RecordingFile,
    preset_name: str | None,
    mapping: Mapping[str, str],
    labels: Mapping[str, str],
) -> tuple[Preset, Iterator[RawRow]]:
    """What a file's columns mean, and its rows."""
    form = source.form
    known = PRESETS.get(preset_name or "")
    if known is None and form == "csv":
        known = detect_preset(csv_header(source.head))
    rows = source.rows(form, known.columns, known.encoding) if known else source.rows(form)
    probe = list(islice(rows, _PROBE_ROWS))
    columns = _columns(probe)
    if not columns and probe:
        first = probe[0].reject(source.name, str(probe[0].fields))
        raise RecordingError(f"{source.name}: holds no tweet; first: {first}")
    preset = choose_preset(columns, known.name if known else None, mapping, source.name)
    return replace(preset, labels={**preset.labels, **labels}), chain(probe, rows)


def _read(reader: RowReader, row: RawRow) -> dict[str, Any] | str:
    if isinstance(row.fields, str):
        return row.fields
    try:
        return reader.read(row.fields)
    except RowError as error:
        return str(error)


def _columns(rows: Iterable[RawRow]) -> list[str]:
    columns: dict[str, None] = {}
    for row in rows:
        if isinstance(row.fields, dict):
            columns.update(dict.fromkeys(row.fields))
    return list(columns)
