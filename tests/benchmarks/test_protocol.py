from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from click.testing import CliRunner

from badbuzz.detection.buckets import SCALES
from badbuzz.detection.state import BrandState, Rules
from badbuzz.detection.windows import advance
from badbuzz.model import BUCKET_MS
from benchmarks.protocol.__main__ import main
from benchmarks.protocol.calibration import Calibration, pooled, uneventful
from benchmarks.protocol.evaluation import GRACE_MIN, evaluate, openings
from benchmarks.protocol.figures import ALL, at, at_budget
from benchmarks.protocol.lead import leads
from benchmarks.protocol.peers import PEERS, sums
from benchmarks.protocol.profiles import PROFILES
from benchmarks.protocol.river_peers import installed
from benchmarks.protocol.run import PRODUCT, Measured
from benchmarks.protocol.stream import (
    BUCKET_MIN,
    FACTORS,
    PER_DAY,
    START_MS,
    Event,
    Floats,
    Stream,
    draw,
)
from benchmarks.protocol.targets import Target, targets
from benchmarks.protocol.trace import DetectorScores, FoldTrace, buckets_of, trace

CRISIS = Event(start_min=12, end_min=50, factor=3)
JUMP = 2000


@pytest.fixture(scope="module")
def stream() -> Stream:
    return draw("United", 4, 7, warmup_days=8, evaluated_days=12)


def flat(negatives: list[int], others: list[int]) -> tuple[Stream, FoldTrace]:
    """Constructed counts whose mean and rate are known."""
    k, o = np.array(negatives), np.array(others)
    expected = np.full(len(k), 4.0)
    made = Stream("United", 4, 0, k, o, expected=expected, events=())
    still = DetectorScores(np.zeros(len(k), np.float32), np.zeros(len(k), np.float32))
    rate = np.full(len(k), 0.5)
    clustering = np.full((len(k), len(SCALES)), 0.03)
    return made, FoldTrace(still, expected, rate, clustering, p_value=np.ones(len(k)))


# The streams


def test_a_seed_draws_the_same_counts_again(stream: Stream) -> None:
    again = draw("United", 4, 7, warmup_days=8, evaluated_days=12)
    assert (again.negatives == stream.negatives).all()
    assert again.events == stream.events


def test_the_counts_have_the_profiles_mean() -> None:
    drawn = [draw("United", 16, seed, warmup_days=42, evaluated_days=0) for seed in range(4)]
    weekend = (5 + 2 * 0.8) / 7
    mean = float(np.mean([stream.negatives.mean() for stream in drawn]))
    assert mean == pytest.approx(PROFILES["United"].mean * 16 * weekend, rel=0.08)


def test_the_warm_up_contains_no_event(stream: Stream) -> None:
    assert min(event.start_min for event in stream.events) >= 8 * PER_DAY * BUCKET_MIN


def test_a_crisis_comes_every_day_and_a_half_and_a_benign_surge_every_three(
    stream: Stream,
) -> None:
    factors = [event.factor for event in stream.events]
    assert sum(factor in FACTORS for factor in factors) == 8
    assert factors.count(0) == 4


def test_events_do_not_overlap(stream: Stream) -> None:
    assert all(a.end_min + 240 <= b.start_min for a, b in pairwise(stream.events))


