"""HTML tables that fit a telephone; the first column is the row's header."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

import streamlit as st

from dashboards.front.parts.theme import LINE, QUIET_INK

_STYLE: Final = f"""<style>
.bb-table {{ border-collapse: collapse; width: 100%; font-size: .9375rem; }}
.bb-table th, .bb-table td {{ padding: .35rem .5rem .35rem 0; text-align: left; font-weight: 400;
  vertical-align: top; overflow-wrap: break-word; hyphens: auto; border-bottom: 1px solid {LINE}; }}
.bb-table thead th {{ color: {QUIET_INK}; font-size: .875rem; }}
@media (max-width: 640px) {{ .bb-table, .bb-table thead th {{ font-size: .8125rem; }} }}
</style>"""


def draw(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Draw a table."""
    st.html(_STYLE + made(heads, rows))


def made(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table as HTML.

    Examples
    --------
    >>> made(["Brand"], [["A&B"]]).partition("<tbody>")[2]
    '<tr><th scope="row">A&amp;B</th></tr></tbody></table>'
    """
    head = "".join(f'<th scope="col">{escape(one)}</th>' for one in heads)
    body = "".join(_row(row) for row in rows)
    return f'<table class="bb-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _row(cells: Sequence[str]) -> str:
    first, *others = map(escape, cells)
    return "".join(
        ['<tr><th scope="row">', first, "</th>", *(f"<td>{one}</td>" for one in others), "</tr>"]
    )
