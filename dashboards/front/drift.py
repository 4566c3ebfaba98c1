"""Measure the drift of the newest sampled scores from a bundle's reference."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

import streamlit as st

from badbuzz.features.drift import (
    MIN_TWEETS,
    DriftReference,
    count_scores,
    population_stability_index,
)
from dashboards.front.cached_queries import CACHED
from dashboards.front.client import Client
from dashboards.responses import ServingBundle

SHIFT: Final = 0.2
"""Population stability index above which the scores have drifted."""
_MOST: Final = 5000
_MOST_OF_BRAND: Final = 1000


@st.cache_data(ttl=300, **CACHED)
def recent_scores(client: Client) -> dict[str, list[float]]:
    """Return the scores of each brand's newest sampled tweets, by bundle."""
    brands = client.brands()
    limit = min(_MOST_OF_BRAND, _MOST // max(1, len(brands)) + 1)
    scores: dict[str, list[float]] = defaultdict(list)
    for one in brands:
        for tweet in client.tweets(one.brand, "newest", 0, None, limit):
            if tweet.score is not None:
                scores[tweet.bundle].append(tweet.score)
    return dict(scores)


def drift(serving: ServingBundle, scores: list[float]) -> float | None:
    """Return the population stability index of scores against the bundle's reference.

    It is None for too few scores, and for a bundle whose card has no reference.

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
