"""What models and people say of a text, asked of the API."""

from __future__ import annotations

from typing import Any, Final

from badbuzz.messages.translator import Translator
from badbuzz.store.model import FeedbackSource, SampledTweet
from dashboards.front.client import Client
from dashboards.front.decoding import decode
from dashboards.responses import FeedbackReceipt, ScoredText

_SURE: Final = 0.99


def probability(score: float, t: Translator) -> str:
    """A score in percent; nothing is ever certain.

    Examples
    --------
    >>> probability(0.634, Translator("en")), probability(0.9995, Translator("en"))
    ('63\\xa0%', '> 99\\xa0%')
    """
    if score > _SURE:
        return f"> {t.percent(_SURE)}"
    return f"< {t.percent(1 - _SURE)}" if score < 1 - _SURE else t.percent(score)


def explain_score(client: Client, text: str, lang: str) -> ScoredText | None:
    """What a bundle says of a text, and why; None where none reads the language."""
    asked = {"texts": [{"text": text, "lang": lang}], "explain": True}
    (verdict,) = client.post("/score", asked)["verdicts"]
    return None if verdict is None else decode(ScoredText, verdict)


def send_label(
    client: Client, key: str, right: bool, source: FeedbackSource, **about: Any
) -> FeedbackReceipt:
    """Say what a text is: negative (True) or not.

    Parameters
    ----------
    key
        Sent twice under one, it counts once.
    about
        ``tweet_id``, or ``text`` with what was shown of it: fields of ``POST /feedback``.
    """
    body = {"right": right, "source": source, **about}
    return decode(FeedbackReceipt, client.post("/feedback", body, Idempotency_Key=key))


def uncertain_tweets(
    client: Client, lang: str | None, brand: str | None, limit: int
) -> list[SampledTweet]:
    """The tweets whose label is least certain, that nobody has judged."""
    found = client.get("/labelling", lang=lang, brand=brand, limit=limit)
    return [decode(SampledTweet, one) for one in found]


def served_languages(client: Client) -> list[str]:
    """The languages that a bundle reads, sorted."""
    return [one["language"] for one in client.get("/models")["languages"] if one["serving"]]
