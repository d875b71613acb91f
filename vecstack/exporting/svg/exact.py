"""Layers whose kind gives their exact curves, or an element of SVG: written as they are, not traced."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from vecstack.drawing.viewport import Viewport
from vecstack.exporting.pictures import covered, draw_alone, png
from vecstack.exporting.svg.options import SvgOptions
from vecstack.exporting.xml import attributes, color_code, label, number
from vecstack.geometry import UNIT_CIRCLE, Affine
from vecstack.kinds import color_of, kind_of
from vecstack.kinds.base import Curve, SvgElement
from vecstack.stack import Layer, Stack

PICTURE_PX = 1024  # long side of the canvas in the picture of a layer of many colours: smooth at the size of a screen
DECIMALS = 3  # of a canvas unit, in curves: a thousandth of a pixel of the source


def is_exact(layer: Layer) -> bool:
    """Whether a layer is written as it is, by its kind's curves or, of many colours, as a picture."""
    kind = kind_of(layer)
    return kind.color(layer) is None or kind.outline(layer) is not None or kind.svg(layer, "") is not None


def exact_shape(stack: Stack, layer: Layer, name: str, options: SvgOptions, device: str) -> tuple[str, str]:
    """The element of a layer that is exact, `name` its id, and what it refers to."""
    kind = kind_of(layer)
    outline, element = kind.outline(layer), kind.svg(layer, name)
    if element is None and outline == (UNIT_CIRCLE,):
        element = SvgElement("circle", {"r": "1"})
    if element is not None:
        place = {"transform": f"matrix({_matrix(layer.transform)})"}
    elif outline is not None:
        decimals = DECIMALS if options.precision is None else options.precision
        element, place = SvgElement("path", {"d": _path(outline, layer.transform, decimals)}), {}
    else:
        element, place = _picture(stack, layer, device), {}
    color = color_of(layer)
    fill = {} if color is None else {"fill": color_code(color)}
    own = "".join(f' {key}="{value}"' for key, value in {**fill, **place, **element.attributes}.items())
    return f"<{element.tag}{attributes(layer, name)}{label(layer)}{own}/>", element.definitions


def _matrix(transform: Affine) -> str:
    a, b, c, d, e, f = (number(value) for row in transform.rows() for value in row)
    return f"{a} {d} {b} {e} {c} {f}"


def _path(outline: Sequence[Curve], transform: Affine, decimals: int) -> str:
    """Path data of closed curves of the local frame, in canvas units."""
    data = []
    for curve in outline:
        start, *rest = (transform.apply(*point) for point in curve)
        data.append(f"M{_point(start, decimals)}C{' '.join(_point(point, decimals) for point in rest)}Z")
    return "".join(data)


def _point(point: tuple[float, float], decimals: int) -> str:
    return " ".join(number(round(value, decimals)) for value in point)


def _picture(stack: Stack, layer: Layer, device: str) -> SvgElement:
    """A layer of many colours as a picture."""
    viewport = Viewport.of_region(stack.canvas.rect, size=PICTURE_PX)
    pixels = draw_alone(stack, layer, viewport, device)
    rows, columns = covered(pixels[..., 3])
    across = viewport.region.width / viewport.width_px
    down = viewport.region.height / viewport.height_px
    sides = columns.start * across, rows.start * down
    lengths = (columns.stop - columns.start) * across, (rows.stop - rows.start) * down
    data = base64.b64encode(png(pixels[rows, columns])).decode()
    values = dict(zip(("x", "y", "width", "height"), map(number, (*sides, *lengths)), strict=True))
    return SvgElement("image", {**values, "href": f"data:image/png;base64,{data}"})
