"""The kind of cut-outs: items that are placed, read, written, checked and shaded."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecstack.color import Color
from vecstack.errors import DocumentError
from vecstack.geometry import Rect
from vecstack.kinds.base import FramedPicture, ItemShape, Kind
from vecstack.kinds.cutout.item import SLACK, header_of, is_picture, item_bytes, shapes_of
from vecstack.kinds.cutout.layer import CutoutLayer
from vecstack.kinds.cutout.place import place_of, with_place
from vecstack.stack import Layer

if TYPE_CHECKING:
    import torch

    from vecstack.kinds.base import RunPainter, Shader
    from vecstack.kinds.cutout.tune import CutoutTunable

HALF_DIAGONAL = 0.7072  # of a pixel, in sides: how far from its middle an edge can cover a part of it
MAX_PIXELS = 1 << 27  # of all pictures of a document: 1 GB where all are drawn enlarged
MAX_PLACED_POINTS = 5_000_000  # of the curves of all layers of a document, each as often as it is placed


class CutoutKind(Kind[CutoutLayer]):
    """How cut-outs are read, written, checked and shaded."""

    layer = CutoutLayer
    web = Path(__file__).with_name("viewer.js")
    is_cheap = True
    takes_color = True

    def asset_ids(self, layer: CutoutLayer) -> tuple[str, ...]:
        return (layer.item,)

    def asset_words(self, data: bytes) -> str:
        if is_picture(data):
            header = header_of(data)
            return f"picture of {header.width:,} x {header.height:,} px"
        shapes = shapes_of(data)
        return f"{len(shapes):,} shape{'' if len(shapes) == 1 else 's'} of {_size(data)[0]:,} points"

    def check(self, layers: Sequence[CutoutLayer], assets: Mapping[str, bytes]) -> None:
        sizes: dict[str, int] = {}  # points of shapes, by item
        pixels = points = 0
        for layer in layers:
            if layer.item not in assets:
                raise DocumentError(f"layer {layer.id}: its item, asset {layer.item:.16}, is not in the document.")
            if layer.item not in sizes:
                try:
                    sizes[layer.item], more = _size(assets[layer.item])
                except DocumentError as error:
                    raise DocumentError(f"asset {layer.item:.16}: {error}") from error
                pixels += more
            points += sizes[layer.item]
        if pixels > MAX_PIXELS:
            raise DocumentError(f"all items together have {pixels:,} pixels, at most {MAX_PIXELS:,}; use smaller ones.")
        if points > MAX_PLACED_POINTS:
            raise DocumentError(
                f"the items, placed, have {points:,} points, at most {MAX_PLACED_POINTS:,}; use simpler ones."
            )

    def extent(self, layer: CutoutLayer, footprint: float) -> Rect:
        bounds, reach = layer.transform.bounds_of_frame(1 + SLACK), HALF_DIAGONAL * footprint
        return Rect(bounds.x - reach, bounds.y - reach, bounds.width + 2 * reach, bounds.height + 2 * reach)

    def shader(self, layers: Sequence[CutoutLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        from vecstack.kinds.cutout.shade import shader

        return shader(layers, assets, device)

    def run_painter(
        self, layers: Sequence[CutoutLayer], assets: Mapping[str, bytes], device: torch.device
    ) -> RunPainter:
        from vecstack.kinds.cutout.raster import run_painter

        return run_painter(layers, assets, self.extent, device)

    def tunable(
        self, layers: Sequence[CutoutLayer], assets: Mapping[str, bytes], device: torch.device
    ) -> CutoutTunable | None:
        from vecstack.kinds.cutout.tune import CutoutTunable

        return CutoutTunable(layers, assets, device) if self.shape(layers[0]) else None

    def family(self, layer: CutoutLayer) -> Hashable:
        return layer.item, layer.color is None, len(self.shape(layer))

    def shape(self, layer: CutoutLayer) -> tuple[float, ...]:
        return place_of(layer)

    def with_shape(self, layer: CutoutLayer, shape: Sequence[float]) -> CutoutLayer:
        return with_place(layer, shape)

    def parts(self, layer: CutoutLayer, assets: Mapping[str, bytes]) -> tuple[Layer, ...] | None:
        from vecstack.kinds.cutout.parts import parts_in_frame

        data = assets[layer.item]
        return None if is_picture(data) else parts_in_frame(data, layer.color)

    def picture(self, layer: CutoutLayer, assets: Mapping[str, bytes]) -> FramedPicture | None:
        from vecstack.kinds.cutout.parts import picture_in_frame

        data = assets[layer.item]
        return picture_in_frame(data, layer.color) if is_picture(data) else None

    def item(self, content: Sequence[ItemShape] | bytes) -> bytes:
        from vecstack.kinds.cutout.picture import picture_bytes

        return picture_bytes(content) if isinstance(content, bytes) else item_bytes(content)

    def placed(self, common: Mapping[str, Any], item: str, color: Color | None = None) -> CutoutLayer:
        return CutoutLayer(**common, item=item, color=color)


def _size(data: bytes) -> tuple[int, int]:
    """How many points an item of shapes has, and how many pixels a picture. Raises DocumentError."""
    if is_picture(data):
        header = header_of(data)
        return 0, header.width * header.height
    return sum(len(curve) for shape in shapes_of(data) for curve in shape.curves), 0


KIND = CutoutKind()
