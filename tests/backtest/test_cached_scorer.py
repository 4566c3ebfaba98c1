"""Sources of a backtest's predictions: bundles, recorded scores, labels, cache."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from backtest import scores
from backtest.cached_scorer import CachedScorer, LabelOracle
from badbuzz.cli import badbuzz
from badbuzz.errors import RecordingError
from badbuzz.model import Prediction
from badbuzz.models.scorer import ScorerSet
from badbuzz.recordings.reader import LabelledTweet, read_recording
from tests.backtest.runs import (
    LOUD,
    command,
    labelled_file,
    summed_up,
)  # fmt: skip


def test_a_known_bundles_score_gives_its_prediction(scorers: ScorerSet) -> None:
    prediction = scorers.predict([LOUD.tweet])[0]
    assert prediction is not None
    recorded = LOUD._replace(score=prediction.score, negative=True, bundle=prediction.bundle)
    assert CachedScorer(scorers, None).predictions([recorded]) == [prediction]


def test_the_score_of_an_unknown_bundle_is_not_adjusted(scorers: ScorerSet) -> None:
    recorded = LOUD._replace(score=0.45, negative=True, bundle="other@1")
    expected = Prediction(score=0.45, negative=True, adjusted=4_500, bundle="other@1")
    assert CachedScorer(scorers, None).predictions([recorded]) == [expected]


def test_recorded_scores_can_be_ignored(scorers: ScorerSet) -> None:
    recorded = LOUD._replace(score=0.0)
    assert CachedScorer(scorers, None, rescore=True).predictions([recorded]) == scorers.predict(
        [LOUD.tweet]
    )


def test_predictions_are_those_of_the_worker(scorers: ScorerSet, recording: Path) -> None:
    tweets = list(read_recording([str(recording)]))[:500]
    predictions = CachedScorer(scorers, None).predictions(
        [LabelledTweet(tweet, None, None) for tweet in tweets]
    )
    assert predictions == scorers.predict(tweets)


def test_a_label_is_the_prediction_and_a_tweet_without_one_has_none() -> None:
    labelled = [LOUD._replace(label=label) for label in ("negative", "neutral", None)]
    assert [v and v.negative for v in LabelOracle().predictions(labelled)] == [True, False, None]


def test_an_unknown_label_is_a_rejected_row_with_a_remedy(tmp_path: Path) -> None:
    path = labelled_file(tmp_path, "negative", "angry")
    output = CliRunner().invoke(badbuzz, ["backtest", str(path), "--use-truth"]).output
    assert (
        "labelled.csv:3: label 'angry' is none of negative, neutral, positive: map it with "
        "--label angry=negative" in output
    )


@pytest.mark.parametrize("options", [(), ("--label", "angry=negative")])
def test_a_word_with_a_known_label_is_counted(options: tuple[str, ...], tmp_path: Path) -> None:
    path = labelled_file(tmp_path, "Neutral", "angry")
    assert summed_up(path, "--use-truth", *options)["n_tweets"] == 1 + bool(options)


def test_truth_without_a_single_label_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no row has a label"):
        command(labelled_file(tmp_path, "", ""), "--use-truth")


# Cached scores


def test_scores_are_cached(tmp_path: Path, scorers: ScorerSet) -> None:
    for n_scored in (1, 0):
        scorer = CachedScorer(scorers, tmp_path)
        scorer.predictions([LOUD])
        assert scorer.close() == []
        assert scorer.n_scored == n_scored


def test_no_cache_keeps_nothing(recording: Path, cache_folder: Path) -> None:
    command(recording, "--no-cache")
    assert not list(cache_folder.rglob("*@*"))


def test_the_digest_depends_on_the_code(tmp_path: Path) -> None:
    path = tmp_path / "text.py"
    digests = set()
    for source in ("lower = True\n", "lower = False\n"):
        path.write_text(source)
        digests.add(scores.code_digest([path]))
    assert len(digests) == 2


@pytest.mark.parametrize("module", ["tokens", "hashing", "vocabulary"])
def test_the_name_of_the_cache_folder_depends_on_the_code(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = scores.cache_folder()
    changed = tmp_path / "changed.py"
    changed.write_text("changed = True\n")
    monkeypatch.setattr(f"badbuzz.features.{module}.__file__", str(changed))
    assert scores.cache_folder() != before


def test_only_an_incomplete_last_row_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "scores"
    for keys, chop in (([1, 2], 5), ([3], 0)):
        cache = scores.ScoreCache(path)
        cache.add(keys, keys)
        cache.save()
        path.write_bytes(path.read_bytes()[: path.stat().st_size - chop])
    assert scores.ScoreCache(path).known == {1: 1, 3: 3}


def test_a_row_with_a_wrong_checksum_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "scores"
    cache = scores.ScoreCache(path)
    cache.add([1, 2], [10, 20])
    cache.save()
    content = np.frombuffer(path.read_bytes(), np.uint8).copy()
    content[8] ^= 1
    path.write_bytes(content.tobytes() + bytes(24))
    assert scores.ScoreCache(path).known == {2: 20}


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from backtest.scores import ScoreCache\n"
        "cache = ScoreCache(Path(sys.argv[1])); start = int(sys.argv[2])\n"
        "for n in range(start, start + 2000):\n"
        "    cache.add([n], [n % 10000])\n"
        "    if n % 10 == 0: cache.save()\n"
        "cache.save()"
    )
    path = tmp_path / "scores"
    writers = [
        subprocess.Popen([sys.executable, "-c", code, str(path), str(start)])
        for start in (0, 10_000)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    assert scores.ScoreCache(path).known == {
        n: n % 10_000 for start in (0, 10_000) for n in range(start, start + 2000)
    }


def test_a_cache_that_cannot_be_written_is_a_warning(scorers: ScorerSet, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    scorer = CachedScorer(scorers, tmp_path / "file")
    assert scorer.predictions([LOUD]) == scorers.predict([LOUD.tweet])
    assert "scores are not cached" in scorer.close()[0]


# Rules, sweeps, comparisons
