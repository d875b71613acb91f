"""Layers compiled: what several layers draw together, as Chebyshev polynomials on the cells of a quadtree.

Composited colours are smooth except at edges, and edges are few. So one quadtree is split until, in each cell, the
colours of all layers together are a polynomial to within a tolerance; a layer that others cover needs no more cells. On
the way down, a layer is evaluated again only where the polynomial of its parent cell is off by more than would be seen.
None of this depends on the size at which the picture is drawn, with one exception: cells of so few pixels that a
polynomial has more nodes are left to exact evaluation of all layers.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import torch
from torch import Tensor

from vecstack.composite import over
from vecstack.geometry import Rect

# points [P,2] in canvas units (float64) -> alpha [P] in 0..1, opacity included, and red, green, blue [P,3]
LayerAt = Callable[[Tensor], tuple[Tensor, Tensor]]
NODES = 12  # per side of a cell: also the coefficients of a polynomial in each direction
TAIL = 2  # last coefficients in each direction: their size estimates the error of the polynomial
MIN_CELL_PX = 12  # side of a square cell: a smaller one has fewer pixels than nodes
ROOT_CELLS = 6  # largest number along the short side of the compiled rectangle, before any cell is split
# Number of random points in a cell, by level, at which its polynomial is compared with the layers: large cells are the
# likeliest to have details between the nodes.
CHECKS = (32, 8)
EDGE_POINTS = 8  # per edge between cells: where the polynomials of the two are compared
REPAIRS = 3  # rounds in which cells that do not match their neighbours are split
LAYER_SHARE = 0.25  # of the tolerance: the visible error allowed to one layer's polynomial
CHUNK_POINTS = 4096  # points evaluated at a time: their hidden values fit a processor's cache
CHUNK_VALUES = 1 << 20  # numbers held at a time, of all layers at the nodes of some cells: 4 MB
QUARTERS = ((0, 0), (1, 0), (0, 1), (1, 1))  # (column, row) of each quarter of a cell
STEPS = ((-1, 0), (1, 0), (0, -1), (0, 1))  # (column, row) to the left, right, upper and lower neighbour
KEY_BITS = 32  # bits of the column in the number that identifies a cell


@dataclass(frozen=True)
class Roots:
    """Equal cells that fill a rectangle; at level d each is split into 2^d x 2^d."""

    rect: Rect
    columns: int
    rows: int

    @classmethod
    def of_rect(cls, rect: Rect, pixel: float) -> Roots:
        """Cells that are nearly square, and large enough to be split unless the rectangle itself is thinner. `pixel` is
        the side of a pixel in canvas units."""
        side = max(min(rect.width, rect.height) / ROOT_CELLS, 2 * MIN_CELL_PX * pixel)
        return cls(rect, max(1, round(rect.width / side)), max(1, round(rect.height / side)))

    @property
    def side(self) -> float:
        """The side, in canvas units, of a square with the area of a cell at level 0."""
        return math.sqrt(self.rect.width * self.rect.height / (self.columns * self.rows))

    def across(self, level: int, xs: Tensor) -> Tensor:
        """Positions of xs (canvas units, float64) in columns of a level: whole numbers are the edges of cells. Scaling
        by a power of two is exact, so the cells of all levels agree on which of them contains a point."""
        places: Tensor = (xs - self.rect.x) / self.rect.width * (self.columns << level)
        return places

    def down(self, level: int, ys: Tensor) -> Tensor:
        """The same for ys, in rows."""
        places: Tensor = (ys - self.rect.y) / self.rect.height * (self.rows << level)
        return places

    def points(self, level: int, cells: Tensor, local: Tensor) -> Tensor:
        """Points [C,P,2] of the canvas at local positions [C or 1,P,2], 0..1, of cells [C,2] of a level."""
        counts = [self.columns << level, self.rows << level]
        sides = cells.new_tensor([self.rect.width, self.rect.height], dtype=torch.float64) / cells.new_tensor(counts)
        corner = cells.new_tensor([self.rect.x, self.rect.y], dtype=torch.float64)
        points: Tensor = corner + (cells[:, None] + local) * sides
        return points


@dataclass(frozen=True)
class Leaves:
    """Cells [C,2] (column and row, int64) of one level, and the coefficients of the colours in each:
    [C,4,NODES,NODES], the vertical degree first."""

    level: int
    cells: Tensor
    coefficients: Tensor


@dataclass(frozen=True)
class Patches:
    """Premultiplied red, green, blue and coverage over a rectangle: polynomials in `leaves`, and in `exact` the cells
    ([C,2] of a level) left to exact evaluation. `evaluations` counts evaluations of one layer at one point."""

    roots: Roots
    leaves: tuple[Leaves, ...]
    exact: tuple[tuple[int, Tensor], ...]
    evaluations: int


@dataclass(frozen=True)
class _Branch:
    """Cells [C,2] of a level, and the `values` [C,L,4,NODES,NODES] (alpha, red, green, blue) of the L layers at their
    nodes; where `is_open` [C,L] these are still to be evaluated."""

    level: int
    cells: Tensor
    values: Tensor
    is_open: Tensor

    def pick(self, chosen: Tensor) -> _Branch:
        """The cells where a mask [C] is true."""
        return _Branch(self.level, self.cells[chosen], self.values[chosen], self.is_open[chosen])

    def quarters(self) -> _Branch:
        """The cells split in four, with the values of their parents' polynomials at the new nodes."""
        halves = _halves(self.values.device)
        values = [halves[row] @ self.values @ halves[column].T for column, row in QUARTERS]
        return _Branch(self.level + 1, _quarters(self.cells), torch.cat(values), self.is_open.repeat(4, 1))

    def chunks(self) -> list[_Branch]:
        """The branch in parts of at most CHUNK_VALUES values."""
        size = max(1, CHUNK_VALUES // self.values[0].numel())
        split = (torch.split(tensor, size) for tensor in (self.cells, self.values, self.is_open))
        return [_Branch(self.level, *part) for part in zip(*split, strict=True)]


class Compiler:
    """Compiles layers, lowest first, over a premultiplied colour `start` [4] into patches. `pixel` is the side of a
    pixel in canvas units, `tolerance` the error allowed to a colour in 0..1."""

    def __init__(self, layers: Sequence[LayerAt], start: Tensor, roots: Roots, pixel: float, tolerance: float) -> None:
        self._layers, self._start, self._roots, self._tolerance = layers, start, roots, tolerance
        self._deepest = math.floor(math.log2(roots.side / (pixel * MIN_CELL_PX)))
        self._random = torch.Generator().manual_seed(0)
        self._leaves: dict[int, Leaves] = {}
        self._exact = torch.empty(0, 2, dtype=torch.int64, device=start.device)
        self._evaluations = 0

    @torch.no_grad()
    def run(self) -> Patches:
        """The patches: the same each time."""
        columns, rows = torch.arange(self._roots.columns), torch.arange(self._roots.rows)
        cells = torch.cartesian_prod(columns, rows).to(self._start.device)
        if self._deepest < 0:
            return Patches(self._roots, (), ((0, cells),), 0)
        self._grow(0, cells)
        for _ in range(REPAIRS):
            mismatched = self._mismatched()
            if not mismatched:
                break
            for level, indices in mismatched.items():
                self._split(level, indices)
        leaves = (self._leaves[level] for level in sorted(self._leaves))
        exact = ((self._deepest, self._exact),) if len(self._exact) else ()
        return Patches(self._roots, tuple(leaves), exact, self._evaluations)

    def _grow(self, level: int, cells: Tensor) -> None:
        """Split cells [C,2] of a level until all parts are leaves or left to exact evaluation, and add these."""
        count = len(self._layers)
        for part in torch.split(cells, max(1, CHUNK_VALUES // (4 * count * NODES**2))):
            values = self._start.new_zeros(len(part), count, 4, NODES, NODES)
            is_open = torch.ones(len(part), count, dtype=torch.bool, device=part.device)
            waiting = [_Branch(level, part, values, is_open)]
            while waiting:
                branch = waiting.pop()
                self._evaluate(branch)
                is_leaf, coefficients = self._judge(branch)
                self._keep(Leaves(branch.level, branch.cells[is_leaf], coefficients[is_leaf]))
                rest = branch.pick(~is_leaf)
                if branch.level == self._deepest:
                    self._exact = torch.cat([self._exact, rest.cells])
                elif len(rest.cells):
                    waiting += rest.quarters().chunks()

    def _keep(self, leaves: Leaves) -> None:
        """Add leaves to those found at their level."""
        old = self._leaves.get(leaves.level)
        if old is not None:
            cells = torch.cat([old.cells, leaves.cells])
            leaves = Leaves(old.level, cells, torch.cat([old.coefficients, leaves.coefficients]))
        self._leaves[leaves.level] = leaves

    def _split(self, level: int, indices: Tensor) -> None:
        """Replace some leaves of a level by smaller cells."""
        leaves = self._leaves[level]
        cells, stays = leaves.cells[indices], torch.ones(len(leaves.cells), dtype=torch.bool, device=indices.device)
        stays[indices] = False
        self._leaves[level] = Leaves(level, leaves.cells[stays], leaves.coefficients[stays])
        if level == self._deepest:
            self._exact = torch.cat([self._exact, cells])
        else:
            self._grow(level + 1, _quarters(cells))

    def _mismatched(self) -> dict[int, Tensor]:
        """By level, the indices of leaves whose colours jump at the edge to a neighbour of the same size or smaller:
        something thin ends in such a leaf, between its nodes."""
        mismatched = {
            level: torch.zeros_like(leaves.cells[:, 0], dtype=torch.bool) for level, leaves in self._leaves.items()
        }
        small: list[tuple[int, Tensor, Tensor | None]] = [(self._deepest, self._exact, None)]
        small += [(level, leaves.cells, leaves.coefficients) for level, leaves in self._leaves.items()]
        for (level, cells, coefficients), (large, leaves) in product(small, self._leaves.items()):
            if level < large:
                continue
            for step, edge in zip(STEPS, _edges(cells.device), strict=True):
                found = _find(leaves.cells, (cells + cells.new_tensor(step)) >> (level - large))
                chosen, index = (found >= 0).nonzero()[:, 0], found[found >= 0]
                if coefficients is None:
                    here = self._colors_at(level, cells[chosen], edge[None])
                else:
                    here = _values_at(coefficients[chosen], edge[None])
                places = (cells[chosen, None] + edge) / 2 ** (level - large) - leaves.cells[index, None]
                there = _values_at(leaves.coefficients[index], places)
                jumps = (here - there).abs().amax((1, 2))
                mismatched[large][index[jumps > 2 * self._tolerance]] = True
        return {level: found.nonzero()[:, 0] for level, found in mismatched.items() if found.any()}

    def _colors_at(self, level: int, cells: Tensor, local: Tensor) -> Tensor:
        """The exact colours [C,P,4] at local positions [C or 1,P,2] in 0..1 of cells [C,2] of a level."""
        if not len(cells):
            return self._start.new_empty(0, local.shape[1], 4)
        points = self._roots.points(level, cells, local).flatten(0, 1)
        canvas = self._start[:, None].expand(4, len(points))
        for index in range(len(self._layers)):
            alpha, *color = self._layer_at(index, points)
            canvas = over(canvas, torch.stack([*color, torch.ones_like(alpha)]), alpha)
        return canvas.T.view(len(cells), -1, 4)

    def _evaluate(self, branch: _Branch) -> None:
        """Evaluate the open layers of a branch at the nodes, in place."""
        nodes = (_nodes(branch.cells.device) + 1) / 2
        local = torch.cartesian_prod(nodes, nodes).flip(1)[None]
        for index in range(len(self._layers)):
            chosen = branch.is_open[:, index].nonzero()[:, 0]
            if len(chosen):
                points = self._roots.points(branch.level, branch.cells[chosen], local)
                values = self._layer_at(index, points.flatten(0, 1))
                branch.values[chosen, index] = values.view(4, len(chosen), NODES, NODES).transpose(0, 1)

    def _layer_at(self, index: int, points: Tensor) -> Tensor:
        """Alpha, red, green and blue of a layer at points [P,2]: [4,P]."""
        self._evaluations += len(points)
        parts = [self._layers[index](chunk) for chunk in torch.split(points, CHUNK_POINTS)]
        return torch.cat([torch.cat([alpha[None], color.T]) for alpha, color in parts], 1)

    def _judge(self, branch: _Branch) -> tuple[Tensor, Tensor]:
        """Whether the colours of each cell are a polynomial [C], and its coefficients [C,4,NODES,NODES]. Closes the
        layers whose own polynomials are close enough, and opens all layers of a cell where the check fails."""
        colors, reach = self._compose(branch.values)
        coefficients = _coefficients(colors)
        is_leaf = _tail(coefficients).amax(1) < self._tolerance
        misses = (_tail(_coefficients(branch.values)) * reach).sum(2)
        branch.is_open.logical_and_(misses >= LAYER_SHARE * self._tolerance)
        wrong = self._wrong(branch, coefficients, is_leaf.nonzero()[:, 0])
        is_leaf[wrong] = False
        branch.is_open[wrong] = True
        return is_leaf, coefficients

    def _compose(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """The colours [C,4,...] of layers [C,L,4,...] composited over the start, and by how much a change of each value
        of a layer can change them in a cell [C,L,4]."""
        alphas, colors = values[:, :, :1], torch.nn.functional.pad(values[:, :, 1:], (0, 0, 0, 0, 0, 1), value=1.0)
        through = [torch.ones_like(alphas[:, 0])]
        for index in range(len(self._layers) - 1, 0, -1):
            through.append(through[-1] * (1 - alphas[:, index]))
        canvas = self._start[:, None, None].expand(len(values), 4, NODES, NODES)
        reach = values.new_empty(values.shape[:3])
        for index, light in enumerate(reversed(through)):
            by_alpha = light * (colors[:, index] - canvas)
            reach[:, index, 0] = by_alpha.abs().amax((1, 2, 3))
            reach[:, index, 1:] = (light * alphas[:, index]).amax((1, 2, 3))[:, None]
            canvas = over(canvas, colors[:, index], alphas[:, index])
        return canvas, reach

    def _wrong(self, branch: _Branch, coefficients: Tensor, chosen: Tensor) -> Tensor:
        """The chosen cells whose polynomials are wrong at random points."""
        count = CHECKS[min(branch.level, len(CHECKS) - 1)]
        local = torch.rand(len(chosen), count, 2, generator=self._random, dtype=torch.float64).to(chosen.device)
        exact = self._colors_at(branch.level, branch.cells[chosen], local)
        off = (_values_at(coefficients[chosen], local) - exact).abs().amax((1, 2))
        return chosen[off > self._tolerance]


def _quarters(cells: Tensor) -> Tensor:
    """The quarters of cells [C,2], in the order of QUARTERS: [4*C,2], of the next level."""
    return torch.cat([2 * cells + cells.new_tensor(corner) for corner in QUARTERS])


def _find(cells: Tensor, wanted: Tensor) -> Tensor:
    """The index of each wanted cell [N,2] among cells [C,2] of the same level, -1 where it is missing: [N]."""
    keys, order = (cells[:, 0] + (cells[:, 1] << KEY_BITS)).sort()
    sought = wanted[:, 0] + (wanted[:, 1] << KEY_BITS)
    if not len(keys):
        return torch.full_like(sought, -1)
    at = torch.searchsorted(keys, sought).clamp_max(len(keys) - 1)
    return torch.where((keys[at] == sought) & (wanted >= 0).all(1), order[at], -1)


def _values_at(coefficients: Tensor, local: Tensor) -> Tensor:
    """Colours [C,P,4] of polynomials [C,4,NODES,NODES] at local positions [C or 1,P,2] in 0..1 of their cells."""
    across, down = basis(2 * local[..., 0] - 1), basis(2 * local[..., 1] - 1)  # [C or 1,P,NODES]
    values: Tensor = ((down[:, None] @ coefficients) * across[:, None]).sum(-1)
    return values.transpose(1, 2)


@lru_cache(maxsize=4)
def _edges(device: torch.device) -> tuple[Tensor, ...]:
    """Local positions along the left, right, upper and lower edge of a cell: four [EDGE_POINTS,2] in 0..1, float64."""
    along = (torch.arange(EDGE_POINTS, dtype=torch.float64, device=device) + 0.5) / EDGE_POINTS
    least, most = torch.zeros_like(along), torch.ones_like(along)
    pairs = [(least, along), (most, along), (along, least), (along, most)]
    return tuple(torch.stack(pair, 1) for pair in pairs)


def basis(places: Tensor) -> Tensor:
    """Values of the first NODES Chebyshev polynomials at positions [...] in [-1,1]: float32 [...,NODES]."""
    places = places.float()
    values = [torch.ones_like(places), places]
    while len(values) < NODES:
        values.append(2 * places * values[-1] - values[-2])
    return torch.stack(values, -1)


@lru_cache(maxsize=4)
def _nodes(device: torch.device) -> Tensor:
    """The zeros of the Chebyshev polynomial of degree NODES, in ascending order: float64 [NODES]."""
    nodes: Tensor = -torch.cos((torch.arange(NODES, dtype=torch.float64, device=device) + 0.5) * (math.pi / NODES))
    return nodes


@lru_cache(maxsize=4)
def _to_coefficients(device: torch.device) -> Tensor:
    """The matrix from values at the nodes to coefficients: [NODES,NODES]."""
    matrix: Tensor = torch.linalg.inv(basis(_nodes(device)).double())
    return matrix.float()


@lru_cache(maxsize=4)
def _halves(device: torch.device) -> tuple[Tensor, Tensor]:
    """The matrices from values at the nodes of a cell to those of its lower and its upper half: [NODES,NODES]."""
    nodes, to_coefficients = _nodes(device), _to_coefficients(device)
    return basis((nodes - 1) / 2) @ to_coefficients, basis((nodes + 1) / 2) @ to_coefficients


def _coefficients(values: Tensor) -> Tensor:
    """Coefficients of values at nodes: [...,NODES,NODES]."""
    matrix = _to_coefficients(values.device)
    return matrix @ values @ matrix.T


def _tail(coefficients: Tensor) -> Tensor:
    """Sum of the magnitudes of the last coefficients in both directions: [...,NODES,NODES] -> [...]."""
    sizes = coefficients.abs()
    tail: Tensor = sizes[..., -TAIL:, :].sum((-1, -2)) + sizes[..., :-TAIL, -TAIL:].sum((-1, -2))
    return tail
