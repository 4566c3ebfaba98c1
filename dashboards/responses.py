"""Answers of the API as frozen values: the API encodes them, the front decodes them.

The module imports no web framework and no database, so that the front runs without either. The
OpenAPI document takes its descriptions from these docstrings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from badbuzz.model import Alert, Term
from badbuzz.models.history import ChampionChange
from badbuzz.quality.proportions import Interval, ShareChange
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
    """The terms that set a period's negative tweets apart from those of the week before.

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
    explanation
        Contributions of the tokens; present only if ``explain`` was requested.
    """

    score: float = field(metadata={"ge": 0, "le": 1})
    negative: bool
    bundle: str
    explanation: ScoreExplanation | None = None

    @property
    def contributions(self) -> tuple[TokenContribution, ...]:
        """The contributions of the tokens; empty without an explanation."""
        return self.explanation.contributions if self.explanation else ()


@dataclass(frozen=True, slots=True)
class ScoreResponse:
    """One prediction for each text, in order; null where no bundle reads the language."""

    verdicts: tuple[ScoredText | None, ...]


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
class LabelGroup:
    """A group of corrected and confirmed labels.

    Parameters
    ----------
    n
        Number of labels that people checked, correct ones included.
    n_missed
        Number of false negatives: negative texts that were not labelled negative.
    n_false
        Number of false positives: texts labelled negative that are not.
    wrong_rate
        Share of wrong labels, in [0, 1]; null if ``n`` is 0.
    wrong_interval
        95 % confidence interval of ``wrong_rate``.
    """

    name: str
    n: int
    n_missed: int
    n_false: int
    wrong_rate: float | None
    wrong_interval: Interval | None


@dataclass(frozen=True, slots=True)
class LabelStep(LabelGroup):
    """The labels of a bundle's version or of a week, compared with the one before.

    Parameters
    ----------
    before
        Name of the one before; null for the first.
    told
        Result of the comparison; null for the first.
    difference
        95 % confidence interval of the change of ``wrong_rate``; null for the first.
    """

    before: str | None
    told: ShareChange | None
    difference: Interval | None


@dataclass(frozen=True, slots=True)
class AlertGroup:
    """A group of alerts with a ruling; the share of real ones with its 95 % interval."""

    name: str
    n: int
    n_real: int
    n_false_alarm: int
    n_benign: int
    real_rate: float | None
    real_interval: Interval | None


@dataclass(frozen=True, slots=True)
class TokenPull:
    """A token that moves the score towards the wrong label, and its contribution to the logit."""

    token: str
    logit: float


@dataclass(frozen=True, slots=True)
class CurrentPrediction:
    """The prediction of the bundle in use for a text whose label was wrong.

    Parameters
    ----------
    wrong
        Whether the label still contradicts the correction.
    pulled_by
        Tokens that move the logit furthest towards the wrong label: three at most, by 0.1 or more.
    """

    bundle: str
    score: float
    wrong: bool
    pulled_by: tuple[TokenPull, ...]


@dataclass(frozen=True, slots=True)
class WrongLabel:
    """A label that a person corrected; labels are true for negative.

    Parameters
    ----------
    margin
        Distance of the score from the threshold.
    n
        Number of equal corrections of the same text.
    today
        The prediction of the bundle in use; null if no bundle reads the language.
    """

    id: str
    tweet_id: str | None
    at_ms: int
    brand: str
    lang: str
    text: str
    predicted: bool
    right: bool
    score: float | None
    margin: float | None
    bundle: str
    n: int
    today: CurrentPrediction | None


@dataclass(frozen=True, slots=True)
class LabelErrors:
    """The shares of wrong labels, in total and by group, and the worst wrong labels."""

    overall: LabelGroup
    corrections: LabelGroup
    labelling: LabelGroup
    by_language: tuple[LabelGroup, ...]
    by_brand: tuple[LabelGroup, ...]
    by_reason: tuple[LabelGroup, ...]
    by_term: tuple[LabelGroup, ...]
    by_margin: tuple[LabelGroup, ...]
    worst: tuple[WrongLabel, ...]


@dataclass(frozen=True, slots=True)
class ErrorTrend:
    """The shares of wrong labels by version and by week, oldest first."""

    by_version: tuple[LabelStep, ...]
    by_week: tuple[LabelStep, ...]


@dataclass(frozen=True, slots=True)
class ErrorTrends:
    """The trends since ``from_ms`` of corrections and of answers to the labelling queue."""

    from_ms: int
    corrections: ErrorTrend
    labelling: ErrorTrend


@dataclass(frozen=True, slots=True)
class AlertErrors:
    """The rulings on alerts, in total and by group; ``n_contested`` have contradictory ones."""

    overall: AlertGroup
    n_contested: int
    by_severity: tuple[AlertGroup, ...]
    by_brand: tuple[AlertGroup, ...]
    by_term: tuple[AlertGroup, ...]


@dataclass(frozen=True, slots=True)
class ErrorAnalysis:
    """The wrong labels and false alarms that people reported in a period.

    Parameters
    ----------
    n_feedback
        Number of texts with feedback, labelled or not.
    cautions
        Limits of the figures, in sentences.
    """

    schema: int
    from_ms: int
    to_ms: int
    n_feedback: int
    cautions: tuple[str, ...]
    labels: LabelErrors
    trends: ErrorTrends
    alerts: AlertErrors


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the process and the versions of the bundles that it serves."""

    status: Literal["ok"]
    bundles: tuple[str, ...]
