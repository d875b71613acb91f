from __future__ import annotations

import math
from typing import Any

import pytest

from vecstack.errors import UsageError
from vecstack.fitting.goal import MAX_PSNR, MIN_BUDGET_BYTES, Goal, check_tolerance
from vecstack.stack import MAX_LAYERS


def test_a_goal_without_any_limit_asks_for_one() -> None:
    with pytest.raises(UsageError, match="at least one of layers, psnr and budget_bytes"):
        Goal()


@pytest.mark.parametrize(
    "limits",
    [
        {"layers": 1},
        {"layers": MAX_LAYERS},
        {"psnr": 0.01},
        {"psnr": MAX_PSNR},
        {"budget_bytes": MIN_BUDGET_BYTES},
        {"layers": 20, "psnr": 30, "budget_bytes": 20_000},
    ],
)
def test_one_limit_is_enough_and_the_ends_of_each_range_are_in_it(limits: dict[str, Any]) -> None:
    goal = Goal(**limits)
    assert (goal.layers, goal.psnr, goal.budget_bytes) == tuple(map(limits.get, ("layers", "psnr", "budget_bytes")))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("layers", 0, "layers must be 1 to 10,000, not 0"),
        ("layers", -3, "layers must be 1 to 10,000, not -3"),
        ("layers", MAX_LAYERS + 1, "layers must be 1 to 10,000, not 10001"),
        ("psnr", 0.0, "psnr must be above 0 and at most 60 dB, not 0"),
        ("psnr", -5.0, "psnr must be above 0 and at most 60 dB, not -5"),
        ("psnr", 60.1, "psnr must be above 0 and at most 60 dB, not 60.1"),
        ("psnr", math.inf, "psnr must be above 0 and at most 60 dB, not inf"),
        ("psnr", math.nan, "psnr must be above 0 and at most 60 dB, not nan"),
        ("budget_bytes", MIN_BUDGET_BYTES - 1, "budget_bytes must be at least 1,024 bytes, not 1,023"),
        ("budget_bytes", 0, "budget_bytes must be at least 1,024 bytes, not 0"),
        ("budget_bytes", -20_000, "budget_bytes must be at least 1,024 bytes, not -20,000"),
    ],
)
def test_a_limit_out_of_its_range_is_refused_by_name(name: str, value: float, says: str) -> None:
    with pytest.raises(UsageError) as caught:
        Goal(**{name: value})  # type: ignore[arg-type]
    assert says in str(caught.value)
    assert caught.value.parameter == name
    assert "\n" not in str(caught.value)


def test_a_bad_limit_is_refused_beside_a_good_one() -> None:
    with pytest.raises(UsageError, match=r"^psnr must be"):
        Goal(layers=20, psnr=-1.0)


@pytest.mark.parametrize("tolerance", [0, 0.0, 1e-9, 0.5, 255.0])
def test_a_tolerance_is_a_number_from_0(tolerance: float) -> None:
    check_tolerance(tolerance)


@pytest.mark.parametrize("tolerance", [-0.1, math.nan, math.inf, -math.inf])
def test_a_tolerance_that_is_none_is_refused_with_what_to_give(tolerance: float) -> None:
    with pytest.raises(UsageError, match=r"^tolerance must be .*1/255.*for example 0\.5"):
        check_tolerance(tolerance)
