from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.errors import RecordingError
from badbuzz.recordings.rows import RawRow, RecordingFile, csv_header


def rows(path: Path) -> list[RawRow]:
    source = RecordingFile(str(path))
    return list(source.rows(source.form))


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "rows"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    ("content", "form"),
    [
        ('{"text":"a"}\n', "json"),
        ('\ufeff{"text":"a"}\n', "json"),
        ('\n\n  [{"text":"a"}]', "json"),
        ('nonsense\n{"text":"a"}\n', "json"),
        ("id,text\n1,a\n", "csv"),
        ('id,text\n1,"{"\n', "csv"),
    ],
)
def test_the_format_is_detected_from_the_beginning(tmp_path: Path, content: str, form: str) -> None:
    assert RecordingFile(str(written(tmp_path, content))).form == form


def test_a_gzipped_file_reads_like_the_plain_one(tmp_path: Path) -> None:
    content = b'{"text":"a"}\n{"text":"b"}\n'
    plain = rows(written(tmp_path, content))
    assert rows(written(tmp_path, gzip.compress(content))) == plain


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b'{"text":"a"}\n')))
    source = RecordingFile("-")
    assert [row.fields for row in source.rows(source.form)] == [{"text": "a"}]


@pytest.mark.parametrize(
    "content",
    [
        '{"data":[{"id":"1"},{"id":"2"}],"meta":{}}\n',
        '{\n "data": [\n  {"id": "1"},\n  {"id": "2"}\n ]\n}\n',
        '[{"id":"1"},{"id":"2"}]',
        '{"data":{"id":"1"}}\n{"data":{"id":"2"}}\n',
        '{"id":"1"}\n{"meta":{"result_count":0}}\n{"id":"2"}\n',
    ],
)
def test_pages_and_documents_give_their_objects(tmp_path: Path, content: str) -> None:
    assert [row.fields for row in rows(written(tmp_path, content))] == [{"id": "1"}, {"id": "2"}]


def test_a_broken_first_line_does_not_hide_the_others(tmp_path: Path) -> None:
    first, second = rows(written(tmp_path, '{"text":"a\n{"text":"b"}\n'))
    assert isinstance(first.fields, str)
    assert (second.line, second.fields) == (2, {"text": "b"})


@given(st.lists(st.binary(max_size=30).filter(lambda b: b.strip() and b"\n" not in b)))
def test_no_line_of_json_lines_is_lost(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    content = b"\n".join([b"{}", *lines])
    path = written(tmp_path_factory.mktemp("rows"), content)
    assert {row.line for row in rows(path)} >= {
        number
        for number, line in enumerate(content.split(b"\n"), 1)
        if line.strip() and line.strip() != b"[]"
    }


def test_a_row_of_a_csv_may_span_lines(tmp_path: Path) -> None:
    (row,) = rows(written(tmp_path, 'id,text\n1,"two\nlines"\n'))
    assert (row.line, row.fields) == (3, {"id": "1", "text": "two\nlines"})


def test_a_csv_row_with_too_few_cells_is_rejected(tmp_path: Path) -> None:
    short, _ = rows(written(tmp_path, "id,text\n1\n2,b\n"))
    assert (short.line, short.fields) == (2, "expected 2 columns, found 1")


def test_rows_within_an_open_quote_are_kept_raw(tmp_path: Path) -> None:
    swallowed = "".join(f"{n},text\n" for n in range(20_000))
    read = rows(written(tmp_path, f'id,text\n1,"open\n{swallowed}'))
    assert "".join(str(row.raw) for row in read) == f'1,"open\n{swallowed}'


def test_rows_after_an_open_quote_are_read(tmp_path: Path) -> None:
    opened, *others = rows(written(tmp_path, 'id,text\n1,"open\n2,b\n3,c\n'))
    assert (opened.line, opened.fields) == (2, "a quote is not closed")
    assert [(row.line, row.fields) for row in others] == [
        (3, {"id": "2", "text": "b"}), (4, {"id": "3", "text": "c"})
    ]  # fmt: skip


def test_the_columns_of_a_csv_may_be_given(tmp_path: Path) -> None:
    source = RecordingFile(str(written(tmp_path, "caf\xe9,1\n".encode("latin-1"))))
    (row,) = source.rows("csv", ("text", "id"), "latin-1")
    assert row.fields == {"text": "café", "id": "1"}


def test_a_byte_order_mark_is_no_part_of_a_column() -> None:
    assert csv_header(b"\xef\xbb\xbfid,text\n") == ["id", "text"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "is empty"), (b" \n \n", "is empty"), (b"\x1f\x8bnonsense", "cannot be read")],
)
def test_a_file_without_rows_is_an_error(tmp_path: Path, content: bytes, reason: str) -> None:
    with pytest.raises(RecordingError, match=reason):
        rows(written(tmp_path, content))


def test_a_truncated_gzip_file_is_an_error(tmp_path: Path) -> None:
    content = b"".join(orjson.dumps({"text": f"{n * n}"}) + b"\n" for n in range(200_000))
    with pytest.raises(RecordingError, match="to its end"):
        rows(written(tmp_path, gzip.compress(content)[:-50_000]))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(RecordingError, match=r"nowhere\.jsonl: cannot be read: No such file"):
        RecordingFile("nowhere.jsonl")
