"""Points in rows and columns: the centres of pixels, or of other equal cells of a rectangle."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from vecstack.geometry import Rect
from vecstack.stack import Stack

if TYPE_CHECKING:
    from vecstack.kinds.base import GridShader, Shader

CHUNK = 4096  # points drawn at a time: their hidden values fit a processor's cache


def centres(start: float, length: float, count: int, device: torch.device) -> Tensor:
    """Where the centres of `count` equal cells lie on a side of a rectangle, in canvas units: float64 [count]."""
    return start + (torch.arange(count, dtype=torch.float64, device=device) + 0.5) * (length / count)


def grid(xs: Tensor, ys: Tensor) -> Tensor:
    """The points of a grid, row by row: [W], [H] -> [H*W,2]."""
    return torch.stack([xs.repeat(len(ys)), ys.repeat_interleave(len(xs))], 1)


def on_grid_of(shade: Shader) -> GridShader:
    """The shader of one layer as one of the points of a grid, a chunk of points at a time."""

    @torch.no_grad()
    def on_grid(xs: Tensor, ys: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        shaded = [shade(chunk, footprint) for chunk in torch.split(grid(xs, ys), CHUNK)]
        alphas, colors = (torch.cat(parts, 1)[0] for parts in zip(*shaded, strict=True))  # [P], [P,3]
        sides = len(ys), len(xs)
        same = bool((colors == colors[:1]).all())
        return alphas.view(sides), colors[0] if same else colors.view(*sides, 3)

    return on_grid


def in_channels(rgb: Tensor) -> Tensor:
    """Colours as a grid shader gives them, [3] or [H,W,3], with the channels first: [3,1,1] or [3,H,W]."""
    return rgb[:, None, None] if rgb.dim() == 1 else rgb.permute(2, 0, 1)


def cells(rect: Rect, columns: int, rows: int, device: torch.device) -> Tensor:
    """The centres of equal cells that fill a rectangle, row by row: [rows*columns,2] in canvas units, float64."""
    return grid(centres(rect.x, rect.width, columns, device), centres(rect.y, rect.height, rows, device))


def cell_counts(width: float, height: float, count: int, min_side: float = 1.0) -> tuple[int, int]:
    """Columns and rows of about `count` equal, nearly square cells of a rectangle, no side below `min_side`."""
    max_rows, max_columns = (max(1, int(side / min_side)) if min_side else count for side in (height, width))
    rows = min(max_rows, count, max(1, round((count * height / width) ** 0.5)))
    return min(max_columns, max(1, round(count / rows))), rows


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
    footprint: float = 1.0  # canvas units: the side of a cell, the longer one where they are not square

    @classmethod
    def over(cls, rect: Rect, columns: int, rows: int, device: torch.device) -> Grid:
        """The centres of equal cells that fill a rectangle."""
        xs, ys = centres(rect.x, rect.width, columns, device), centres(rect.y, rect.height, rows, device)
        return cls(xs, ys, max(rect.width / columns, rect.height / rows))

    @classmethod
    def about(cls, rect: Rect, count: int, device: torch.device, min_side: float = 0.0) -> Grid:
        """The centres of about `count` equal, nearly square cells that fill a rectangle, no side below `min_side`
        (canvas units)."""
        return cls.over(rect, *cell_counts(rect.width, rect.height, count, min_side), device)

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
        return Grid(self.xs[box.columns], self.ys[box.rows], self.footprint)

    @property
    def points(self) -> Tensor:
        """The points row by row: [P,2]."""
        return grid(self.xs, self.ys)

    def background(self, stack: Stack) -> Tensor:
        """What is behind all layers: [3,H,W]."""
        color = self.xs.new_tensor(stack.canvas.background).float()
        return color[:, None, None].repeat(1, len(self.ys), len(self.xs))

    def backdrop(self, stack: Stack) -> Tensor:
        """What layers are measured against: the background or, where the canvas is transparent, points that are black
        and white by turns, which hide a layer of no colour: [3,H,W]."""
        if not stack.canvas.transparent:
            return self.background(stack)
        rows, columns = (torch.arange(len(places), device=self.xs.device) for places in (self.ys, self.xs))
        return ((rows[:, None] + columns) % 2).float().repeat(3, 1, 1)


def _within(places: list[float], start: float, length: float) -> slice:
    """Which of the places, from least to greatest, lie on a stretch."""
    return slice(bisect_left(places, start), bisect_right(places, start + length))
