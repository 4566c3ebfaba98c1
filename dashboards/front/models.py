"""The page *models*."""

from __future__ import annotations

import streamlit as st

from dashboards.front.client import Client
from dashboards.front.words import Words


def show(client: Client, words: Words) -> None:  # noqa: ARG001
    """Draw the page, below its heading."""
    st.write(words("soon"))
