from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.inputs import make_input
from tests.fuzz.run import CORPUS, check, shorten
from tests.fuzz.targets import TARGETS, Target

_N_EXAMPLES = 200


def test_every_folder_of_the_corpus_has_a_target() -> None:
    assert {path.name for path in CORPUS.iterdir() if path.is_dir()} <= set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_a_target_accepts_its_seeds(name: str) -> None:
    for seed in TARGETS[name].seeds:
        TARGETS[name].read(seed)


@pytest.mark.parametrize(
    "path", sorted(CORPUS.glob("*/*")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_an_input_of_the_corpus_raises_declared_errors_only(path: Path) -> None:
    check(TARGETS[path.parent.name], path.read_bytes())


@pytest.mark.parametrize("name", TARGETS)
@given(number=st.integers(0, 2**64))
@settings(max_examples=_N_EXAMPLES)
def test_a_hostile_input_raises_declared_errors_only(name: str, number: int) -> None:
    check(TARGETS[name], make_input(TARGETS[name].seeds, Random(number)))


def test_an_undeclared_error_and_a_hang_are_found() -> None:
    def fail(data: bytes) -> None:
        raise KeyError(data)

    def hang(data: bytes) -> None:
        while True:
            pass

    with pytest.raises(KeyError):
        check(Target(fail, (b"",), (ValueError,)), b"x")
    with pytest.raises(TimeoutError):
        check(Target(hang, (b"",)), b"x", limit_s=0.01)


def test_a_failing_input_is_shortened() -> None:
    def fail(data: bytes) -> None:
        if b"a" in data and b"z" in data:
            raise KeyError(data)

    assert shorten(Target(fail, (b"",)), b"xxaxx" * 9 + b"z" + b"y" * 50) == b"az"
