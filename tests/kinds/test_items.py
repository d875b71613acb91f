from __future__ import annotations

import pytest

from vecstack.errors import DocumentError
from vecstack.geometry import Affine
from vecstack.kinds.base import ItemShape
from vecstack.kinds.gradient import Gradient
from vecstack.kinds.items import bounds, fitted

ARCH = ((0.0, 0.0), (0.0, 4.0), (4.0, 4.0), (4.0, 0.0), (3.0, 0.0), (1.0, 0.0), (0.0, 0.0))  # 4 wide, 3 high


def test_bounds_are_those_of_curves_and_not_of_handles() -> None:
    box = bounds([ARCH])
    assert (box.x, box.y, box.width, box.height) == pytest.approx((0, 0, 4, 3))


def test_fitted_shapes_have_their_long_side_from_minus_one_to_one_and_stay_there() -> None:
    paint = Gradient("radial", (0.0, 0.0), (4.0, 0.0), ((0.0, 1.0, 0.0, 0.0), (1.0, 0.0, 0.0, 1.0)), focus=(1.0, 0.0))
    (shape,) = fitted([ItemShape((ARCH,), paint, 0.5)])
    box = bounds(shape.curves)
    assert (box.x, box.y, box.width, box.height) == pytest.approx((-1, -0.75, 2, 1.5))
    assert isinstance(shape.paint, Gradient)
    assert shape.paint.start == pytest.approx((-1, -0.75))
    assert shape.paint.end == pytest.approx((1, -0.75))
    assert shape.paint.focus == pytest.approx((-0.5, -0.75))
    assert fitted([shape]) == (shape,)


@pytest.mark.parametrize("curves", [(), (((1.0, 1.0),) * 4,)])
def test_what_covers_nothing_is_refused(curves: tuple[tuple[tuple[float, float], ...], ...]) -> None:
    with pytest.raises(DocumentError, match="an item must"):
        fitted([ItemShape(curves, (1.0, 0.0, 0.0))])


def test_a_similarity_mirrors_then_turns_clockwise_then_scales_and_moves() -> None:
    place = Affine.similarity(5, 7, 2, 90, mirrored=True)
    assert place.apply(-1, 0) == pytest.approx((5, 9))  # right once mirrored, which is down once turned
    assert place.apply(0, 1) == pytest.approx((3, 7))
    assert place.determinant == pytest.approx(-4)
    assert Affine.similarity(5, 7, 2) == Affine(2, 0, 5, 0, 2, 7)
