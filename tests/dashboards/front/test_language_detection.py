from __future__ import annotations

import pytest

from badbuzz.messages.translator import CATALOGUES, Catalogue
from dashboards.front.language_detection import guess


def test_a_third_language_is_recognised_by_its_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    klingon = Catalogue({}, lambda n: 0, frozenset({"je"}))
    monkeypatch.setitem(CATALOGUES, "tlh", klingon)
    assert guess("Duj je qach je, all late", ["en", "tlh"]) == "tlh"


def test_a_language_without_a_catalogue_is_chosen_only_if_it_is_the_first() -> None:
    assert guess("!!!", ["de", "en"]) == "de"
    assert guess("the bag is lost", ["de", "en"]) == "en"
