"""The hard outlines of a stack's layers: those of their kinds, or traced."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from vecstack.color import Color
from vecstack.device import resolve_device
from vecstack.errors import ExportError
from vecstack.exporting.pictures import drawable
from vecstack.exporting.svg.flat import CURVE_MISS, contours_of, flatten
from vecstack.exporting.svg.scene import scene_of
from vecstack.kinds import color_of, kind_of
from vecstack.kinds.base import Curve
from vecstack.stack import Layer, Stack


@dataclasses.dataclass(frozen=True)
class Outlined:
    """A layer that is seen, closed curves in canvas units (nonzero rule) within which it covers all, and its colour;
    None of a layer of many."""

    layer: Layer
    outline: tuple[Curve, ...]
    color: Color | None


def outlined(stack: Stack, device: str = "auto") -> list[Outlined]:
    """The layers that are seen, lowest first, with their outlines: exact where their kind has them, else those of a
    hard flat SVG. Raises ExportError for a layer of many colours without an outline; DeviceError."""
    seen = stack.with_layers(layer for _, layer in drawable(stack) if layer.is_seen)
    scene = scene_of(seen, resolve_device(device))
    for mask in scene.masks:
        if mask.is_exact and not kind_of(mask.layer).has_outline(mask.layer):
            raise ExportError(f"layer {mask.layer.id} is a picture without an outline. Hide or remove it.")
    miss = CURVE_MISS * max(stack.canvas.width, stack.canvas.height)
    found = []
    for shape in flatten(scene, list(scene.masks), (0.0,)):
        layer = shape.mask.layer
        exact = kind_of(layer).outline(layer)
        if exact is None:
            outline = tuple(_curve(controls) for controls in contours_of(shape, miss))
        else:
            outline = tuple(tuple(layer.transform.apply(*point) for point in curve) for curve in exact)
        if outline:
            found.append(Outlined(layer, outline, shape.color if exact is None else color_of(layer)))
    return found


def _curve(controls: np.ndarray) -> Curve:
    """A closed uniform quadratic B-spline [N,2] as cubic pieces."""
    return tuple((float(x), float(y)) for x, y in _points(controls))


def _points(controls: np.ndarray) -> Iterator[np.ndarray]:
    knots = (controls + np.roll(controls, -1, 0)) / 2
    yield knots[0]
    for control, start, end in zip(np.roll(controls, -1, 0), knots, np.roll(knots, -1, 0), strict=True):
        yield start + (control - start) * 2 / 3
        yield end + (control - end) * 2 / 3
        yield end
