"""Pictures of noise: the same for a seed, on the way between two, and what is refused."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

import vecstack
from vecstack.errors import UsageError, WeightsError
from vecstack.generation.generate import generate, noise_of, walk
from vecstack.generation.sheet import GAP_PX, contact_sheet
from vecstack.models import load_generator
from vecstack.stack import Stack


def drawn(stack: Stack) -> np.ndarray:
    return vecstack.render(stack, size=24)


def test_a_seed_is_a_picture_whatever_the_count(generator: Path, tmp_path: Path) -> None:
    three = generate(generator, 3, seed=4)
    assert [stack.layers for stack in three] == [generate(generator, seed=4 + index)[0].layers for index in range(3)]
    assert not np.array_equal(drawn(three[0]), drawn(three[1]))
    path = tmp_path / "made.layers"
    vecstack.save(three[0], path)
    assert np.array_equal(drawn(vecstack.load(path)), drawn(three[0]))
    assert three[0].model is not None
    assert three[0].model["name"] == "tiny"


def test_a_walk_goes_from_one_picture_to_the_other(generator: Path) -> None:
    steps = walk(generator, (1, 2), 9)
    ends = [generate(generator, seed=seed)[0] for seed in (1, 2)]
    for step, end in ((steps[0], ends[0]), (steps[-1], ends[1])):
        assert np.abs(drawn(step).astype(int) - drawn(end)).max() <= 1
    apart = [np.abs(drawn(a).astype(int) - drawn(b)).mean() for a, b in itertools.pairwise(steps)]
    assert max(apart) < np.abs(drawn(ends[0]).astype(int) - drawn(ends[1])).mean()


def test_no_noise_is_beyond_the_truncation(generator: Path) -> None:
    loaded = load_generator(generator, "cpu")
    noise = np.stack([noise_of(loaded, seed, 0.7) for seed in range(50)])
    assert np.abs(noise).max() <= 0.7
    assert np.abs(np.stack([noise_of(loaded, seed, None) for seed in range(50)])).max() > 2
    assert noise.std() == pytest.approx(0.38, abs=0.03)  # of a normal distribution cut off there


def test_what_is_no_generator_is_refused(weights: Path) -> None:
    with pytest.raises(WeightsError, match=r"of pictures; use gan-digits or gan-icons, or `vecstack decompose`"):
        generate(weights)
    with pytest.raises(WeightsError, match=r"of pictures; use gan-digits or gan-icons, or `vecstack decompose`"):
        generate("bitmap")


def test_a_generator_takes_no_picture(generator: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"makes layers of noise; use digits, icons or photos, or `vecstack generate`"
    ):
        vecstack.load_model(generator)


def test_counts_seeds_and_walks_that_cannot_be_are_refused(generator: Path) -> None:
    with pytest.raises(UsageError, match="count must be 1 to 100,000, not 0"):
        generate(generator, 0)
    with pytest.raises(UsageError, match="seed must be 0 to"):
        generate(generator, seed=-1)
    with pytest.raises(UsageError, match=r"truncation must be 0\.1 or more, not nan"):
        generate(generator, truncation=float("nan"))
    with pytest.raises(UsageError, match="not from 3 to itself"):
        walk(generator, (3, 3), 5)
    with pytest.raises(UsageError, match="two pictures or more, not 1"):
        walk(generator, (3, 4), 1)


def test_a_sheet_has_each_picture_at_its_place(generator: Path) -> None:
    stacks = generate(generator, 5)
    sheet = contact_sheet(stacks, size=24)
    step = 24 + GAP_PX
    assert sheet.shape == (2 * step - GAP_PX, 3 * step - GAP_PX, 3)
    for index, stack in enumerate(stacks):
        top, left = (place * step for place in divmod(index, 3))
        assert np.array_equal(sheet[top : top + 24, left : left + 24], drawn(stack)[..., :3])
    assert (sheet[step:, 2 * step :] == 255).all()
    with pytest.raises(UsageError, match="choose a smaller size"):
        contact_sheet(stacks * 2000, size=4096)
