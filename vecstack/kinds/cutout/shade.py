"""Cut-outs as functions of a point: shapes as the kind that is made of outlines draws them, pictures sampled."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from vecstack.compiled import is_compiled_on
from vecstack.composite import over
from vecstack.geometry import Affine
from vecstack.kinds import outlined_kind
from vecstack.kinds.cutout import kernels, twin
from vecstack.kinds.cutout.item import is_picture
from vecstack.kinds.cutout.layer import CutoutLayer
from vecstack.kinds.cutout.parts import parts_in_frame
from vecstack.kinds.cutout.picture import MAX_LEVEL, Pictures
from vecstack.stack import Layer

if TYPE_CHECKING:
    from vecstack.kinds.base import Shader

# points [P,2] in canvas units, footprint -> premultiplied red, green, blue and alpha [P,4]
Shade = Callable[[Tensor, float], Tensor]


def shader(layers: Sequence[CutoutLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
    """The layers as a function of points (see kinds.base.Kind.shader)."""
    pictures = Pictures(assets)
    each = [
        _picture_shader(layer, pictures, device)
        if is_picture(assets[layer.item])
        else _shapes_shader(layer, assets[layer.item], device)
        for layer in layers
    ]

    @torch.no_grad()
    def shade(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        shaded = [one(points, footprint) for one in each]
        colors = [_straight(layer, found) for layer, found in zip(layers, shaded, strict=True)]
        return torch.stack([found[:, 3] for found in shaded]), torch.stack(colors)

    return shade


def _straight(layer: CutoutLayer, found: Tensor) -> Tensor:
    """The colours [P,3] of premultiplied ones [P,4], black where nothing is covered; or the layer's one colour."""
    if layer.color is not None:
        return found.new_tensor(layer.color).expand(len(found), 3)
    return (found[:, :3] / found[:, 3:].clamp_min(1e-6)).clamp(0, 1)


# Shapes


def parts_of(layer: CutoutLayer, data: bytes) -> list[Layer]:
    """The shapes of a cut-out as layers of the kind that is made of outlines, lowest first, without the opacity of the
    whole."""
    return [dataclasses.replace(part, transform=layer.transform) for part in parts_in_frame(data, layer.color)]


def _shapes_shader(layer: CutoutLayer, data: bytes, device: torch.device) -> Shade:
    parts = parts_of(layer, data)
    shade = outlined_kind().shader(parts, {}, device)
    opacities = [part.opacity for part in parts]

    def at(points: Tensor, footprint: float) -> Tensor:
        alphas, colors = shade(points, footprint)
        canvas = alphas.new_zeros(4, len(points))
        for alpha, color, opacity in zip(alphas, colors, opacities, strict=True):
            canvas = over(canvas, torch.cat([color.T, torch.ones_like(alpha)[None]]), alpha * opacity)
        return canvas.T

    return at


# Pictures


@dataclass(frozen=True)
class PicturePlace:
    """Where a picture is sampled for pixels of a side: its level [h,w,4] (see picture.py), how many of the level's
    pixels it fills across and down, the map from the canvas to these, and by how much a place there changes [2,2] from
    one column, and from one row, to the next."""

    level: np.ndarray
    sides: tuple[float, float]
    to_level: Affine
    steps: np.ndarray

    @classmethod
    def of(cls, layer: CutoutLayer, pictures: Pictures, footprint: float) -> PicturePlace:
        """That of a layer. Raises DocumentError for a picture that cannot be decoded."""
        width, height = pictures.sides(layer.item)
        half = max(width, height) / 2
        to_pixels = Affine(half, 0.0, width / 2, 0.0, half, height / 2).after(layer.transform.inverse())
        steps = footprint * np.array(to_pixels.rows())[:, :2]
        number = _level_of(float(np.linalg.norm(steps, axis=0).max()))
        share = 0.5**number
        to_level = Affine(share, 0.0, 0.0, 0.0, share, 0.0).after(to_pixels)
        return cls(pictures.level(layer.item, number), (share * width, share * height), to_level, share * steps)


def _level_of(step: float) -> int:
    """The level of a picture for pixels that are drawn of a side, in its own: there they are two to four wide, so that
    four points within, each between four pixels, see all that they hold; fewer only at level 0."""
    return min(max(math.ceil(math.log2(step)) - 2, 0), MAX_LEVEL)


def _picture_shader(layer: CutoutLayer, pictures: Pictures, device: torch.device) -> Shade:
    def at(points: Tensor, footprint: float) -> Tensor:
        place = PicturePlace.of(layer, pictures, footprint)
        matrix = points.new_tensor(place.to_level.rows(), dtype=torch.float64)
        places = points.double() @ matrix[:, :2].T + matrix[:, 2]
        if not is_compiled_on(device):
            level = torch.from_numpy(place.level).to(device)
            return twin.sample_at(level, place.sides, places, places.new_tensor(place.steps)).float()
        found = np.empty((len(points), 4), np.float32)
        kernels.sample_at(place.level, np.array(place.sides), places.numpy(), place.steps.ravel(), found)
        return torch.from_numpy(found)

    return at
