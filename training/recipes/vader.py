"""VADER, the rule-based judge of English that needs no training, for comparison."""

from __future__ import annotations

from typing import Final

import numpy as np
from sklearn.metrics import roc_auc_score
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from training.datasets.rows import Rows

NEGATIVE: Final = -0.05
"""Its authors' threshold: at or below it a text is negative (Hutto and Gilbert 2014)."""


def vader_quality(rows: Rows) -> dict[str, float]:
    """VADER's accuracy and AUC on rows."""
    analyser = SentimentIntensityAnalyzer()
    compound = np.array([analyser.polarity_scores(text)["compound"] for text in rows.texts])
    right = (compound <= NEGATIVE) == rows.negative
    return {
        "accuracy": round(float(right.mean()), 4),
        "auc": round(float(roc_auc_score(rows.negative, -compound)), 4),
    }
