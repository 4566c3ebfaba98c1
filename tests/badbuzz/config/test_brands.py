from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from badbuzz.config.brands import SENSITIVITIES, brands, parse_brands, read_brands
from badbuzz.config.rules import DETECTOR_FIELDS
from badbuzz.detection.state import Rules
from badbuzz.errors import BrandsError

GOOD = """
[[brand]]
name = "Air Paradis"
languages = ["fr", "en"]
zone = "Europe/Paris"
sensitivity = "sensitive"
[[brand.mute]]
from = 2026-12-01T08:00:00+01:00
until = 2026-12-01T20:00:00+01:00
"""


def test_a_brand_has_the_rules_of_the_file() -> None:
    rules = parse_brands(GOOD, "here").of("Air Paradis")
    assert rules.theta == 3.65
    assert rules.languages == frozenset({"fr", "en"})
    assert rules.muted(1_796_112_000_000)


@pytest.mark.parametrize("key", DETECTOR_FIELDS)
def test_a_brand_takes_the_detectors_parameters_by_their_names(key: str) -> None:
    value = getattr(Rules(), key) + 1
    tuned = parse_brands(f"[[brand]]\nname = 'A'\n{key} = {value}", "here").of("A")
    assert tuned == replace(Rules(zone=ZoneInfo("UTC")), **{key: value})


def test_unset_rules_have_the_given_default() -> None:
    default = Rules(zone=ZoneInfo("UTC"), step=1.5, warmup_hours=2)
    assert parse_brands("[[brand]]\nname = 'A'\ntheta = 5", "here", default).of("A") == replace(
        default, theta=5.0
    )


def test_a_brand_that_the_file_does_not_name_gets_the_default() -> None:
    assert parse_brands(GOOD, "here").of("Nobody").theta == 4.0


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("name =", "not TOML"),
        ("", r"one \[\[brand\]\] table"),
        ("[[brand]]\nzone = 'UTC'", "brand 1: name"),
        ("brand = [1]", "brand 1: name"),
        ("[[brand]]\nname = ' A'", "brand 1: name"),
        ("[[brand]]\nname = 'A'\nmute = 3", "mute: expected"),
        ("[[brand]]\nname = 'A'\nsensitivity = true", "sensitivity: expected"),
        ("[[brand]]\nname = 'A'\n[[brand]]\nname = 'A'", "is given twice"),
        ("[[brand]]\nname = 'A'\ncolour = 'red'", "colour: unknown key; known are"),
        (
            "[[brand]]\nname = 'A'\nzone = 'Mars/Base'",
            "zone: expected an IANA .* found 'Mars/Base'",
        ),
        ("[[brand]]\nname = 'A'\nzone = '../etc'", "zone"),
        ("[[brand]]\nname = 'A'\nsensitivity = 'keen'", "sensitivity: expected 'normal'"),
        ("[[brand]]\nname = 'A'\nsensitivity = 0.5", "number from 1 to 20"),
        ("[[brand]]\nname = 'A'\nlanguages = 'fr'", "languages: expected codes"),
        ("[[brand]]\nname = 'A'\nlanguages = ['FR']", "languages: expected codes"),
        ("[[brand]]\nname = 'A'\nmute = [{from = 1}]", "mute: expected tables"),
        (
            "[[brand]]\nname = 'A'\ntheta = 4\nsensitivity = 'normal'",
            "'A': theta: expected either theta or sensitivity",
        ),
        ("[[brand]]\nname = 'A'\ntheta = 0.5", "theta: expected a number from 1 to 20"),
        ("[[brand]]\nname = 'A'\nstep = 'two'", "step: expected float, 0 or more"),
        ("[[brand]]\nname = 'A'\nstep = -1", "step: expected float, 0 or more"),
        (
            "[[brand]]\nname = 'A'\nrate_weight = inf",
            "rate_weight: .* found inf",
        ),
        ("[[brand]]\nname = 'A'\nmin_negatives = 4.5", "min_negatives: expected int"),
        ("[[brand]]\nname = 'A'\nlateness_ms = 1", "lateness_ms: unknown key"),
        (
            "[[brand]]\nname = 'A'\nmute = [{from = 2026-01-01T00:00:00, until = 2026-01-02}]",
            "a time with offset",
        ),
        (
            "[[brand]]\nname = 'A'\nmute = [{from = 2026-01-02T00:00:00Z,"
            " until = 2026-01-01T00:00:00Z}]",
            "is not after from",
        ),
        (
            "[[brand]]\nname = 'A'\nmute = [{from = 2026-01-01T00:00:00Z,"
            " until = 2026-01-01T00:00:00Z}]",
            "is not after from",
        ),
    ],
)
def test_an_invalid_file_is_refused_with_file_brand_key_and_remedy(
    text: str, complaint: str
) -> None:
    with pytest.raises(BrandsError, match=complaint) as caught:
        parse_brands(text, "brands.toml")
    assert str(caught.value).startswith("brands.toml: ")


@pytest.mark.parametrize("key", ["theta", "sensitivity"])
@pytest.mark.parametrize(
    ("value", "is_valid"), [(0.9, False), (1, True), (20, True), (20.1, False)]
)
def test_theta_is_from_1_to_20(key: str, value: float, *, is_valid: bool) -> None:
    text = f"[[brand]]\nname = 'A'\n{key} = {value}"
    if is_valid:
        assert parse_brands(text, "here").of("A").theta == value
    else:
        with pytest.raises(BrandsError, match=f"{key}: expected .*a number from 1 to 20"):
            parse_brands(text, "here")


def test_a_sensitivity_has_a_name() -> None:
    assert SENSITIVITIES == {"normal": 4.0, "sensitive": 3.65}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BrandsError, match=r"absent\.toml: cannot be read"):
        read_brands(str(tmp_path / "absent.toml"))


def test_check_prints_the_rules(tmp_path: Path) -> None:
    path = tmp_path / "brands.toml"
    path.write_text(GOOD, encoding="utf-8")
    result = CliRunner().invoke(brands, ["check", str(path)])
    assert "Air Paradis: en, fr; Europe/Paris; alerts at a score of 3.65" in result.output
    assert "muted 2026-12-01 07:00 to 2026-12-01 19:00 UTC" in result.output


def test_check_prints_differences_from_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "brands.toml"
    path.write_text("[[brand]]\nname = 'A'\nstep = 2\nmin_negatives = 8\nmin_rate_z = 1.5")
    result = CliRunner().invoke(brands, ["check", str(path)])
    assert "  differs from the defaults: min_rate_z 1.5 (1.4), min_negatives 8 (5)\n" in (
        result.output
    )


def test_check_lists_languages_without_a_bundle(tmp_path: Path) -> None:
    path = tmp_path / "brands.toml"
    path.write_text("[[brand]]\nname = 'A'\nlanguages = ['en', 'pt']", encoding="utf-8")
    result = CliRunner().invoke(brands, ["check", str(path)])
    assert "  pt: no bundle" in result.output


def test_check_prints_the_name_of_the_file() -> None:
    result = CliRunner().invoke(brands, ["check"])
    assert "data/brands.toml:\n" in result.output
