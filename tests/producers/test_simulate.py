"""Simulated tweets: reproducible, plausible, and with the incidents of the ground truth."""

from __future__ import annotations

import gzip
import tracemalloc
from collections import Counter
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st

from badbuzz import wire
from badbuzz.errors import RecordingError
from badbuzz.models.scorer import Scorer
from badbuzz.recordings.reader import read_labelled
from producers.airlines import LANGUAGES, OTHERS, build_airlines
from producers.commands import simulate
from producers.grammar import Alternatives, Dice, Grammar, Parts, Symbol, parse, read_rules
from producers.incidents import (
    BENIGN,
    CRISES,
    SimulatedIncident,
    as_truth,
    read_incidents,
    schedule_incidents,
)
from producers.simulate import SimulatedTweet, Simulation
from producers.tweet_generator import MOODS, TweetGenerator, load_grammar

MONDAY_MS = 1_793_577_600_000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
CONTEXT = frozenset({"code", "name", "handle", "storm_who", "storm_city"})


def symbols_in(parts: Parts) -> set[str]:
    """Return the symbols that occur in a parsed template."""
    names: set[str] = set()
    for part in parts:
        if isinstance(part, Symbol):
            names.add(part.name)
        elif isinstance(part, Alternatives):
            names = names.union(*map(symbols_in, part.options))
    return names


def run(*arguments: str) -> Result:
    return CliRunner().invoke(simulate, arguments, catch_exceptions=False)


def simulated(**changes: Any) -> Simulation:
    quiet = Simulation(build_airlines(1), start_ms=MONDAY_MS, n_days=1, incidents=(), seed=1)
    return replace(quiet, **changes)


@pytest.fixture(scope="module")
def ten_days() -> Simulation:
    airlines = build_airlines(3)
    calm = Simulation(airlines, start_ms=MONDAY_MS, n_days=10, incidents=(), seed=5)
    rng = np.random.default_rng(5)
    return replace(calm, incidents=schedule_incidents(airlines, MONDAY_MS, calm.end_ms, rng))


@pytest.fixture(scope="module")
def written(ten_days: Simulation) -> list[SimulatedTweet]:
    return list(ten_days.run())


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    outputs = [tmp_path / name for name in ("one.jsonl.gz", "two.jsonl.gz")]
    for output in outputs:
        assert run("--days", "0.5", "--seed", "3", "-o", str(output)).exit_code == 0
    first, second = (output.read_bytes() for output in outputs)
    assert first == second
    assert gzip.decompress(first).count(b"\n") > 1000


def test_another_seed_writes_other_tweets() -> None:
    first, other = (next(simulated(seed=seed).run()) for seed in (1, 2))
    assert first.tweet.text != other.tweet.text


def ids(simulation: Simulation) -> set[str]:
    return {each.tweet.id for each in simulation.run()}


@pytest.mark.parametrize(
    "change",
    [
        {"start_ms": MONDAY_MS + DAY_MS},
        {"start_ms": MONDAY_MS + 300_000},
        {"tweets_per_day": 2000},
    ],
)
def test_another_simulation_with_the_same_seed_has_other_ids(change: dict[str, Any]) -> None:
    assert not ids(simulated()) & ids(simulated(**change))


@pytest.mark.parametrize(
    "change",
    [
        {"airlines": build_airlines(2)},
        {"languages": ("fr",)},
        {
            "incidents": (
                SimulatedIncident("Air Paradis", "delay", MONDAY_MS, MONDAY_MS + DAY_MS, 5.0),
            )
        },
    ],
)
def test_tweets_of_two_simulations_with_the_same_id_are_the_same(change: dict[str, Any]) -> None:
    first, second = (
        {each.tweet.id: (each.tweet.created_ms, each.tweet.text) for each in simulation.run()}
        for simulation in (simulated(), simulated(**change))
    )
    shared = first.keys() & second.keys()
    assert [first[id_] for id_ in shared] == [second[id_] for id_ in shared]


