"""No file makes a reader raise what is not an error of this library, or take long (run.py searches for hours)."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fuzzing.targets import MAX_SECONDS, TARGETS
from vecstack.document.file import load
from vecstack.errors import VecstackError

FOUND = sorted((Path(__file__).parent / "found").glob("*/*"))  # files at which something was wrong, by target
FEW = settings(
    max_examples=25,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_read(name: str) -> None:
    target = TARGETS[name]
    for data in target.seeds():
        target.check(data)


@pytest.mark.parametrize("name", TARGETS)
@FEW
@given(dice=st.randoms(use_true_random=False))
def test_a_mutant_of_a_seed_is_read_or_refused(name: str, dice: random.Random) -> None:
    target = TARGETS[name]
    target.check(target.mutate(dice.choice(target.seeds()), dice))


@pytest.mark.parametrize("name", TARGETS)
@FEW
@given(data=st.binary(max_size=300))
def test_any_bytes_are_refused(name: str, data: bytes) -> None:
    TARGETS[name].check(data)


@pytest.mark.parametrize("path", FOUND, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_was_found_is_mended(path: Path) -> None:
    start = time.process_time()
    TARGETS[path.parent.name].check(path.read_bytes())
    assert time.process_time() - start < MAX_SECONDS


def test_many_mutants_of_layer_files_get_past_the_first_checks() -> None:
    """Else what lies behind these would not be tried."""
    target, loaded, refusals = TARGETS["layers"], 0, set()
    for seed in range(200):
        dice = random.Random(seed)
        try:
            load(target.mutate(dice.choice(target.seeds()), dice))
            loaded += 1
        except VecstackError as error:
            refusals.add(str(error)[:40])
    assert loaded > 30
    assert len(refusals) > 40