def test_events_come_at_active_hours(stream: Stream) -> None:
    hours = {event.start_min // 60 % 24 for event in stream.events}
    assert hours <= PROFILES["United"].active


def in_events(stream: Stream, factors: tuple[int, ...]) -> list[int]:
    return [
        bucket
        for event in stream.events
        if event.factor in factors
        for bucket in range(event.start_min // 5 + 1, event.end_min // 5)
    ]


def test_a_crisis_multiplies_the_negatives_alone() -> None:
    drawn = [draw("American", 16, seed, warmup_days=0, evaluated_days=84) for seed in (1, 2)]
    lifted, others = [], []
    for stream in drawn:
        inside = in_events(stream, (5,))
        lifted.append(stream.negatives[inside].sum() / stream.expected[inside].sum())
        quiet = np.setdiff1d(np.arange(len(stream.others)), in_events(stream, (0,)))
        others.append(stream.others[inside].mean() / stream.others[quiet].mean())
    assert np.mean(lifted) == pytest.approx(5.0, rel=0.15)
    assert np.mean(others) < 2.0


def test_a_benign_surge_lifts_every_tweet_fourfold() -> None:
    drawn = [draw("American", 16, seed, warmup_days=0, evaluated_days=84) for seed in (1, 2, 3)]
    observed = sum(stream.negatives[in_events(stream, (0,))].sum() for stream in drawn)
    expected = sum(stream.expected[in_events(stream, (0,))].sum() for stream in drawn)
    assert observed / expected == pytest.approx(4.0, rel=0.15)


# Evaluation


@pytest.mark.parametrize(
    ("opened_min", "hit"),
    [(10, False), (15, True), (50 + GRACE_MIN, True), (50 + GRACE_MIN + 5, False)],
)
def test_a_hit_opens_from_the_onset_to_five_minutes_after_the_end(
    opened_min: int, hit: bool
) -> None:
    evaluated = evaluate([opened_min // BUCKET_MIN - 1], [CRISIS], warmup_days=0)
    assert (evaluated.delays_min[0][1] is not None) == hit
    assert evaluated.n_false == (not hit)


def test_the_delay_runs_from_the_onset_to_the_first_alert() -> None:
    assert evaluate([3, 6], [CRISIS], warmup_days=0).delays_min == ((CRISIS, 8),)


def test_alerts_in_the_warm_up_are_not_evaluated() -> None:
    assert evaluate([PER_DAY - 1], [], warmup_days=1).n_false == 0


def test_a_benign_surge_alerted_is_no_false_alert_but_is_counted() -> None:
    surge = replace(CRISIS, factor=0)
    evaluated = evaluate([3, 40], [surge], warmup_days=0)
    assert (evaluated.n_false, evaluated.n_benign) == (1, 1)


def test_the_life_cycle_of_alerts_equals_the_products(stream: Stream) -> None:
    rules = Rules(theta=3.0)
    state = BrandState("United", closed_ms=START_MS)
    opened: list[int] = []
    for i, bucket in enumerate(buckets_of(stream)):
        state.buckets[START_MS + i * BUCKET_MS] = bucket
        opened += [
            (alert.opened_ms - START_MS) // BUCKET_MS - 1
            for _, alert in advance(state, START_MS + (i + 1) * BUCKET_MS, rules)
            if alert is not None and alert.phase == "firing"
        ]
    assert len(opened) > 5
    assert openings(trace(stream, rules).found, rules.theta) == opened


# The peers


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_sees_a_jump_and_does_not_look_ahead(name: str) -> None:
    if name.startswith("River") and not installed():
        pytest.skip("River is in the group protocol only: make backtest installs it")
    rng = np.random.default_rng(1)
    negatives, others = rng.poisson(4.0, JUMP + 12), rng.poisson(4.0, JUMP + 12)
    negatives[JUMP:] += 40
    made, traced = flat(negatives.tolist(), others.tolist())
    max_count_z = np.where(np.arange(JUMP + 12) < JUMP, 0.0, 9.0).astype(np.float32)
    traced = replace(traced, found=DetectorScores(max_count_z, max_count_z))
    score = PEERS[name](made, traced).score
    cut = replace(made, negatives=made.negatives[:JUMP], others=made.others[:JUMP])
    known = DetectorScores(max_count_z[:JUMP], max_count_z[:JUMP])
    columns = (traced.expected, traced.rate, traced.clustering, traced.p_value)
    before = FoldTrace(known, *(column[:JUMP] for column in columns))
    assert np.max(score[JUMP:]) > np.quantile(score[200:JUMP], 0.99)
    assert PEERS[name](cut, before).score == pytest.approx(score[:JUMP], abs=1e-5)


def test_rate_only_takes_the_clustering_that_the_product_learnt() -> None:
    made, traced = flat([8] * 40, [2] * 40)
    doubted = replace(traced, clustering=traced.clustering * 4)
    assert (PEERS["rate only"](made, doubted).score < PEERS["rate only"](made, traced).score).all()


def test_sums_are_those_of_a_loop() -> None:
    counts: Floats = np.arange(20.0)
    assert sums(counts, 12).tolist() == [counts[max(0, i - 11) : i + 1].sum() for i in range(20)]


# The figures


def measured_with(score: list[float], events: tuple[Event, ...]) -> Measured:
    made, _ = flat([0] * len(score), [0] * len(score))
    return Measured(
        replace(made, events=events), {PRODUCT: DetectorScores(np.array(score, np.float32))}
    )


def test_figures_count_alerts_over_the_evaluated_weeks() -> None:
    warm = 21 * PER_DAY
    score = [0.0] * (warm + 100)
    score[warm + 10] = score[warm + 60] = 5.0
    event = Event((warm + 10) * 5, (warm + 16) * 5, 3)
    figures = at([measured_with(score, (event,))], PRODUCT, 4.0)[ALL]
    assert figures.false_per_week == pytest.approx(1 / 12)
    assert (figures.crises[3].share, figures.crises[3].delay_min) == (1.0, 5.0)


def test_alarms_are_false_alerts_and_those_on_benign_surges() -> None:
    warm = 21 * PER_DAY
    score = [0.0] * (warm + 300)
    score[warm + 10] = score[warm + 200] = 5.0
    surge = Event((warm + 10) * 5, (warm + 16) * 5, 0)
    figures = at([measured_with(score, (surge,))], PRODUCT, 4.0)[ALL]
    assert figures.alarms_per_week == pytest.approx(2 / 12)


def test_the_threshold_is_the_lowest_that_keeps_to_the_budget() -> None:
    warm = 21 * PER_DAY
    score = [0.0] * (warm + 2000)
    for i in range(24):
        score[warm + 50 * i] = 10.0 - i / 10
    figures = at_budget([measured_with(score, ())], PRODUCT, budget=1.0)
    assert figures.false_per_week == pytest.approx(1.0)


@pytest.mark.parametrize(("measured", "met"), [(0.65, True), (0.64, False), (float("nan"), False)])
def test_a_target_is_missed_below_its_bound_or_where_nothing_was_measured(
    measured: float, met: bool
) -> None:
    assert Target("caught", 0.65, measured, at_least=True).met == met


def test_a_target_against_a_missing_peer_is_missed() -> None:
    warm = 21 * PER_DAY
    event = Event(warm * 5, warm * 5 + 30, 3)
    figures = at([measured_with([0.0] * (warm + 50), (event,))], PRODUCT, 4.0)
    budgeted = {PRODUCT: figures[ALL], "count only": figures[ALL]}
    checked = targets(figures, budgeted, missing=["River GaussianScorer"])
    assert not [target for target in checked if "best peer" in target.name and target.met]


def test_a_lead_is_over_the_peer_that_caught_most_of_the_same_crises() -> None:
    warm = 21 * PER_DAY
    events = tuple(Event((warm + 50 * i) * 5, (warm + 50 * i) * 5 + 30, 3) for i in range(4))
    score = np.zeros((3, warm + 300), np.float32)
    for detector, n_caught in enumerate((4, 1, 2)):
        score[detector, [warm + 50 * i + 2 for i in range(n_caught)]] = 9.0
    by_name = dict(zip((PRODUCT, "CUSUM", "rate only"), map(DetectorScores, score), strict=True))
    measured = Measured(measured_with([0.0], events).stream, by_name)
    lead = leads([measured], {name: at([measured], name, 4.0)[ALL] for name in by_name})[0]
    assert (lead.peer, lead.points) == ("rate only", 0.5)
    assert lead.low <= 0.5 <= lead.high


# What a p-value is worth


def test_a_window_that_overlaps_an_event_is_not_counted_as_chance(stream: Stream) -> None:
    quiet = uneventful(stream, warmup_days=8)
    event = stream.events[0]
    assert quiet[event.start_min // 5 - 1]
    assert not quiet[event.start_min // 5 : -(-event.end_min // 5) + SCALES[-1] - 1].any()
    assert quiet[-(-event.end_min // 5) + SCALES[-1] - 1]


def test_the_worst_brand_is_printed_with_the_bands() -> None:
    counted = [Calibration(0.5, 100, (9, 5, 3, 2, 1, 0)), Calibration(8.0, 50, (9, 5, 3, 2, 2, 1))]
    pool = pooled(counted)
    assert pool[ALL].n_below == (18, 10, 6, 4, 3, 1)
    assert pool["worst brand"].n_below == (9, 5, 3, 2, 2, 1)


def test_the_help_has_examples() -> None:
    output = CliRunner().invoke(main, ["--help"]).output
    assert "Examples:" in output
    assert "--json" in output
