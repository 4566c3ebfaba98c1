"""The figures of an error analysis as text, for the terminal and for the report."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from badbuzz.messages.text import counted
from badbuzz.messages.translator import Translator
from badbuzz.quality.mispredictions import NO_REASON, FeedbackGroup, GroupChange, Misprediction
from badbuzz.quality.proportions import MIN_COMPARED, Share, difference_interval
from dashboards.error_responses import CurrentPrediction
from dashboards.errors.findings import ErrorFindings

NONE: Final = "–"
_SIGNS: Final = {"better": "▼", "worse": "▲", "no difference": "=", "too few": "?"}


def when(time_ms: int) -> str:
    """Format a time in UTC, to the minute.

    Examples
    --------
    >>> when(0)
    '01 Jan 1970 00:00'
    """
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%d %b %Y %H:%M}"


def percent(share: Share) -> str:
    """Format a share and its interval.

    Examples
    --------
    >>> percent(Share(3, 12)), percent(Share(0, 0))
    ('25 % (9–53)', '–')
    """
    if share.rate is None:
        return NONE
    low, high = share.interval
    return f"{100 * share.rate:.0f} % ({100 * low:.0f}–{100 * high:.0f})"


def reason(name: str) -> str:
    """Return the English name of a reason."""
    return "no known reason" if name == NO_REASON else Translator("en").name("reason", name)


def change(step: GroupChange) -> tuple[str, str]:
    """Return a sign and a text for the change of the share of wrong labels.

    Examples
    --------
    >>> from badbuzz.quality.mispredictions import FeedbackGroup
    >>> change(GroupChange(FeedbackGroup("b@2", 100, 30, 0), FeedbackGroup("b@1", 100, 10, 0)))
    ('▲', 'worse: +20 points (+9 to +31)')
    """
    if step.before is None or step.change is None:
        return "", "the first"
    before, after = step.before.wrong, step.group.wrong
    sign = _SIGNS[step.change]
    if step.change == "too few":
        return (
            sign,
            f"too few to tell: {before.n} and {after.n} labels, {MIN_COMPARED} each are needed",
        )
    low, high = (100 * end for end in difference_interval(before, after))
    gap = 100 * ((after.rate or 0.0) - (before.rate or 0.0))
    result = "no difference seen" if step.change == "no difference" else step.change
    return sign, f"{result}: {_signed(gap)} points ({_signed(low)} to {_signed(high)})"


def describe_single(kind: str, group: FeedbackGroup) -> str:
    """Describe the labels of the only version or week.

    Examples
    --------
    >>> describe_single("version", FeedbackGroup("b@1", 60, 6, 0))
    'Only one version has feedback, b@1: 10 % (5–20) of 60 labels wrong; no other to compare with.'
    """
    wrong = f"{percent(group.wrong)} of {counted(group.n, 'label')} wrong"
    return f"Only one {kind} has feedback, {group.name}: {wrong}; no other to compare with."


def _signed(points: float) -> str:
    return f"{round(points):+d}".replace("-", "−")


def describe_label(misprediction: Misprediction) -> str:
    """Describe a wrong label.

    Examples
    --------
    >>> from badbuzz.store.model import Feedback
    >>> wrong = Feedback("1", 0, "kim", None, "", "en", "Late", "", False, 0.04, True, "b@1", "try")
    >>> describe_label(Misprediction(wrong, 0.46, 1))
    'scored 0.04, labelled not negative, but is negative'
    """
    feedback = misprediction.feedback
    scored = "" if feedback.score is None else f"scored {feedback.score:.2f}, "
    if feedback.ground_truth:
        return f"{scored}labelled not negative, but is negative"
    return f"{scored}labelled negative, but is not negative"


def describe_current(prediction: CurrentPrediction | None) -> str:
    """Describe the prediction of the bundle in use.

    Examples
    --------
    >>> from dashboards.error_responses import TokenPull
    >>> pulls = (TokenPull("bag", 1.234), TokenPull("lost", 0.61))
    >>> describe_current(CurrentPrediction("b@2", 0.9312, True, pulls))
    'today 0.93, still wrong, by “bag” +1.2, “lost” +0.6'
    >>> describe_current(None)
    'today no bundle in use scores its language'
    """
    if prediction is None:
        return "today no bundle in use scores its language"
    if not prediction.wrong:
        return f"today {prediction.score:.2f}, right"
    pulls = ", ".join(f"“{one.token}” {one.logit:+.1f}" for one in prediction.pulled_by)
    pulls = pulls.replace("-", "−")
    return f"today {prediction.score:.2f}, still wrong{pulls and f', by {pulls}'}"


def cautions(findings: ErrorFindings) -> list[str]:
    """Return the limits of the figures, in sentences."""
    sentences = []
    labels = findings.mispredictions
    if labels.corrections.n:
        sentences.append(
            "Corrections are not a random sample: people correct what looks wrong. Use them to "
            "compare groups and versions, not to estimate how often labels are wrong."
        )
    if labels.labelling.n:
        sentences.append(
            f"In the labelling queue, {percent(labels.labelling.wrong)} of {labels.labelling.n} "
            "labels are wrong. These tweets were not chosen because they looked wrong, but their "
            "labels are the least certain ones: the share of all labels is lower."
        )
    elif labels.corrections.n:
        sentences.append(
            "People chose the labels that they corrected. For labels that they did not choose, "
            "answer the labelling queue (GET /labelling), which has no answers in this period."
        )
    if 0 < labels.overall.n < MIN_COMPARED:
        sentences.append(f"The figures rest on {counted(labels.overall.n, 'label')} only.")
    if findings.rulings.n_contested:
        contested = counted(findings.rulings.n_contested, "alert")
        sentences.append(
            f"The rulings on {contested} contradict each other: the latest one counts."
        )
    return sentences


def advice(findings: ErrorFindings) -> list[str]:
    """Return what to do if there is no feedback on a label and no ruling."""
    period = f"from {when(findings.from_ms)} to {when(findings.to_ms)} UTC"
    if findings.n_feedback:
        reason = f"feedback on {counted(findings.n_feedback, 'text')} {period}, but no label"
    else:
        reason = f"no feedback and no ruling {period}"
    return [
        reason,
        "look further back with --days 90, or check that BADBUZZ_STORE is the store of the API",
        "feedback comes through the API: POST /feedback, GET /labelling, POST /alerts/{id}/ruling",
    ]
