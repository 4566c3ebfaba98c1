"""What the page *trying* says: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {}
