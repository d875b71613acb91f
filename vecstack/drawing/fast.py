"""Fast evaluation: layers compiled once for a picture, whatever its size, and drawn on the grid of its pixels."""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Protocol, cast

import torch
from torch import Tensor

from vecstack.composite import lay_over, over_premultiplied
from vecstack.drawing.exact import BLOCK_PX, ColorsAt, prepare, runs
from vecstack.drawing.patches import Compiler, LayerAt, Patches, Roots, basis
from vecstack.drawing.plan import Plan
from vecstack.drawing.points import grid, in_channels, on_grid_of
from vecstack.drawing.viewport import Viewport
from vecstack.geometry import Rect
from vecstack.kinds import can_draw, kind_of
from vecstack.stack import Layer, Stack

if TYPE_CHECKING:
    from vecstack.kinds.base import GridShader, RunPainter

# Of a colour in 0..1: half a step of 8 bits; a 16th of that where a channel has 16, whose steps no eye tells apart.
TOLERANCES = {8: 0.3 / 255, 16: 0.5 / 255 / 16}

SMALL_PIXELS = BLOCK_PX**2  # of a picture for which compiling is not worth the time


class CompiledRun(Protocol):
    """Layers that lie directly one above the other, drawn together within a rectangle."""

    @property
    def rect(self) -> Rect:
        """Where it draws."""

    @property
    def plan(self) -> Plan:
        """What it takes."""

    def draw(self, canvas: Tensor, xs: Tensor, ys: Tensor) -> None:
        """Lay the run over a premultiplied canvas in place, [4,H,W], or [3,H,W] where that is opaque: the pixels at
        xs [W] and ys [H], rising, in canvas units (float64)."""


class FastPainter:
    """A stack as a function of the pixels of a viewport (vecstack.drawing.exact.Painter): its layers compiled, but for
    those that their kind draws on a grid; `tolerance` is how far a colour may be off (default: what `depth` bits do not
    show). One that does not start a picture is only laid over others. Raises DocumentError where an asset is missing or
    does not fit its layers."""

    def __init__(
        self,
        stack: Stack,
        viewport: Viewport,
        device: torch.device,
        *,
        transparent: bool = False,
        depth: int = 8,
        tolerance: float | None = None,
        starts: bool = True,
    ) -> None:
        background = [0.0, 0.0, 0.0, 0.0] if transparent or not starts else [*stack.canvas.background, 1.0]
        self._start = torch.tensor(background, dtype=torch.float32, device=device)
        tolerance = TOLERANCES[depth] if tolerance is None else tolerance
        self._runs = list(self._compile(stack, viewport, tolerance, is_lowest=starts))

    @property
    def plan(self) -> Plan:
        """What it takes."""
        return sum((run.plan for run in self._runs), Plan())

    def __call__(self, xs: Tensor, ys: Tensor) -> Tensor:
        channels = 3 if self._start[3] == 1 else 4
        canvas = self._start[:channels, None, None].repeat(1, len(ys), len(xs))
        self.lay_over(canvas, xs, ys)
        return canvas

    def lay_over(self, canvas: Tensor, xs: Tensor, ys: Tensor) -> None:
        """Lay the layers over a premultiplied canvas in place, as CompiledRun.draw does."""
        (left, right), (top, bottom) = xs[[0, -1]].tolist(), ys[[0, -1]].tolist()
        hull = Rect(left, top, right - left, bottom - top)
        for run in self._runs:
            if run.rect.meets(hull):
                run.draw(canvas, xs, ys)

    def _compile(self, stack: Stack, viewport: Viewport, tolerance: float, *, is_lowest: bool) -> Iterator[CompiledRun]:
        """The runs, lowest first."""
        device = self._start.device
        is_small = viewport.width_px * viewport.height_px <= SMALL_PIXELS
        for rect, run in _runs_in(stack, viewport):
            kind = kind_of(run[0])
            kind.check(run, stack.assets)
            paint = kind.run_painter(run, stack.assets, device)
            if paint is not None:
                yield PaintedRun(rect, paint, len(run), viewport.footprint)
                is_lowest = False
                continue
            shaders = [grid_shader_of(layer, stack.assets, device, is_small) for layer in run]
            on_grid = [shade for shade in shaders if shade is not None]
            if len(on_grid) == len(run):
                for layer, shade in zip(run, on_grid, strict=True):
                    yield GridRun(rect, shade, layer.opacity, viewport.footprint)
            else:
                start = self._start if is_lowest else torch.zeros_like(self._start)
                layers = [_layer_at(layer, stack, viewport.footprint, device) for layer in run]
                roots = Roots.of_rect(rect, viewport.footprint)
                patches = Compiler(layers, start, roots, viewport.footprint, tolerance).run()
                is_opaque = bool(start[3] == 1)
                colors_at = prepare(dataclasses.replace(stack, layers=tuple(run)), device, transparent=not is_opaque)
                yield PatchRun(len(run), patches, colors_at, viewport.footprint, 3 if is_opaque else 4, is_lowest)
            is_lowest = False


