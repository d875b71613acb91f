"""Outlines of regions of pixels."""

from __future__ import annotations

import numpy as np
import pytest

from vecstack.compiled import is_compiling
from vecstack.kinds.path import contours
from vecstack.kinds.path.contours import OUTSIDE, fit_closed, outline
from vecstack.kinds.path.regions import merged

needs_numba = pytest.mark.skipif(not is_compiling(), reason="needs numba")


def area_of(points: np.ndarray) -> float:
    """Of a polygon; above 0 where it goes clockwise on the screen."""
    x, y = points.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def disc(radius: float, size: int = 60) -> np.ndarray:
    """The region 1 in the middle of pixels [size,size]."""
    y, x = np.mgrid[:size, :size] + 0.5 - size / 2
    return (np.hypot(x, y) < radius).astype(np.int64)


def box_of(region: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(region)
    return np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])


def samples(contour: np.ndarray, count: int = 30) -> np.ndarray:
    """Points of a contour [3n,2]."""
    t = (np.arange(count) / count)[:, None]
    closed = np.concatenate([contour, contour[:1]])
    pieces = [closed[first : first + 4] for first in range(0, len(contour), 3)]
    return np.concatenate(
        [(1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d for a, b, c, d in pieces]
    )


@pytest.mark.parametrize("radius", [4.0, 12.3, 25.0])
def test_an_outline_goes_around_its_region(radius: float) -> None:
    region = disc(radius)
    line = outline(region, 1, box_of(region), 60, 60)
    assert area_of(line) == pytest.approx(region.sum(), rel=0.05)
    distance = np.hypot(*(line - 30).T)
    assert np.abs(distance - radius).max() < 1


def test_an_outline_along_the_border_lies_outside() -> None:
    region = np.ones((20, 30), np.int64)
    line = outline(region, 1, np.array([0, 0, 30, 20]), 30, 20)
    assert np.allclose(line.min(0), -OUTSIDE)
    assert np.allclose(line.max(0), (30 + OUTSIDE, 20 + OUTSIDE))


def test_a_pixel_and_a_corner_have_outlines() -> None:
    region = np.zeros((5, 5), np.int64)
    region[2, 2] = 1
    line = outline(region, 1, box_of(region), 5, 5)
    assert len(line) == 4
    assert np.allclose(line.mean(0), 2.5)
    region[3, 2:4] = 1
    assert len(outline(region, 1, box_of(region), 5, 5)) == 8


def test_a_hole_that_meets_the_outside_at_a_corner_is_outside() -> None:
    region = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 0]], np.int64)
    line = outline(region, 1, np.array([0, 0, 3, 3]), 3, 3)
    assert len(line) == 12 + 4


@pytest.mark.parametrize(("radius", "most"), [(4.0, 6), (25.0, 12)])
def test_a_contour_is_close_to_its_outline(radius: float, most: int) -> None:
    region = disc(radius)
    line = outline(region, 1, box_of(region), 60, 60)
    contour = fit_closed(line, 3, most, 0.3)
    assert 3 <= len(contour) // 3 <= most
    along = samples(contour)
    gaps = np.hypot(*(line[:, None] - along[None]).transpose(2, 0, 1)).min(1)
    assert gaps.max() < 0.5
    assert area_of(along) == pytest.approx(area_of(line), rel=0.02)


def test_pieces_are_no_more_than_asked_for() -> None:
    rng = np.random.default_rng(0)
    angles = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    line = np.stack([np.cos(angles), np.sin(angles)], 1) * rng.uniform(5, 20, 200)[:, None]
    for most in (3, 5, 12):
        assert len(fit_closed(line, 3, most, 0.1)) == 3 * most
    assert len(fit_closed(line[:4], 3, 9, 0.1)) <= 3 * 4


@needs_numba
def test_contours_are_the_same_without_compiled_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.default_rng(0).random((3, 40, 50), dtype=np.float32)
    region = merged(picture, (25,), 0.25)[25]
    boxes = [box_of(region == number) for number in range(25)]
    lines = [outline(region, number, box, 50, 40) for number, box in enumerate(boxes)]
    fitted = [fit_closed(line, 3, 9, 0.7) for line in lines]
    for name in ("_walk", "closest_cubic", "_fit_piece", "_cut"):
        monkeypatch.setattr(contours, name, getattr(contours, name).py_func)
    for number, (box, line, contour) in enumerate(zip(boxes, lines, fitted, strict=True)):
        assert np.array_equal(outline(region, number, box, 50, 40), line)
        assert np.allclose(fit_closed(line, 3, 9, 0.7), contour)
