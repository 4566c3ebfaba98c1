"""What pages share of their looks."""

from __future__ import annotations

from html import escape
from typing import Final

import streamlit as st

from dashboards.front.words import Words

_STYLE: Final = """<style>
.stMainBlockContainer { padding-top: 4.5rem; padding-bottom: 3rem; max-width: 76rem; }
@media (max-width: 640px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
</style>"""

_PAGES: Final = "pages"


def know_pages(pages: dict[str, st.Page]) -> None:
    """Note the pages by path, for links from one to another."""
    st.session_state[_PAGES] = pages


def page(path: str) -> st.Page:
    """The page of a path."""
    found: st.Page = st.session_state[_PAGES][path]
    return found


def dress(words: Words) -> None:
    """Style the page, and say in which language it is."""
    st.html(_STYLE)
    language = escape(words.language)
    st.html(
        f"<script>document.documentElement.lang = '{language}'</script>",
        unsafe_allow_javascript=True,
    )
