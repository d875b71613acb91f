"""Layers compiled: what several layers draw together, as Chebyshev polynomials on the cells of a quadtree.

Colours laid over one another are smooth but along edges, and edges are few. So one quadtree is split until the colours
that all layers give together are polynomials to within a tolerance in each cell; a layer that others cover needs no
more cells. On the way down a layer is evaluated only where the polynomial of the cell above misses it by more than what
would be seen. Nothing of this depends on the size at which the picture is drawn, except that in cells of a few pixels,
where these are fewer than the nodes of a polynomial, all layers are left to exact evaluation.
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
NODES = 12  # on a side of a cell, and coefficients of a polynomial in each direction
TAIL = 2  # last coefficients in each direction, whose size tells how much the polynomial misses
LEAST_CELL_PX = 12  # side of a square: a smaller cell has fewer pixels than nodes
ROOT_CELLS = 6  # most along the short side of what is compiled, before any is split
# Random points of a cell, by level, at which its polynomial is compared with the layers: what no node sees is missed
# most often in a large cell.
CHECKS = (32, 8)
EDGE_POINTS = 8  # of an edge between cells, at which their polynomials are compared
MENDINGS = 3  # times that cells are split where they do not agree with their neighbours
LAYER_SHARE = 0.25  # of the tolerance, by which a layer's polynomial may change what is seen
CHUNK_POINTS = 4096  # evaluated at a time: their hidden values fit a processor's cache
CHUNK_VALUES = 1 << 20  # of all layers at the nodes of the cells in hand: 4 MB
QUARTERS = ((0, 0), (1, 0), (0, 1), (1, 1))  # column and row
STEPS = ((-1, 0), (1, 0), (0, -1), (0, 1))  # to the neighbours at the left, right, upper and lower edge
KEY_BITS = 32  # of a column in a number that tells a cell


@dataclass(frozen=True)
class Roots:
    """Equal cells that fill a rectangle; at level d each is split in 2^d x 2^d."""

    rect: Rect
    columns: int
    rows: int

    @classmethod
    def of_rect(cls, rect: Rect, pixel: float) -> Roots:
        """Cells as square as can be, and not below the size of one that can be split (of pixels of a side in canvas
        units), but for a rectangle that is thinner."""
        side = max(min(rect.width, rect.height) / ROOT_CELLS, 2 * LEAST_CELL_PX * pixel)
        return cls(rect, max(1, round(rect.width / side)), max(1, round(rect.height / side)))

    @property
    def side(self) -> float:
        """The side of a square as large as a cell at level 0, in canvas units."""
        return math.sqrt(self.rect.width * self.rect.height / (self.columns * self.rows))

    def across(self, level: int, xs: Tensor) -> Tensor:
        """Places of xs (canvas units, float64) in cells of a level: whole numbers are their edges. A power of two
        changes no digits, so that the cells of all levels agree on which of them holds a point."""
        places: Tensor = (xs - self.rect.x) / self.rect.width * (self.columns << level)
        return places

    def down(self, level: int, ys: Tensor) -> Tensor:
        """The same of ys."""
        places: Tensor = (ys - self.rect.y) / self.rect.height * (self.rows << level)
        return places

    def points(self, level: int, cells: Tensor, local: Tensor) -> Tensor:
        """Points [C,P,2] of the canvas at places [C or 1,P,2] in 0..1 of cells [C,2] (column, row) of a level."""
        counts = [self.columns << level, self.rows << level]
        sides = cells.new_tensor([self.rect.width, self.rect.height], dtype=torch.float64) / cells.new_tensor(counts)
        corner = cells.new_tensor([self.rect.x, self.rect.y], dtype=torch.float64)
        points: Tensor = corner + (cells[:, None] + local) * sides
        return points


@dataclass(frozen=True)
class Leaves:
    """Cells [C,2] (column and row, int64) of one level, and the coefficients of the colours in each,
    [C,4,NODES,NODES], by rows and then by columns."""

    level: int
    cells: Tensor
    coefficients: Tensor


@dataclass(frozen=True)
class Patches:
    """Premultiplied red, green, blue and coverage over a rectangle: polynomials, and cells ([C,2] of a level) that are
    left to exact evaluation. `evaluations` counts each layer at each point."""

    roots: Roots
    leaves: tuple[Leaves, ...]
    exact: tuple[tuple[int, Tensor], ...]
    evaluations: int


@dataclass(frozen=True)
class _Branch:
    """Cells [C,2] of a level in which the L layers have `values` [C,L,4,NODES,NODES] (alpha, red, green, blue) at the
    nodes, or must be evaluated where `is_open` [C,L]."""

    level: int
    cells: Tensor
    values: Tensor
    is_open: Tensor

    def pick(self, chosen: Tensor) -> _Branch:
        """Some of the cells, chosen by a mask [C]."""
        return _Branch(self.level, self.cells[chosen], self.values[chosen], self.is_open[chosen])

    def quarters(self) -> _Branch:
        """The cells split in four, with what the polynomials of the whole give at their nodes."""
        halves = _halves(self.values.device)
        values = [halves[row] @ self.values @ halves[column].T for column, row in QUARTERS]
        return _Branch(self.level + 1, _quarters(self.cells), torch.cat(values), self.is_open.repeat(4, 1))

    def chunks(self) -> list[_Branch]:
        """The branch in parts whose values fit in hand."""
        size = max(1, CHUNK_VALUES // self.values[0].numel())
        split = (torch.split(tensor, size) for tensor in (self.cells, self.values, self.is_open))
        return [_Branch(self.level, *part) for part in zip(*split, strict=True)]


class Compiler:
    """Makes patches of layers, lowest first, over `start` (premultiplied, [4])."""

    def __init__(self, layers: Sequence[LayerAt], start: Tensor, roots: Roots, pixel: float, tolerance: float) -> None:
        self._layers, self._start, self._roots, self._tolerance = layers, start, roots, tolerance
        self._deepest = math.floor(math.log2(roots.side / (pixel * LEAST_CELL_PX)))
        self._random = torch.Generator().manual_seed(0)
        self._leaves: dict[int, Leaves] = {}
        self._exact = torch.empty(0, 2, dtype=torch.int64, device=start.device)
        self._evaluations = 0

    @torch.no_grad()
    def run(self) -> Patches:
        """The patches. Deterministic."""
        columns, rows = torch.arange(self._roots.columns), torch.arange(self._roots.rows)
        cells = torch.cartesian_prod(columns, rows).to(self._start.device)
        if self._deepest < 0:
            return Patches(self._roots, (), ((0, cells),), 0)
        self._grow(0, cells)
        for _ in range(MENDINGS):
            torn = self._torn()
            if not torn:
                break
            for level, indices in torn.items():
                self._split(level, indices)
        leaves = (self._leaves[level] for level in sorted(self._leaves))
        exact = ((self._deepest, self._exact),) if len(self._exact) else ()
        return Patches(self._roots, tuple(leaves), exact, self._evaluations)

    def _grow(self, level: int, cells: Tensor) -> None:
        """Find the leaves in cells [C,2] of a level."""
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
        """Add leaves to those of their level."""
        old = self._leaves.get(leaves.level)
        if old is not None:
            cells = torch.cat([old.cells, leaves.cells])
            leaves = Leaves(old.level, cells, torch.cat([old.coefficients, leaves.coefficients]))
        self._leaves[leaves.level] = leaves

    def _split(self, level: int, indices: Tensor) -> None:
        """Put smaller cells in the place of some leaves of a level."""
        leaves = self._leaves[level]
        cells, stays = leaves.cells[indices], torch.ones(len(leaves.cells), dtype=torch.bool, device=indices.device)
        stays[indices] = False
        self._leaves[level] = Leaves(level, leaves.cells[stays], leaves.coefficients[stays])
        if level == self._deepest:
            self._exact = torch.cat([self._exact, cells])
        else:
            self._grow(level + 1, _quarters(cells))

    def _torn(self) -> dict[int, Tensor]:
        """By level, the indices of leaves at whose edge the colours of a neighbour, as small or smaller, do not go on:
        something thin that ends in such a leaf escaped its nodes."""
        torn = {level: torch.zeros_like(leaves.cells[:, 0], dtype=torch.bool) for level, leaves in self._leaves.items()}
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
                torn[large][index[jumps > 2 * self._tolerance]] = True
        return {level: found.nonzero()[:, 0] for level, found in torn.items() if found.any()}

    def _colors_at(self, level: int, cells: Tensor, local: Tensor) -> Tensor:
        """The exact colours at places [C or 1,P,2] in 0..1 of cells [C,2] of a level: [C,P,4]."""
        if not len(cells):
            return self._start.new_empty(0, local.shape[1], 4)
        points = self._roots.points(level, cells, local).flatten(0, 1)
        canvas = self._start[:, None].expand(4, len(points))
        for index in range(len(self._layers)):
            alpha, *color = self._layer_at(index, points)
            canvas = over(canvas, torch.stack([*color, torch.ones_like(alpha)]), alpha)
        return canvas.T.view(len(cells), -1, 4)

    def _evaluate(self, branch: _Branch) -> None:
        """Put the values of open layers in their places."""
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
        """Whether the colours of each cell are a polynomial [C], and its coefficients [C,4,NODES,NODES]. Closes layers
        whose own polynomials are close enough, and opens all where a check fails."""
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
        """The colours of layers [C,L,4,...] laid over the start, [C,4,...], and by how much each of a layer's values
        can change them in a cell, [C,L,4]."""
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
        """Those of the chosen cells whose polynomials are off at random points."""
        count = CHECKS[min(branch.level, len(CHECKS) - 1)]
        local = torch.rand(len(chosen), count, 2, generator=self._random, dtype=torch.float64).to(chosen.device)
        exact = self._colors_at(branch.level, branch.cells[chosen], local)
        off = (_values_at(coefficients[chosen], local) - exact).abs().amax((1, 2))
        return chosen[off > self._tolerance]


def _quarters(cells: Tensor) -> Tensor:
    """The quarters of cells [C,2], in the order of QUARTERS: [4*C,2], of the next level."""
    return torch.cat([2 * cells + cells.new_tensor(corner) for corner in QUARTERS])


def _find(cells: Tensor, wanted: Tensor) -> Tensor:
    """Where wanted cells [N,2] are among cells [C,2] of the same level, -1 where they are not: [N]."""
    keys, order = (cells[:, 0] + (cells[:, 1] << KEY_BITS)).sort()
    sought = wanted[:, 0] + (wanted[:, 1] << KEY_BITS)
    if not len(keys):
        return torch.full_like(sought, -1)
    at = torch.searchsorted(keys, sought).clamp_max(len(keys) - 1)
    return torch.where((keys[at] == sought) & (wanted >= 0).all(1), order[at], -1)


def _values_at(coefficients: Tensor, local: Tensor) -> Tensor:
    """Colours of polynomials [C,4,NODES,NODES] at places [C or 1,P,2] in 0..1 of their cells: [C,P,4]."""
    across, down = basis(2 * local[..., 0] - 1), basis(2 * local[..., 1] - 1)  # [C or 1,P,NODES]
    values: Tensor = ((down[:, None] @ coefficients) * across[:, None]).sum(-1)
    return values.transpose(1, 2)


@lru_cache(maxsize=4)
def _edges(device: torch.device) -> tuple[Tensor, ...]:
    """Places on the left, right, upper and lower edge of a cell, [EDGE_POINTS,2] in 0..1 (float64)."""
    along = (torch.arange(EDGE_POINTS, dtype=torch.float64, device=device) + 0.5) / EDGE_POINTS
    least, most = torch.zeros_like(along), torch.ones_like(along)
    pairs = [(least, along), (most, along), (along, least), (along, most)]
    return tuple(torch.stack(pair, 1) for pair in pairs)


def basis(places: Tensor) -> Tensor:
    """Chebyshev polynomials at places [...] in [-1,1]: float32 [...,NODES]."""
    places = places.float()
    values = [torch.ones_like(places), places]
    while len(values) < NODES:
        values.append(2 * places * values[-1] - values[-2])
    return torch.stack(values, -1)


@lru_cache(maxsize=4)
def _nodes(device: torch.device) -> Tensor:
    """The zeros of the Chebyshev polynomial of degree NODES, rising: float64 [NODES]."""
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
    """Sum of the last coefficients' sizes in both directions: [...,NODES,NODES] -> [...]."""
    sizes = coefficients.abs()
    tail: Tensor = sizes[..., -TAIL:, :].sum((-1, -2)) + sizes[..., :-TAIL, -TAIL:].sum((-1, -2))
    return tail
