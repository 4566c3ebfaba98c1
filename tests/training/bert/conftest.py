"""A tiny encoder, written as a Hugging Face folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.training.bert.tiny import write_tiny
from training.bert.folder import Encoder, read_encoder


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny(tmp_path_factory.mktemp("encoder") / "tiny")


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> Encoder:
    return read_encoder(tiny_folder, 32)