def test_incidents_do_not_change_the_tweets_before_them() -> None:
    incident = SimulatedIncident(
        "Air Paradis", "delay", MONDAY_MS + 9 * HOUR_MS, MONDAY_MS + DAY_MS, 5.0
    )
    calm, struck = simulated().run(), simulated(incidents=(incident,)).run()
    before = [each for each in islice(calm, 500) if each.tweet.created_ms < incident.start_ms]
    assert before == list(islice(struck, len(before)))


def test_ten_days_of_three_brands_have_enough_tweets_and_incidents(
    written: list[SimulatedTweet],
) -> None:
    assert 60_000 <= len(written) <= 90_000
    assert {each.tweet.brand for each in written} == {"Air Paradis", "Nordwind", "Costa Air"}


def test_tweets_are_numbered_and_in_time_order(written: list[SimulatedTweet]) -> None:
    assert [each.tweet.seq for each in written] == list(range(len(written)))
    times = [each.tweet.created_ms for each in written]
    assert times == sorted(times)


def test_every_line_is_a_tweet_that_the_worker_reads(written: list[SimulatedTweet]) -> None:
    for each in written[:5000]:
        assert wire.decode_tweet(wire.encode_tweet(each.tweet)) == each.tweet


def test_texts_are_as_varied_as_real_ones(written: list[SimulatedTweet]) -> None:
    assert len({each.tweet.text for each in written[:10_000]}) > 9_500


def test_a_quarter_of_the_tweets_are_french_and_a_few_have_no_bundle(
    written: list[SimulatedTweet],
) -> None:
    count = Counter(each.tweet.lang for each in written)
    assert 0.2 < count["fr"] / len(written) < 0.3
    assert 0.01 < sum(count[lang] for lang in OTHERS) / len(written) < 0.05


def test_about_half_of_the_tweets_outside_incidents_are_negative(
    written: list[SimulatedTweet],
) -> None:
    calm = [each for each in written if each.tweet.created_ms < MONDAY_MS + 7 * DAY_MS]
    for airline in build_airlines(3):
        moods = [each.mood for each in calm if each.tweet.brand == airline.brand]
        assert abs(moods.count("negative") / len(moods) - airline.negative_rate) < 0.03


def test_there_are_few_tweets_at_night_in_the_brands_time_zone(
    written: list[SimulatedTweet],
) -> None:
    for airline, night in (("Air Paradis", 2), ("Costa Air", 8)):  # 03:00 in Paris, in New York
        hours = Counter(
            each.tweet.created_ms // HOUR_MS % 24 for each in written if each.tweet.brand == airline
        )
        assert hours[night] < 0.2 * max(hours.values())


def test_memory_does_not_grow_with_the_number_of_tweets() -> None:
    tweets = simulated(n_days=100).run()
    next(tweets)
    tracemalloc.start()
    try:
        sum(1 for _ in islice(tweets, 10_000))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000


def moods_at_noon(kind: str, magnitude: float) -> tuple[Counter[str], Counter[str]]:
    """Moods of calm afternoons, and of the same ones with an incident at its height."""
    noon_ms = MONDAY_MS + 12 * HOUR_MS
    incident = SimulatedIncident("Air Paradis", kind, noon_ms, noon_ms + 4 * HOUR_MS, magnitude)
    calm, struck = Counter[str](), Counter[str]()
    for seed in range(8):
        afternoon = simulated(start_ms=noon_ms, n_days=1 / 6, seed=seed, tweets_per_day=8000)
        for moods, incidents in ((calm, ()), (struck, (incident,))):
            moods.update(
                each.mood
                for each in replace(afternoon, incidents=incidents).run()
                if incident.strength(each.tweet.created_ms) == 1.0
            )
    return calm, struck


@pytest.mark.parametrize("kind", CRISES)
def test_a_crisis_multiplies_the_negatives(kind: str) -> None:
    calm, struck = moods_at_noon(kind, 6.0)
    assert 5.0 < struck["negative"] / calm["negative"] < 7.0
    assert struck["neutral"] < 2.5 * calm["neutral"]


@pytest.mark.parametrize("kind", BENIGN)
def test_a_benign_surge_raises_the_volume_but_not_the_negative_rate(kind: str) -> None:
    calm, struck = moods_at_noon(kind, 4.0)
    assert 3.5 < struck.total() / calm.total() < 4.5
    assert struck["negative"] / struck.total() < calm["negative"] / calm.total()


