"""Path layers as lists of numbers: their shape, and with other numbers in its place."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from itertools import chain

from vecstack.errors import DocumentError
from vecstack.kinds.base import Steps, to_step
from vecstack.kinds.gradient import MIN_AXIS, Gradient, Point, Stop, focused
from vecstack.kinds.path.layer import PathLayer


def shape_of(layer: PathLayer) -> tuple[float, ...]:
    """The numbers of all contours, then, of a gradient, the colours of its stops."""
    stops = () if layer.gradient is None else layer.gradient.stops
    return (*chain.from_iterable(layer.contours), *chain.from_iterable(stop[1:] for stop in stops))


def with_shape(layer: PathLayer, shape: Sequence[float]) -> PathLayer:
    """The layer with such numbers in the place of its own. Raises DocumentError for too many, too few, or numbers that
    are out of range."""
    if len(shape) != len(shape_of(layer)):
        raise DocumentError(f"layer {layer.id}: its shape has {len(shape_of(layer))} numbers, not {len(shape)}.")
    numbers = iter(shape)
    contours = tuple(tuple(next(numbers) for _ in contour) for contour in layer.contours)
    gradient = layer.gradient
    if gradient is not None:
        stops = tuple((stop[0], next(numbers), next(numbers), next(numbers)) for stop in gradient.stops)
        gradient = dataclasses.replace(gradient, stops=stops)
    return dataclasses.replace(layer, contours=contours, gradient=gradient)


def rounded(layer: PathLayer, steps: Steps) -> PathLayer:
    """The layer with its numbers at the nearest multiples of steps (see kinds.base.Kind.rounded)."""

    def place(value: float) -> float:
        return to_step(value, steps.shape)

    def tone(value: float) -> float:
        return to_step(value, steps.color)

    contours = tuple(tuple(map(place, contour)) for contour in layer.contours)
    if layer.color is not None:
        red, green, blue = map(tone, layer.color)
        return dataclasses.replace(layer, contours=contours, color=(red, green, blue))
    assert layer.gradient is not None
    return dataclasses.replace(layer, contours=contours, gradient=_rounded_gradient(layer.gradient, place, tone))


def _rounded_gradient(gradient: Gradient, place: Callable[[float], float], tone: Callable[[float], float]) -> Gradient:
    """A gradient with rounded numbers; its ends stay where they would fall together."""

    def moved(point: Point) -> Point:
        return place(point[0]), place(point[1])

    def toned(stop: Stop) -> Stop:
        offset, red, green, blue = stop
        return offset, tone(red), tone(green), tone(blue)

    start, end = moved(gradient.start), moved(gradient.end)
    if math.dist(start, end) < MIN_AXIS:
        start, end = gradient.start, gradient.end
    focus = None if gradient.focus is None else focused(start, end, moved(gradient.focus))
    return Gradient(gradient.shape, start, end, tuple(map(toned, gradient.stops)), focus)
