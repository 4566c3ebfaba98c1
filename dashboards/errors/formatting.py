"""Figures of an error analysis as people read them, in the terminal and in the report alike."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from badbuzz.evidence.reasons import NAMES
from badbuzz.messages.text import counted
from badbuzz.quality.mispredictions import NO_REASON, FeedbackGroup, GroupChange, Misprediction
from badbuzz.quality.proportions import MIN_COMPARED, Share, difference_interval
from dashboards.errors.current_predictions import Today
from dashboards.errors.findings import Findings

NONE: Final = "–"
_SIGNS: Final = {"better": "▼", "worse": "▲", "no difference": "=", "too few": "?"}


def when(time_ms: int) -> str:
    """An instant in UTC, to the minute.

    Examples
    --------
    >>> when(0)
    '01 Jan 1970 00:00'
    """
    return f"{datetime.fromtimestamp(time_ms / 1000, UTC):%d %b %Y %H:%M}"


def percent(share: Share) -> str:
    """A share and its interval.

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
    """What negatives are about, in English."""
    return "no known reason" if name == NO_REASON else NAMES[name][0]


def change(step: GroupChange) -> tuple[str, str]:
    """A sign and words for what became of the share of errors.

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
        return sign, f"too few to tell: {before.n} and {after.n}, {MIN_COMPARED} each are needed"
    low, high = (100 * end for end in difference_interval(before, after))
    gap = 100 * ((after.rate or 0.0) - (before.rate or 0.0))
    told = "no difference seen" if step.change == "no difference" else step.change
    return sign, f"{told}: {_signed(gap)} points ({_signed(low)} to {_signed(high)})"


def alone(what: str, one: FeedbackGroup) -> str:
    """Of a version or week that is the only one, how often its labels were wrong.

    Examples
    --------
    >>> alone("version", FeedbackGroup("b@1", 60, 6, 0))
    'Only one version was judged, b@1: 10 % (5–20) of 60 labels wrong; no other to compare with.'
    """
    of = f"{percent(one.wrong)} of {counted(one.n, 'label')}"
    return f"Only one {what} was judged, {one.name}: {of} wrong; no other to compare with."


def _signed(points: float) -> str:
    return f"{round(points):+d}".replace("-", "−")


def claim(mistake: Misprediction) -> str:
    """What was said of a text, and is not so.

    Examples
    --------
    >>> from badbuzz.store.model import Feedback
    >>> said = Feedback("1", 0, "kim", None, "", "en", "Late", "", False, 0.04, True, "b@1", "try")
    >>> claim(Misprediction(said, 0.46, 1))
    'scored 0.04, not labelled negative, but is'
    """
    said = mistake.feedback
    scored = "" if said.score is None else f"scored {said.score:.2f}, "
    if said.right:
        return f"{scored}not labelled negative, but is"
    return f"{scored}labelled negative, but is not"


def again(now: Today | None) -> str:
    """What the bundle in use says of a text today.

    Examples
    --------
    >>> again(Today("b@2", 0.9312, True, (("bag", 1.234), ("lost", 0.61))))
    'today 0.93, still wrong, by “bag” +1.2, “lost” +0.6'
    >>> again(None)
    'today no bundle reads its language'
    """
    if now is None:
        return "today no bundle reads its language"
    if not now.wrong:
        return f"today {now.score:.2f}, right"
    pulled = ", ".join(f"“{token}” {pull:+.1f}" for token, pull in now.pulled_by)
    pulled = pulled.replace("-", "−")
    return f"today {now.score:.2f}, still wrong{pulled and f', by {pulled}'}"


def cautions(found: Findings) -> list[str]:
    """What keeps the figures from saying more than they can."""
    said = []
    corrections, labelling = found.mistakes.corrections, found.mistakes.labelling
    if corrections.n:
        said.append(
            "Corrections are no random sample: people correct what looks wrong. Compare groups "
            "and versions by them; how often labels are wrong they do not say."
        )
    if labelling.n:
        said.append(
            f"Of the tweets worth labelling, which nobody chose for looking wrong, "
            f"{percent(labelling.wrong)} of {labelling.n} labels are wrong. They are the ones the "
            "bundle was least sure of: of all labels fewer are."
        )
    elif corrections.n:
        said.append(
            "Every label here was picked by the person who judged it. To learn of labels that "
            "nobody picked, answer the tweets worth labelling (GET /labelling): in this period "
            "nobody did."
        )
    if 0 < found.mistakes.overall.n < MIN_COMPARED:
        said.append(f"{counted(found.mistakes.overall.n, 'judged label')} can say little.")
    if found.judgements.n_contested:
        said.append(
            f"Of {counted(found.judgements.n_contested, 'alert')} people said different things: "
            "the latest ruling counts."
        )
    return said


def nothing(found: Findings) -> list[str]:
    """What to do where nobody said anything."""
    period = f"from {when(found.from_ms)} to {when(found.to_ms)} UTC"
    if found.n_feedback:
        told = f"{counted(found.n_feedback, 'text')} judged {period}, but none had a label"
    else:
        told = f"nobody judged a label or an alert {period}"
    return [
        told,
        "look further back with --days 90, or check that BADBUZZ_STORE is the store of the API",
        "people judge through the API: POST /feedback, GET /labelling, POST /alerts/{id}/ruling",
    ]
