from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from badbuzz.errors import BundleError
from badbuzz.model import Tweet
from badbuzz.models import scorer as scoring
from badbuzz.models.bundle import FILES, MAX_BYTES, PRAISE
from badbuzz.models.scorer import Scorer, ScorerSet

NAMES = ("airline-en", "tweets-fr")
SHIPPED = Path(scoring.__file__).parents[1] / "bundles"
ANGRY = {
    "en": "You lost my bag again and nobody answers the phone. Worst airline ever!",
    "fr": "Valise perdue, personne ne répond au téléphone, c'est honteux !",
}
GLAD = {
    "en": "Thank you so much to the lovely crew, great flight :)",
    "fr": "Merci à tout l'équipage, un accueil parfait et un très beau vol !",
}

load = cache(Scorer.load)
texts = st.lists(
    st.text(max_size=80)
    | st.sampled_from([*ANGRY.values(), *GLAD.values(), "", "😡" * 300, "a " * 2000]),
    max_size=150,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(max_size=5), values),
    max_leaves=5,
)


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A copy of a bundle that a test may spoil."""
    return Path(shutil.copytree(SHIPPED / "tweets-fr", tmp_path / "tweets-fr"))


def rewrite(path: Path, change: Callable[[Any], Any]) -> None:
    path.write_bytes(orjson.dumps(change(orjson.loads(path.read_bytes()))))


def tweet(text: str, lang: str) -> Tweet:
    return Tweet(id="1", brand="b", text=text, created_ms=0, produced_ms=0, lang=lang)


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_a_score_does_not_depend_on_its_batch(name: str, data: st.DataObject) -> None:
    others = data.draw(texts)
    at = data.draw(st.integers(0, len(others)))
    text = data.draw(st.text(max_size=80))
    scorer = load(name)
    alone = scorer.score([text])[0]
    assert scorer.score([*others[:at], text, *others[at:]])[at] == alone


@pytest.mark.parametrize("name", NAMES)
@given(texts=texts, size=st.integers(1, 150))
def test_scores_do_not_depend_on_the_size_of_batches(
    name: str, texts: list[str], size: int
) -> None:
    scorer = load(name)
    pieces = [scorer.score(texts[i : i + size]) for i in range(0, len(texts), size)]
    np.testing.assert_array_equal(scorer.score(texts), np.concatenate([*pieces, []]))


@given(text=st.text(max_size=300))
def test_a_score_is_a_probability_in_ten_thousandths(text: str) -> None:
    score = load("airline-en").score([text])[0]
    assert 0.0 <= score <= 1.0
    assert score == round(score, 4)


@pytest.mark.parametrize("name", NAMES)
def test_complaints_score_above_thanks(name: str) -> None:
    scorer = load(name)
    lang = scorer.languages[0]
    angry, glad = scorer.score([ANGRY[lang], GLAD[lang]])
    assert glad < scorer.threshold <= angry


@pytest.mark.parametrize("name", NAMES)
def test_64_kib_of_anything_are_scored(name: str) -> None:
    huge = [char * (64 * 1024 // len(char.encode())) for char in "a@#😡!1"]
    assert np.isfinite(load(name).score(huge)).all()


def test_no_texts_have_no_scores() -> None:
    assert load("airline-en").score([]).shape == (0,)


def test_a_prediction_follows_the_card() -> None:
    scorer = load("tweets-fr")
    (prediction,) = scorer.predict([ANGRY["fr"]])
    m0, m1 = scorer.card["class_means"]
    assert prediction.score == scorer.score([ANGRY["fr"]])[0]
    assert prediction.negative is True
    assert prediction.adjusted == round((prediction.score - m0) / (m1 - m0) * 10_000)
    assert prediction.bundle == scorer.version


def test_a_score_at_the_threshold_is_negative() -> None:
    scorer = load("airline-en")
    scores = np.array([scorer.threshold - 1e-4, scorer.threshold, scorer.threshold + 1e-4])
    assert [prediction.negative for prediction in scorer.predictions(scores)] == [False, True, True]


def test_a_version_is_a_name_and_eight_digits() -> None:
    assert re.fullmatch(r"airline-en@[0-9a-f]{8}", load("airline-en").version)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_bundle_is_small(name: str) -> None:
    assert sum(path.stat().st_size for path in (SHIPPED / name).iterdir()) <= 5_000_000


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_bundle_has_golden_texts_of_every_kind(name: str) -> None:
    golden = orjson.loads((SHIPPED / name / "golden.json").read_bytes())
    golden_texts = [case["text"] for case in golden]
    assert len(golden_texts) >= 20
    assert "" in golden_texts
    for script in ("א", "م", "航", "Г", "😡"):
        assert any(script in text for text in golden_texts)


def test_the_version_names_the_content(bundle: Path) -> None:
    before = Scorer(bundle).version
    rewrite(bundle / "card.json", lambda card: {**card, "threshold": 0.4})
    assert before == load("tweets-fr").version
    assert Scorer(bundle).version != before


def test_a_bundle_is_found_by_path(bundle: Path) -> None:
    assert Scorer.load(str(bundle)).name == "tweets-fr"


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(BundleError, match=r"no bundle 'airline-de'.*airline-en, tweets-fr"):
        Scorer.load("airline-de")


@pytest.mark.parametrize(
    "config",
    [
        [],
        {"n_rows": 64, "features": {"n_bits": 40, "shortest": 4, "longest": 4, "width": 384}},
        {
            "kind": "subwords", "n_rows": 64,
            "features": {"words": [], "n_buckets": 0, "shortest": 1, "longest": 3, "width": 384},
        },
        {"kind": "pictures", "n_rows": 64, "features": {}},
    ],
    ids=["no object", "too many bits", "no buckets", "no such kind"],
)  # fmt: skip
def test_an_invalid_featuriser_is_refused(bundle: Path, config: Any) -> None:
    rewrite(bundle / "featuriser.json", lambda _: config)
    with pytest.raises(BundleError, match="build it again"):
        Scorer(bundle)


@pytest.mark.parametrize("name", FILES)
def test_a_bundle_that_lacks_a_file_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    with pytest.raises(BundleError, match=f"lacks {name}"):
        Scorer(bundle)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".json")])
def test_a_bundle_with_a_broken_file_is_refused(bundle: Path, name: str) -> None:
    (bundle / name).write_bytes(b"{")
    with pytest.raises(BundleError, match=f"{name} is not JSON"):
        Scorer(bundle)


def test_a_broken_network_is_refused(bundle: Path) -> None:
    (bundle / "model.tflite").write_bytes(b"TFL3")
    with pytest.raises(BundleError, match="build it again"):
        Scorer(bundle)


@pytest.mark.parametrize(
    ("name", "change", "reason"),
    [
        ("card.json", lambda card: {**card, "schema": 9}, "schema 9, this version reads 1"),
        ("card.json", lambda card: [card], "Expected `object`, got `array`"),
        ("card.json", lambda card: {**card, "class_means": [0.2]}, "`array` of length 2"),
        ("card.json", lambda card: {**card, "class_means": [0.4, 0.4]}, "is not at least 0.01"),
        ("card.json", lambda card: {**card, "class_means": [0.8, 0.4]}, "is not at least 0.01"),
        ("card.json", lambda card: {**card, "class_means": [0, 1e300]}, "class_means"),
        ("card.json", lambda card: {**card, "threshold": "NaN"}, "threshold"),
        ("card.json", lambda card: {**card, "threshold": -0.1}, "threshold"),
        ("card.json", lambda card: {**card, "languages": []}, "languages"),
        ("card.json", lambda card: {**card, "languages": ["../.."]}, "languages"),
        ("card.json", lambda card: {**card, "name": "x" * 101}, "name"),
        (
            "card.json",
            lambda card: {key: card[key] for key in card if key != "threshold"},
            "missing required field `threshold`",
        ),
        (
            "featuriser.json",
            lambda config: {**config, "features": {"n_bits": 18}},
            "missing required field `width`",
        ),
        (
            "featuriser.json",
            lambda config: {**config, "features": {**config["features"], "width": 10**7}},
            "<= 16384",
        ),
        ("featuriser.json", lambda config: {**config, "n_rows": 10**7}, "<= 1024"),
        ("golden.json", lambda golden: [], "length >= 1"),
        ("golden.json", lambda golden: [{"text": "late"}], "missing required field `score`"),
        ("golden.json", lambda golden: golden * 100, "length <= 1000"),
    ],
)
def test_a_bundle_with_wrong_content_is_refused(
    bundle: Path, name: str, change: Callable[[Any], Any], reason: str
) -> None:
    rewrite(bundle / name, change)
    with pytest.raises(BundleError, match=reason):
        Scorer(bundle)


def test_a_bundle_whose_golden_score_differs_is_refused(bundle: Path) -> None:
    def shift(golden: list[dict[str, Any]]) -> list[dict[str, Any]]:
        golden[-1]["score"] += 2e-5
        return golden

    rewrite(bundle / "golden.json", shift)
    with pytest.raises(BundleError, match="do not belong together"):
        Scorer(bundle)


def test_a_golden_score_may_differ_by_a_hundred_thousandth(bundle: Path) -> None:
    def shift(golden: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{**case, "score": case["score"] + 8e-6} for case in golden]

    rewrite(bundle / "golden.json", shift)
    assert Scorer(bundle).name == "tweets-fr"
    assert scoring.GOLDEN_TOLERANCE == 1e-5


def test_another_bundles_network_is_refused(bundle: Path) -> None:
    shutil.copy(SHIPPED / "airline-en" / "model.tflite", bundle)
    with pytest.raises(BundleError, match="do not belong together"):
        Scorer(bundle)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"longest": 5}, "do not belong together"),
        ({"n_bits": 20}, "out of bound"),
        ({"width": 100}, "the featuriser makes"),
    ],
)
def test_another_featuriser_is_refused(bundle: Path, change: dict[str, int], reason: str) -> None:
    def other(config: dict[str, Any]) -> dict[str, Any]:
        return {**config, "features": {**config["features"], **change}}

    rewrite(bundle / "featuriser.json", other)
    with pytest.raises(BundleError, match=reason):
        Scorer(bundle)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_too_large_is_refused(
    bundle: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(MAX_BYTES, name, (bundle / name).stat().st_size - 1)
    with pytest.raises(BundleError, match=f"{name} has over"):
        Scorer(bundle)


def test_a_bundle_that_prefers_complaints_is_refused(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, "COMPLAINTS", PRAISE)
    with pytest.raises(BundleError, match="complaints do not score above praise"):
        Scorer(bundle)


def test_a_slow_bundle_is_refused(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "_MAX_TEXT_S", 0.0)
    with pytest.raises(BundleError, match="a text takes"):
        Scorer(bundle)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("_MAX_OPS", 9, "has a loop"),
        ("_LOOPS", frozenset({"GATHER"}), "has a loop"),
        ("_MAX_TENSOR_BYTES", 1 << 20, "the network needs"),
    ],
)
def test_a_network_without_a_limit_is_refused(
    bundle: Path, name: str, value: object, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoring, name, value)
    with pytest.raises(BundleError, match=reason):
        Scorer(bundle)


@given(data=st.data())
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_bundle_with_any_card_scores_or_is_refused(bundle: Path, data: st.DataObject) -> None:
    card = orjson.loads((SHIPPED / "tweets-fr" / "card.json").read_bytes())
    key = data.draw(st.sampled_from(["schema", "name", "languages", "threshold", "class_means"]))
    value = data.draw(json_values)
    (bundle / "card.json").write_text(json.dumps({**card, key: value}))
    try:
        scorer = Scorer(bundle)
    except BundleError:
        return
    (prediction,) = scorer.predict([ANGRY["fr"]])
    assert 0.0 <= prediction.score <= 1.0
    assert abs(prediction.adjusted) <= 1_000_000


def test_each_tweet_is_scored_by_the_bundle_of_its_language() -> None:
    scorers = ScorerSet.read("en=airline-en,fr=tweets-fr")
    langs = ["fr", "en", "de", "fr", "und", "en"]
    predictions = scorers.predict([tweet(ANGRY.get(lang, "Schade."), lang) for lang in langs])
    bundles = [prediction and prediction.bundle.partition("@")[0] for prediction in predictions]
    assert bundles == ["tweets-fr", "airline-en", None, "tweets-fr", None, "airline-en"]


def test_predictions_are_in_the_order_of_the_tweets() -> None:
    scorers = ScorerSet.read("en=airline-en")
    predictions = scorers.predict(
        [tweet(GLAD["en"], "en"), tweet("?", "fr"), tweet(ANGRY["en"], "en")]
    )
    assert [prediction and prediction.negative for prediction in predictions] == [False, None, True]


def test_a_scorer_set_lists_its_versions() -> None:
    scorers = ScorerSet.read("fr=tweets-fr, en=airline-en")
    assert scorers.versions == (load("airline-en").version, load("tweets-fr").version)


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("", "no bundle given"),
        ("airline-en", "expected language=bundle, found 'airline-en'"),
        ("en=", "expected language=bundle"),
        ("en=airline-en,en=airline-en", "en is given twice"),
        ("en=nothing", "no bundle 'nothing'"),
        ("fr=airline-en", "validated on en only"),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused(spec: str, reason: str) -> None:
    with pytest.raises(BundleError, match=reason):
        ScorerSet.read(spec)
