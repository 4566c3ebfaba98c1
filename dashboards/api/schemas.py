"""What requests must be, and those answers that are no value of the core."""

from __future__ import annotations

from typing import Annotated, Any, Final, Generic, Literal, TypeVar

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

from badbuzz.recordings.times import parse_time
from badbuzz.wire import MAX_BYTES, MAX_MS

MOST_TEXTS: Final = 1000
MOST_EXPLAINED: Final = 20
_MOST_UNKNOWN: Final = 4
_PRINTABLE: Final = r"^[^\x00-\x1f\x7f]+$"
_NO_NUL: Final = r"^[^\x00]*$"

T = TypeVar("T")


def _fits(text: str) -> str:
    if len(text.encode()) > MAX_BYTES:
        raise ValueError(f"at most {MAX_BYTES} bytes of UTF-8")
    return text


def read_instant(text: str) -> int:
    """An instant as a request names it, as Unix milliseconds.

    Parameters
    ----------
    text
        Unix milliseconds, or ISO 8601 with its offset, whose ``+`` a URL may have made a space.

    Raises
    ------
    ValueError
        When it is neither.

    Examples
    --------
    >>> read_instant("1424159328849"), read_instant("2015-02-17T08:48:48.849 01:00")
    (1424159328849, 1424159328849)
    """
    if text.isascii() and text.isdecimal():
        if len(text) > 13 or int(text) >= MAX_MS:
            raise ValueError(f"{text[:20]!r} are no Unix milliseconds")
        return int(text)
    date, _, clock = text.partition("T")
    return parse_time(f"{date}T{clock.replace(' ', '+')}" if clock else text)


def _instant(value: Any) -> Any:
    return read_instant(value) if isinstance(value, str) else value


_INSTANT_SCHEMA: Final = {
    "anyOf": [
        {"type": "integer", "minimum": 0, "exclusiveMaximum": MAX_MS},
        {"type": "string", "format": "date-time"},
    ]
}

Name = Annotated[str, StringConstraints(min_length=1, max_length=300, pattern=_PRINTABLE)]
Label = Annotated[str, StringConstraints(max_length=200, pattern=_NO_NUL)]
Lang = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
"""BCP 47, the primary language alone."""
Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_BYTES, pattern=_NO_NUL),
    AfterValidator(_fits),
]
Instant = Annotated[int, BeforeValidator(_instant), WithJsonSchema(_INSTANT_SCHEMA)]
Cursor = Annotated[
    str | None,
    Query(description="where the page before ended", max_length=1000, pattern=_NO_NUL),
]
BrandPath = Annotated[
    str, Path(description="the brand's name", min_length=1, max_length=100, pattern=_PRINTABLE)
]
AlertPath = Annotated[
    str,
    Path(
        description="the alert's id: brand/opening window",
        min_length=1,
        max_length=200,
        pattern=_PRINTABLE,
    ),
]


class Asked(BaseModel):
    """A request's body: what it does not know, it refuses."""

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _not_crowded(cls, asked: Any) -> Any:
        """Refuse many unknown fields at once: to name each would cost more than to send them."""
        if isinstance(asked, dict) and len(asked) > len(cls.model_fields) + _MOST_UNKNOWN:
            raise ValueError(f"{len(asked)} fields, of which {len(cls.model_fields)} may be")
        return asked


class TextToScore(Asked):
    """A text, and the language that it is in."""

    text: Text = Field(description="at most 64 KiB")
    lang: Lang = Field(description="primary language, as a bundle names it; und when unknown")


class ScoreRequest(Asked):
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

    texts: list[TextToScore] = Field(min_length=1, max_length=MOST_TEXTS)
    explain: bool = Field(False, description="say what each token contributed: at most 20 texts")

    @model_validator(mode="after")
    def _few_explained(self) -> ScoreRequest:
        if self.explain and len(self.texts) > MOST_EXPLAINED:
            raise ValueError(f"explain takes at most {MOST_EXPLAINED} texts")
        return self


class Contribution(BaseModel):
    """What one token adds to the logit; where it stands in the text, half-open, in characters."""

    token: str
    start: int
    end: int
    contribution: float


class Explained(BaseModel):
    """Why a score is what it is: bias and contributions sum to its logit."""

    logit: float
    bias: float
    contributions: list[Contribution]


class Judged(BaseModel):
    """What a bundle says of a text."""

    score: float = Field(ge=0, le=1, description="P(negative)")
    negative: bool
    bundle: str
    explanation: Explained | None = None


class ScoreResponse(BaseModel):
    """A verdict on each text, in their order; null where no bundle reads its language."""

    verdicts: list[Judged | None]


class FeedbackRequest(Asked):
    """What a text's label should have been: true is negative."""

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

    tweet_id: Name = Field("", description="of a sampled tweet, whose text and label are known")
    text: Text = Field("", description="of any other; it is kept with names hidden")
    lang: Lang = Field("und", description="of the text")
    brand: Label = Field("", description="what the text is about")
    predicted: bool | None = Field(None, description="the label that was shown, if one was")
    score: float | None = Field(None, ge=0, le=1, description="the score that was shown")
    bundle: Label = Field("", description="the bundle that gave both")
    right: bool = Field(description="the right label")
    source: Literal["feedback", "labelling", "try"] = "feedback"
    id: Name = Field("", description="sent twice under one id, it counts once")

    @model_validator(mode="after")
    def _about_something(self) -> FeedbackRequest:
        if not self.tweet_id and not self.text:
            raise ValueError("a tweet_id or a text is needed")
        return self


class FeedbackReceipt(BaseModel):
    """A correction that is in the store."""

    id: str
    is_new: bool = Field(description="false when it was there before")
    scored: bool = Field(
        description="whether a label is known to hold it against: false where no bundle reads the "
        "language and none was shown"
    )
    misprediction: bool = Field(description="whether it contradicts a label")


class RulingRequest(Asked):
    """A person's judgement of an alert."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"verdict": "benign", "note": "a competition, everybody joked"}]
        }
    )

    verdict: Literal["real", "false_alarm", "benign"]
    note: Annotated[str, StringConstraints(max_length=2000, pattern=_NO_NUL)] = ""


class Pages(BaseModel, Generic[T]):
    """Some of many: ``cursor`` asks for the next page; null after the last."""

    items: list[T]
    cursor: str | None


class DrivingTerm(BaseModel):
    """A word or two that set the period's negatives apart: in how many, how much so."""

    term: str
    n: int
    z: float


class Terms(BaseModel):
    """What a period's sampled negatives are about, against those of the week before."""

    n: int = Field(description="sampled negatives of the period")
    n_before: int = Field(description="those that they are held against")
    terms: list[DrivingTerm]


class Health(BaseModel):
    """A sign of life."""

    status: Literal["ok"]
    bundles: list[str]
