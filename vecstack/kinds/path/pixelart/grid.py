"""Pixel art as a grid: few colours, each pixel one of them, and how often an enlarged picture repeats its pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vecstack.color import Color, nearest, reduced
from vecstack.errors import UsageError
from vecstack.kinds.base import Style

MOST_PX, MOST_COLORS = 256, 256  # long side of a grid, and its colours
LEAST_PX = 8  # long side of a grid that a picture is reduced to: below, blocks are shapes rather than pixels
ROWS = 256  # looked at together
# What looks like pixel art: long side of one that was not enlarged, how many colours it has, the share of its rows and
# columns at which something changes, and the share of its colours that may lie between two others, off by so much.
MOST_DRAWN_PX, LEAST_DRAWN, MOST_DRAWN, BUSY, MOST_MIXED, OFF = 64, 3, 64, 0.5, 0.25, 2 / 255


@dataclass(frozen=True)
class Grid:
    """Pixels of few colours: the number [H,W] of each one's colour, and the colours [C,D] in 0..1, straight and, where
    D is 4, with coverage."""

    number: np.ndarray
    colors: np.ndarray

    @property
    def is_clear(self) -> np.ndarray:
        """Which colours [C] are seen through as if there was nothing."""
        found: np.ndarray = self.colors[:, 3] == 0 if self.colors.shape[1] == 4 else np.zeros(len(self.colors), bool)
        return found

    @property
    def is_opaque(self) -> np.ndarray:
        """Which colours [C] cover all that is below them."""
        found: np.ndarray = self.colors[:, 3] == 1 if self.colors.shape[1] == 4 else np.ones(len(self.colors), bool)
        return found

    def padded(self) -> Grid:
        """The same with a pixel more on each side: nothing where the picture is transparent, else what is next."""
        clear = np.flatnonzero(self.is_clear)
        if self.colors.shape[1] != 4:
            return Grid(np.pad(self.number, 1, mode="edge"), self.colors)
        if len(clear):
            return Grid(np.pad(self.number, 1, constant_values=int(clear[0])), self.colors)
        colors = np.concatenate([self.colors, np.zeros((1, 4))])
        return Grid(np.pad(self.number, 1, constant_values=len(self.colors)), colors)


def grid_of(picture: np.ndarray, style: Style) -> Grid:
    """The grid of a picture [D,H,W] (premultiplied where D is 4), in the colours that a style allows. Raises UsageError
    for one of too many."""
    channels, height, width = picture.shape
    levels = picture.reshape(channels, -1).T.astype(np.float64)
    if channels == 4:
        levels = np.concatenate([levels[:, :3] / np.maximum(levels[:, 3:], 1e-6), levels[:, 3:]], 1)
        levels[levels[:, 3] == 0] = 0
    found, number = np.unique(np.rint(255 * np.clip(levels, 0, 1)), axis=0, return_inverse=True)
    grid = Grid(number.reshape(height, width), found / 255)
    if style.colors is not None or style.palette is not None:
        grid = _in_style(grid, style)
    if len(grid.colors) > MOST_COLORS:
        raise UsageError(
            f"a picture of {len(grid.colors):,} colors is no pixel art, which has up to {MOST_COLORS}; "
            "use another model, or ask for fewer colors.",
            parameter="model",
        )
    return grid


def _in_style(grid: Grid, style: Style) -> Grid:
    """The grid in so many colours, or those of a palette; clear pixels stay clear."""
    seen = np.flatnonzero(~grid.is_clear)
    plain = [_color(color) for color in grid.colors[seen]]
    palette = list(style.palette or ())
    if style.colors is not None:
        counts = np.bincount(grid.number.ravel(), minlength=len(grid.colors))[seen].astype(float)
        weights: dict[Color, float] = {}
        for color, count in zip(plain, counts.tolist(), strict=True):
            weights[color] = weights.get(color, 0) + count
        palette = reduced(weights, min(style.colors, len(weights))) if weights else []
    colors = grid.colors.copy()
    if len(seen):
        colors[seen, :3] = nearest(plain, palette)
    kept, number = np.unique(colors, axis=0, return_inverse=True)
    return Grid(number.ravel()[grid.number], kept)


def _color(values: np.ndarray) -> Color:
    red, green, blue = (float(value) for value in values[:3])
    return red, green, blue


def repeats_of(picture: np.ndarray) -> int:
    """How many pixels of a picture [H,W,D], across and down, stand for one of pixel art that was enlarged: 1 where it
    was not."""
    height, width = picture.shape[:2]
    found = math.gcd(height, width)
    for top in range(0, height, ROWS):
        if found == 1:
            return 1
        rows = picture[top : top + ROWS + 1]
        down = np.flatnonzero((rows[1:] != rows[:-1]).any((1, 2))) + top + 1
        across = np.flatnonzero((rows[:, 1:] != rows[:, :-1]).any((0, 2))) + 1
        found = math.gcd(found, *down.tolist(), *across.tolist())
    most = max(height, width)
    return next(size for size in range(found, 0, -1) if found % size == 0 and (most // size >= LEAST_PX or size == 1))


def looks_drawn(picture: np.ndarray) -> bool:
    """Whether a picture [D,H,W] (premultiplied where D is 4) looks as if its pixels had been set one by one: few
    colours without mixtures, which change nearly everywhere along its sides."""
    size = repeats_of(picture.transpose(1, 2, 0))
    pixels = picture[:, ::size, ::size]
    if max(pixels.shape[1:]) > (MOST_PX if size > 1 else MOST_DRAWN_PX):
        return False
    if len(picture) == 4 and not np.isin(pixels[3], (0, 1)).all():
        return False
    changes = [(np.diff(pixels, axis=axis) != 0).any((0, 3 - axis)) for axis in (1, 2)]
    if any(not own.size or own.mean() < BUSY for own in changes):
        return False
    colors = np.unique(pixels.reshape(len(pixels), -1), axis=1).T
    return LEAST_DRAWN <= len(colors) <= MOST_DRAWN and _mixed(colors) <= MOST_MIXED


def _mixed(colors: np.ndarray) -> float:
    """The share of colours [C,D] that are mixtures of two others, as those at the edges of smooth shapes are."""
    ways = colors[:, None] - colors
    lengths = np.sqrt(np.maximum((ways**2).sum(2), 1e-9))
    found = 0
    for color in colors:
        along = np.einsum("ijd,jd->ij", ways, color - colors) / lengths
        away = np.abs(color - colors - (along / lengths)[..., None] * ways).max(2)
        found += bool(((along > OFF) & (along < lengths - OFF) & (away < OFF)).any())
    return found / len(colors)


def check_size(width: int, height: int) -> None:
    """Raise UsageError for a grid that is too large."""
    if max(width, height) > MOST_PX:
        raise UsageError(
            f"pixel-art is for pictures of up to {MOST_PX} pixels a side before they were enlarged, not "
            f"{width:,} x {height:,}; use graphic.",
            parameter="model",
        )