def _runs_in(stack: Stack, viewport: Viewport) -> Iterator[tuple[Rect, list[Layer]]]:
    """The runs of layers that can be seen in a viewport, and what of its region they can cover."""
    region = viewport.region

    def part(layer: Layer) -> Rect | None:
        extent = kind_of(layer).extent(layer, viewport.footprint)
        return region if extent is None else extent.overlap(region)

    here = (layer for layer in stack.layers if layer.is_seen and can_draw(layer) and part(layer) is not None)
    for kind, same in groupby(here, key=kind_of):
        alike = tuple(same)
        if kind.draws_runs:
            yield region, list(alike)
        else:
            for run in runs(dataclasses.replace(stack, layers=alike), viewport.footprint):
                yield cast(Rect, part(run[0])), run


def grid_shader_of(
    layer: Layer, assets: Mapping[str, bytes], device: torch.device, is_small: bool = False
) -> GridShader | None:
    """The layer on the points of a grid, as its kind draws it there or, where it is cheap or the grid `is_small`, point
    by point; None where it is to be compiled."""
    kind = kind_of(layer)
    on_grid = kind.grid_shader(layer, assets, device)
    if on_grid is not None or not (kind.is_cheap or is_small):
        return on_grid
    return on_grid_of(kind.shader([layer], assets, device))


def _layer_at(layer: Layer, stack: Stack, footprint: float, device: torch.device) -> LayerAt:
    """One layer as a function of points."""
    shade = kind_of(layer).shader([layer], stack.assets, device)

    def at(points: Tensor) -> tuple[Tensor, Tensor]:
        alphas, colors = shade(points, footprint)
        return alphas[0] * layer.opacity, colors[0]

    return at


@dataclass(frozen=True)
class GridRun:
    """A layer drawn by its own kind, within a rectangle."""

    rect: Rect
    shade: GridShader
    opacity: float
    footprint: float

    @property
    def plan(self) -> Plan:
        return Plan(grid_layers=1)

    def draw(self, canvas: Tensor, xs: Tensor, ys: Tensor) -> None:
        columns = _within(xs, self.rect.x, self.rect.width)
        rows = _within(ys, self.rect.y, self.rect.height)
        if columns.start < columns.stop and rows.start < rows.stop:
            alpha, color = self.shade(xs[columns], ys[rows], self.footprint)
            part = canvas[:, rows, columns]
            rgb = in_channels(color)
            opaque = torch.cat([rgb, torch.ones_like(rgb[:1])])
            lay_over(part, opaque[: len(part)], alpha.mul_(self.opacity))


