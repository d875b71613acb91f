"""The picture that a stack is to look like, and how close the stack comes to it."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from vecstack.color import Color, to_color
from vecstack.drawing.points import Grid, cell_counts, cells
from vecstack.drawing.sheets import FOOTPRINT, draw_at
from vecstack.fitting.optimize import View
from vecstack.geometry import Rect
from vecstack.kinds import can_draw, kind_of
from vecstack.stack import Layer, Stack, check_aspect

if TYPE_CHECKING:
    from torch import Tensor


# Points at which two stacks are compared: all pixels of a small picture, else as many at random, which tell the PSNR of
# a photo to some 0.05 dB.
CHECKED = 1 << 14
BLACK, WHITE = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
CERTAIN = 3.0  # standard errors by which a stack must be closer at random points, so that it is on all pixels


@dataclass(frozen=True)
class Target:
    """A picture in 0..1 that fills `rect` of a canvas: [3,H,W], or for a transparent canvas over black and over white,
    which together tell colour from coverage: [6,H,W]. C is 3 or 6 here. The `seed` chooses the pixels at which stacks
    are compared, where these are not all."""

    picture: Tensor
    rect: Rect
    seed: int = 0

    @classmethod
    def of_pixels(cls, pixels: np.ndarray, rect: Rect, device: torch.device, seed: int = 0) -> Target:
        """The target of pixels [H,W,C], float32 in 0..1."""
        picture = torch.from_numpy(np.ascontiguousarray(pixels)).to(device).permute(2, 0, 1).contiguous()
        return cls(picture, rect, seed)

    def cells(self, part: Rect | None, count: int) -> tuple[Tensor, Tensor, float]:
        """The centres of about `count` equal cells, each a pixel at the least, of a part of the canvas (all of it for
        None), the mean colours of the pixels that meet each, and the side of a cell: [P,2] in canvas units (float64),
        [C,P], canvas units."""
        left, top, right, bottom = self.pixel_box(part)
        crop = self.picture[:, top:bottom, left:right]
        columns, rows = cell_counts(right - left, bottom - top, count)
        means = interpolate(crop[None], (rows, columns), mode="area")[0]
        inside = self.on_canvas(Rect(left, top, right - left, bottom - top))
        footprint = max(inside.width / columns, inside.height / rows)
        return cells(inside, columns, rows, crop.device), means.flatten(1), footprint

    def pixel_box(self, part: Rect | None) -> tuple[int, int, int, int]:
        """Left, top, right and bottom, in pixels of the picture, of the pixels that meet a part of the canvas; one
        pixel at the least."""
        height, width = self.picture.shape[1:]
        if part is None:
            return 0, 0, width, height
        across, down = width / self.rect.width, height / self.rect.height
        left, top = int((part.x - self.rect.x) * across), int((part.y - self.rect.y) * down)
        left, top = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
        right = -int(-(part.x + part.width - self.rect.x) * across // 1)
        bottom = -int(-(part.y + part.height - self.rect.y) * down // 1)
        return left, top, min(max(right, left + 1), width), min(max(bottom, top + 1), height)

    def on_canvas(self, box: Rect) -> Rect:
        """A rectangle in pixels of the picture as one of the canvas."""
        height, width = self.picture.shape[1:]
        across, down = self.rect.width / width, self.rect.height / height
        return Rect(self.rect.x + box.x * across, self.rect.y + box.y * down, box.width * across, box.height * down)

    @property
    def footprint(self) -> float:
        """The side of a pixel, in canvas units; the longer one where it is not square."""
        height, width = self.picture.shape[1:]
        return max(self.rect.width / width, self.rect.height / height)

    @cached_property
    def checked(self) -> tuple[Tensor, Tensor]:
        """Pixel centres at which stacks are compared, and their colours: [P,2] in canvas units, [C,P]."""
        height, width = self.picture.shape[1:]
        if height * width <= CHECKED:
            places = torch.arange(height * width)
        else:
            places = torch.randint(height * width, (CHECKED,), generator=torch.Generator().manual_seed(self.seed))
        places = places.to(self.picture.device)
        every = Grid.over(self.rect, width, height, places.device)
        points = torch.stack([every.xs[places % width], every.ys[places // width]], 1)
        return points, self.picture.flatten(1)[:, places]

    def errors(self, stack: Stack) -> Tensor:
        """Squared error of a stack at the checked points, mean over the channels: [P]."""
        points, colors = self.checked
        return (draw_on_grounds(stack, points, self.footprint) - colors).square().mean(0)

    def is_closer(self, new: Tensor, old: Tensor) -> bool:
        """Whether errors at the checked points say that a stack is closer to the whole picture than another."""
        gain = old - new
        if len(gain) == self.picture[0].numel():
            return bool(gain.mean() > 0)
        return bool(gain.mean() > CERTAIN * gain.std() / len(gain) ** 0.5)


def open_target(stack: Stack, picture: Any, background: str | Color, device: str, seed: int = 0) -> Target:
    """A picture laid over a stack's canvas, and over `background` where it is transparent; over black and over white
    where the canvas is transparent too, so that nothing is to cover it. Raises PictureError, DeviceError; UsageError
    for what is no colour."""
    from vecstack.device import resolve_device
    from vecstack.pictures.read import as_picture

    given = to_color(background)
    loaded = as_picture(picture)
    check_aspect(stack, *loaded.sides)
    grounds = (BLACK, WHITE) if stack.canvas.transparent else (given,)
    pixels = np.concatenate([loaded.over(ground) for ground in grounds], 2)
    return Target.of_pixels(pixels, stack.canvas.rect, resolve_device(device), seed)


def draw_on_grounds(stack: Stack, points: Tensor, footprint: float = FOOTPRINT) -> Tensor:
    """A stack's colours at points [P,2], the middles of pixels with a side in canvas units, as a target has them:
    [3,P], or over black and over white where the canvas is transparent: [6,P]."""
    if not stack.canvas.transparent:
        return draw_at(stack, points, footprint)[:3]
    drawn = draw_at(stack, points, footprint, transparent=True)
    return torch.cat([drawn[:3], drawn[:3] + 1 - drawn[3:]])


def side_by_side(colors: Tensor) -> Tensor:
    """The colours [C,P] on one ground, and then those on the other: [3,P] or [3,2 P]."""
    return colors if len(colors) == 3 else torch.cat(torch.split(colors, 3), 1)


def with_psnr(stack: Stack, errors: Tensor) -> Stack:
    """The stack with its PSNR in dB among its metrics, of squared errors [P]."""
    return dataclasses.replace(stack, metrics={**stack.metrics, "psnr": round(psnr_of(float(errors.mean())), 2)})


def psnr_of(error: float) -> float:
    """PSNR in dB of a mean squared error of values in 0..1; 100 where there is none."""
    return -10 * math.log10(max(error, 1e-10))


def view_of(stack: Stack, group: tuple[int, ...], points: Tensor, colors: Tensor, footprint: float = FOOTPRINT) -> View:
    """What surrounds a group of layers, one above the other, at points [P,2] where `colors` [C,P] are aimed at, the
    middles of cells with a side in canvas units; with two grounds, at all points on one and then on the other."""
    (left, top), (right, bottom) = points.amin(0).tolist(), points.amax(0).tolist()
    hull = Rect(left, top, right - left, bottom - top)
    below = stack.with_layers(_meeting(stack.layers[: group[0]], hull, footprint))
    above = stack.with_layers(_meeting(stack.layers[group[-1] + 1 :], hull, footprint))
    cover = draw_at(above, points, footprint, transparent=True)
    count, drawn = len(colors) // 3, draw_on_grounds(below, points, footprint)
    light, added = (1 - cover[3]).repeat(count), cover[:3].repeat(1, count)
    return View(side_by_side(colors), side_by_side(drawn), light, added)


def _meeting(layers: Iterable[Layer], hull: Rect, footprint: float) -> Iterator[Layer]:
    """The layers that can show within a rectangle."""
    for layer in layers:
        extent = kind_of(layer).extent(layer, footprint) if can_draw(layer) else None
        if extent is None or extent.meets(hull):
            yield layer
