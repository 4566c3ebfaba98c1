"""The hourly profiles of six brands: aggregated figures, no tweets.

``profiles.json`` holds negative and other tweets in five minutes by hour of the day (UTC) to six
US airlines on quiet days of 17-24 February 2015, smoothed; aggregated from Twitter US Airline
Sentiment (Crowdflower 2015, CC BY-NC-SA 4.0) by its human labels.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Profile:
    """Tweets in five minutes by hour of the day: negative ones, and the others."""

    negative: npt.NDArray[np.float64]
    other: npt.NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Negatives in five minutes, over the day."""
        return float(self.negative.mean())

    @property
    def active(self) -> frozenset[int]:
        """Hours with at least the day's mean of negatives."""
        return frozenset(np.flatnonzero(self.negative >= self.negative.mean()).tolist())


def _read() -> dict[str, Profile]:
    path = Path(__file__).with_name("profiles.json")
    airlines = json.loads(path.read_text(encoding="utf-8"))["airlines"]
    return {
        name: Profile(np.array(hourly["negative"]), np.array(hourly["other"]))
        for name, hourly in airlines.items()
    }


PROFILES: Final = _read()
