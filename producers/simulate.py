"""Simulated tweets about airlines with known incidents, all derived from one seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from badbuzz.model import Tweet
from badbuzz.recordings.ids import make_id
from producers.airlines import LANGUAGES, Airline
from producers.daily_profile import BUCKET_MS, DailyProfile
from producers.grammar import Dice
from producers.incidents import CRISES, SimulatedIncident
from producers.tweet_generator import TweetGenerator

SOURCE: Final = "simulate"
TWEETS_PER_DAY: Final = 2_500
_BUCKETS_PER_DAY: Final = 288
_POSITIVE_SHARE: Final = 0.45
"""Share of positive tweets among those that are not negative."""

_SYMPATHY: Final = 0.15
"""Increase of other tweets in a crisis, relative to the increase of negative ones."""

_BENIGN_NEGATIVES: Final = {"fare_sale": 0.5, "new_route": 0.3, "retweet_storm": 0.0}
"""Increase of negative tweets in a benign surge, relative to all; keeps the rate from rising."""


@dataclass(frozen=True, slots=True)
class SimulatedTweet:
    """A simulated tweet and its mood, which is its ground truth."""

    tweet: Tweet
    mood: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """A simulation: brands, period and incidents.

    Parameters
    ----------
    airlines
        Brands of the simulation.
    start_ms, n_days
        Start of the event time, Unix ms, and number of days, > 0.
    incidents
        Crises and benign surges.
    seed
        Random seed; the same seed gives the same tweets.
    tweets_per_day
        Expected tweets of an average brand per day outside incidents.
    languages
        Languages of the tweets, from :data:`producers.airlines.LANGUAGES`.

    Examples
    --------
    >>> from producers.airlines import build_airlines
    >>> quiet = Simulation(build_airlines(1), start_ms=0, n_days=1, incidents=(), seed=1)
    >>> tweets = [written.tweet for written in quiet.run()]
    >>> tweets[0].brand, tweets == [written.tweet for written in quiet.run()]
    ('Air Paradis', True)
    """

    airlines: Sequence[Airline]
    start_ms: int
    n_days: float
    incidents: Sequence[SimulatedIncident]
    seed: int
    tweets_per_day: float = TWEETS_PER_DAY
    languages: tuple[str, ...] = LANGUAGES

    @property
    def end_ms(self) -> int:
        """End of the simulation in event time, Unix ms, exclusive."""
        return self.start_ms + round(self.n_days * _BUCKETS_PER_DAY) * BUCKET_MS

    def run(self) -> Iterator[SimulatedTweet]:
        """Yield the tweets in time order, numbered from 0; memory use is constant."""
        *streams, counts, words = np.random.SeedSequence(self.seed).spawn(len(self.airlines) + 2)
        all_rates = [
            _BrandRates(
                airline,
                DailyProfile(airline.zone, np.random.default_rng(stream)),
                [incident for incident in self.incidents if incident.brand == airline.brand],
            )
            for airline, stream in zip(self.airlines, streams, strict=True)
        ]
        rng = np.random.default_rng(counts)
        dice = Dice(np.random.default_rng(words))
        writer = _TweetWriter(TweetGenerator(dice, self.languages), dice, self.seed)
        mean = self.tweets_per_day / _BUCKETS_PER_DAY
        for start_ms in range(self.start_ms, self.end_ms, BUCKET_MS):
            due: list[tuple[int, int, _BrandRates, bool, SimulatedIncident | None]] = []
            for rates in all_rates:
                for negative, incident, expected in rates.expected(start_ms, mean):
                    for _ in range(int(rng.poisson(expected))):
                        at_ms = start_ms + dice.index(BUCKET_MS)
                        due.append((at_ms, len(due), rates, negative, incident))
            due.sort(key=lambda each: each[:2])
            for at_ms, _, rates, negative, incident in due:
                yield writer.write(rates.airline, at_ms, negative, incident)


@dataclass(frozen=True, slots=True)
class _BrandRates:
    airline: Airline
    profile: DailyProfile
    incidents: list[SimulatedIncident]

    def expected(
        self, start_ms: int, mean: float
    ) -> Iterator[tuple[bool, SimulatedIncident | None, float]]:
        """Yield (negative, incident, expected tweets) of the next bucket."""
        usual, negative_noise, other_noise = self.profile.step(start_ms)
        usual *= mean * self.airline.loudness
        negative = usual * self.airline.negative_rate
        other = usual - negative
        yield True, None, negative * negative_noise
        yield False, None, other * other_noise
        for incident in self.incidents:
            more = (incident.magnitude - 1) * incident.strength(start_ms + BUCKET_MS // 2)
            if more <= 0:
                continue
            if incident.kind in CRISES:
                yield True, incident, negative * more
                yield False, None, other * more * _SYMPATHY
            else:
                complaints = negative * more * _BENIGN_NEGATIVES[incident.kind]
                yield True, None, complaints
                yield False, incident, usual * more - complaints


class _TweetWriter:
    """Create the tweets one by one."""

    def __init__(self, generator: TweetGenerator, dice: Dice, seed: int) -> None:
        self._generator = generator
        self._dice = dice
        self._seed = seed
        self._seq = 0

    def write(
        self, airline: Airline, at_ms: int, negative: bool, incident: SimulatedIncident | None
    ) -> SimulatedTweet:
        dice = self._dice
        lang = self._generator.language(airline)
        if incident is not None and incident.kind == "retweet_storm":
            mood = "positive"
        elif negative:
            mood = "negative"
        else:
            mood = "positive" if dice.chance(_POSITIVE_SHARE) else "neutral"
        seq = self._seq
        self._seq += 1
        text = self._generator.text(airline, lang, mood, incident)
        tweet = Tweet(
            id=make_id(f"s{self._seed}", seq, airline.brand, at_ms, text),
            brand=airline.brand,
            text=text,
            created_ms=at_ms,
            produced_ms=at_ms,
            seq=seq,
            source=SOURCE,
            lang=lang,
            author=f"{dice.index(1 << 48):012x}",
            n_retweets=max(int((1.0 - dice.roll()) ** -0.7) - 1, 0),
        )
        return SimulatedTweet(tweet, mood)
