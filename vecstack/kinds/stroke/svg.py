"""What a stroke is in SVG where its opacity changes along it: a path that is filled with a gradient."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vecstack.color import to_hex
from vecstack.kinds.base import Curve, SvgElement
from vecstack.kinds.stroke.layer import StrokeLayer
from vecstack.kinds.stroke.outline import contours_of

DIGITS = 6  # of a coordinate


def stroke_svg(layer: StrokeLayer, name: str) -> SvgElement | None:
    """A stroke as an element; None where it has one opacity, and is its outline. `name` is the id of the element. The
    gradient runs straight from the start to the end, as SVG has none along a curve."""
    if not layer.fades:
        return None
    data = "".join(_path_data(contours_of(layer.spine, layer.radii)))
    first, last = layer.opacities
    x1, y1, _, _, x2, y2 = layer.spine
    if first == last or (x1, y1) == (x2, y2):
        return SvgElement("path", {"d": data, "fill-opacity": _number((first + last) / 2)})
    reference, color = f"{name}:fill", to_hex(layer.color)  # no layer's element has a colon in its id
    stops = "".join(
        f'<stop offset="{offset}" stop-color="{color}" stop-opacity="{_number(opacity)}"/>'
        for offset, opacity in enumerate(layer.opacities)
    )
    places = zip(("x1", "y1", "x2", "y2"), (x1, y1, x2, y2), strict=True)
    attributes = "".join(f' {key}="{_number(value)}"' for key, value in places)
    definition = f'<linearGradient id="{reference}" gradientUnits="userSpaceOnUse"{attributes}>{stops}</linearGradient>'
    return SvgElement("path", {"d": data, "fill": f"url(#{reference})"}, definition)


def _path_data(curves: Sequence[Curve]) -> Iterator[str]:
    for (x, y), *rest in curves:
        yield f"M{_number(x)} {_number(y)}C{' '.join(f'{_number(u)} {_number(v)}' for u, v in rest)}Z"


def _number(value: float) -> str:
    return f"{value:.{DIGITS}g}"
