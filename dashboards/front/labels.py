"""Ask the API for scores and uncertain tweets, and send labels."""

from __future__ import annotations

from typing import Any, Final

from badbuzz.messages.translator import Translator
from badbuzz.store.model import FeedbackSource, SampledTweet
from dashboards.front.client import Client, decode
from dashboards.responses import ExplainedScoreResponse, ExplainedText, FeedbackReceipt

_SURE: Final = 0.99


def probability(score: float, t: Translator) -> str:
    """Return a score in percent, at least "< 1 %" and at most "> 99 %".

    Examples
    --------
    >>> probability(0.634, Translator("en")), probability(0.9995, Translator("en"))
    ('63\\xa0%', '> 99\\xa0%')
    """
    if score > _SURE:
        return f"> {t.percent(_SURE)}"
    return f"< {t.percent(1 - _SURE)}" if score < 1 - _SURE else t.percent(score)


def explain_score(client: Client, text: str, lang: str) -> ExplainedText | None:
    """Return the prediction for a text with its explanation; None if no bundle has the language."""
    body = {"texts": [{"text": text, "lang": lang}], "explain": True}
    (explained,) = decode(ExplainedScoreResponse, client.post("/score", body)).verdicts
    return explained


def send_label(
    client: Client, key: str, negative: bool, source: FeedbackSource, **about: Any
) -> FeedbackReceipt:
    """Send a label of a text: negative (True) or not (False).

    Parameters
    ----------
    key
        Idempotency key: a label that is sent twice under one key counts once.
    about
        Further fields of ``POST /feedback``: ``tweet_id``, or ``text`` and its prediction.
    """
    body = {"right": negative, "source": source, **about}
    return decode(FeedbackReceipt, client.post("/feedback", body, Idempotency_Key=key))


def uncertain_tweets(
    client: Client, lang: str | None, brand: str | None, limit: int
) -> list[SampledTweet]:
    """Return unlabelled tweets, those with the least certain prediction first."""
    items = client.get("/labelling", lang=lang, brand=brand, limit=limit)
    return [decode(SampledTweet, item) for item in items]


def served_languages(client: Client) -> list[str]:
    """Return the languages that have a bundle, sorted."""
    return [models.language for models in client.models().languages if models.serving]
