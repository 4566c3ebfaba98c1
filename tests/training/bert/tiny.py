"""A BERT small enough for tests, and what it must calculate, in numpy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import erf, softmax

HIDDEN, WIDE, LAYERS, HEADS = 32, 48, 2, 4
WORDS = (
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "@", "user", "late", "lost", "thanks", "great", "flight",
    "bag", "my", "the", "##s", ".", "!", "again", "worst", "never", "not", "you", "for", "crew",
)  # fmt: skip
TEXTS = ("@crew my bag is lost again", "thanks", "worst flight ever! never again, the bags too")

CONFIG = {
    "model_type": "bert", "hidden_act": "gelu", "hidden_size": HIDDEN,
    "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "intermediate_size": WIDE,
    "max_position_embeddings": 40, "layer_norm_eps": 1e-12, "vocab_size": len(WORDS),
}  # fmt: skip


def write_tiny(folder: Path) -> Path:
    """Write a Hugging Face folder of random weights, with the names of a ``BertForX``."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "tokenizer.json").write_text(json.dumps(tokeniser()))
    rng = np.random.default_rng(1)
    weights = {
        f"bert.{name}": rng.normal(1.0 if "Norm.weight" in name else 0.0, 0.3, shape).astype("f4")
        for name, shape in shapes().items()
    }
    save_file(weights, folder / "model.safetensors")
    return folder


def shapes() -> dict[str, tuple[int, ...]]:
    sizes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), HIDDEN),
        "embeddings.position_embeddings.weight": (40, HIDDEN),
        "embeddings.token_type_embeddings.weight": (2, HIDDEN),
        "embeddings.LayerNorm.weight": (HIDDEN,),
        "embeddings.LayerNorm.bias": (HIDDEN,),
    }
    for layer in range(LAYERS):
        for name, n_in, n_out in (
            ("attention.self.query", HIDDEN, HIDDEN), ("attention.self.key", HIDDEN, HIDDEN),
            ("attention.self.value", HIDDEN, HIDDEN), ("attention.output.dense", HIDDEN, HIDDEN),
            ("intermediate.dense", HIDDEN, WIDE), ("output.dense", WIDE, HIDDEN),
        ):  # fmt: skip
            sizes[f"encoder.layer.{layer}.{name}.weight"] = (n_out, n_in)
            sizes[f"encoder.layer.{layer}.{name}.bias"] = (n_out,)
        for name in ("attention.output.LayerNorm", "output.LayerNorm"):
            sizes[f"encoder.layer.{layer}.{name}.weight"] = (HIDDEN,)
            sizes[f"encoder.layer.{layer}.{name}.bias"] = (HIDDEN,)
    return sizes


def tokeniser() -> dict[str, Any]:
    """Write the file of a WordPiece tokeniser."""
    marks = [{"SpecialToken": {"id": mark, "type_id": 0}} for mark in ("[CLS]", "[SEP]")]
    places = {word: place for place, word in enumerate(WORDS)}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": [],
        "normalizer": {"type": "Lowercase"}, "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": [marks[0], {"Sequence": {"id": "A", "type_id": 0}}, marks[1]],
            "pair": [],
            "special_tokens": {
                mark: {"id": mark, "ids": [places[mark]], "tokens": [mark]}
                for mark in ("[CLS]", "[SEP]")
            },
        },
        "decoder": None,
        "model": {
            "type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100, "vocab": places,
        },
    }  # fmt: skip


def reference(ids: Any, weights: dict[str, Any], n_heads: int, epsilon: float) -> Any:
    """Compute the mean of a text's last states by Devlin et al. (2019), in float64."""
    w = {name: value.astype(np.float64) for name, value in weights.items()}

    def normal(name: str, x: Any) -> Any:
        x = x - x.mean(axis=-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + epsilon)
        return x * w[name + ".weight"] + w[name + ".bias"]

    def dense(name: str, x: Any) -> Any:
        return x @ w[name + ".weight"].T + w[name + ".bias"]

    x = w["embeddings.word_embeddings.weight"][ids]
    x = x + w["embeddings.position_embeddings.weight"][: len(ids)]
    x = normal("embeddings.LayerNorm", x + w["embeddings.token_type_embeddings.weight"][0])
    n_layers = 1 + max(int(name.split(".")[2]) for name in w if name.startswith("encoder."))
    for layer in range(n_layers):
        at = f"encoder.layer.{layer}."
        q, k, v = (dense(f"{at}attention.self.{part}", x) for part in ("query", "key", "value"))
        size = q.shape[-1] // n_heads
        mixed = []
        for head in range(n_heads):
            own = slice(head * size, (head + 1) * size)
            attention = softmax(q[:, own] @ k[:, own].T / np.sqrt(size), axis=-1)
            mixed.append(attention @ v[:, own])
        x = normal(
            f"{at}attention.output.LayerNorm",
            x + dense(f"{at}attention.output.dense", np.concatenate(mixed, axis=-1)),
        )
        wide = dense(f"{at}intermediate.dense", x)
        wide = wide * (1 + erf(wide / np.sqrt(2))) / 2
        x = normal(f"{at}output.LayerNorm", x + dense(f"{at}output.dense", wide))
    return x.mean(axis=0)
