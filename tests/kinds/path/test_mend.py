"""Outlines without thorns and curls."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from vecstack.geometry import Rect
from vecstack.kinds.base import Scene, Terms
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.fit import Tuner
from vecstack.kinds.path.grow import TUNING_STEPS, PathGrower
from vecstack.kinds.path.mend import _Outline, mended

CPU = torch.device("cpu")
SQUARE = [(10, 10), (50, 10), (50, 50), (10, 50)]


def polygon(corners: Sequence[tuple[float, float]]) -> Paths:
    """A white path whose pieces are straight."""
    knots = np.array(corners, float)
    ends = np.roll(knots, -1, 0)
    pieces = np.stack([knots, (2 * knots + ends) / 3, (knots + 2 * ends) / 3], 1)
    return Paths.of_contours([[pieces.reshape(-1, 2)]], np.ones((1, 3)), np.ones(1))


def tuner_of(*paths: Paths) -> Tuner:
    """For the picture of some paths, on black."""
    below = np.zeros((3, 64, 64), np.float32)
    canvas = Scene(Rect(0, 0, 64, 64), below, below)
    picture = below
    for each in paths:
        picture = np.maximum(picture, Tuner(canvas, CPU).draw(each))
    return Tuner(Scene(canvas.rect, picture, below), CPU)


def mended_all(tuner: Tuner, paths: Paths) -> Paths:
    return mended(tuner, paths, np.ones(paths.count, bool))


THORN = [*SQUARE[:2], (50, 29.8), (60, 30), (50, 30.2), *SQUARE[2:]]
CRACK = [*SQUARE[:2], (50, 29.8), (30, 30), (50, 30.2), *SQUARE[2:]]
CURL = [*SQUARE[:2], (50, 30), (53, 32), (53, 28), (50, 30.5), *SQUARE[2:]]
WIDE = [*SQUARE[:2], (50, 20), (60, 30), (50, 40), *SQUARE[2:]]
KNOT = [(10, 10), (50, 50), (50, 10), (10, 50)]


@pytest.mark.parametrize("outline", [THORN, CRACK, CURL])
def test_what_the_picture_does_not_miss_is_cut_off(outline: Sequence[tuple[float, float]]) -> None:
    tuner = tuner_of(polygon(SQUARE), polygon([(2, 2), (8, 2), (8, 60), (2, 60)]))  # which is missed
    paths = mended_all(tuner, polygon(outline))
    assert paths.points[:, 0].max() == pytest.approx(50, abs=1)
    assert paths.points[1:, 0].min() >= 9.9
    inside = (np.abs(paths.points - (30, 30)) < 15).all(1)
    assert not inside.any()
    assert tuner.error(paths) < tuner.error(polygon(outline))


@pytest.mark.parametrize("outline", [THORN, CRACK, WIDE, SQUARE])
def test_what_the_picture_has_stays(outline: Sequence[tuple[float, float]]) -> None:
    paths = polygon(outline)
    assert np.array_equal(mended_all(tuner_of(paths), paths).points, paths.points)


def test_lobes_that_the_picture_has_become_contours_and_look_the_same() -> None:
    paths = polygon(KNOT)
    tuner = tuner_of(paths)
    found = mended_all(tuner, paths)
    assert len(found.contours_of(0)) == 2
    assert tuner.error(found) < 1e-7
    assert np.array_equal(mended_all(tuner, found).points, found.points)


def test_paths_keep_their_fills() -> None:
    both = polygon(SQUARE).joined(polygon(KNOT))
    both.colors[1] = (1, 0, 0)
    found = mended_all(tuner_of(both), both)
    assert np.array_equal(found.colors, both.colors)
    assert [len(found.contours_of(index)) for index in range(2)] == [1, 2]


def test_paths_that_are_not_free_stay() -> None:
    paths = polygon(THORN)
    found = mended(tuner_of(polygon(SQUARE), polygon([(2, 2), (8, 2), (8, 60), (2, 60)])), paths, np.zeros(1, bool))
    assert np.array_equal(found.points, paths.points)


def test_no_paths_stay_none() -> None:
    assert mended_all(tuner_of(polygon(SQUARE)), Paths.empty()).count == 0


def test_paths_that_are_tuned_are_mended() -> None:
    tuner = tuner_of(polygon(SQUARE), polygon([(2, 2), (8, 2), (8, 60), (2, 60)]))
    paths = polygon(CURL)
    grower = PathGrower(paths, tuner.scene, Terms("good", 0), CPU)
    grower.tune()
    tuned = tuner.tune(paths, TUNING_STEPS["good"])
    assert len(_Outline(tuned.contours_of(0)[0]).cuts)
    assert not len(_Outline(grower.growth.paths.contours_of(0)[0]).cuts)
