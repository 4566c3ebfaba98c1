"""What the page *Alerts* says: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {
    "no_alerts": ("No alert so far.", "Aucune alerte jusqu'ici."),
}
