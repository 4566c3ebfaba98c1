"""Labelled rows that several packages train on."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.datasets.corpus import Corpus
from training.datasets.labelled import ReadOptions, read_own


@pytest.fixture(scope="session")
def corpus(simulated: Path) -> Corpus:
    return read_own([str(simulated)], ReadOptions()).checked()