@dataclass(frozen=True)
class PaintedRun:
    """Layers that their kind draws all at once."""

    rect: Rect
    paint: RunPainter
    count: int
    footprint: float

    @property
    def plan(self) -> Plan:
        return Plan(grid_layers=self.count)

    def draw(self, canvas: Tensor, xs: Tensor, ys: Tensor) -> None:
        self.paint(canvas, xs, ys, self.footprint)


class PatchRun:
    """Compiled layers. `colors_at` are their exact colours; `channels` of these are drawn, in the place of what is
    there where they `replace` it, else over it."""

    def __init__(
        self, layer_count: int, patches: Patches, colors_at: ColorsAt, footprint: float, channels: int, replace: bool
    ) -> None:
        self._layer_count, self._patches, self._colors_at = layer_count, patches, colors_at
        self._footprint, self._channels, self._replace = footprint, channels, replace
        # By level and row: the columns of cells, and what is drawn there: coefficients, or None for exact evaluation.
        self._rows: dict[int, dict[int, list[tuple[int, Tensor | None]]]] = defaultdict(lambda: defaultdict(list))
        for leaves in patches.leaves:
            for (column, row), coefficients in zip(leaves.cells.tolist(), leaves.coefficients, strict=True):
                self._rows[leaves.level][row].append((column, coefficients[:channels]))
        for level, cells in patches.exact:
            for column, row in cells.tolist():
                self._rows[level][row].append((column, None))
        self._columns: tuple[Tensor, dict[int, dict[int, _Span]]] = (torch.empty(0), {})

    @property
    def rect(self) -> Rect:
        return self._patches.roots.rect

    @property
    def plan(self) -> Plan:
        leaves = self._patches.leaves
        return Plan(
            compiled_layers=self._layer_count,
            patches=sum(len(part.cells) for part in leaves),
            exact_cells=sum(len(cells) for _, cells in self._patches.exact),
            evaluations=self._patches.evaluations,
            patch_bytes=sum(part.coefficients.nbytes for part in leaves),
        )

    def draw(self, canvas: Tensor, xs: Tensor, ys: Tensor) -> None:
        if self._columns[0] is not xs:  # kept, since every strip has the same columns
            self._columns = xs, {level: _spans(self._patches.roots.across(level, xs)) for level in self._rows}
        for level, rows in self._rows.items():
            columns = self._columns[1][level]
            for row, (down, by_row) in _spans(self._patches.roots.down(level, ys)).items():
                for column, coefficients in rows.get(row, ()):
                    if column in columns:
                        across, by_column = columns[column]
                        if coefficients is None:
                            colors = self._exact(xs[across], ys[down])
                        else:
                            colors = by_row @ coefficients @ by_column.T
                        part = canvas[:, down, across]
                        part[:] = colors if self._replace else over_premultiplied(part, colors)

    def _exact(self, xs: Tensor, ys: Tensor) -> Tensor:
        """The layers' own colours: [channels,H,W]."""
        colors = self._colors_at(grid(xs, ys), self._footprint)
        return colors[: self._channels].view(self._channels, len(ys), len(xs))


_Span = tuple[slice, Tensor]  # some of a side's pixels, and the polynomials there


def _spans(
    places: Tensor,
) -> dict[int, _Span]:
    """Which pixels each cell of a level holds, at places [N] (rising) in cells: by cell, the pixels and the polynomials
    there, [n,NODES]."""
    cells = places.floor()
    found, counts = torch.unique_consecutive(cells, return_counts=True)
    values = basis(2 * (places - cells) - 1)
    spans, start = {}, 0
    for cell, count in zip(found.tolist(), counts.tolist(), strict=True):
        spans[int(cell)] = slice(start, start + count), values[start : start + count]
        start += count
    return spans


def _within(places: Tensor, start: float, length: float) -> slice:
    """Which of places [N], rising, lie within a stretch."""
    first, end = torch.searchsorted(places, places.new_tensor([start, start + length])).tolist()
    return slice(first, end)
