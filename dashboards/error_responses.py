"""The answer of ``GET /errors`` as frozen values; see :mod:`dashboards.responses`."""

from __future__ import annotations

from dataclasses import dataclass

from badbuzz.quality.proportions import Interval, ShareChange


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