def test_a_retweet_storm_repeats_itself_under_new_ids() -> None:
    noon_ms = MONDAY_MS + 12 * HOUR_MS
    incident = SimulatedIncident("Air Paradis", "retweet_storm", noon_ms, noon_ms + HOUR_MS, 4.0)
    storm = [
        each.tweet
        for each in simulated(incidents=(incident,)).run()
        if each.tweet.text.startswith("RT ")
    ]
    assert len({tweet.id for tweet in storm}) == len(storm) > 50
    assert len({tweet.text for tweet in storm}) < 15


@pytest.mark.parametrize("seed", range(8))
def test_scheduled_incidents_begin_after_a_week_and_do_not_overlap(seed: int) -> None:
    end_ms = MONDAY_MS + 10 * DAY_MS
    incidents = schedule_incidents(
        build_airlines(3), MONDAY_MS, end_ms, np.random.default_rng(seed)
    )
    assert sum(each.kind in CRISES for each in incidents) == 5
    assert {each.kind for each in incidents} == {*CRISES, *BENIGN}
    for each in incidents:
        assert MONDAY_MS + 7 * DAY_MS <= each.start_ms < each.end_ms <= end_ms
        assert each.kind in BENIGN or 3.0 <= each.magnitude <= 10.0
    for airline in build_airlines(3):
        own = [each for each in incidents if each.brand == airline.brand]
        gaps = [later.start_ms - sooner.end_ms for sooner, later in pairwise(own)]
        assert min(gaps, default=DAY_MS) > HOUR_MS


def test_the_truth_file_can_be_used_as_incidents(tmp_path: Path) -> None:
    first, again = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    arguments = ("--days", "2", "--brands", "2", "-o")
    assert run(*arguments, str(first)).exit_code == 0
    truth = tmp_path / "a.jsonl.truth.json"
    assert run(*arguments, str(again), "--incidents", str(truth)).exit_code == 0
    assert first.read_bytes() == again.read_bytes()


def test_truth_lists_crises_and_benign_surges_separately(ten_days: Simulation) -> None:
    truth = as_truth(ten_days.incidents)
    assert {each["kind"] for each in truth["incidents"]} == set(CRISES)
    assert {each["kind"] for each in truth["benign"]} == set(BENIGN)
    assert set(truth["incidents"][0]) == {"brand", "kind", "start_ms", "end_ms", "magnitude"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("nonsense", "is not a file of incidents"),
        ("[]", "expected an object with lists incidents, benign"),
        ('{"incidents":[{"kind":"delay"}]}', "is not a file of incidents"),
        ('{"incidents":[7]}', "is not a file of incidents"),
        ('{"incidents":[{"brand":"B","start":"2027-01-01"}]}', "expected entries of brand, kind, "),
        ('{"incidents":[["a","b","c","d","e"]]}', "is not a file of incidents"),
        ('{"incidents":[{"brand":"B","kind":"delay","start_ms":2,"end_ms":1,"magnitude":3}]}', "<"),
        (
            '{"incidents":[{"brand":"B","kind":"x","start_ms":"1","end_ms":2,"magnitude":3}]}',
            "Unix",
        ),
        ('{"incidents":[{"brand":"B","kind":"fog","start_ms":1,"end_ms":2,"magnitude":3}]}', "fog"),
        ('{"incidents":[{"brand":"C","kind":"delay","start_ms":1,"end_ms":2,"magnitude":3}]}', "C"),
    ],
)
def test_an_invalid_truth_file_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "truth.json"
    path.write_text(content)
    with pytest.raises(RecordingError, match=reason):
        read_incidents(str(path), ["B"])


def test_labels_are_written_only_on_request(tmp_path: Path) -> None:
    plain, labelled = tmp_path / "plain.jsonl", tmp_path / "labelled.jsonl"
    assert run("--days", "0.1", "-o", str(plain)).exit_code == 0
    assert run("--days", "0.1", "-o", str(labelled), "--labelled").exit_code == 0
    assert b"label" not in plain.read_bytes()
    assert {each.label for each in read_labelled([str(labelled)])} == set(MOODS)


