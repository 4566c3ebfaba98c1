"""Feedback and rulings for tests."""

from __future__ import annotations

from itertools import count
from typing import Any

from badbuzz.model import Alert, Evidence, Severity, Term
from badbuzz.store.model import AlertHistory, Feedback, Ruling, RulingKind

_numbers = count()


def feedback(kind: str, score: float | None = None, **fields: Any) -> Feedback:
    """Return feedback on a label: ``ok``, ``missed`` or ``false``; each call has a new tweet."""
    number = next(_numbers)
    predicted = fields.pop("predicted", kind == "false")
    ground_truth = predicted if kind == "ok" else not predicted
    if score is None:
        score = 0.8 if predicted else 0.2
    defaults = {
        "id": f"f{number:06}", "at_ms": number, "by": "kim", "tweet_id": f"t{number}",
        "brand": "Air Paradis", "lang": "en", "text": "late", "author": "", "predicted": predicted,
        "score": score, "ground_truth": ground_truth, "bundle": "b@1", "source": "feedback",
    }  # fmt: skip
    return Feedback(**{**defaults, **fields})


def alert(at_ms: int, severity: Severity = "warning", **fields: Any) -> Alert:
    """Return a phase of an alert."""
    defaults = {
        "id": f"Air Paradis/{at_ms}", "brand": "Air Paradis", "phase": "firing",
        "severity": severity, "window_start_ms": at_ms, "window_end_ms": at_ms + 300_000,
        "scale_min": 5, "n": 40, "n_negative": 30, "expected": 5.0, "p_value": 1e-9, "rate": 0.75,
        "adjusted_rate": 0.7, "baseline_rate": 0.2, "adjusted_baseline_rate": 0.2, "score": 6.0,
        "peak_score": 6.0, "opened_ms": at_ms + 300_000, "first_ms": at_ms,
        "last_ms": at_ms + 200_000, "bundle": "b@1", "replay": False,
    }  # fmt: skip
    return Alert(**{**defaults, **fields})


def evidence(*terms: str) -> Evidence:
    """Return evidence with the given terms and defaults."""
    return Evidence(5, tuple(Term(term, 5, 4.0) for term in terms), (), 5, 5, 0.0, 0, (), ())


def ruled(
    verdict: RulingKind, *phases: Alert, at_ms: int = 0, by: str = "kim"
) -> tuple[Ruling, AlertHistory]:
    """Return a ruling on an alert with these phases, and the alert."""
    ruling = Ruling(phases[0].id, verdict, by, at_ms, "")
    return ruling, AlertHistory(phases[-1], phases, None, None, (ruling,))
