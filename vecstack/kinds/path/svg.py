"""What a path layer is in SVG where that has a word for it: circles, ellipses, rectangles with round corners, and
gradients."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from vecstack.color import to_hex
from vecstack.geometry import UNIT_CIRCLE
from vecstack.kinds.base import SvgElement
from vecstack.kinds.gradient import Gradient
from vecstack.kinds.path.graphic.boxes import box_map
from vecstack.kinds.path.layer import Contour, PathLayer

DIGITS = 9  # of a coordinate: a thousandth of a pixel on the widest canvas
ROUNDED = 0.76  # of the last decimal that a contour's numbers have, by which they may be off a form
MOST_DECIMALS = 6


def path_svg(layer: PathLayer, name: str) -> SvgElement | None:
    """A path layer as an element; None where it is a path in one colour. `name` is the id of the element."""
    form = _form(layer.contours[0]) if len(layer.contours) == 1 else None
    if layer.gradient is None:
        return form
    filled = _gradient_svg(layer.gradient, name)
    return (
        filled if form is None else replace(filled, tag=form.tag, attributes={**form.attributes, **filled.attributes})
    )


def _form(contour: Contour) -> SvgElement | None:
    """The circle, the ellipse or the rectangle with round corners that a contour is, as exactly as its numbers are
    rounded."""
    points = np.array(contour).reshape(-1, 2)
    if len(points) not in (12, 24):
        return None
    decimals = next((k for k in range(MOST_DECIMALS) if (np.round(points, k) == points).all()), MOST_DECIMALS)
    off = ROUNDED * 10.0**-decimals
    return _ellipse(points, off, decimals + 1) if len(points) == 12 else _box(points, off, decimals + 1)


def _ellipse(points: np.ndarray, off: float, decimals: int) -> SvgElement | None:
    """The level ellipse of four pieces that points [12,2] are within `off`."""
    (left, top), (right, bottom) = points[::3].min(0), points[::3].max(0)
    x, y, across, down = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    circle = np.array(UNIT_CIRCLE[:-1])
    ways = [np.roll(way, -3 * turn, 0) for way in (circle, np.roll(circle[::-1], 1, 0)) for turn in range(4)]
    if not any(np.abs((x, y) + way * (across, down) - points).max() <= off for way in ways):
        return None
    place = {"cx": x, "cy": y}
    size = {"r": (across + down) / 2} if abs(across - down) <= off else {"rx": across, "ry": down}
    return SvgElement("circle" if "r" in size else "ellipse", _written({**place, **size}, decimals))


def _box(points: np.ndarray, off: float, decimals: int) -> SvgElement | None:
    """The level rectangle with round corners whose eight pieces have points [24,2] within `off`."""
    for to in map(box_map, (False, True)):
        for turn in range(4):
            numbers = np.linalg.lstsq(to, np.roll(points, 6 * turn, 0).ravel(), rcond=None)[0]
            if np.abs((to @ numbers).reshape(-1, 2) - np.roll(points, 6 * turn, 0)).max() <= off:
                left, right, top, bottom, radius = numbers
                sides = {"x": left, "y": top, "width": right - left, "height": bottom - top, "rx": radius}
                return SvgElement("rect", _written(sides, decimals))
    return None


def _written(numbers: dict[str, float], decimals: int) -> dict[str, str]:
    """Numbers as attributes, without those that are 0."""
    texts = {key: _number(round(float(value), decimals) + 0.0) for key, value in numbers.items()}
    return {key: text for key, text in texts.items() if text != "0"}


def _gradient_svg(gradient: Gradient, name: str) -> SvgElement:
    """A path with a gradient; `name` is the id of the element."""
    reference = f"{name}:fill"  # no layer's element has a colon in its id
    (x1, y1), (x2, y2) = gradient.start, gradient.end
    if gradient.is_radial:
        place = {"cx": x1, "cy": y1, "r": math.dist(gradient.start, gradient.end)}
        if gradient.focus is not None:
            place |= {"fx": gradient.focus[0], "fy": gradient.focus[1]}
    else:
        place = {"x1": x1, "y1": y1, "x2": x2, "y2": y2}
    attributes = "".join(f' {key}="{_number(value)}"' for key, value in place.items())
    stops = "".join(
        f'<stop offset="{_number(offset)}" stop-color="{to_hex((red, green, blue))}"/>'
        for offset, red, green, blue in gradient.stops
    )
    tag = f"{gradient.shape}Gradient"
    definition = f'<{tag} id="{reference}" gradientUnits="userSpaceOnUse"{attributes}>{stops}</{tag}>'
    return SvgElement("path", {"fill": f"url(#{reference})"}, definition)


def _number(value: float) -> str:
    return f"{value:.{DIGITS}g}"
