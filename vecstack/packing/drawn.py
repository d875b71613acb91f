"""What a stack shows, as shapes where all its layers are outlines, else as a picture."""

from __future__ import annotations

import dataclasses
import math

from vecstack.drawing.render import render
from vecstack.geometry import Affine
from vecstack.kinds import can_draw, kind_of
from vecstack.kinds.base import ItemShape
from vecstack.kinds.gradient import Gradient
from vecstack.pictures.read import Picture, load_picture
from vecstack.stack import Layer, Stack

DRAWN_PX = 1024  # of the long side of a stack that is drawn


def shapes_of(stack: Stack) -> tuple[ItemShape, ...] | Picture:
    """What is seen of a stack: shapes in canvas units, lowest first; a picture where a layer has no outline. Its
    background is not part of it where it is transparent, or where there are layers of outlines."""
    shapes = [_shape(layer) for layer in stack.layers if layer.is_seen]
    if any(shape is None for shape in shapes):
        return picture_of(stack)
    return tuple(shape for shape in shapes if shape is not None)


def picture_of(stack: Stack, size: int = DRAWN_PX) -> Picture:
    """A stack as a picture, `size` px on its long side."""
    return load_picture(render(stack, size, device="cpu"))


def _shape(layer: Layer) -> ItemShape | None:
    """A layer as a shape in canvas units; None where it is none."""
    if not can_draw(layer):
        return None
    kind = kind_of(layer)
    outline, paint = kind.outline(layer), kind.gradient(layer) or kind.color(layer)
    if outline is None or paint is None:
        return None
    place = layer.transform
    curves = tuple(tuple(place.apply(*point) for point in curve) for curve in outline)
    if isinstance(paint, Gradient):
        paint = _radial(paint, place) if paint.is_radial else _linear(paint, place)
    return ItemShape(curves, paint, layer.opacity)


def _linear(gradient: Gradient, place: Affine) -> Gradient:
    """A linear gradient where a map takes it: its offset is linear there too, and changes fastest in another
    direction."""
    (x1, y1), (x2, y2) = gradient.start, gradient.end
    length = (x2 - x1) ** 2 + (y2 - y1) ** 2
    back = place.inverse()
    along = (x2 - x1) / length, (y2 - y1) / length
    across, down = along[0] * back.a + along[1] * back.d, along[0] * back.b + along[1] * back.e
    steep = across**2 + down**2
    x, y = place.apply(x1, y1)
    return dataclasses.replace(gradient, start=(x, y), end=(x + across / steep, y + down / steep))


def _radial(gradient: Gradient, place: Affine) -> Gradient:
    """A radial gradient where a map takes it; an ellipse becomes a circle of its area."""
    radius = math.dist(gradient.start, gradient.end) * math.sqrt(abs(place.determinant))
    x, y = place.apply(*gradient.start)
    focus = None if gradient.focus is None else place.apply(*gradient.focus)
    if focus is not None and math.dist((x, y), focus) >= radius:
        focus = None
    return dataclasses.replace(gradient, start=(x, y), end=(x + radius, y), focus=focus)
