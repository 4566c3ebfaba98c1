"""Labelled rows for the tests of retraining."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import orjson

from training.datasets.rows import Rows


def unlike(n: int) -> str:
    """Return a text that has no word in common with those of other numbers."""
    letters = "".join("abcdefghij"[int(digit)] for digit in str(n))
    return " ".join(f"{word}{letters}" for word in ("bag", "gate", "crew", "late"))


def rows(*pairs: tuple[str, bool]) -> Rows:
    """Return base data of texts and labels."""
    texts = [text for text, _ in pairs]
    return Rows(
        texts, np.array([label for _, label in pairs], np.bool_), np.array([""] * len(pairs))
    )


def own_rows(path: Path) -> Path:
    """Write rows from which a model learns that complaints are negative and praise is not."""
    words = {"negative": ("worst", "refund", "rude"), "neutral": ("thank", "great", "love")}
    lines = []
    for n in range(120):
        label = "neutral" if n % 2 else "negative"
        lines.append(orjson.dumps({"text": f"{unlike(n)} {words[label][n % 3]}", "label": label}))
    path.write_bytes(b"\n".join(lines))
    return path
