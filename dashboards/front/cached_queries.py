"""Cache answers of the API for a moment, so that several tabs share one request."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from badbuzz.store.model import AlertHistory, SampledTweet, TweetOrder, WindowSum
from dashboards.front.brand_status import Movement
from dashboards.front.client import Client
from dashboards.responses import BrandStatus, PeriodTerms

CACHED: Final[dict[str, Any]] = {
    "show_spinner": False,
    "max_entries": 1000,
    "hash_funcs": {Client: lambda client: client.identity},
}


@st.cache_data(ttl=0.9, **CACHED)
def statuses(client: Client) -> list[BrandStatus]:
    """Return every brand with its last window and open alert."""
    return client.brands()


@st.cache_data(ttl=60, **CACHED)
def windows(client: Client, brand: str, from_ms: int, to_ms: int, step_ms: int) -> list[WindowSum]:
    """Return a brand's windows; a closed window does not change."""
    return client.windows(brand, from_ms, to_ms, step_ms)


@st.cache_data(ttl=5, **CACHED)
def tweets(
    client: Client, brand: str, order: TweetOrder, from_ms: int, to_ms: int, limit: int
) -> list[SampledTweet]:
    """Return a brand's sampled tweets."""
    return client.tweets(brand, order, from_ms, to_ms, limit)


@st.cache_data(ttl=0.9, **CACHED)
def alerts(client: Client, brand: str | None, phase: str) -> tuple[AlertHistory, ...]:
    """Return the newest alerts of a phase."""
    return client.alerts(brand, 100, phase=phase).items


@st.cache_data(ttl=5, **CACHED)
def alert(client: Client, alert_id: str) -> AlertHistory:
    """Return an alert with its phases and rulings."""
    return client.alert(alert_id)


@st.cache_data(ttl=5, **CACHED)
def terms(client: Client, brand: str, from_ms: int, to_ms: int) -> PeriodTerms:
    """Return the terms over-represented in a period's negative tweets."""
    return client.terms(brand, from_ms, to_ms)


@st.cache_resource(show_spinner=False)
def movement(url: str) -> Movement:  # noqa: ARG001
    """Return the one :class:`Movement` of an API URL."""
    return Movement()
