"""What a path layer is in SVG where that has a word for it: circles, ellipses, rectangles with round corners, lines of
one width along these and along any curve, and gradients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vecstack.color import to_hex
from vecstack.geometry import UNIT_CIRCLE
from vecstack.kinds.base import CenterLine, SvgElement
from vecstack.kinds.gradient import Gradient
from vecstack.kinds.path.graphic.boxes import box_map
from vecstack.kinds.path.layer import Contour, PathLayer

DIGITS = 9  # of a coordinate: a thousandth of a pixel on the widest canvas
ROUNDED = 0.76  # of the last decimal that a contour's numbers have, by which they may be off a form
MOST_OFF = 0.02  # of the size of a shape, the same: numbers may be whole where it is two units large
MOST_DECIMALS = 6
LONG = 4.0  # times its width, of a rectangle with round ends that is a line, at least


@dataclass(frozen=True)
class _Ellipse:
    """A level ellipse: its middle and its radii."""

    x: float
    y: float
    across: float
    down: float


@dataclass(frozen=True)
class _Box:
    """A level rectangle, and the radius of its corners."""

    left: float
    right: float
    top: float
    bottom: float
    radius: float


def path_svg(layer: PathLayer, name: str) -> SvgElement | None:
    """A path layer as an element; None where it is a path in one colour. `name` is the id of the element."""
    decimals = _decimals(layer.contours)
    size = float(np.ptp(np.array(layer.contours[0]).reshape(-1, 2), axis=0).max())
    off = min(ROUNDED * 10.0**-decimals, MOST_OFF * size)
    forms = [_form(np.array(contour).reshape(-1, 2), off) for contour in layer.contours[:3]]
    if layer.color is not None:
        color = to_hex(layer.color)
        found = _stroke(forms, color, off, decimals + 1) or _filled(forms, off, decimals + 1)
        return found or _drawn(layer, color, decimals + 1)
    assert layer.gradient is not None
    shaded, form = _gradient_svg(layer.gradient, name), _filled(forms, off, decimals + 1)
    if form is None:
        return shaded
    return replace(shaded, tag=form.tag, attributes={**form.attributes, **shaded.attributes})


def _decimals(contours: Sequence[Contour]) -> int:
    """How many decimals the numbers of contours have."""
    numbers = np.concatenate([np.array(contour) for contour in contours])
    return next((k for k in range(MOST_DECIMALS) if (np.round(numbers, k) == numbers).all()), MOST_DECIMALS)


def _form(points: np.ndarray, off: float) -> _Ellipse | _Box | None:
    """The ellipse or the rectangle whose contour [M,2] is within `off`."""
    if len(points) == 24:
        return _round_box(points, off)
    return (_sharp_box(points, off) or _ellipse(points, off)) if len(points) == 12 else None


def _ellipse(points: np.ndarray, off: float) -> _Ellipse | None:
    """The level ellipse of four pieces with points [12,2]."""
    (left, top), (right, bottom) = points[::3].min(0), points[::3].max(0)
    x, y, across, down = (left + right) / 2, (top + bottom) / 2, (right - left) / 2, (bottom - top) / 2
    circle = np.array(UNIT_CIRCLE[:-1])
    ways = [np.roll(way, -3 * turn, 0) for way in (circle, np.roll(circle[::-1], 1, 0)) for turn in range(4)]
    is_one = any(np.abs((x, y) + way * (across, down) - points).max() <= off for way in ways)
    return _Ellipse(x, y, across, down) if is_one else None


def _round_box(points: np.ndarray, off: float) -> _Box | None:
    """The level rectangle with round corners whose eight pieces have points [24,2]."""
    for to in map(box_map, (False, True)):
        for turn in range(4):
            turned = np.roll(points, 6 * turn, 0)
            knots = to.reshape(-1, 6, 5)[:, :2].reshape(-1, 5)
            numbers = np.linalg.lstsq(knots, turned[::3].ravel(), rcond=None)[0]
            if np.abs((to @ numbers).reshape(-1, 2) - turned).max() <= off:
                return _Box(*numbers)
    return None


def _sharp_box(points: np.ndarray, off: float) -> _Box | None:
    """The level rectangle with sharp corners whose four pieces, handles on their knots, have points [12,2]."""
    (left, top), (right, bottom) = points.min(0), points.max(0)
    knots = points[::3]
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    ways = [np.roll(way, turn, 0) for way in (corners, corners[::-1]) for turn in range(4)]
    is_straight = _off_knots(points) <= off
    is_one = is_straight and any(np.abs(knots - way).max() <= off for way in ways)
    return _Box(left, right, top, bottom, 0) if is_one else None


def _off_knots(points: np.ndarray) -> float:
    """How far the handles of a contour [M,2] are from the knot beside them, at most."""
    before, after = points[1::3] - points[::3], points[2::3] - np.roll(points[::3], -1, 0)
    return float(np.abs([before, after]).max())


def _filled(forms: Sequence[_Ellipse | _Box | None], off: float, decimals: int) -> SvgElement | None:
    """The element of a shape that is one form; sharp rectangles are shorter as paths."""
    form = forms[0]
    if len(forms) > 1 or form is None or (isinstance(form, _Box) and form.radius <= off):
        return None
    return _element(form, off, decimals)


def _stroke(forms: Sequence[_Ellipse | _Box | None], color: str, off: float, decimals: int) -> SvgElement | None:
    """The element of a shape that is a line of one width along a form: a ring, a frame, or a line with round ends."""
    found = None
    if len(forms) == 2:
        outer, inner = sorted(forms, key=lambda form: 0 if form is None else _width(form), reverse=True)
        if isinstance(outer, _Ellipse) and isinstance(inner, _Ellipse):
            found = _ring(outer, inner, off, decimals)
        elif isinstance(outer, _Box) and isinstance(inner, _Box):
            found = _frame(outer, inner, off, decimals)
    elif len(forms) == 1 and isinstance(forms[0], _Box):
        found = _line(forms[0], off, decimals)
    return found and replace(found, attributes={"fill": "none", "stroke": color, **found.attributes})


def center_line(layer: PathLayer) -> CenterLine | None:
    """The line along which a pen draws a path layer of one colour (see kinds.base.Kind.center_line)."""
    from vecstack.kinds.path.centerlines.find import center_line_of

    if layer.color is None:
        return None
    place = np.array(layer.transform.rows())
    contours = [np.array(contour).reshape(-1, 2) @ place[:, :2].T + place[:, 2] for contour in layer.contours]
    rounding = ROUNDED * 10.0 ** -_decimals(layer.contours) * float(np.linalg.norm(place[:, :2], 2))
    return center_line_of(contours, rounding)


def _drawn(layer: PathLayer, color: str, decimals: int) -> SvgElement | None:
    """The element of a shape that a pen draws."""
    line = center_line(layer)
    if line is None:
        return None
    words = {} if line.ends == "butt" else {"stroke-linecap": line.ends}
    words |= {} if line.corners == "miter" else {"stroke-linejoin": line.corners}
    width = _written({"stroke-width": line.width}, decimals)
    return SvgElement("path", {"fill": "none", "stroke": color, **width, **words}, curves=line.curves)


def _width(form: _Ellipse | _Box) -> float:
    return 2 * form.across if isinstance(form, _Ellipse) else form.right - form.left


def _ring(outer: _Ellipse, inner: _Ellipse, off: float, decimals: int) -> SvgElement | None:
    """A circle between two."""
    width = outer.across - inner.across
    parts = outer.across - outer.down, inner.across - inner.down, outer.x - inner.x, outer.y - inner.y
    if width <= off or np.abs(parts).max() > 2 * off:
        return None
    middle = _Ellipse((outer.x + inner.x) / 2, (outer.y + inner.y) / 2, *2 * ((outer.across + inner.across) / 2,))
    return _drawn_along(_element(middle, off, decimals), width, decimals)


def _frame(outer: _Box, inner: _Box, off: float, decimals: int) -> SvgElement | None:
    """A rectangle between two: the corners are round on both sides, or on none, or on the far side of a sharp one."""
    widths = (
        inner.left - outer.left, outer.right - inner.right, inner.top - outer.top, outer.bottom - inner.bottom
    )  # fmt: skip
    width = float(np.mean(widths))
    if width <= off or np.ptp(widths) > 2 * off:
        return None
    half = width / 2
    radius = max(outer.radius - half, 0) if inner.radius else 0.0
    joins = {0.0: "miter", half: "round"} if not inner.radius else {inner.radius + width: "miter"}
    join = next((word for corner, word in joins.items() if abs(corner - outer.radius) <= 2 * off), None)
    if join is None:
        return None
    middle = _Box(outer.left + half, outer.right - half, outer.top + half, outer.bottom - half, radius)
    found = _drawn_along(_element(middle, off, decimals), width, decimals)
    return found if join == "miter" else replace(found, attributes={**found.attributes, "stroke-linejoin": join})


def _line(box: _Box, off: float, decimals: int) -> SvgElement | None:
    """A level or an upright line with round ends."""
    across, down = box.right - box.left, box.bottom - box.top
    width = min(across, down)
    if abs(2 * box.radius - width) > 2 * off or max(across, down) < LONG * width:
        return None
    x, y = (box.left + box.right) / 2, (box.top + box.bottom) / 2
    along, upright = max(across - width, 0) / 2, max(down - width, 0) / 2
    ends = {"x1": x - along, "y1": y - upright, "x2": x + along, "y2": y + upright}
    found = _drawn_along(SvgElement("line", _written(ends, decimals)), width, decimals)
    return replace(found, attributes={**found.attributes, "stroke-linecap": "round"})


def _drawn_along(element: SvgElement, width: float, decimals: int) -> SvgElement:
    """An element whose edge is drawn with a width."""
    return replace(element, attributes={**element.attributes, **_written({"stroke-width": width}, decimals)})


def _element(form: _Ellipse | _Box, off: float, decimals: int) -> SvgElement:
    """A form as an element."""
    if isinstance(form, _Box):
        sides = {"x": form.left, "y": form.top, "width": form.right - form.left, "height": form.bottom - form.top}
        return SvgElement("rect", _written({**sides, "rx": form.radius}, decimals))
    place, is_circle = {"cx": form.x, "cy": form.y}, abs(form.across - form.down) <= off
    size = {"r": (form.across + form.down) / 2} if is_circle else {"rx": form.across, "ry": form.down}
    return SvgElement("circle" if is_circle else "ellipse", _written({**place, **size}, decimals))


def _written(numbers: Mapping[str, float], decimals: int) -> dict[str, str]:
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
