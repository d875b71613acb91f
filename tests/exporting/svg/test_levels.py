from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from tests.exporting.svg.conftest import disc
from vecstack.exporting.svg.levels import (
    BLURS,
    CANDIDATES,
    CURVE_BYTES,
    LAYER_BYTES,
    Basis,
    Choice,
    basis_of,
    choose,
    coverage,
    gaussian,
)

SHARP = (disc(60, 84, 42.0, 30.0, 20.0) > 0.5).astype(np.float32)
SMOOTH = gaussian_filter(SHARP, 5.0)
HILLS = (disc(60, 84, 30.0, 25.0, 15.0) * 0.9 + disc(60, 84, 60.0, 40.0, 12.0) * 0.4).clip(0, 1)
MASKS = {"sharp": SHARP, "smooth": SMOOTH, "hills": HILLS}
PRICES = [1e-9, 1e-7, 1e-6, 1e-5, 1e-4, 1e-2]


def basis(mask: np.ndarray, share: float = 1.0, seen: float = 0.3) -> Basis:
    """Of a mask at cells of one canvas unit, all of which are seen alike."""
    return basis_of(mask, np.full(mask.shape, seen, np.float32), 1.0, float(max(mask.shape)), share)


@pytest.fixture(scope="module")
def bases() -> dict[str, Basis]:
    return {name: basis(mask) for name, mask in MASKS.items()}


def slopes_of(mask: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.hypot(*np.gradient(mask)).clip(1e-4).astype(np.float32))


def drawn(mask: np.ndarray, choice: Choice) -> np.ndarray:
    """What a choice draws, by its definition: greys between level sets, as shares of its strength, blurred."""
    sets = coverage(torch.from_numpy(mask), slopes_of(mask), choice.thresholds)
    steps = torch.from_numpy(np.diff(choice.greys) / 255 * choice.strength).float()
    flat = choice.greys[0] / 255 * choice.strength + (steps[:, None, None] * sets).sum(0)
    return gaussian(flat[None], BLURS[choice.blur] * max(mask.shape))[0].numpy()


# Level sets


def test_a_cell_is_covered_as_far_as_it_is_above_the_level() -> None:
    ramp = torch.arange(20.0).expand(3, 20) / 20
    (found,) = coverage(ramp, torch.full((3, 20), 1 / 20), [0.52])
    assert found.shape == (3, 20)
    assert found[1, :10].tolist() == [0] * 10
    assert found[1, 12:].tolist() == [1] * 8
    # The ramp crosses 0.52 where a tenth of the eleventh cell is left, and the level set begins there.
    assert found[1].sum() == pytest.approx(20 - 0.52 * 20 - 0.5, abs=1e-4)


@pytest.mark.parametrize("threshold", [0.2, 0.5, 0.9])
def test_the_level_set_of_a_disc_has_its_area(threshold: float) -> None:
    mask, radius = disc(60, 84, 42.0, 30.0, 18.0), 18 - 10 * (threshold - 0.5)
    (found,) = coverage(torch.from_numpy(mask), slopes_of(mask), [threshold])
    assert float(found.sum()) == pytest.approx(np.pi * radius**2, rel=0.01)


@pytest.mark.parametrize("sigma", [0.6, 2.0, 9.0])
def test_a_blur_is_the_gaussian_of_another_program(sigma: float) -> None:
    images = np.random.default_rng(0).random((2, 37, 53), np.float32)
    wanted = np.stack([gaussian_filter(image, sigma, mode="nearest", truncate=3.0) for image in images])
    assert np.abs(gaussian(torch.from_numpy(images), sigma).numpy() - wanted).max() < 0.01  # at 3 deviations both end


def test_a_blur_keeps_what_is_even_and_less_than_a_cell_is_none() -> None:
    even = torch.full((1, 20, 30), 0.7)
    torch.testing.assert_close(gaussian(even, 4.0), even)
    images = torch.rand(1, 20, 30)
    assert gaussian(images, 0.2) is images


# What may be chosen


@pytest.mark.parametrize("name", MASKS)
def test_candidates_rise_within_the_mask_s_range(bases: dict[str, Basis], name: str) -> None:
    found, mask = bases[name].thresholds, MASKS[name]
    assert len(found) == len(bases[name].costs) == len(bases[name].areas) == CANDIDATES
    assert mask.min() <= found[0]
    assert found[-1] <= mask.max()
    assert (np.diff(found) > 0).all()


