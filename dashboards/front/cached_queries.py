"""What several tabs ask at once is asked once: answers that are kept for a moment."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from badbuzz.store.model import AlertHistory, SampledTweet, TweetOrder, WindowSum
from dashboards.front.brand_status import Movement
from dashboards.front.client import Client
from dashboards.responses import BrandStatus, PeriodTerms


def _identity(client: Client) -> tuple[str, str]:
    return client.identity


_KEPT: Final[dict[str, Any]] = {
    "show_spinner": False,
    "max_entries": 1000,
    "hash_funcs": {Client: _identity},
}


@st.cache_data(ttl=0.9, **_KEPT)
def standings(client: Client) -> list[BrandStatus]:
    """Every brand, as it stands now."""
    return client.brands()


@st.cache_data(ttl=60, **_KEPT)
def windows(client: Client, brand: str, from_ms: int, to_ms: int, step_ms: int) -> list[WindowSum]:
    """A brand's windows; those that are closed do not change."""
    return client.windows(brand, from_ms, to_ms, step_ms)


@st.cache_data(ttl=5, **_KEPT)
def tweets(
    client: Client, brand: str, order: TweetOrder, from_ms: int, to_ms: int, limit: int
) -> list[SampledTweet]:
    """A brand's sampled tweets."""
    return client.tweets(brand, order, from_ms, to_ms, limit)


@st.cache_data(ttl=0.9, **_KEPT)
def alerts(client: Client, brand: str | None, phase: str) -> tuple[AlertHistory, ...]:
    """The newest alerts of a phase."""
    return client.alerts(brand, phase, limit=100).items


@st.cache_data(ttl=5, **_KEPT)
def alert(client: Client, alert_id: str) -> AlertHistory:
    """An alert and what became of it."""
    return client.alert(alert_id)


@st.cache_data(ttl=5, **_KEPT)
def terms(client: Client, brand: str, from_ms: int, to_ms: int) -> PeriodTerms:
    """What a period's negatives are about."""
    return client.terms(brand, from_ms, to_ms)


@st.cache_resource(show_spinner=False)
def movement(url: str) -> Movement:  # noqa: ARG001
    """When the brands of the API at an address were seen to move."""
    return Movement()
