"""Pixel art as paths: a layer of each colour, with smooth outlines or as the blocks that its pixels are."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, cast

import numpy as np

from vecstack.color import Color
from vecstack.errors import UsageError
from vecstack.kinds.base import Grown, Made, Scene, Style, Terms
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.layer import MAX_POINTS
from vecstack.kinds.path.make import LayerGrower
from vecstack.kinds.path.pixelart.chains import chains_of, smoothed
from vecstack.kinds.path.pixelart.curves import Tracer
from vecstack.kinds.path.pixelart.grid import MOST_COLORS, Grid, check_size, grid_of, repeats_of
from vecstack.kinds.path.pixelart.links import NO_SPLIT, alike_of, sharp_corners
from vecstack.kinds.path.pixelart.loops import splits_of
from vecstack.kinds.path.pixelart.mesh import Mesh, mesh_of
from vecstack.kinds.path.pixelart.stack import outlines_of, ranks_of

if TYPE_CHECKING:
    import torch

    from vecstack.geometry import Rect


class PixelArtMaker:
    """Makes paths of pixel art: one of each colour."""

    max_layers = 0
    most_layers = MOST_COLORS
    takes = frozenset({"colors", "palette", "blocks"})

    def __init__(self, style: Style | None = None) -> None:
        self._style = style or Style()

    def styled(self, style: Style) -> PixelArtMaker:
        """The maker with what is asked of the looks."""
        return PixelArtMaker(style)

    def looked_at(self, pixels: np.ndarray) -> np.ndarray:
        """The pixels [H,W,D] that a picture had before it was enlarged. Raises UsageError for too many."""
        size = repeats_of(pixels)
        found = pixels[::size, ::size]
        check_size(found.shape[1], found.shape[0])
        return found

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        """No layers, on the colour that most pixels of the border have."""
        grid = grid_of(pixels.transpose(2, 0, 1), self._style)
        rim = np.concatenate([grid.number[0], grid.number[-1], grid.number[:, 0], grid.number[:, -1]])
        ground = grid.colors[np.bincount(rim).argmax()]
        return Made(cast(Color, tuple(np.round(ground[:3], 4).tolist())), (), {})

    def grower(self, scene: Scene, terms: Terms, device: torch.device) -> PixelArtGrower:
        """What makes paths of the picture of a scene."""
        return PixelArtGrower(scene, terms, device, self._style)


class PixelArtGrower(LayerGrower):
    """Paths of the colours of a picture (vecstack.kinds.base.Grower)."""

    def __init__(self, scene: Scene, terms: Terms, device: torch.device, style: Style) -> None:
        super().__init__((), scene, terms, device)
        grid = grid_of(scene.picture, style)
        ground = _ground(grid, scene.below[:, 0, 0])
        self._pixels = np.bincount(grid.number.ravel(), minlength=len(grid.colors))
        self._whole, self._colors = _paths(grid.padded(), ground, style.blocks)

    def tune(self) -> None:
        """Leave the paths as they are: they follow the grid."""

    def grow_to(self, count: int) -> None:
        """Have the paths of the colours that most pixels have, `count` at most."""
        order = np.argsort(-self._pixels[self._colors], kind="stable")
        self._have(np.sort(order[: max(count, 0)]))

    def shrink_to(self, count: int) -> None:
        """Drop the paths of the colours that fewest pixels have."""
        self.grow_to(min(count, self.count))

    def grown(self) -> Grown:
        """The layers."""
        return Grown(tuple(self._layer(index, f"path-{index + 1}", None) for index in range(self.count)))

    def _have(self, chosen: np.ndarray) -> None:
        """Have some of the paths."""
        paths = self._whole.chosen(chosen)
        self.growth = dataclasses.replace(
            self.growth, paths=paths, owner=np.zeros(paths.count, np.int64), source=np.full(paths.count, -1)
        )


def _ground(grid: Grid, below: np.ndarray) -> int | None:
    """The colour of an opaque picture that the canvas [D] has; None where none is."""
    if len(below) == 4:
        return None
    away = np.abs(grid.colors - below).max(1)
    return int(away.argmin()) if away.min() < 0.5 / 255 else None


def _paths(grid: Grid, ground: int | None, blocks: bool) -> tuple[Paths, np.ndarray]:
    """Paths of the colours of a padded grid, lowest first, in pixels of the one without, and the colour of each."""
    ranks = ranks_of(grid, ground)
    mesh, tracer = _traced(grid, blocks)
    outlines = outlines_of(mesh, grid, ranks)
    order = np.array(sorted(outlines, key=lambda color: ranks[color]), np.int64)
    contours = [[tracer.contour(loop) - 1 for loop in outlines[color]] for color in order.tolist()]
    most = max((sum(map(len, own)) for own in contours), default=0)
    if most > MAX_POINTS:
        raise UsageError(
            f"pixel-art makes a layer of each color, and one would have {most:,} points of at most {MAX_POINTS:,}: "
            "use a smaller part of the picture, or graphic.",
            parameter="model",
        )
    channels = grid.colors.shape[1]
    colors = np.ones((len(order), channels))
    colors[:, :3] = grid.colors[order, :3]
    opacity = grid.colors[order, 3] if channels == 4 else np.ones(len(order))
    return Paths.of_contours(contours, colors, opacity), order


def _traced(grid: Grid, blocks: bool) -> tuple[Mesh, Tracer]:
    """The mesh of a grid, and what makes contours along its edges: of blocks each corner is kept."""
    alike = alike_of(grid)
    if blocks:
        shape = grid.number.shape[0] + 1, grid.number.shape[1] + 1
        mesh = mesh_of(np.full(shape, NO_SPLIT), np.ones(shape, bool))
        chains = chains_of(mesh, grid.number, alike)
    else:
        mesh = mesh_of(splits_of(grid.number, alike), sharp_corners(grid.number))
        chains = smoothed(chains_of(mesh, grid.number, alike))
    return mesh, Tracer.of(mesh, chains)
