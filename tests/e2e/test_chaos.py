"""Tests that outputs of a disturbed run are byte-identical to those of an undisturbed one.

``make chaos`` runs many more rounds, also with three brokers: see ``docs/chaos.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.chaos.campaign import StateRefusedError, run_campaign
from tests.e2e.chaos.disturbances import SUSPENSIONS
from tests.e2e.chaos.run import Laboratory, Round, laboratory

pytestmark = [pytest.mark.e2e, pytest.mark.slow, pytest.mark.services, pytest.mark.timeout(1800)]

N_ROUNDS = 3
N_UNFENCED_ROUNDS = 8


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with laboratory(tmp_path_factory.mktemp("chaos"), 1) as place:
        yield place


@pytest.mark.parametrize("seed", range(N_ROUNDS))
def test_a_disturbed_run_equals_the_undisturbed_one(
    seed: int, place: Laboratory, tmp_path: Path
) -> None:
    assert place.run(Round.of(seed), tmp_path) == ""


@pytest.mark.parametrize("without", ["plain", "own-id"])
def test_without_fencing_the_disturbed_run_differs(
    without: str, place: Laboratory, tmp_path: Path
) -> None:
    def fails(seed: int) -> bool:
        try:
            found = run_campaign(
                place.cluster,
                place.recording,
                tmp_path / str(seed),
                seed,
                SUSPENSIONS,
                command=("-m", "tests.e2e.unfenced", without),
                expected=place.expected,
            )
        except StateRefusedError:
            return True
        return found != ""

    assert any(fails(seed) for seed in range(N_UNFENCED_ROUNDS))
