"""Regions of a picture: as many as are asked for, each connected, coarse ones of fine ones."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from vecstack.geometry import Rect
from vecstack.kinds.base import Scene, Terms
from vecstack.kinds.path import regions
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.grow import PathGrower
from vecstack.kinds.path.growth import Growth
from vecstack.kinds.path.regions import merged
from vecstack.kinds.path.structure import TINT, UNDER, regions_of, structure, tinted


def random_picture(seed: int, height: int = 23, width: int = 31, levels: int = 6) -> np.ndarray:
    """Blotches of few colours: [3,H,W]."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, levels, (3, height // 3 + 1, width // 3 + 1)) / (levels - 1)
    found: np.ndarray = coarse.repeat(3, 1).repeat(3, 2)[:, :height, :width].astype(np.float32)
    return found


def parts_of(region: np.ndarray) -> int:
    """How many connected parts the pixels [H,W] of equal numbers make up."""
    label = np.arange(region.size).reshape(region.shape)
    while True:
        new = label.copy()
        for one, other in ((np.s_[:, :-1], np.s_[:, 1:]), (np.s_[:-1], np.s_[1:])):
            same = region[one] == region[other]
            least = np.minimum(new[one], new[other])
            new[one] = np.where(same, least, new[one])
            new[other] = np.where(same, np.minimum(new[other], least), new[other])
        if (new == label).all():
            return len(np.unique(label))
        label = new


@pytest.fixture(params=["compiled", "plain"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With compiled loops and without."""
    monkeypatch.setattr(regions, "is_compiling", lambda: request.param == "compiled")
    return str(request.param)


@pytest.mark.parametrize("seed", range(3))
def test_counts_are_met_by_connected_regions(way: str, seed: int) -> None:
    for count, region in merged(random_picture(seed, levels=200), (60, 12, 1), 0.5, seed).items():
        assert np.array_equal(np.unique(region), np.arange(count))
        assert parts_of(region) == count


def test_coarse_regions_are_unions_of_fine_ones(way: str) -> None:
    found = merged(random_picture(1), (60, 20, 5), 0.25)
    for fine, coarse in ((found[60], found[20]), (found[20], found[5])):
        pairs = np.unique(np.stack([fine.ravel(), coarse.ravel()]), axis=1)
        assert pairs.shape[1] == fine.max() + 1


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 1, 2000), (3, 2000, 1), (4, 40, 40)])
@pytest.mark.parametrize("is_flat", [True, False])
def test_flat_and_thin_pictures_end(way: str, shape: tuple[int, int, int], is_flat: bool) -> None:
    picture = np.full(shape, 0.5, np.float32) if is_flat else np.random.default_rng(0).random(shape, dtype=np.float32)
    for count in {1, min(9, picture[0].size)}:
        assert merged(picture, (count,), 0.5)[count].max() == (0 if is_flat else count - 1)


def test_neighbours_of_one_colour_are_one_region(way: str) -> None:
    picture = np.zeros((3, 20, 30), np.float32)
    picture[0, :10] = 1
    for region in merged(picture, (9, 4), 0.5).values():
        assert np.array_equal(np.unique(region), [0, 1])


def test_four_colours_are_four_regions(way: str) -> None:
    picture = np.zeros((3, 20, 30), np.float32)
    picture[0, :10], picture[1, :, 15:] = 1, 1
    region = merged(picture, (4,), 0.5)[4]
    for rows in (slice(0, 10), slice(10, 20)):
        for columns in (slice(0, 15), slice(15, 30)):
            assert len(np.unique(region[rows, columns])) == 1


def test_a_seed_chooses_among_equals() -> None:
    board = (np.indices((3, 16, 16)).sum(0) % 2).astype(np.float32)
    one, again, other = (merged(board, (5,), 0.5, seed)[5] for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("power", [0.0, 0.25, 0.5])
@pytest.mark.parametrize("levels", [2, 200])
def test_regions_are_the_same_with_and_without_compiled_loops(
    monkeypatch: pytest.MonkeyPatch, seed: int, power: float, levels: int
) -> None:
    picture = random_picture(seed, levels=levels) if seed else np.full((3, 17, 19), 0.25, np.float32)
    expected = merged(picture, (90, 30, 4), power, seed)
    monkeypatch.setattr(regions, "is_compiling", lambda: False)
    for count, region in merged(picture, (90, 30, 4), power, seed).items():
        assert np.array_equal(region, expected[count])


def test_what_is_told_apart_is_merged_in_turn(way: str) -> None:
    picture = np.full((3, 24, 48), 0.1, np.float32)
    picture[:, 1:23:3, 26:47:3] = 0.3  # specks, all of which prefer what they are on, which prefers one of them
    picture[:, :, :24] = np.random.default_rng(0).random((3, 6, 6)).repeat(4, 1).repeat(4, 2)
    segments = (np.arange(48) >= 24)[None].repeat(24, 0).astype(np.int64)
    region = merged(picture, (20,), 0.5, segments=segments)[20]
    left, right = set(region[:, :24].flat), set(region[:, 24:].flat)
    assert not left & right
    assert len(left) > 15  # faint specks merge before blocks of many colours


def test_a_face_is_told_from_a_wall_that_is_as_light() -> None:
    picture = np.full((3, 24, 48), 0.7, np.float32)
    face, shade = np.s_[..., 4:20, 4:20], np.s_[..., 4:20, 28:44]
    picture[face] = np.array([0.8, 0.65, 0.6])[:, None, None]
    picture[shade] = 0.55
    for told, apart, joined in ((picture, shade, face), (tinted(picture, TINT), face, shade)):
        region = merged(told, (2,), 0.5)[2]
        assert set(region[apart].flat).isdisjoint(region[0])
        assert set(region[joined].flat) == set(region[0])


def test_an_opaque_region_goes_on_below_those_above_it() -> None:
    picture = np.zeros((3, 40, 60), np.float32)
    picture[0], picture[2, 10:30, 20:] = 1, 1  # a red region, and a purple one cut into it
    scene = Scene(Rect(0, 0, 60, 40), picture, np.zeros_like(picture))
    grower = PathGrower(Paths.empty(), scene, Terms("fast"), torch.device("cpu"))
    regions, rank, parent = regions_of(scene, 2, 0)
    for opaque, reached in ((False, 0), (True, UNDER - 1)):
        growth = Growth(
            grower.growth.paths, grower.growth.owner, grower.growth.source, regions, rank, parent, np.zeros_like(parent)
        )
        structure(growth, scene, 2, 12, opaque)
        lower = grower.tuner.draw(growth.paths.chosen(np.array([0])))[0, 20]
        assert np.flatnonzero(lower > 0.9).max() + 1 - 20 == pytest.approx(reached, abs=1)
