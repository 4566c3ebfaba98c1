"""Five weeks of generated feedback on two bundles, of which a screenshot is in docs.

Run: python -m tests.dashboards.errors.example docs/errors.png
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image

from badbuzz.model import Severity
from badbuzz.models.scorer import ScorerSet
from badbuzz.store.database import Store
from badbuzz.store.model import Ruling, RulingKind, SourcePartition
from dashboards.errors.findings import ErrorFindings, analyse_errors
from dashboards.errors.report import write_report
from tests.support.browser import chromium
from tests.support.feedback import alert, evidence, feedback

WEEK_MS = 7 * 86_400_000
NOW_MS = 1_795_500_000_000
BRANDS = ("Air Paradis", "Nordvind", "Lagoon Air", "Tarmac & Co")
MISSED = {
    "en": (
        "Brilliant, {brand}: three hours on a dark plane and not a word from anyone",
        "So my bag enjoys Lisbon while I stand in Oslo. Thanks {brand}, what a holiday",
        "{brand} said a short delay. The crew timed out, the flight left without us",
        "Hold music of {brand} is lovely, I have had ninety minutes of it",
        "Refund from {brand}? Ask again next spring, they tell me with a smile",
    ),
    "fr": (
        "Bravo {brand}, quatre heures dans l'avion sans une goutte d'eau",
        "Ma valise a pris des vacances sans moi, merci {brand}",
    ),
}
FALSE = {
    "en": (
        "Worst weather of the year and {brand} still landed on time, hats off",
        "I hate flying, but the crew of {brand} made me forget it",
        "Never lost a bag with {brand} in ten years of late connections",
        "Cancelled my other plans: {brand} has a sale to Madrid",
    ),
    "fr": (
        "Jamais un retard avec {brand}, je ne comprends pas les plaintes",
        "Pire tempête de l'année et {brand} nous ramène à l'heure",
    ),
}
FINE = {
    "en": (
        "Boarding with {brand} now, gate B12",
        "{brand} lost my suitcase and nobody picks up the phone",
        "The seat was broken and the coffee cold, {brand}",
        "Lovely sunset from the window of {brand} tonight",
        "The crew was kind although we were late, {brand}",
        "My bag came first, ten minutes after landing on time, {brand}",
        "Two hours for all connections in this weather, {brand}, no thanks",
    ),
    "fr": ("Bon vol avec {brand}, équipage charmant", "Encore un retard de {brand}, j'attends"),
}
ALERTS: tuple[tuple[RulingKind, Severity, tuple[str, ...]], ...] = (
    ("real", "critical", ("strike", "cancelled")),
    ("real", "critical", ("bags", "lost", "luggage")),
    ("real", "warning", ("strike", "stranded")),
    ("false_alarm", "warning", ("storm", "bags")),
    ("benign", "info", ("football", "charter")),
    ("real", "warning", ("bags", "strike")),
)


def fill(store: Store, seed: int = 7) -> None:
    """Record feedback of five weeks; the last version of the English bundle has fewer errors."""
    draw = Random(seed)
    for n in range(620):
        lang = "fr" if n % 4 == 0 else "en"
        week = n * 5 // 620
        version = ("fr@1" if lang == "fr" else "en@2" if week > 2 else "en@1")  # fmt: skip
        wrong = draw.random() < (0.22 if version == "en@2" else 0.41)
        kind = draw.choice(("missed", "false")) if wrong else "ok"
        sentences = {"missed": MISSED, "false": FALSE, "ok": FINE}[kind][lang]
        brand = BRANDS[min(int(draw.expovariate(1.2)), 3)]
        far = draw.betavariate(1.2, 3.0 if wrong else 1.3) / 2
        labelled = kind == "false" or (kind == "ok" and draw.random() < 0.5)
        store.add_feedback(_label(n, kind, lang, 0.5 + far if labelled else 0.5 - far,
            predicted=labelled, brand=brand, text=draw.choice(sentences).format(brand=brand),
            bundle=f"tweets-{version}" if lang == "fr" else f"airline-{version}",
            at_ms=NOW_MS - round((620 - n) / 620 * 5 * WEEK_MS),
            source="labelling" if n % 9 == 0 else "feedback"))  # fmt: skip
    _rule(store)


def _label(n: int, kind: str, lang: str, score: float, **fields: Any) -> Any:
    return feedback(kind, round(score, 2), id=f"j{n:04}", tweet_id=f"t{n}", lang=lang, **fields)


def _rule(store: Store) -> None:
    phases = [
        alert(NOW_MS - (n + 1) * WEEK_MS // 20, severity, evidence=evidence(*terms),
              id=f"{BRANDS[n % 3 % 2]}/{n}", brand=BRANDS[n % 3 % 2])
        for n, (_, severity, terms) in enumerate(3 * ALERTS)
    ]  # fmt: skip
    store.record_alerts(SourcePartition("alerts", 0), list(enumerate(phases)), len(phases))
    for phase, (verdict, _, _) in zip(phases, 3 * ALERTS, strict=True):
        store.rule(Ruling(phase.id, verdict, "kim", NOW_MS - 1, ""))


def example(folder: Path) -> ErrorFindings:
    """Return the error analysis of the recorded feedback."""
    with Store.open(f"sqlite:///{folder / 'badbuzz.db'}") as store:
        fill(store)
        scorers = ScorerSet.read("en=airline-en,fr=tweets-fr")
        return analyse_errors(store, scorers, NOW_MS - 5 * WEEK_MS, NOW_MS)


def main(path: str) -> None:
    """Take a screenshot of the beginning of the report, in 256 colours."""
    with tempfile.TemporaryDirectory() as folder, chromium() as browser:
        report = Path(folder) / "errors.html"
        write_report(str(report), example(Path(folder)))
        page = browser.new_page(viewport={"width": 1280, "height": 1400})
        page.goto(report.as_uri())
        end = page.locator("h3", has_text="By reason").bounding_box()
        assert end is not None
        page.set_viewport_size({"width": 1280, "height": round(end["y"]) - 8})
        page.screenshot(path=path)
    with Image.open(path) as picture:
        few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE)
    few.save(path, optimize=True)


if __name__ == "__main__":
    main(sys.argv[1])
