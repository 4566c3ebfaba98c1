"""The bodies and parameters of requests, as pydantic types."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
    model_validator,
)

from badbuzz.model import MAX_MS
from badbuzz.recordings.times import parse_time
from badbuzz.wire import MAX_BYTES

MAX_TEXTS: Final = 1000
MAX_EXPLAINED: Final = 20
_MAX_UNKNOWN: Final = 4
_PRINTABLE: Final = r"^[^\x00-\x1f\x7f]+$"
_NO_NUL: Final = r"^[^\x00]*$"


def _check_length(text: str) -> str:
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(f"at most {MAX_BYTES} bytes of UTF-8")
    return text


def parse_instant(text: str) -> int:
    """Return an instant of a request as Unix milliseconds.

    Parameters
    ----------
    text
        Unix milliseconds, or ISO 8601 with an offset, whose ``+`` URL decoding may have turned
        into a space.

    Raises
    ------
    ValueError
        When it is neither.

    Examples
    --------
    >>> parse_instant("1424159328849"), parse_instant("2015-02-17T08:48:48.849 01:00")
    (1424159328849, 1424159328849)
    """
    if text.isascii() and text.isdecimal():
        if len(text) > 13 or int(text) >= MAX_MS:
            raise ValueError(f"{text[:20]!r} is out of range for Unix milliseconds")
        return int(text)
    date, _, clock = text.partition("T")
    return parse_time(f"{date}T{clock.replace(' ', '+')}" if clock else text)


_INSTANT_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "exclusiveMaximum": MAX_MS},
        {"type": "string", "format": "date-time"},
    ]
}

Name = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_PRINTABLE)]
Label = Annotated[str, StringConstraints(max_length=200, pattern=_NO_NUL)]
Lang = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
"""A primary language subtag of BCP 47."""
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_BYTES, pattern=_NO_NUL),
    AfterValidator(_check_length),
]
Instant = Annotated[
    int,
    BeforeValidator(lambda value: parse_instant(value) if isinstance(value, str) else value),
    WithJsonSchema(_INSTANT_SCHEMA),
]
Cursor = Annotated[
    str | None,
    Query(description="cursor of the previous page", max_length=1000, pattern=_NO_NUL),
]
BrandPath = Annotated[
    str, Path(description="name of the brand", min_length=1, max_length=100, pattern=_PRINTABLE)
]
AlertPath = Annotated[
    str,
    Path(
        description="id of the alert: brand/start of its first window",
        min_length=1,
        max_length=200,
        pattern=_PRINTABLE,
    ),
]


class RequestBody(BaseModel):
    """The base of a request's body. Unknown fields are refused."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _limit_unknown(cls, body: Any) -> Any:
        """Refuse many unknown fields at once, so that the answer is not larger than the body."""
        if isinstance(body, dict) and len(body) > len(cls.model_fields) + _MAX_UNKNOWN:
            raise ValueError(f"{len(body)} fields, at most {len(cls.model_fields)} are known")
        return body


class TextToScore(RequestBody):
    """A text and its language."""

    text: Text = Field(description="at most 64 KiB")
    lang: Lang = Field(description="primary language subtag; und if unknown")


class ScoreRequest(RequestBody):
    """Texts to score."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "texts": [{"text": "You lost my bag again. Worst airline.", "lang": "en"}],
                    "explain": True,
                }
            ]
        }
    )

    texts: list[TextToScore] = Field(min_length=1, max_length=MAX_TEXTS)
    explain: bool = Field(False, description="add each token's contribution: at most 20 texts")

    @model_validator(mode="after")
    def _limit_explained(self) -> ScoreRequest:
        if self.explain and len(self.texts) > MAX_EXPLAINED:
            raise ValueError(f"explain takes at most {MAX_EXPLAINED} texts")
        return self


class FeedbackRequest(RequestBody):
    """The correct label of a text: true is negative."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": ["tweet_id"]}, {"required": ["text"]}],
            "examples": [
                {
                    "text": "Great, another delay. Just what I needed.",
                    "lang": "en",
                    "brand": "Air Paradis",
                    "predicted": False,
                    "score": 0.31,
                    "bundle": "airline-en@0123abcd",
                    "right": True,
                }
            ],
        }
    )

    tweet_id: Name = Field("", description="id of a sampled tweet, whose text and label are stored")
    text: Text = Field("", description="any other text; it is stored with names masked")
    lang: Lang = Field("und", description="language of the text")
    brand: Label = Field("", description="brand that the text is about")
    predicted: bool | None = Field(None, description="label that was shown; null if none was")
    score: float | None = Field(None, ge=0, le=1, description="score that was shown")
    bundle: Label = Field("", description="version of the bundle that predicted label and score")
    right: bool = Field(description="correct label")
    source: Literal["feedback", "labelling", "try"] = "feedback"
    id: Name = Field("", description="idempotency key: a second request with it has no effect")

    @model_validator(mode="after")
    def _require_subject(self) -> FeedbackRequest:
        if not self.tweet_id and not self.text:
            raise ValueError("a tweet_id or a text is needed")
        return self


class RulingRequest(RequestBody):
    """A person's ruling on an alert."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"verdict": "benign", "note": "a competition, everybody joked"}]
        }
    )

    verdict: Literal["real", "false_alarm", "benign"]
    note: Annotated[str, StringConstraints(max_length=2000, pattern=_NO_NUL)] = ""
