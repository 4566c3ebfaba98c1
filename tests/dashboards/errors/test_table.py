"""What people send in commands nobody's terminal."""

from __future__ import annotations

from dashboards.errors.table import _plain


def test_a_text_commands_no_terminal() -> None:
    assert str(_plain("a\x1b]0;owned\x07b")) == "a ]0;owned b"
