"""Paths brought closer to a picture."""

from __future__ import annotations

import dataclasses
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from tests.kinds.path.paths import random_paths, random_scene, way
from vecstack.kinds.path import fit
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.fit import Tuner, solved

__all__ = ["way"]
CPU = torch.device("cpu")


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("is_under", [False, True])
def test_slopes_are_differences(way: str, monkeypatch: pytest.MonkeyPatch, seed: int, is_under: bool) -> None:
    monkeypatch.setattr(fit, "TOLERANCE", 0.002)  # so that edges do not become more or fewer
    paths, tuner = random_paths(seed, 4), Tuner(random_scene(seed, 4, is_under=is_under), CPU)
    paths.opacity *= 0.9
    slopes = tuner.slopes(paths)
    rng = np.random.default_rng(seed)
    for name, step in (("points", 0.01), ("colors", 0.01), ("opacity", 0.005)):
        numbers = getattr(paths, name).reshape(-1)
        found, wanted = [], []
        for place in rng.permutation(numbers.size)[:20]:
            before = numbers[place]
            moved, errors = [], []
            for sign in (1, -1):
                numbers[place] = before + sign * step
                moved.append(float(numbers[place]))
                errors.append(np.square(tuner.draw(paths) - tuner.scene.picture, dtype=np.float64).sum())
            numbers[place] = before
            found.append(getattr(slopes, name).reshape(-1)[place])
            wanted.append(0.5 * (errors[0] - errors[1]) / (moved[0] - moved[1]))
        assert np.linalg.norm(np.array(found) - wanted) < 3e-3 * np.linalg.norm(wanted), name


def dense_step(paths: Paths, blocks: np.ndarray, slopes: np.ndarray, damping: float) -> np.ndarray:
    """The damped Gauss-Newton step of all points, as one system."""
    size = 2 * len(paths.points)
    matrix = damping * np.eye(size)
    rows, columns = np.tril_indices(8)
    for cubic, block in zip(paths.cubics, blocks, strict=True):
        numbers = (2 * cubic[:, None] + np.arange(2)).ravel()
        whole = np.zeros((8, 8))
        whole[rows, columns] = whole[columns, rows] = block
        np.add.at(matrix, (numbers[:, None], numbers[None]), whole)
    found: np.ndarray = np.linalg.solve(matrix, -slopes.ravel()).reshape(-1, 2)
    return found


def test_steps_solve_the_damped_system(way: str) -> None:
    paths, tuner = random_paths(3, count=12), Tuner(random_scene(3), CPU)
    assert 3 in np.diff(paths.point_start)  # a piece that begins where it ends
    slopes = tuner.slopes(paths)
    for damping in (1e-3, 1.0, 100.0):
        expected = dense_step(paths, slopes.blocks, slopes.points, damping)
        found = solved(paths, slopes, damping, CPU)
        assert np.allclose(found, expected, rtol=1e-6, atol=1e-9 * np.abs(expected).max())


def test_paths_of_many_points_stay(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit, "MAX_TUNED_POINTS", 9)
    paths, tuner = random_paths(3), Tuner(random_scene(3), CPU)
    step = solved(paths, tuner.slopes(paths), 0.1, CPU)
    is_large = np.repeat(np.diff(paths.point_start) > 9, np.diff(paths.point_start))
    assert is_large.any()
    assert not step[is_large].any()
    assert step[~is_large].any()


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("seed", range(3))
def test_tuning_ends_no_worse_than_it_began(way: str, channels: int, seed: int) -> None:
    paths = random_paths(seed, channels)
    tuner = Tuner(random_scene(seed, channels, is_under=seed == 1), CPU)
    before, told = tuner.slopes(paths).error, list[float]()
    tuned = tuner.tune(paths, 15, told=told.append)
    after = tuner.slopes(tuned).error
    assert after < 0.9 * before
    assert after / tuner.scene.picture.size == pytest.approx(min(told))
    assert len(told) == 16
    again = tuner.tune(tuned, 1)
    assert tuner.slopes(again).error <= after


def test_what_is_outside_the_picture_stays_there(way: str) -> None:
    paths = random_paths(0)
    paths.points[::2, 0] = -1.0
    paths.points[1::4, 1] = 1.0 + random_scene(0).picture.shape[1]
    tuned = Tuner(random_scene(0), CPU).tune(paths, 10)
    assert not np.array_equal(tuned.points, paths.points)
    assert (tuned.points[::2, 0] <= -0.5).all()
    assert (tuned.points[1::4, 1] >= 0.5 + random_scene(0).picture.shape[1]).all()


def test_no_paths_and_no_time_change_nothing(way: str) -> None:
    tuner = Tuner(random_scene(0), CPU)
    assert tuner.tune(Paths.empty(), 5).count == 0
    assert np.array_equal(tuner.draw(Paths.empty()), tuner.scene.below)
    paths = random_paths(0)
    assert np.array_equal(tuner.tune(paths, 50, deadline=0.0).points, paths.points)


def test_one_thread_finds_what_two_do(monkeypatch: pytest.MonkeyPatch) -> None:
    paths = random_paths(0, count=20)
    monkeypatch.setattr(fit, "BAND_ROWS", 16)
    two = Tuner(random_scene(0), CPU).tune(paths, 8)
    monkeypatch.setattr(fit, "ThreadPoolExecutor", lambda _: ThreadPoolExecutor(1))
    one = Tuner(random_scene(0), CPU).tune(paths, 8)
    for name in ("points", "colors", "opacity"):
        assert np.array_equal(getattr(one, name), getattr(two, name))


def test_what_is_tuned_is_what_is_drawn(way: str) -> None:
    paths, tuner = random_paths(4, 4), Tuner(random_scene(4, 4, is_under=True), CPU)
    missing = tuner.draw(paths) - tuner.scene.picture
    assert tuner.slopes(paths).error == pytest.approx(np.square(missing, dtype=np.float64).sum(), rel=1e-5)


def test_a_large_picture_is_tuned_strip_by_strip_as_in_one(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Views of a picture, and bands and strips of a few rows, change nothing but the rounding of sums."""
    paths, scene = random_paths(5), random_scene(5, is_under=True)
    whole = Tuner(scene, CPU)
    monkeypatch.setattr(fit, "STRIP_PIXELS", 200)
    monkeypatch.setattr(fit, "BAND_PIXELS", 200)
    view = np.ascontiguousarray(scene.picture.transpose(1, 2, 0)).transpose(2, 0, 1)
    parts = Tuner(dataclasses.replace(scene, picture=view), CPU)
    assert parts.error(paths) == pytest.approx(whole.error(paths), rel=1e-6)
    one, other = whole.slopes(paths), parts.slopes(paths)
    assert other.error == pytest.approx(one.error, rel=1e-6)
    for name in ("points", "blocks", "colors", "color_curvature", "opacity", "opacity_curvature"):
        expected = getattr(one, name)
        assert np.allclose(getattr(other, name), expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max()), name
