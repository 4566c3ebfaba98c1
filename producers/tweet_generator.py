"""Texts of simulated tweets: a sentence from a grammar, with emoji, typos and links."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from producers.airlines import LANGUAGES, OTHERS, OTHERS_SHARE, Airline
from producers.grammar import Dice, Grammar, read_rules
from producers.incidents import CRISES, SimulatedIncident

MOODS: Final = ("negative", "neutral", "positive")

_EMOJI: Final = {
    "negative": ("😡", "🤬", "😤", "🙄", "😠", "👎", "😒", "😭", "😡😡", "🤦"),
    "neutral": ("✈️", "🤔", "🙂", "🧳", "👀"),
    "positive": ("😍", "👏", "🙏", "❤️", "😊", "✈️", "🎉", "👍", "😁", "💙"),
}
_EMOJI_SHARE: Final = {"negative": 0.12, "neutral": 0.06, "positive": 0.25}
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_MENTION_SHARE: Final = 0.8
"""Share of an incident's tweets that mention it; the others use the everyday grammar."""


@cache
def load_grammar(lang: str) -> Grammar:
    """Load the grammar of a language."""
    file = files("producers").joinpath("words", f"{lang}.txt")
    return Grammar(read_rules(file.read_text(encoding="utf-8")))


class TweetGenerator:
    """Generate texts of tweets.

    Parameters
    ----------
    dice
        Source of random numbers.
    languages
        Languages of the tweets, from :data:`producers.airlines.LANGUAGES`.
    """

    def __init__(self, dice: Dice, languages: tuple[str, ...] = LANGUAGES) -> None:
        self._dice = dice
        self._languages = languages
        self._stories: dict[SimulatedIncident, dict[str, str]] = {}

    def language(self, airline: Airline) -> str:
        """Return a random language for a brand's tweet, by the brand's weights."""
        dice = self._dice
        if dice.chance(OTHERS_SHARE):
            return dice.pick(OTHERS)
        weights = [airline.languages.get(lang, 0.0) for lang in self._languages]
        mark = dice.roll() * (sum(weights) or 1.0)
        for lang, weight in zip(self._languages, weights, strict=True):
            mark -= weight
            if mark < 0:
                return lang
        return self._languages[0]

    def text(
        self, airline: Airline, lang: str, mood: str, incident: SimulatedIncident | None = None
    ) -> str:
        """Return a random text.

        Parameters
        ----------
        airline
            Airline that the tweet is about.
        lang
            Language, as :meth:`language` returns it.
        mood
            Mood of the tweet, one of :data:`MOODS`.
        incident
            Incident that caused the tweet; None for an everyday tweet.
        """
        dice = self._dice
        context = {"code": airline.code, "name": airline.brand, "handle": airline.handle}
        symbol = mood
        if incident is not None and lang in LANGUAGES and self._mentions(incident):
            symbol = _symbol(incident, mood)
            context.update(self._story(incident, airline))
        body = load_grammar(lang).text(symbol, dice, context)
        if incident is not None and incident.kind == "retweet_storm":
            return body
        return self._decorated(body, airline, mood)

    def _mentions(self, incident: SimulatedIncident) -> bool:
        return incident.kind == "retweet_storm" or self._dice.chance(_MENTION_SHARE)

    def _story(self, incident: SimulatedIncident, airline: Airline) -> dict[str, str]:
        """Return the values that all tweets about one incident share."""
        if incident not in self._stories:
            dice = self._dice
            story = {
                "storm_who": dice.pick(("Anna", "Marc", "Helena", "Luis", "Inès", "Peter")),
                "storm_city": dice.pick(("Nice", "Madrid", "Berlin", "Boston")),
            }
            if incident.kind == "viral_video":
                story["flight"] = f"{airline.code}{100 + dice.index(900)}"
            if incident.kind in ("delay", "lost_luggage"):
                story["airport"] = dice.pick(("CDG", "JFK", "MAD", "BER"))
            self._stories[incident] = story
        return self._stories[incident]

    def _decorated(self, body: str, airline: Airline, mood: str) -> str:
        dice = self._dice
        if dice.chance(0.2):
            body = body.lower()
        elif dice.chance(0.6):
            body = body[:1].upper() + body[1:]
        if dice.chance(0.04):
            body = _with_typo(body, dice)
        if dice.chance(_EMOJI_SHARE[mood]):
            body = f"{body} {dice.pick(_EMOJI[mood])}"
        if dice.chance(0.04):
            code = "".join(dice.pick(_LETTERS) for _ in range(8))
            body = f"{body} https://pic.example/{code}"
        return body if airline.handle in body else _with_handle(body, airline, dice)


def _symbol(incident: SimulatedIncident, mood: str) -> str:
    kind = incident.kind
    return f"crisis_{kind}" if kind in CRISES else f"benign_{kind}_{mood}"


def _with_handle(body: str, airline: Airline, dice: Dice) -> str:
    roll = dice.roll()
    if roll < 0.65:
        return f"{airline.handle} {body}"
    if roll < 0.88:
        return f"{body} {airline.handle}"
    return f"{body} #{airline.handle[1:]}"


def _with_typo(body: str, dice: Dice) -> str:
    """Swap two neighbouring letters of a longer word."""
    words = body.split(" ")
    at = dice.index(len(words))
    word = words[at]
    if len(word) >= 5 and word.isalpha():
        cut = 1 + dice.index(len(word) - 3)
        words[at] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    return " ".join(words)