def test_tweets_can_be_of_one_language() -> None:
    languages = {each.tweet.lang for each in simulated(languages=("fr",)).run()}
    assert languages == {"fr", *OTHERS}


@pytest.mark.parametrize("value", ["it", "en,en", ""])
def test_an_unknown_language_is_refused(value: str) -> None:
    assert run("--lang", value).exit_code == 2


def test_a_thousand_brands_have_a_thousand_names() -> None:
    assert len({airline.brand for airline in build_airlines(1000)}) == 1000


def test_an_output_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no/where: cannot be written: there is no folder"):
        run("--days", "0.1", "-o", str(tmp_path / "no" / "where"), "--truth", str(tmp_path / "t"))


@pytest.mark.parametrize("lang", [*LANGUAGES, *OTHERS])
def test_a_grammar_defines_all_its_symbols(lang: str) -> None:
    rules = load_grammar(lang).rules
    used = set().union(*(symbols_in(parts) for options in rules.values() for parts in options))
    assert used <= rules.keys() | CONTEXT


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("kind", [*CRISES, *BENIGN])
def test_every_incident_has_texts(kind: str, lang: str) -> None:
    generator = TweetGenerator(Dice(np.random.default_rng(1)))
    (airline,) = build_airlines(1)
    incident = SimulatedIncident(airline.brand, kind, 0, HOUR_MS, 4.0)
    moods = ("negative",) if kind in CRISES else ("positive", "neutral")
    for mood in moods if kind != "retweet_storm" else ("positive",):
        for _ in range(50):
            text = generator.text(airline, lang, mood, incident)
            assert airline.handle[1:].lower() in text.lower()
            assert not set(text) & set("{}[]|")


@pytest.mark.parametrize(("lang", "bundle"), [("en", "airline-en"), ("fr", "tweets-fr")])
def test_the_shipped_bundles_separate_the_moods(
    written: list[SimulatedTweet], lang: str, bundle: str
) -> None:
    in_language = [each for each in written if each.tweet.lang == lang][:5000]
    scores = Scorer.load(bundle).score([each.tweet.text for each in in_language])
    negative = np.array([each.mood == "negative" for each in in_language])
    ranks = np.empty(len(scores))
    ranks[np.argsort(scores)] = np.arange(1, len(scores) + 1)
    n, m = int(negative.sum()), int((~negative).sum())
    area = (float(ranks[negative].sum()) - n * (n + 1) / 2) / (n * m)
    assert area > 0.95


plain_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="{}[]|"))


@given(plain_texts)
def test_text_without_brackets_is_its_own_template(text: str) -> None:
    assert "".join(str(part) for part in parse(text)) == text


@pytest.mark.parametrize("template", ["[a|b", "a]", "a|b", "{a", "[a[b|c]", "[a|b]]"])
def test_a_template_with_an_open_bracket_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match=r"left open|closes nothing"):
        parse(template)


@given(st.integers(0, 1000))
def test_nested_alternatives_give_one_of_their_texts(seed: int) -> None:
    rules = {"who": ["[a|b[c|d|]]{x}"], "x": ["!"]}
    text = Grammar(rules).text("who", Dice(np.random.default_rng(seed)), {})
    assert text in {"a!", "bc!", "bd!", "b!"}


@pytest.mark.parametrize("text", ["  early", "a:\n  x\na:\n  y"])
def test_a_grammar_file_must_be_in_order(text: str) -> None:
    with pytest.raises(ValueError, match="line"):
        read_rules(text)


def test_the_truth_is_json(tmp_path: Path) -> None:
    truth = tmp_path / "truth.json"
    assert run("--days", "0.1", "-o", str(tmp_path / "a"), "--truth", str(truth)).exit_code == 0
    plain = orjson.loads(truth.read_bytes())
    assert plain["end_ms"] - plain["start_ms"] == round(0.1 * 288) * 300_000


@pytest.mark.parametrize("other", ["--truth", "--incidents"])
def test_tweets_are_not_written_over_another_file(other: str, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    path.write_text('{"incidents": []}')
    with pytest.raises(RecordingError, match="give another name"):
        run("--days", "1", "-o", str(path), other, str(path))
    assert path.read_text() == '{"incidents": []}'
