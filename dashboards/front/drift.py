"""How far the newest sampled tweets are from those that a bundle was measured on."""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final

import streamlit as st

from badbuzz.features.drift import (
    MIN_TWEETS,
    DriftReference,
    count_scores,
    population_stability_index,
)
from dashboards.front.client import Client
from dashboards.responses import ServingBundle

SHIFT: Final = 0.2
"""A stability index above it is a shift."""
_MOST: Final = 5000
_MOST_OF_BRAND: Final = 1000
_HASHED: Final[dict[Any, Any]] = {Client: lambda client: client.identity}


@st.cache_data(ttl=300, show_spinner=False, hash_funcs=_HASHED)
def recent_scores(client: Client) -> dict[str, list[float]]:
    """Scores of the newest sampled tweets, some of every brand, by the bundle that gave them."""
    brands = client.brands()
    limit = min(_MOST_OF_BRAND, _MOST // max(1, len(brands)) + 1)
    found: dict[str, list[float]] = defaultdict(list)
    for one in brands:
        for tweet in client.tweets(one.brand, "newest", from_ms=0, limit=limit):
            if tweet.score is not None:
                found[tweet.bundle].append(tweet.score)
    return dict(found)


def drift(serving: ServingBundle, scores: list[float]) -> float | None:
    """The population stability index of some scores; None where it would say nothing.

    That is so of few scores, and of a bundle whose card has no reference.

    Examples
    --------
    >>> card = {"reference": {"scores": [60, 0, 0, 0, 0, 0, 0, 0, 0, 40]}}
    >>> serving = ServingBundle("b@1", 0.5, None, card)
    >>> round(drift(serving, [0.01] * 600 + [0.99] * 400), 2), drift(serving, [0.5])
    (0.08, None)
    """
    reference = DriftReference.from_card(serving.card)
    if reference is None or len(scores) < MIN_TWEETS:
        return None
    return population_stability_index(count_scores(scores), reference.scores)
