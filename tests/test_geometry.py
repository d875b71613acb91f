from __future__ import annotations

import pytest

from vecstack.geometry import Affine, Rect


def apply(map_: Affine, x: float, y: float) -> tuple[float, float]:
    return map_.a * x + map_.b * y + map_.c, map_.d * x + map_.e * y + map_.f


def test_frame_map_takes_the_corners_of_the_local_frame_to_the_corners_of_the_rectangle() -> None:
    map_ = Affine.of_frame(Rect(3, 5, 37, 53))
    assert apply(map_, -1, -1) == (3, 5)
    assert apply(map_, 1, 1) == (40, 58)


def test_inverse_undoes_the_map() -> None:
    map_ = Affine(2, -3, 5, 7, 11, -13)
    x, y = apply(map_.inverse(), *apply(map_, 0.25, -4))
    assert (x, y) == pytest.approx((0.25, -4))


def test_rows_give_the_map_back() -> None:
    map_ = Affine(1, 2, 3, 4, 5, 6)
    assert Affine.of_rows(map_.rows()) == map_


def test_inside_needs_every_edge_inside() -> None:
    whole = Rect(0, 0, 37, 53)
    assert Rect(0, 0, 37, 53).inside(whole)
    assert not Rect(-1, 0, 5, 5).inside(whole)
    assert not Rect(33, 0, 5, 5).inside(whole)
    assert not Rect(0, 50, 5, 5).inside(whole)
    assert not Rect(float("nan"), 0, 5, 5).inside(whole)


@pytest.mark.parametrize(
    ("other", "shared"),
    [
        (Rect(10, 20, 5, 6), Rect(10, 20, 5, 6)),  # within
        (Rect(-10, -20, 100, 200), Rect(0, 0, 37, 53)),  # around
        (Rect(30, -5, 20, 10), Rect(30, 0, 7, 5)),  # past the upper right corner
        (Rect(-4, 50, 10, 10), Rect(0, 50, 6, 3)),  # past the lower left one
        (Rect(10, -5, 2, 100), Rect(10, 0, 2, 53)),  # across
        (Rect(37, 0, 5, 53), None),  # side by side
        (Rect(0, 53, 37, 1), None),
        (Rect(37, 53, 1, 1), None),  # a corner in common
        (Rect(40, 10, 5, 5), None),
        (Rect(10, 60, 5, 5), None),
        (Rect(-9, 10, 5, 5), None),
    ],
)
def test_overlap_is_what_both_rectangles_hold(other: Rect, shared: Rect | None) -> None:
    whole = Rect(0, 0, 37, 53)
    assert whole.overlap(other) == shared
    assert other.overlap(whole) == shared
