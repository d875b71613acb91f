from __future__ import annotations

import importlib
import math
from typing import Any

import pytest

from vecstack.errors import UsageError
from vecstack.fitting.effort import DECOMPOSE_EFFORTS, DEFAULT_EFFORT, EFFORTS, SKETCH, check_effort, check_seed


@pytest.mark.parametrize("module", ["refine", "detail"])
def test_every_effort_has_its_work(module: str) -> None:
    assert tuple(importlib.import_module(f"vecstack.fitting.{module}").EFFORTS) == EFFORTS
    assert DEFAULT_EFFORT in EFFORTS


@pytest.mark.parametrize("effort", [*EFFORTS, 1, 0.5, 1e6])
def test_an_effort_is_a_name_or_seconds(effort: str | float) -> None:
    check_effort(effort)
    check_effort(effort, DECOMPOSE_EFFORTS)


@pytest.mark.parametrize("effort", ["slow", "", "Good", SKETCH, 0, -1.0, 1e6 + 1, math.nan, math.inf, True, None, []])
def test_any_other_is_refused_with_those_there_are(effort: Any) -> None:
    with pytest.raises(UsageError, match=r"use fast, good, best or a number of seconds \(above 0, up to 1,000,000\)\."):
        check_effort(effort)


def test_a_sketch_is_an_effort_where_it_is_named() -> None:
    check_effort(SKETCH, DECOMPOSE_EFFORTS)
    with pytest.raises(UsageError, match="use sketch, fast, good, best or"):
        check_effort("slow", DECOMPOSE_EFFORTS)


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1])
def test_a_seed_is_a_whole_number(seed: int) -> None:
    check_seed(seed)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, True, None, "7"])
def test_any_other_seed_is_refused(seed: Any) -> None:
    with pytest.raises(UsageError, match=r"seed must be a whole number from 0 to 4,294,967,295") as error:
        check_seed(seed)
    assert error.value.parameter == "seed"
