"""What a tweet of the simulation says: a grammar's sentence, typed the way people type."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

from producers.airlines import LANGUAGES, OTHERS, OTHERS_SHARE, Airline
from producers.grammar import Dice, Grammar, read_rules
from producers.incidents import CRISES, Incident

MOODS: Final = ("negative", "neutral", "positive")

_EMOJI: Final = {
    "negative": ("😡", "🤬", "😤", "🙄", "😠", "👎", "😒", "😭", "😡😡", "🤦"),
    "neutral": ("✈️", "🤔", "🙂", "🧳", "👀"),
    "positive": ("😍", "👏", "🙏", "❤️", "😊", "✈️", "🎉", "👍", "😁", "💙"),
}
_EMOJI_SHARE: Final = {"negative": 0.12, "neutral": 0.06, "positive": 0.25}
_LETTERS: Final = "abcdefghijkmnpqrstuvwxyz23456789"
_OWN_WORDS: Final = 0.8
"""Share of an incident's tweets that speak of it; the others are like any day's."""


@cache
def grammar(lang: str) -> Grammar:
    """The grammar of a language."""
    file = files("producers").joinpath("words", f"{lang}.txt")
    return Grammar(read_rules(file.read_text(encoding="utf-8")))


class Chatter:
    """Composes tweets.

    Parameters
    ----------
    dice
        What decides.
    languages
        Languages to write, of :data:`producers.airlines.LANGUAGES`.
    """

    def __init__(self, dice: Dice, languages: tuple[str, ...] = LANGUAGES) -> None:
        self._dice = dice
        self._languages = languages
        self._stories: dict[Incident, dict[str, str]] = {}

    def language(self, part: Airline) -> str:
        """The language of a brand's next tweet."""
        dice = self._dice
        if dice.chance(OTHERS_SHARE):
            return dice.pick(OTHERS)
        weights = [part.languages.get(lang, 0.0) for lang in self._languages]
        mark = dice.roll() * (sum(weights) or 1.0)
        for lang, weight in zip(self._languages, weights, strict=True):
            mark -= weight
            if mark < 0:
                return lang
        return self._languages[0]

    def text(self, part: Airline, lang: str, mood: str, incident: Incident | None = None) -> str:
        """A tweet's text.

        Parameters
        ----------
        part
            Whom it is about.
        lang
            One that :meth:`language` gives.
        mood
            One of :data:`MOODS`.
        incident
            What made somebody write it, or None.
        """
        dice = self._dice
        context = {"code": part.code, "name": part.brand, "handle": part.handle}
        symbol = mood
        if incident is not None and lang in LANGUAGES and self._speaks_of(incident):
            symbol = _symbol(incident, mood)
            context.update(self._story(incident, part))
        body = grammar(lang).text(symbol, dice, context)
        if incident is not None and incident.kind == "retweet_storm":
            return body
        return self._typed(body, part, mood)

    def _speaks_of(self, incident: Incident) -> bool:
        return incident.kind == "retweet_storm" or self._dice.chance(_OWN_WORDS)

    def _story(self, incident: Incident, part: Airline) -> dict[str, str]:
        """What stays the same in all that is said of one incident."""
        if incident not in self._stories:
            dice = self._dice
            story = {
                "storm_who": dice.pick(("Anna", "Marc", "Helena", "Luis", "Inès", "Peter")),
                "storm_city": dice.pick(("Nice", "Madrid", "Berlin", "Boston")),
            }
            if incident.kind == "viral_video":
                story["flight"] = f"{part.code}{100 + dice.index(900)}"
            if incident.kind in ("delay", "lost_luggage"):
                story["airport"] = dice.pick(("CDG", "JFK", "MAD", "BER"))
            self._stories[incident] = story
        return self._stories[incident]

    def _typed(self, body: str, part: Airline, mood: str) -> str:
        dice = self._dice
        if dice.chance(0.2):
            body = body.lower()
        elif dice.chance(0.6):
            body = body[:1].upper() + body[1:]
        if dice.chance(0.04):
            body = _slipped(body, dice)
        if dice.chance(_EMOJI_SHARE[mood]):
            body = f"{body} {dice.pick(_EMOJI[mood])}"
        if dice.chance(0.04):
            code = "".join(dice.pick(_LETTERS) for _ in range(8))
            body = f"{body} https://pic.example/{code}"
        return body if part.handle in body else _addressed(body, part, dice)


def _symbol(incident: Incident, mood: str) -> str:
    kind = incident.kind
    return f"crisis_{kind}" if kind in CRISES else f"benign_{kind}_{mood}"


def _addressed(body: str, part: Airline, dice: Dice) -> str:
    roll = dice.roll()
    if roll < 0.65:
        return f"{part.handle} {body}"
    if roll < 0.88:
        return f"{body} {part.handle}"
    return f"{body} #{part.handle[1:]}"


def _slipped(body: str, dice: Dice) -> str:
    """Two neighbouring letters of a longer word changed places."""
    words = body.split(" ")
    at = dice.index(len(words))
    word = words[at]
    if len(word) >= 5 and word.isalpha():
        cut = 1 + dice.index(len(word) - 3)
        words[at] = word[:cut] + word[cut + 1] + word[cut] + word[cut + 2 :]
    return " ".join(words)
