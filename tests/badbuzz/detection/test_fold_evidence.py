"""Tests of the evidence that the fold collects."""

from __future__ import annotations

from dataclasses import replace

import pytest

from badbuzz.detection.fold import Fold
from badbuzz.detection.seen_ids import PREFIX as IDS_PREFIX
from badbuzz.detection.state import BrandState, Rules
from tests.support.events import (
    DAY_MS,
    HOUR_MS,
    NEGATIVE,
    START_MS,
    Event,
    beat,
    beats,
    burst,
    in_order,
    post,
    run,
    steady,
)


def crisis() -> list[Event]:
    """Return two steady days, then a burst in one bucket, then silence."""
    end_ms = START_MS + 2 * DAY_MS
    posts = [*steady(2), *burst(end_ms, 40)]
    return in_order([*posts, *beats(START_MS, end_ms + 2 * HOUR_MS)])


def test_a_firing_alert_has_evidence_of_its_window_and_a_resolved_one_has_none() -> None:
    alerts = run(crisis(), Rules(warmup_hours=24))[1]
    assert [alert.phase for alert in alerts] == ["firing", "resolved"]
    evidence = alerts[0].evidence
    assert evidence is not None
    assert evidence.n_sampled == min(alerts[0].n_negative, 32)
    assert alerts[1].evidence is None


def test_a_fold_cut_before_its_crisis_gives_the_same_evidence() -> None:
    events, rules = crisis(), Rules(warmup_hours=24)
    straight = run(events, rules)[1]
    for cut in (len(events) - 140, len(events) - 125):
        fold, restored = Fold(lambda _: rules), Fold(lambda _: rules)
        kept: dict[bytes, bytes | None] = {}
        for start in range(0, cut, 500):
            run(events[start : min(start + 500, cut)], fold=fold)
            kept.update(fold.changed_records())
            fold.saved()
        restored.unpack(0, fold.pack(partition=0, next_offset=cut))
        for state in fold.brands.values():
            restored.brands[state.brand] = BrandState.unpack(state.pack())
        for key, value in kept.items():
            if value is not None:
                restored.restore_record(key, value)
        assert run(events[cut:], fold=restored)[1] == straight


def test_only_negatives_that_count_are_evidence() -> None:
    fold = Fold(lambda _: Rules())
    unread = (replace(post(START_MS + 3)[0], lang="de"), None)
    late = post(START_MS + 4)
    run([post(START_MS + 1, negative=False), unread], fold=fold)
    run([beat(START_MS + HOUR_MS), late], fold=fold)
    assert fold.evidence == {}
    assert all(key.startswith(IDS_PREFIX) for key, _ in fold.changed_records())


@pytest.mark.parametrize("kind", ["delete", "edit"])
def test_a_deleted_tweet_is_no_evidence(kind: str) -> None:
    fold = Fold(lambda _: Rules())
    tweet, prediction = post(START_MS, seq=1)
    fold.apply(tweet, prediction)
    fold.apply(replace(tweet, kind=kind, seq=2), None)  # type: ignore[arg-type]
    assert fold.evidence[tweet.brand].entries(0, START_MS + DAY_MS) == []


@pytest.mark.parametrize("kind", ["delete", "edit"])
def test_a_deleted_tweet_of_an_id_leaves_another_networks(kind: str) -> None:
    fold = Fold(lambda _: Rules())
    tweets = [replace(post(START_MS)[0], id="7", source=one, text=one) for one in ("own", "evil")]
    outcomes = run(((tweet, NEGATIVE) for tweet in tweets), fold=fold)[2]
    assert outcomes == ["counted", "counted"]
    run([(replace(tweets[1], kind=kind), None)], fold=fold)  # type: ignore[arg-type]
    kept = fold.evidence[tweets[0].brand].entries(0, START_MS + DAY_MS)
    assert [(one.network, one.text) for one in kept] == [("own", "own")]
