"""Airline chatter with known crises: every tweet and every incident from one seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from badbuzz.model import Tweet
from producers.airlines import LANGUAGES, Airline
from producers.daily_profile import BUCKET_MS, Rhythm
from producers.grammar import Dice
from producers.incidents import CRISES, Incident
from producers.tweet_generator import Chatter

SOURCE: Final = "simulate"
TWEETS_PER_DAY: Final = 2_500
_BUCKETS_PER_DAY: Final = 288
_POSITIVE_SHARE: Final = 0.45
"""Of the tweets that are not negative."""

_SYMPATHY: Final = 0.15
"""How much a crisis raises the tweets that are not negative, beside those that are."""

_BENIGN_NEGATIVES: Final = {"fare_sale": 0.5, "new_route": 0.3, "retweet_storm": 0.0}
"""How much of a benign surge also falls on the negative tweets: the rate does not rise."""


@dataclass(frozen=True, slots=True)
class Written:
    """A simulated tweet, and the mood it was written in: its truth."""

    tweet: Tweet
    mood: str


@dataclass(frozen=True, slots=True)
class Simulation:
    """What to simulate.

    Parameters
    ----------
    parts
        The brands.
    start_ms, n_days
        When, in event time.
    incidents
        What happens.
    seed
        The same one gives the same tweets.
    tweets_per_day
        Of a brand, on average.
    languages
        Languages to write, of :data:`producers.airlines.LANGUAGES`.

    Examples
    --------
    >>> from producers.airlines import cast
    >>> quiet = Simulation(cast(1), start_ms=0, n_days=1, incidents=(), seed=1)
    >>> tweets = [written.tweet for written in quiet.run()]
    >>> tweets[0].brand, tweets == [written.tweet for written in quiet.run()]
    ('Air Paradis', True)
    """

    parts: Sequence[Airline]
    start_ms: int
    n_days: float
    incidents: Sequence[Incident]
    seed: int
    tweets_per_day: float = TWEETS_PER_DAY
    languages: tuple[str, ...] = LANGUAGES

    @property
    def end_ms(self) -> int:
        """Where it ends, in event time."""
        return self.start_ms + round(self.n_days * _BUCKETS_PER_DAY) * BUCKET_MS

    def run(self) -> Iterator[Written]:
        """The tweets in time order, numbered from 0; memory does not grow with their number."""
        *streams, counts, words = np.random.SeedSequence(self.seed).spawn(len(self.parts) + 2)
        voices = [
            _Voice(part, Rhythm(part.zone, np.random.default_rng(stream)), self._of(part))
            for part, stream in zip(self.parts, streams, strict=True)
        ]
        rng = np.random.default_rng(counts)
        dice = Dice(np.random.default_rng(words))
        author = _Author(Chatter(dice, self.languages), dice, self.seed)
        mean = self.tweets_per_day / _BUCKETS_PER_DAY
        for start_ms in range(self.start_ms, self.end_ms, BUCKET_MS):
            due: list[tuple[int, int, _Voice, bool, Incident | None]] = []
            for voice in voices:
                for negative, incident, expected in voice.expected(start_ms, mean):
                    for _ in range(int(rng.poisson(expected))):
                        at_ms = start_ms + dice.index(BUCKET_MS)
                        due.append((at_ms, len(due), voice, negative, incident))
            due.sort(key=lambda each: each[:2])
            for at_ms, _, voice, negative, incident in due:
                yield author.write(voice.part, at_ms, negative, incident)

    def _of(self, part: Airline) -> list[Incident]:
        return [incident for incident in self.incidents if incident.brand == part.brand]


@dataclass(frozen=True, slots=True)
class _Voice:
    part: Airline
    rhythm: Rhythm
    incidents: list[Incident]

    def expected(self, start_ms: int, mean: float) -> Iterator[tuple[bool, Incident | None, float]]:
        """Mean number of the next bucket's tweets, by whether negative and by what made them."""
        usual, negative_noise, other_noise = self.rhythm.step(start_ms)
        usual *= mean * self.part.loudness
        negative = usual * self.part.negative_rate
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


class _Author:
    """Writes the tweets, one after another."""

    def __init__(self, chatter: Chatter, dice: Dice, seed: int) -> None:
        self._chatter = chatter
        self._dice = dice
        self._seed = seed
        self._seq = 0

    def write(
        self, part: Airline, at_ms: int, negative: bool, incident: Incident | None
    ) -> Written:
        dice = self._dice
        lang = self._chatter.language(part)
        if incident is not None and incident.kind == "retweet_storm":
            mood = "positive"
        elif negative:
            mood = "negative"
        else:
            mood = "positive" if dice.chance(_POSITIVE_SHARE) else "neutral"
        seq = self._seq
        self._seq += 1
        tweet = Tweet(
            id=f"s{self._seed}-{seq}",
            brand=part.brand,
            text=self._chatter.text(part, lang, mood, incident),
            created_ms=at_ms,
            produced_ms=at_ms,
            seq=seq,
            source=SOURCE,
            lang=lang,
            author=f"{dice.index(1 << 48):012x}",
            n_retweets=max(int((1.0 - dice.roll()) ** -0.7) - 1, 0),
        )
        return Written(tweet, mood)
