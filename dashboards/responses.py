"""Answers of the API as frozen values: the API encodes them, the front decodes them.

The module imports no web framework and no database, so that the front runs without either. The
OpenAPI document takes its descriptions from these docstrings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from badbuzz.model import Alert, Term
from badbuzz.models.history import ChampionChange
from badbuzz.store.model import AlertHistory, BrandSummary

Card = dict[str, Any]
"""A bundle's ``card.json``: training data, quality, threshold, reference distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedAlert(Alert):
    """An alert with a sentence on its counts and sentences on its causes, none when resolved."""

    summary: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DescribedAlertHistory(AlertHistory):
    """An alert with its phases, its acknowledgement and its rulings, each phase in sentences."""

    alert: DescribedAlert
    phases: tuple[DescribedAlert, ...]


@dataclass(frozen=True, slots=True)
class BrandStatus(BrandSummary):
    """The newest closed window and the open alert of a brand; ``zone`` is an IANA time zone."""

    open_alert: DescribedAlert | None
    zone: str


@dataclass(frozen=True, slots=True)
class PeriodTerms:
    """Terms over-represented in a period's negative tweets, compared with the week before.

    Parameters
    ----------
    n, n_before
        Number of sampled negative tweets in the period and in the week before.
    """

    n: int
    n_before: int
    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class TokenContribution:
    """The contribution to the logit of the token at the characters ``[start, end)`` of a text."""

    token: str
    start: int
    end: int
    contribution: float


@dataclass(frozen=True, slots=True)
class ScoreExplanation:
    """The logit of a score as the sum of a bias and of the contributions of the tokens."""

    logit: float
    bias: float
    contributions: tuple[TokenContribution, ...]


@dataclass(frozen=True, slots=True)
class ScoredText:
    """The prediction of a bundle for a text.

    Parameters
    ----------
    score
        Estimate of P(negative).
    negative
        Whether the score reaches the bundle's threshold.
    """

    score: float = field(metadata={"ge": 0, "le": 1})
    negative: bool
    bundle: str


@dataclass(frozen=True, slots=True)
class ExplainedText(ScoredText):
    """The prediction of a bundle for a text, with the contributions of its tokens."""

    explanation: ScoreExplanation


@dataclass(frozen=True, slots=True)
class ScoreResponse:
    """One prediction for each text, in order; null where no bundle reads the language."""

    verdicts: tuple[ScoredText | None, ...]


@dataclass(frozen=True, slots=True)
class ExplainedScoreResponse:
    """The answer if ``explain`` was requested: one prediction for each text, in order, or null."""

    verdicts: tuple[ExplainedText | None, ...]


@dataclass(frozen=True, slots=True)
class FeedbackReceipt:
    """The receipt of a correction that was stored.

    Parameters
    ----------
    is_new
        False if a correction with this id was stored before.
    scored
        Whether the correction was compared with a label; false if no bundle reads the language
        and the request contained no label.
    misprediction
        Whether the correction contradicts the label.
    """

    id: str
    is_new: bool
    scored: bool
    misprediction: bool


@dataclass(frozen=True, slots=True)
class RegistryState:
    """The state of the connection to the model registry.

    Parameters
    ----------
    state
        ``none``: no registry is configured; ``unread``: it was not read yet; ``answers``: the last
        read succeeded; ``unreachable``: the last read failed.
    since_ms
        Time of the last change of ``state``, Unix milliseconds; null without a registry.
    read_ms
        Time at which versions and events were read, Unix milliseconds; null if never.
    """

    state: Literal["none", "unread", "answers", "unreachable"]
    since_ms: int | None
    read_ms: int | None


@dataclass(frozen=True, slots=True)
class ServingBundle:
    """The bundle that scores a language in this API.

    Parameters
    ----------
    threshold
        Scores at or above it are labelled negative.
    version
        Version number in the registry; null if the registry does not have the bundle.
    """

    bundle: str
    threshold: float
    version: int | None
    card: Card


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A version in the registry; ``card`` is null if it was registered without one."""

    number: int
    bundle: str
    aliases: tuple[str, ...]
    created_ms: int
    card: Card | None


@dataclass(frozen=True, slots=True)
class LanguageModels:
    """The models of a language.

    Parameters
    ----------
    serving
        Bundle in use; null if there is none.
    champion, challenger
        Number of the version with this alias; null if there is none.
    versions
        The newest 30 versions and all that have an alias, newest first.
    events
        The newest 100 promotions and rollbacks, newest first.
    """

    language: str
    serving: ServingBundle | None
    champion: int | None
    challenger: int | None
    n_versions: int
    versions: tuple[RegisteredVersion, ...]
    events: tuple[ChampionChange, ...]


@dataclass(frozen=True, slots=True)
class ModelOverview:
    """The models of every language, sorted by language."""

    registry: RegistryState
    languages: tuple[LanguageModels, ...]


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the process and the versions of the bundles that it serves."""

    status: Literal["ok"]
    bundles: tuple[str, ...]
