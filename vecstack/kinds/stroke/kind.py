"""The kind of brush strokes: how they are read, written, shaded and exported."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Curve, Kind, Maker, MakerEntry, SvgElement
from vecstack.kinds.fields import short_number
from vecstack.kinds.stroke.layer import StrokeLayer
from vecstack.kinds.stroke.looks import LOOKS, Look

if TYPE_CHECKING:
    import torch

    from vecstack.kinds.base import RunPainter, Shader

HALF_DIAGONAL = 0.7072  # of a pixel, in sides: how far from its middle an edge can cover a part of it


def _painter(look: Look, device: torch.device) -> Maker:
    from vecstack.kinds.stroke.make import PainterMaker

    return PainterMaker(look)


class StrokeKind(Kind[StrokeLayer]):
    """How brush strokes are read, written, shaded and exported."""

    layer = StrokeLayer
    web = Path(__file__).with_name("viewer.js")
    is_cheap = True
    makers: Mapping[str, MakerEntry] = {
        name: MakerEntry(look.description, partial(_painter, look), is_style=True) for name, look in LOOKS.items()
    }

    def write(self, layer: StrokeLayer) -> dict[str, Any]:
        fields = super().write(layer)
        if not layer.fades:
            del fields["opacities"]
        numbers = {name: list(map(short_number, fields[name])) for name in ("spine", "radii")}
        return {**fields, **numbers}

    def extent(self, layer: StrokeLayer, footprint: float) -> Rect:
        xs, ys, radius = layer.spine[::2], layer.spine[1::2], max(layer.radii)
        left, top = min(xs) - radius, min(ys) - radius
        box = Affine.of_frame(Rect(left, top, max(xs) + radius - left, max(ys) + radius - top))
        bounds, reach = layer.transform.after(box).bounds_of_frame(), HALF_DIAGONAL * footprint
        return Rect(bounds.x - reach, bounds.y - reach, bounds.width + 2 * reach, bounds.height + 2 * reach)

    def shader(self, layers: Sequence[StrokeLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        from vecstack.kinds.stroke.shade import shader

        return shader(layers, device)

    def run_painter(
        self, layers: Sequence[StrokeLayer], assets: Mapping[str, bytes], device: torch.device
    ) -> RunPainter:
        from vecstack.kinds.stroke.raster import run_painter

        return run_painter(layers, self.extent, device)

    def has_outline(self, layer: StrokeLayer) -> bool:
        return not layer.fades

    def outline(self, layer: StrokeLayer) -> tuple[Curve, ...] | None:
        from vecstack.kinds.stroke.outline import contours_of

        return None if layer.fades else contours_of(layer.spine, layer.radii)

    def svg(self, layer: StrokeLayer, name: str) -> SvgElement | None:
        from vecstack.kinds.stroke.svg import stroke_svg

        return stroke_svg(layer, name)


KIND = StrokeKind()
