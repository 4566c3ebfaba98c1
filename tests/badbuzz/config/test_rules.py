from __future__ import annotations

import pytest

from badbuzz.config.rules import DETECTOR_FIELDS, FIELDS, read_changes
from badbuzz.detection.state import Rules
from badbuzz.errors import BrandsError


def test_every_field_can_be_tuned_or_is_listed_as_fixed() -> None:
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


@pytest.mark.parametrize(("end_ms", "is_valid"), [(1, False), (2, False), (3, True)])
def test_a_period_ends_after_its_start(end_ms: int, *, is_valid: bool) -> None:
    if is_valid:
        assert read_changes({"muted_ms": [[2, end_ms]]}, "here") == {"muted_ms": ((2, end_ms),)}
    else:
        with pytest.raises(BrandsError, match="is not after start"):
            read_changes({"muted_ms": [[2, end_ms]]}, "here")


@pytest.mark.parametrize("value", [-1, -0.5, float("inf"), float("nan")])
def test_a_number_is_finite_and_not_negative(value: float) -> None:
    assert read_changes({"step": 0}, "here") == {"step": 0.0}
    with pytest.raises(BrandsError, match="step: expected float, 0 or more"):
        read_changes({"step": value}, "here")
