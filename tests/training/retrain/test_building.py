"""Tests of the rows that a bundle is built from."""

from __future__ import annotations

import pytest

from badbuzz.errors import RecordingError
from tests.training.retrain.own_rows import rows, unlike
from training.retrain.building import check_rows


def test_copies_of_one_text_are_no_fold_of_both_classes() -> None:
    copies = rows(*((f"{unlike(1)} {letter}", True) for letter in "abcdefghijklmnopqrstuvwxyz" * 4))
    others = rows(*((unlike(n), n % 6 == 0) for n in range(2, 400)))
    mixed = rows(*((unlike(n), False) for n in range(500, 560)))
    check_rows("mine", "en", others)
    with pytest.raises(RecordingError, match="one class only"):
        check_rows("mine", "en", copies.joined(mixed).joined(others.kept(~others.negative)))
