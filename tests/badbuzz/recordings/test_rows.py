from __future__ import annotations

import gzip
import io
import sys
import tracemalloc
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from badbuzz.errors import RecordingError
from badbuzz.recordings.csv_rows import csv_header
from badbuzz.recordings.limits import MAX_LINE, read_file
from badbuzz.recordings.rows import MAX_DOCUMENT, RawRow, RecordingFile


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


@pytest.mark.parametrize("head", [b'{"text":"', b"id,text\n1,"])
def test_a_line_of_any_length_is_a_bad_row_in_bounded_memory(tmp_path: Path, head: bytes) -> None:
    content = b"%b%b\n" % (head, b"x" * (2 * MAX_DOCUMENT))
    path = written(tmp_path, gzip.compress(content, 1))
    del content
    tracemalloc.start()
    try:
        (row,) = rows(path)
        reject = row.reject("a", "")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert str(row.fields).endswith("MiB")
    assert len(reject.raw) == 4096
    assert peak < 2.5 * MAX_DOCUMENT


@pytest.mark.parametrize(
    ("before", "after"), [('{"text":"a"}', '{"text":"c"}'), ("id,text\n1,a", "3,c")]
)
def test_the_lines_around_one_that_is_too_long_are_read(
    tmp_path: Path, before: str, after: str
) -> None:
    read = rows(written(tmp_path, f"{before}\n{'x' * MAX_LINE}y\n{after}\n"))
    texts = [row.fields if isinstance(row.fields, str) else row.fields["text"] for row in read]
    assert texts[0] == "a"
    assert "longer than 4 MiB" in texts[1]
    assert texts[2:] == ["c"]
    assert [row.line for row in read] == ([1, 2, 3] if before[0] == "{" else [2, 3, 4])


def test_a_document_on_one_line_may_be_longer_than_other_lines(tmp_path: Path) -> None:
    text = "x" * (MAX_LINE // 2)
    (one, *others) = rows(written(tmp_path, orjson.dumps([{"text": text}] * 3)))
    assert one.fields == {"text": text}
    assert len(others) == 2


def test_a_csv_row_of_too_many_lines_is_bad(tmp_path: Path) -> None:
    lines = '"a","\n' * 1200
    read = rows(written(tmp_path, f"id,text\n{lines}1,a\n"))
    assert read[0].fields == "invalid CSV: a row has more than 1000 lines"
    assert read[0].line == 2


def test_many_open_quotes_take_linear_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("badbuzz.recordings.csv_rows._FREE_REREADS", 0)
    n_lines, n_read = 4000, 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal n_read
        if event == "call" and frame.f_code.co_name == "__next__":  # type: ignore[attr-defined]
            n_read += 1

    path = written(tmp_path, "id,text\n" + '"a","\n' * n_lines)
    sys.setprofile(count)
    try:
        read = rows(path)
    finally:
        sys.setprofile(None)
    assert read
    assert all(isinstance(row.fields, str) for row in read)
    assert n_read < 12 * n_lines


def test_a_deeply_nested_value_is_a_bad_row(tmp_path: Path) -> None:
    nested = "[" * 1000 + "]" * 1000
    content = f'{{"text":"a"}}\n[{nested}]\n{{"text":{nested}}}\n'
    first, *others = rows(written(tmp_path, content))
    assert first.fields == {"text": "a"}
    assert all(isinstance(row.fields, str | dict) for row in others)


def test_a_file_that_is_too_long_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, "x" * 11)
    assert read_file(path, 11) == b"x" * 11
    with pytest.raises(OSError, match="too large"):
        read_file(path, 10)
