"""``GET /export``: the rows of a CSV file, with cells that a spreadsheet does not run."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import httpx
import pytest

from badbuzz.store.database import Store
from dashboards.api.routes.export import encode_cell, encode_csv, read_rows
from tests.support.served import BRAND, START_MS, WINDOWS, fill, window


def exported(client: httpx.Client, **params: Any) -> list[dict[str, str]]:
    answer = client.get("/export", params=params)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_text_that_looks_like_a_formula_is_guarded(client: httpx.Client) -> None:
    texts = {row["id"]: row["text"] for row in exported(client, what="tweets")}
    assert texts["t1"] == "'=HYPERLINK(1) my bags are lost"
    assert texts["t4"] == "lovely crew"


@pytest.mark.parametrize("end", [";", "\n", "\r\n", "\t"])
def test_a_formula_is_guarded_wherever_a_cell_may_begin(end: str) -> None:
    assert encode_cell(f"late{end}=1+1") == f"late{end}'=1+1"


@pytest.mark.parametrize(("what", "n"), [("windows", 8), ("alerts", 2), ("tweets", 12)])
def test_an_export_has_every_row(what: str, n: int, client: httpx.Client) -> None:
    assert len(exported(client, what=what)) == n


def test_the_columns_of_feedback_keep_the_names_that_programs_read(client: httpx.Client) -> None:
    header = client.get("/export", params={"what": "feedback"}).text.splitlines()[0]
    assert header == (
        "id,at_ms,by,tweet_id,brand,lang,text,author,predicted,score,right,bundle,source,"
        "mispredicted"
    )


def test_an_export_of_more_than_a_page_has_every_row(tmp_path: Path) -> None:
    with Store.open(f"sqlite:///{tmp_path / 'many.db'}") as store:
        fill(store)
        store.record_windows(WINDOWS, [(n, window(n)) for n in range(8, 2500)], 2500)
        text = "".join(encode_csv("windows", read_rows(store, "windows", None, 0, 2**62)))
    assert len(text.splitlines()) == 2501


def test_the_row_of_a_resolved_alert_has_its_terms(client: httpx.Client) -> None:
    (row,) = [row for row in exported(client, what="alerts") if row["id"] == f"{BRAND}/{START_MS}"]
    assert (row["phase"], row["terms"]) == ("resolved", "bags lost")
