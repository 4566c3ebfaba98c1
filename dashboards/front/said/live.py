"""What the page *Live* says: key -> (English, French)."""

from __future__ import annotations

from typing import Final

SAID: Final[dict[str, tuple[str, str]]] = {
    "no_brands": (
        "No brand has been heard of yet. Tweets appear once `badbuzz process` and "
        "`badbuzz record` run and a source sends some.",
        "Aucune marque n'a encore été vue. Les tweets apparaissent dès que `badbuzz process` et "
        "`badbuzz record` tournent et qu'une source en envoie.",
    ),
    "brand": ("Brand", "Marque"),
}
