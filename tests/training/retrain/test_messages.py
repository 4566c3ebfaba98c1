"""Messages, JSON, report and quarantine file of a retraining."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson

from badbuzz.models.registry import Version
from tests.support.feedback import feedback
from training.datasets.rows import Rows
from training.recipes.shipped import AIRLINE_EN
from training.registry.gate import Check
from training.retrain.base import Base
from training.retrain.comparison import (
    CORRECTIONS,
    HELDOUT_SET,
    BundleQuality,
    ChampionComparison,
)
from training.retrain.curation import REASONS, UNREADABLE, Curated, Rejected
from training.retrain.messages import counts, plain, quarantine, write_report
from training.retrain.run import RetrainingResult, TrainingData

NOTHING = Rows([], np.zeros(0, np.bool_), np.zeros(0, np.str_))


def outcome(*sets: str) -> RetrainingResult:
    """Return a retraining compared on the named sets."""
    rejected = [Rejected(feedback("ok", lang="und"), UNREADABLE)]
    curated = Curated(np.ones(7, np.bool_), [feedback("missed")], [], rejected, 2, 3)
    quality = BundleQuality(0.8, 0.75, 0.02)
    return RetrainingResult(
        version=Version("en", 3, "airline-en@0123abcd"),
        known=False,
        bundle="airline-en@0123abcd",
        champion="airline-en@89abcdef",
        comparisons=[ChampionComparison(name, 100, 40, quality, quality) for name in sets],
        checks=[Check("quality", holds=True, found="as good")],
        promoted=False,
        why_not="right in 80.0% of both",
        data=TrainingData(Base(AIRLINE_EN, NOTHING, None), 7, curated),
    )


def test_the_quarantine_has_person_reason_and_masked_text() -> None:
    correction = feedback("ok", text="@jane_doe my bag is lost", by="eve", ground_truth=False)
    line = orjson.loads(quarantine([Rejected(correction, UNREADABLE)]))
    assert (line["by"], line["right"], line["text"]) == ("eve", False, "@user my bag is lost")
    assert line["why"] == REASONS[UNREADABLE]


def test_json_names_the_sets_as_programs_expect_them() -> None:
    sets = plain(outcome(HELDOUT_SET, CORRECTIONS))["sets"]
    assert [one["name"] for one in sets] == ["evaluation set", "held-out corrections"]


def test_counts_name_the_rows_of_the_heldout_set() -> None:
    assert (
        "left out: 3 rows of the base data that are in the held-out set or near-duplicates of it"
        in counts(outcome().data)
    )


def test_the_report_without_a_set_asks_for_a_heldout_set(tmp_path: Path) -> None:
    write_report(tmp_path / "report.html", outcome())
    assert "no held-out set is frozen" in (tmp_path / "report.html").read_text()
