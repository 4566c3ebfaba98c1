"""A text of a person cannot control the terminal."""

from __future__ import annotations

from dashboards.errors.table import _plain


def test_control_characters_are_replaced() -> None:
    assert str(_plain("a\x1b]0;owned\x07b")) == "a ]0;owned b"
