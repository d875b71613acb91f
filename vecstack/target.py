"""A stack at points of its canvas, and the picture that it is to look like there."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from vecstack.composite import over
from vecstack.geometry import Rect
from vecstack.kinds import can_draw, kind_of
from vecstack.optimize import View
from vecstack.render.exact import prepare
from vecstack.render.grid import cells, centres, grid
from vecstack.stack import Layer, Stack

CHUNK = 4096  # points drawn at a time: their hidden values fit a processor's cache
FOOTPRINT = 1.0  # canvas units: the picture as it is at the size of its source
# Points at which two stacks are compared: all pixels of a small picture, else as many at random, which tell the PSNR of
# a photo to some 0.05 dB.
CHECKED = 1 << 14
CERTAIN = 3.0  # standard errors by which a stack must be closer at random points, so that it is on all pixels


@dataclass(frozen=True)
class Target:
    """A picture [3,H,W] in 0..1 that fills `rect` of a canvas."""

    picture: Tensor
    rect: Rect

    @classmethod
    def of_pixels(cls, pixels: np.ndarray, rect: Rect, device: torch.device) -> Target:
        """The target of pixels [H,W,3], float32 in 0..1."""
        return cls(torch.from_numpy(np.ascontiguousarray(pixels)).to(device).permute(2, 0, 1).contiguous(), rect)

    def cells(self, part: Rect | None, count: int) -> tuple[Tensor, Tensor]:
        """The centres of about `count` equal cells, each a pixel at the least, of a part of the canvas (all of it for
        None), and the mean colours of the pixels that meet each: [P,2] in canvas units (float64), [3,P]."""
        left, top, right, bottom = self.pixel_box(part)
        crop = self.picture[:, top:bottom, left:right]
        columns, rows = cell_counts(right - left, bottom - top, count)
        means = interpolate(crop[None], (rows, columns), mode="area")[0]
        inside = self.on_canvas(Rect(left, top, right - left, bottom - top))
        return cells(inside, columns, rows, crop.device), means.flatten(1)

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

    @cached_property
    def checked(self) -> tuple[Tensor, Tensor]:
        """Pixel centres at which stacks are compared, and their colours: [P,2] in canvas units, [3,P]."""
        height, width = self.picture.shape[1:]
        if height * width <= CHECKED:
            places = torch.arange(height * width)
        else:
            places = torch.randint(height * width, (CHECKED,), generator=torch.Generator().manual_seed(0))
        places = places.to(self.picture.device)
        every = Grid.over(self.rect, width, height, places.device)
        points = torch.stack([every.xs[places % width], every.ys[places // width]], 1)
        return points, self.picture.flatten(1)[:, places]

    def errors(self, stack: Stack) -> Tensor:
        """Squared error of a stack at the checked points, mean over the channels: [P]."""
        points, colors = self.checked
        return (draw_at(stack, points)[:3] - colors).square().mean(0)

    def is_closer(self, new: Tensor, old: Tensor) -> bool:
        """Whether errors at the checked points say that a stack is closer to the whole picture than another."""
        gain = old - new
        if len(gain) == self.picture[0].numel():
            return bool(gain.mean() > 0)
        return bool(gain.mean() > CERTAIN * gain.std() / len(gain) ** 0.5)


def cell_counts(width: int, height: int, count: int) -> tuple[int, int]:
    """Columns and rows of about `count` equal cells of width x height pixels: nearly square, each a pixel at the
    least."""
    rows = min(height, count, max(1, round((count * height / width) ** 0.5)))
    return min(width, max(1, round(count / rows))), rows


@dataclass(frozen=True)
class Box:
    """Rows and columns of a grid that lie next to each other."""

    rows: slice
    columns: slice

    @property
    def count(self) -> int:
        """How many points they are."""
        return int(self.rows.stop - self.rows.start) * int(self.columns.stop - self.columns.start)

    def of(self, values: Tensor) -> Tensor:
        """Their part of values over the whole grid [...,H,W], as a view."""
        return values[..., self.rows, self.columns]

    def hull(self, other: Box) -> Box:
        """The least box that holds both."""
        return Box(_hull(self.rows, other.rows), _hull(self.columns, other.columns))


def _hull(one: slice, other: slice) -> slice:
    return slice(min(one.start, other.start), max(one.stop, other.stop))


@dataclass(frozen=True)
class Grid:
    """Points of the canvas in columns at xs [W] and rows at ys [H], in canvas units (float64): those in a rectangle are
    a box of them."""

    xs: Tensor
    ys: Tensor

    @classmethod
    def over(cls, rect: Rect, columns: int, rows: int, device: torch.device) -> Grid:
        """The centres of equal cells that fill a rectangle."""
        return cls(centres(rect.x, rect.width, columns, device), centres(rect.y, rect.height, rows, device))

    @cached_property
    def _places(self) -> tuple[list[float], list[float]]:
        return self.ys.tolist(), self.xs.tolist()

    def box(self, extent: Rect | None) -> Box:
        """The points within a rectangle, its edges included; all for None."""
        ys, xs = self._places
        if extent is None:
            return Box(slice(0, len(ys)), slice(0, len(xs)))
        return Box(_within(ys, extent.y, extent.height), _within(xs, extent.x, extent.width))

    def part(self, box: Box) -> Grid:
        """The points of a box alone."""
        return Grid(self.xs[box.columns], self.ys[box.rows])

    @property
    def points(self) -> Tensor:
        """The points row by row: [P,2]."""
        return grid(self.xs, self.ys)

    def background(self, stack: Stack) -> Tensor:
        """What is behind all layers: [3,H,W]."""
        color = self.xs.new_tensor(stack.canvas.background).float()
        return color[:, None, None].repeat(1, len(self.ys), len(self.xs))


def _within(places: list[float], start: float, length: float) -> slice:
    """Which of the places, from least to greatest, lie on a stretch."""
    return slice(bisect_left(places, start), bisect_right(places, start + length))


@dataclass(frozen=True)
class Sheet:
    """A layer that shows, at the H x W points of a grid that it can cover: its index in the stack, mask times opacity
    [H,W], and colour, [3,1,1] where it is the same everywhere, else [3,H,W]."""

    index: int
    box: Box
    alpha: Tensor
    color: Tensor

    def lay(self, canvas: Tensor) -> None:
        """Draw the layer onto a canvas [3,H,W] over the whole grid, in place."""
        part = self.box.of(canvas)
        part.copy_(over(part, self.color, self.alpha))


def shown_on(stack: Stack, points: Grid) -> Iterator[tuple[int, Layer, Box]]:
    """The layers that can show at points of a grid, lowest first: index, layer, and which points it can cover."""
    for index, layer in enumerate(stack.layers):
        if layer.is_seen and can_draw(layer):
            box = points.box(kind_of(layer).extent(layer))
            if box.count > 0:
                yield index, layer, box


def sheets_on(stack: Stack, points: Grid) -> Iterator[Sheet]:
    """The layers that can show at points of a grid, lowest first, each shaded only where it can be. Raises
    DocumentError where an asset is missing or does not fit its layer."""
    for index, layer, box in shown_on(stack, points):
        kind_of(layer).check([layer], stack.assets)
        mask, color = shade_on(layer, stack.assets, points.part(box))
        yield Sheet(index, box, mask * layer.opacity, color)


def shade_on(layer: Layer, assets: Mapping[str, bytes], points: Grid) -> tuple[Tensor, Tensor]:
    """The mask of a layer at the points of a grid, [H,W], and its colour, [3,1,1] where it is the same everywhere, else
    [3,H,W]."""
    kind, device = kind_of(layer), points.xs.device
    shade_grid = kind.prepare_grid(layer, assets, device)
    if shade_grid is not None:
        mask, color = shade_grid(points.xs, points.ys, FOOTPRINT)
        return mask, color[:, None, None]
    shade = kind.prepare([layer], assets, device)
    with torch.no_grad():
        shaded = [shade(chunk, FOOTPRINT) for chunk in torch.split(points.points, CHUNK)]
    masks, colors = (torch.cat(parts, 1)[0] for parts in zip(*shaded, strict=True))  # [P], [P,3]
    sides = len(points.ys), len(points.xs)
    same = bool((colors == colors[:1]).all())
    return masks.view(sides), colors[:1].T[:, :, None] if same else colors.T.reshape(3, *sides)


def psnr_of(error: float) -> float:
    """PSNR in dB of a mean squared error of values in 0..1; 100 where there is none."""
    return -10 * math.log10(max(error, 1e-10))


def draw_at(stack: Stack, points: Tensor, *, transparent: bool = False) -> Tensor:
    """A stack's colours at points [P,2]: premultiplied, with their coverage, [4,P]."""
    colors_at = prepare(stack, points.device, transparent=transparent)
    with torch.no_grad():
        return torch.cat([colors_at(chunk, FOOTPRINT) for chunk in torch.split(points, CHUNK)], 1)


def view_of(stack: Stack, group: tuple[int, ...], points: Tensor, colors: Tensor) -> View:
    """What surrounds a group of layers, one above the other, at points [P,2] where `colors` [3,P] are aimed at."""
    (left, top), (right, bottom) = points.amin(0).tolist(), points.amax(0).tolist()
    hull = Rect(left, top, right - left, bottom - top)
    below = Stack(stack.canvas, tuple(_meeting(stack.layers[: group[0]], hull)), stack.assets)
    above = Stack(stack.canvas, tuple(_meeting(stack.layers[group[-1] + 1 :], hull)), stack.assets)
    cover = draw_at(above, points, transparent=True)
    return View(colors, draw_at(below, points)[:3], 1 - cover[3], cover[:3])


def _meeting(layers: Iterable[Layer], hull: Rect) -> Iterator[Layer]:
    """The layers that can show within a rectangle."""
    for layer in layers:
        extent = kind_of(layer).extent(layer) if can_draw(layer) else None
        if extent is None or extent.meets(hull):
            yield layer
