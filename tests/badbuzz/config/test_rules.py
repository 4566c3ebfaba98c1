from __future__ import annotations

import pytest

from badbuzz.config.rules import DETECTOR_FIELDS, FIELDS, read_changes
from badbuzz.detection.state import Rules
from badbuzz.errors import BrandsError


def test_every_field_is_tuned_or_named_here_as_not() -> None:
    others = {"zone", "languages", "muted_ms", "lateness_ms", "warmup_hours", "warmup_negatives"}
    assert set(FIELDS) == {*DETECTOR_FIELDS, *others}


def test_an_error_names_file_brand_key_and_what_was_expected() -> None:
    with pytest.raises(BrandsError) as caught:
        read_changes({"theta": "low"}, "tuned.toml: brand 'A'")
    assert str(caught.value) == (
        "tuned.toml: brand 'A': theta: expected float, 0 or more, found 'low'"
    )


def test_the_defaults_themselves_are_accepted() -> None:
    written = {key: getattr(Rules(), key) for key in DETECTOR_FIELDS}
    assert read_changes(written, "tuned.toml") == written