@pytest.mark.parametrize("name", MASKS)
def test_less_of_the_canvas_is_above_a_higher_level(bases: dict[str, Basis], name: str) -> None:
    assert (np.diff(bases[name].areas) <= 0).all()
    assert bases[name].areas.max() <= 1
    assert bases[name].areas[0] == pytest.approx(float((MASKS[name] > bases[name].thresholds[0]).mean()))


def test_a_longer_and_a_more_winding_curve_costs_more() -> None:
    def dearest(mask: np.ndarray) -> float:
        return float(basis(mask).costs.mean())

    ripples = 4 * np.sin(9 * np.arctan2(*(np.mgrid[0:60, 0:84] - np.array([30, 42])[:, None, None])))
    small, large = disc(60, 84, 42.0, 30.0, 12.0), disc(60, 84, 42.0, 30.0, 24.0)
    winding = np.clip(large + ripples / 10, 0, 1).astype(np.float32)
    assert CURVE_BYTES < dearest(small) < dearest(large) < dearest(winding)


def test_a_mask_that_is_the_same_everywhere_has_no_levels_and_one_grey() -> None:
    even = basis(np.full((60, 84), 0.4, np.float32))
    assert len(even.thresholds) == 0
    choice = choose(even, 1e-8)
    assert len(choice.thresholds) == 0
    assert choice.greys[0] / 255 * choice.strength == pytest.approx(0.4, abs=1e-3)
    assert choice.error < 1e-6
    assert choice.touched == 1


# What is chosen


@pytest.mark.parametrize("name", MASKS)
def test_a_higher_price_has_fewer_levels_and_more_error(bases: dict[str, Basis], name: str) -> None:
    choices = [choose(bases[name], price) for price in PRICES]
    errors, counts = [choice.error for choice in choices], [len(choice.thresholds) for choice in choices]
    assert errors == sorted(errors)
    assert counts == sorted(counts, reverse=True)
    assert not choices[0].is_empty
    assert choices[-1].is_empty
    assert choices[-1].error == pytest.approx(bases[name].energy)


@pytest.mark.parametrize("name", MASKS)
def test_error_and_bytes_together_are_no_more_than_of_nothing(bases: dict[str, Basis], name: str) -> None:
    for price in PRICES:
        choice = choose(bases[name], price)
        least = LAYER_BYTES + CURVE_BYTES * len(choice.thresholds)
        assert choice.is_empty or choice.error + price * least <= bases[name].energy


@pytest.mark.parametrize("price", PRICES[:-1])
@pytest.mark.parametrize("name", MASKS)
def test_a_choice_is_levels_of_the_mask_with_a_grey_between_each(
    bases: dict[str, Basis], name: str, price: float
) -> None:
    choice = choose(bases[name], price)
    assert set(choice.thresholds) <= set(bases[name].thresholds)
    assert (np.diff(choice.thresholds) > 0).all()
    assert choice.greys.shape == (len(choice.thresholds) + 1,)
    assert choice.greys.min() >= 0
    assert choice.greys.max() <= 255
    assert choice.is_empty or choice.greys.max() >= 250  # the strength makes the lightest band white
    assert 0 <= choice.strength <= 1
    assert 0 <= choice.touched <= 1


@pytest.mark.parametrize("name", ["smooth", "hills"])
def test_the_error_is_that_of_what_is_drawn(bases: dict[str, Basis], name: str) -> None:
    for price in PRICES[:4]:
        choice = choose(bases[name], price)
        off = (MASKS[name] - drawn(MASKS[name], choice)).astype(np.float64)
        wanted = 0.3 * (off**2).mean() + 0.3 * off.mean() ** 2  # of the mean error as of the squared one
        assert choice.error == pytest.approx(wanted, rel=0.05, abs=1e-6)


def test_a_sharp_mask_is_one_curve_and_a_smooth_one_is_blurred(bases: dict[str, Basis]) -> None:
    sharp, smooth = choose(bases["sharp"], 1e-5), choose(bases["smooth"], 1e-5)
    assert (len(sharp.thresholds), sharp.blur) == (1, 0)
    assert sharp.greys.tolist() == [0, 255]
    assert smooth.blur > 0


def test_what_is_hardly_seen_or_small_is_worth_fewer_bytes() -> None:
    price = 1e-6
    counts = [
        len(choose(basis(HILLS, share, seen), price).thresholds) for share, seen in ((1, 1), (1, 0.01), (0.01, 1))
    ]
    assert counts[0] > max(counts[1:])


def test_a_choice_is_the_same_each_time(bases: dict[str, Basis]) -> None:
    one, other = choose(bases["hills"], 1e-6), choose(basis(HILLS), 1e-6)
    assert (one.thresholds == other.thresholds).all()
    assert (one.greys == other.greys).all()
