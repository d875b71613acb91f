"""Layers whose kind gives their exact curves, or an element of SVG: written as they are, not traced."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from vecstack.drawing.viewport import Viewport
from vecstack.exporting.pictures import covered, draw_alone, png
from vecstack.exporting.svg.options import SvgOptions
from vecstack.exporting.svg.outlines import outline_data
from vecstack.exporting.xml import attributes, box, color_code, label, number
from vecstack.geometry import UNIT_CIRCLE, Affine
from vecstack.kinds import color_of, kind_of
from vecstack.kinds.base import Curve, FramedPicture, SvgElement
from vecstack.stack import Canvas, Layer, Stack

# Attributes that say where elements are, across and down.
PLACES = {
    "circle": (("cx",), ("cy",)),
    "ellipse": (("cx",), ("cy",)),
    "rect": (("x",), ("y",)),
    "line": (("x1", "x2"), ("y1", "y2")),
}
# What layers share is written a thousand times as large as their local frame, so that as many decimals do for it.
ENLARGED, REDUCED = (Affine(scale, 0.0, 0.0, 0.0, scale, 0.0) for scale in (1e3, 1e-3))
BLACK = (0.0, 0.0, 0.0)
KEPT = 1024  # texts of what layers share
PICTURE_PX = 1024  # long side of the canvas in the picture of a layer of many colours: smooth at the size of a screen


def is_exact(layer: Layer, assets: Mapping[str, bytes]) -> bool:
    """Whether a layer is written as it is, by its kind's curves or, of many colours, as a picture. Raises DocumentError
    where an asset is missing or does not fit it."""
    kind = kind_of(layer)
    if kind.color(layer) is None or kind.has_outline(layer) or kind.svg(layer, "") is not None:
        return True
    kind.check([layer], assets)
    return kind.parts(layer, assets) is not None or kind.picture(layer, assets) is not None


def exact_shape(stack: Stack, layer: Layer, name: str, options: SvgOptions, device: str) -> tuple[str, str]:
    """The element of a layer that is exact, `name` its id, and what it refers to."""
    kind, decimals = kind_of(layer), options.decimals(stack.canvas)
    outline, element = kind.outline(layer), kind.svg(layer, name) or _shared(stack, layer, options)
    if element is None and outline == (UNIT_CIRCLE,):
        element = SvgElement("circle", {"r": "1"})
    moved = None if element is None else _moved(element, layer.transform)
    if element is not None and element.curves:
        place = {"d": outline_data(element.curves, decimals + 1)}  # each number moves both sides
    elif moved is not None:
        element, place = moved, {}
    elif element is not None:
        place = {"transform": _placed(layer.transform.after(REDUCED) if element.tag == "use" else layer.transform)}
        if outline is not None and element.tag == "path" and "d" not in element.attributes:
            place["d"] = outline_data(outline, decimals + digits(layer.transform))
    elif outline is not None:
        element, place = SvgElement("path", {"d": _in_canvas(outline, layer.transform, decimals)}), {}
    else:
        element, place = _picture(stack, layer, device), {}
    color = color_of(layer)
    fill = {} if color is None or element.tag == "use" else {"fill": color_code(color)}
    own = "".join(f' {key}="{value}"' for key, value in {**fill, **place, **element.attributes}.items())
    return f"<{element.tag}{attributes(layer, name)}{label(layer)}{own}/>", element.definitions


@dataclass(frozen=True)
class _Shared:
    """What layers of the same assets are made of, in their own colours or in black."""

    assets: tuple[str, ...]
    is_black: bool
    parts: tuple[Layer, ...] = field(compare=False)  # which follow from these


def _shared(stack: Stack, layer: Layer, options: SvgOptions) -> SvgElement | None:
    """A layer that is made of others, or is a picture, as a reference to these: one definition for all that look so, in
    whatever colour. None of other layers."""
    kind, color = kind_of(layer), color_of(layer)
    picture = kind.picture(layer, stack.assets)
    parts = kind.parts(layer if color is None else kind.with_color(layer, BLACK), stack.assets)
    if picture is not None:
        inside = _framed(picture)
    elif parts is not None:
        inside = _elements(_Shared(kind.asset_ids(layer), color is not None, parts), options)
    else:
        return None
    name = f"item:{hashlib.sha256(inside.encode()).hexdigest():.12}"  # no layer's element has a colon in its id
    painted = {} if color is None else {"color": color_code(color)}
    return SvgElement("use", {"href": f"#{name}", **painted}, f'<g id="{name}">{inside}</g>')


@lru_cache(KEPT)
def _elements(shared: _Shared, options: SvgOptions) -> str:
    """The elements of what layers are made of, enlarged, and what they refer to; what is black has the colour that is
    given to the whole."""
    texts = []
    for index, part in enumerate(shared.parts):
        name, enlarged = f"{':'.join(shared.assets)}:{index}", replace(part, transform=ENLARGED.after(part.transform))
        element, definitions = exact_shape(Stack(Canvas(1, 1)), enlarged, name, options, "cpu")
        text = definitions + element.replace(f' id="{name}"', "", 1)
        texts.append(re.sub('"(#000|#000000)"', '"currentColor"', text) if shared.is_black else text)
    return "".join(texts)


def _framed(picture: FramedPicture) -> str:
    """A picture in its frame, enlarged."""
    rect = ENLARGED.after(Affine.of_frame(picture.rect)).bounds_of_frame()
    data = base64.b64encode(picture.png).decode()
    return f'<image{box(rect.x, rect.y, rect.width, rect.height)} href="data:image/png;base64,{data}"/>'


def _moved(element: SvgElement, transform: Affine) -> SvgElement | None:
    """An element where a shift takes it, in canvas units; None where it is not one that numbers alone place."""
    if (transform.a, transform.b, transform.d, transform.e) != (1, 0, 0, 1) or element.definitions:
        return None
    across, down = PLACES.get(element.tag, ((), ()))
    shifts = {**dict.fromkeys(across, transform.c), **dict.fromkeys(down, transform.f)}
    places = {key: number(float(element.attributes.get(key, 0)) + shift) for key, shift in shifts.items()}
    return replace(element, attributes={**element.attributes, **places}) if places else None


def _placed(transform: Affine) -> str:
    """The attribute that takes the local frame to canvas units."""
    a, b, c, d, e, f = (number(value) for row in transform.rows() for value in row)
    if (a, b, d, e) == ("1", "0", "0", "1"):
        return f"translate({c} {f})"
    return f"matrix({a} {d} {b} {e} {c} {f})"


def digits(transform: Affine) -> int:
    """How many decimals more a number of the local frame needs than one in canvas units."""
    scale = max(math.hypot(transform.a, transform.d), math.hypot(transform.b, transform.e))
    return max(0, math.ceil(math.log10(scale)))


def _in_canvas(outline: Sequence[Curve], transform: Affine, decimals: int) -> str:
    """Path data of closed curves of the local frame, in canvas units."""
    return outline_data([tuple(transform.apply(*point) for point in curve) for curve in outline], decimals)


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
