"""Items as shapes: what a kind of layer that places them again and again is made of."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect, cubic_range
from vecstack.kinds.base import Curve, ItemShape
from vecstack.kinds.gradient import Gradient

EXACT = 1e-6  # of half the long side: less is rounding


def fitted(shapes: Sequence[ItemShape]) -> tuple[ItemShape, ...]:
    """The shapes, scaled and moved so that the long side of what they cover together is from -1 to 1, and the middle at
    0; as they are where they are so already. Raises DocumentError where they cover nothing."""
    box = bounds([curve for shape in shapes for curve in shape.curves])
    scale = 2 / max(box.width, box.height)
    across, down = -scale * (box.x + box.width / 2), -scale * (box.y + box.height / 2)
    if max(abs(scale - 1), abs(across), abs(down)) < EXACT:
        return tuple(shapes)
    return tuple(moved(shape, Affine(scale, 0.0, across, 0.0, scale, down)) for shape in shapes)


def moved(shape: ItemShape, similarity: Affine) -> ItemShape:
    """A shape elsewhere, with its gradient."""
    curves = tuple(tuple(similarity.apply(*point) for point in curve) for curve in shape.curves)
    paint = shape.paint
    if isinstance(paint, Gradient):
        start, end = similarity.apply(*paint.start), similarity.apply(*paint.end)
        focus = None if paint.focus is None else similarity.apply(*paint.focus)
        paint = dataclasses.replace(paint, start=start, end=end, focus=focus)
    return dataclasses.replace(shape, curves=curves, paint=paint)


def bounds(curves: Sequence[Curve]) -> Rect:
    """The smallest rectangle that holds closed curves, not their handles. Raises DocumentError where they cover
    nothing."""
    places = [[number for curve in curves for number in _reached(curve, axis)] for axis in (0, 1)]
    if not places[0]:
        raise DocumentError("an item must have one curve at least.")
    (left, right), (top, bottom) = ((min(numbers), max(numbers)) for numbers in places)
    if not max(right - left, bottom - top) > 0:
        raise DocumentError("an item must cover something; its curves are one point.")
    return Rect(left, top, right - left, bottom - top)


def _reached(curve: Curve, axis: int) -> Iterator[float]:
    """The values of one coordinate where a curve begins, and where its pieces are least and largest."""
    numbers = [point[axis] for point in curve]
    yield numbers[0]
    for at in range(0, len(numbers) - 3, 3):
        yield from cubic_range(*numbers[at : at + 4])
