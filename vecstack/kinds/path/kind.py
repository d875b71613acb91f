"""The kind of path layers: how they are read, written, shaded, tuned and exported."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Hashable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vecstack.color import Color
from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import CenterLine, Curve, Grower, Kind, Maker, MakerEntry, Scene, Steps, SvgElement, Terms
from vecstack.kinds.fields import short_number
from vecstack.kinds.gradient import Gradient
from vecstack.kinds.path.layer import PathLayer
from vecstack.kinds.path.numbers import rounded, shape_of, with_shape
from vecstack.kinds.path.svg import center_line, path_svg

if TYPE_CHECKING:
    import numpy as np
    import torch

    from vecstack.kinds.base import RunPainter, Shader
    from vecstack.kinds.path.tune import PathTunable


class PathKind(Kind[PathLayer]):
    """How path layers are read, written, shaded, tuned and exported."""

    layer = PathLayer
    makers: Mapping[str, MakerEntry] = {
        "paths": MakerEntry(
            "Any picture, as named groups of Bezier paths; keeps transparency.", lambda _: _path_maker()
        ),
        "graphic": MakerEntry(
            "Flat pictures (logos, icons, line art, screenshots), as few exact paths; keeps transparency.",
            lambda _: _graphic_maker(),
        ),
        "bitmap": MakerEntry(
            "Small bitmaps (glyphs, digits, icons of up to 256 px), to be drawn large with sharp edges; keeps "
            "transparency.",
            lambda _: _bitmap_maker(),
            lambda picture: _suits_bitmap(picture),
        ),
        "pixel-art": MakerEntry(
            "Pixel art (sprites, pixel icons), as smooth outlines or blocks of its own colors; keeps transparency.",
            lambda _: _pixel_art_maker(),
            resembles=lambda picture: _resembles_pixel_art(picture),
        ),
    }
    web = Path(__file__).with_name("viewer.js")
    is_cheap = True

    def write(self, layer: PathLayer) -> dict[str, Any]:
        contours = [[short_number(value) for value in contour] for contour in layer.contours]
        return {**super().write(layer), "contours": contours}

    def extent(self, layer: PathLayer, footprint: float) -> Rect:
        xs, ys = ([value for contour in layer.contours for value in contour[axis::2]] for axis in (0, 1))
        box = Affine.of_frame(Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)))
        place = layer.transform
        x, y = place.apply(box.c, box.f)
        half_width = abs(place.a) * box.a + abs(place.b) * box.e + footprint / 2
        half_height = abs(place.d) * box.a + abs(place.e) * box.e + footprint / 2
        return Rect(x - half_width, y - half_height, 2 * half_width, 2 * half_height)

    def shader(self, layers: Sequence[PathLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
        from vecstack.kinds.path import raster

        return raster.shader(layers, device)

    def run_painter(self, layers: Sequence[PathLayer], assets: Mapping[str, bytes], device: torch.device) -> RunPainter:
        from vecstack.kinds.path import raster

        return raster.run_painter(layers, device)

    def with_color(self, layer: PathLayer, color: Color) -> PathLayer:
        if layer.color is None:
            raise DocumentError(f"layer {layer.id}: has a gradient, and no one colour to change.")
        return super().with_color(layer, color)

    def recolored(self, layer: PathLayer, change: Callable[[Color], Color]) -> PathLayer | None:
        if layer.gradient is None:
            return super().recolored(layer, change)
        stops = tuple((offset, *change((red, green, blue))) for offset, red, green, blue in layer.gradient.stops)
        return dataclasses.replace(layer, gradient=dataclasses.replace(layer.gradient, stops=stops))

    def tunable(self, layers: Sequence[PathLayer], assets: Mapping[str, bytes], device: torch.device) -> PathTunable:
        from vecstack.kinds.path.tune import PathTunable

        return PathTunable(layers, device)

    def family(self, layer: PathLayer) -> Hashable:
        return tuple(map(len, layer.contours)), None if layer.gradient is None else len(layer.gradient.stops)

    def shape(self, layer: PathLayer) -> tuple[float, ...]:
        return shape_of(layer)

    def with_shape(self, layer: PathLayer, shape: Sequence[float]) -> PathLayer:
        return with_shape(layer, shape)

    def rounded(self, layer: PathLayer, steps: Steps) -> PathLayer:
        return rounded(layer, steps)

    def grower(self, layers: Sequence[PathLayer], scene: Scene, terms: Terms, device: torch.device) -> Grower:
        from vecstack.kinds.path.make import LayerGrower

        return LayerGrower(layers, scene, terms, device)

    def outline(self, layer: PathLayer) -> tuple[Curve, ...]:
        return tuple(
            (*zip(contour[::2], contour[1::2], strict=True), (contour[0], contour[1])) for contour in layer.contours
        )

    def from_outline(self, common: Mapping[str, Any], outline: Sequence[Curve], paint: Color | Gradient) -> PathLayer:
        contours = tuple(tuple(value for point in curve[:-1] for value in point) for curve in outline)
        if isinstance(paint, Gradient):
            return PathLayer(**common, contours=contours, gradient=paint)
        return PathLayer(**common, contours=contours, color=paint)

    def gradient(self, layer: PathLayer) -> Gradient | None:
        return layer.gradient

    def center_line(self, layer: PathLayer) -> CenterLine | None:
        return center_line(layer)

    def svg(self, layer: PathLayer, name: str) -> SvgElement | None:
        return path_svg(layer, name)


def _path_maker() -> Maker:
    from vecstack.kinds.path.make import PathMaker

    return PathMaker()


def _graphic_maker() -> Maker:
    from vecstack.kinds.path.graphic.grower import GraphicMaker

    return GraphicMaker()


def _bitmap_maker() -> Maker:
    from vecstack.kinds.path.bitmap.maker import BitmapMaker

    return BitmapMaker()


def _pixel_art_maker() -> Maker:
    from vecstack.kinds.path.pixelart.maker import PixelArtMaker

    return PixelArtMaker()


def _resembles_pixel_art(picture: np.ndarray) -> str | None:
    from vecstack.kinds.path.pixelart.grid import looks_drawn

    return "pixel art" if looks_drawn(picture) else None


def _suits_bitmap(picture: np.ndarray) -> str | None:
    from vecstack.kinds.path.bitmap.maker import suits

    return suits(picture)


KIND = PathKind()
