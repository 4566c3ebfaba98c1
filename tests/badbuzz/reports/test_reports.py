"""The base template and its parts."""

from __future__ import annotations

import re

import pytest
from jinja2 import UndefinedError

from badbuzz.reports import environment, render_report

EMPTY = render_report("badbuzz.reports", "base.html.jinja")


def test_a_report_needs_no_network() -> None:
    assert not re.search(r"""(src|href)=["'](?!#|data:)|url\(|@import""", EMPTY)
    assert "default-src 'none'" in EMPTY


def test_the_style_sheet_is_not_escaped() -> None:
    assert 'system-ui, "Segoe UI"' in EMPTY


def test_cells_of_a_table_are_escaped() -> None:
    parts = environment("badbuzz.reports").get_template("parts.jinja").module
    table = str(parts.table(["<b>"], [["<i>", 1]], "a & b", "<i>"))  # type: ignore[attr-defined]
    assert '<th scope="col">&lt;b&gt;</th>' in table
    assert '<tr class="chosen"><th scope="row">&lt;i&gt;</th><td>1</td></tr>' in table
    assert 'aria-label="a &amp; b"' in table


def test_a_missing_value_is_an_error() -> None:
    made = environment("badbuzz.reports").from_string("{{ figures }}")
    with pytest.raises(UndefinedError, match="figures"):
        made.render()
