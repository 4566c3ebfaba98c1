"""Streamlit's theme, and the colours of charts and cards."""

from __future__ import annotations

from typing import Any, Final

INK: Final = "#18222d"
QUIET_INK: Final = "#4b5865"
PAPER: Final = "#ffffff"
SHADE: Final = "#f3f5f8"
LINE: Final = "#d5dbe2"
BLUE: Final = "#0b57a4"
RED: Final = "#b3261e"
RED_SHADE: Final = "#fdecea"
AMBER: Final = "#8a4b00"
AMBER_SHADE: Final = "#fff3df"
GREEN: Final = "#1c6b3c"
GREEN_SHADE: Final = "#e7f5ec"
GREY_SHADE: Final = "#eceff3"

THEME: Final[dict[str, Any]] = {
    "theme.base": "light",
    "theme.primaryColor": BLUE,
    "theme.backgroundColor": PAPER,
    "theme.secondaryBackgroundColor": SHADE,
    "theme.textColor": INK,
    "theme.linkColor": BLUE,
    "theme.linkUnderline": True,
    "theme.borderColor": LINE,
    "theme.redColor": RED,
    "theme.redTextColor": RED,
    "theme.redBackgroundColor": RED_SHADE,
    "theme.orangeColor": AMBER,
    "theme.orangeTextColor": AMBER,
    "theme.orangeBackgroundColor": AMBER_SHADE,
    "theme.greenColor": GREEN,
    "theme.greenTextColor": GREEN,
    "theme.greenBackgroundColor": GREEN_SHADE,
    "theme.grayTextColor": QUIET_INK,
    "theme.grayBackgroundColor": GREY_SHADE,
    "theme.baseRadius": "8px",
    "theme.headingFontSizes": ["1.75rem", "1.35rem", "1.1rem", "1rem", "0.9rem", "0.85rem"],
    "theme.headingFontWeights": [700, 700, 650, 600, 600, 600],
    "theme.showWidgetBorder": True,
}
"""Streamlit's options: text has a contrast of at least 4.5 with its background."""
