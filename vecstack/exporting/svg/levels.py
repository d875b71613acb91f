"""Which level sets, how grey and how blurred, come closest to a mask for the bytes that their curves take.

A mask is written as nested level sets of itself, one grey each, under one Gaussian blur. Blurred level sets are a basis
in which the mask is approximated by least squares, weighted by what is seen; which of them to take is chosen greedily,
and by exchange, from their Gram matrix.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

BLURS = (0.0, 0.003, 0.006, 0.012, 0.024, 0.048)  # standard deviations, as shares of the layer's long side
CANDIDATES = 28  # levels
MIN_RANGE = 1 / 255  # of a mask's values, below which it has no contours
CURVE_BYTES, TURN_BYTES = 14.0, 2.0  # of a curve as it is deflated, and for each unit of its root-curvature integral
LAYER_BYTES, BASE_BYTES, BLUR_BYTES = 120.0, 30.0, 10.0
# Squared error with which a renderer's rounding to 8 bits is charged to a layer that touches the whole canvas.
ROUNDING = 5e-6
STRENGTHS = 1000  # of a layer, so many steps up to 1
LEVEL_SHARE = 0.3  # of that error, for each level that is laid over others; with all of it, steps are seen
# What the mean error counts besides the squared one: level sets lose the faint ends of masks, and that adds up.
MEAN = 1.0
MIN_WEIGHT = 1e-12  # of a whole mask
RIDGE = 1e-5  # of the mean diagonal: nearly equal level sets must not get huge opposite greys
EXCHANGED = 3  # blurs, the best after levels were added, for which they are exchanged too
FINE_ENOUGH = 4  # cells of a blur's deviation, with which as much is told by half as many cells
MIN_CELLS = 64  # on a side of what is halved


# The greys of the bands, the strength that they are shares of, and the weighted squared error with them.
_Solved = tuple[np.ndarray, float, float]


@dataclass(frozen=True)
class Basis:
    """What choosing needs of a mask: N candidate thresholds, the bytes of their curves, the share of the canvas above
    each; of each blur, the weighted products of the blurred level sets, constant first, with each other [N+1,N+1] and
    with the mask [N+1]; and of the mask with itself. The products count the mean of an error, too."""

    thresholds: np.ndarray
    costs: np.ndarray
    areas: np.ndarray
    grams: tuple[np.ndarray, ...]
    products: tuple[np.ndarray, ...]
    energy: float
    share: float
    # By blur and columns of the Gram matrix: what was solved before, which is the same at every price of a byte.
    solved: dict[tuple[int, tuple[int, ...]], _Solved] = field(default_factory=dict, repr=False, compare=False)


@dataclass(frozen=True)
class Choice:
    """K thresholds, rising; the greys 0..255 below all of them and above each, [K+1], as shares of a `strength` in
    0..1; the blur as an index of BLURS; the squared error that is thought to remain in the picture, and the share of
    the canvas that is touched."""

    thresholds: np.ndarray
    greys: np.ndarray
    strength: float
    blur: int
    error: float
    touched: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be drawn."""
        return not self.greys.any()


@dataclass(frozen=True)
class _Found:
    """A set of candidates and what it is worth: error and bytes together."""

    value: float
    indices: list[int]
    greys: np.ndarray
    strength: float
    error: float
    touched: float


def basis_of(mask: np.ndarray, effect: np.ndarray, step: float, long_side: float, share: float) -> Basis:
    """The basis of a mask [H,W] with weights [H,W] at cells of side `step`; blurs are shares of the `long_side`; the
    cells fill a `share` of the canvas."""
    thresholds = _candidates(mask, effect)
    values, weights = torch.from_numpy(mask), torch.from_numpy(effect) * (share / mask.size)
    of_mean = MEAN / max(float(weights.sum()), MIN_WEIGHT)
    energy = float((values * values * weights).sum()) + of_mean * float((values * weights).sum()) ** 2
    areas = np.array([float((mask > threshold).mean()) * share for threshold in thresholds])
    costs = _curve_costs(mask, thresholds, step)
    slopes = torch.from_numpy(np.hypot(*np.gradient(mask)).clip(1e-4).astype(np.float32))
    current = coverage(values, slopes, thresholds)
    weighted = weights * values
    grams, products, done, cell = [], [], 0.0, step
    for blur in BLURS:
        sigma = blur * long_side
        current = gaussian(current, math.sqrt(max(sigma**2 - done**2, 0)) / cell)
        done = sigma
        while len(thresholds) and sigma >= FINE_ENOUGH * cell and min(weights.shape) >= MIN_CELLS:
            current, cell = avg_pool2d(current, 2, ceil_mode=True), 2 * cell
            weights, weighted = _sums(weights), _sums(weighted)
        sets = torch.cat([torch.ones_like(weights)[None], current]).flatten(1)
        gram = ((sets * weights.flatten()) @ sets.T).double().numpy()
        product = (sets @ weighted.flatten()).double().numpy()
        grams.append(gram + of_mean * np.outer(gram[0], gram[0]))
        products.append(product + of_mean * gram[0] * product[0])
    return Basis(thresholds, costs, areas, tuple(grams), tuple(products), energy, share)


def _sums(values: Tensor) -> Tensor:
    """Values [H,W] summed two by two: what is left over at an edge stays."""
    return avg_pool2d(values[None], 2, ceil_mode=True, divisor_override=1)[0]


def coverage(values: Tensor, slopes: Tensor, thresholds: Sequence[float] | np.ndarray) -> Tensor:
    """How much of each cell [H,W] is above each threshold, given the slopes [H,W] (a cell): [N,H,W] in 0..1."""
    levels = torch.as_tensor(np.asarray(thresholds, np.float32))[:, None, None]
    return ((values - levels) / slopes + 0.5).clamp(0, 1)


def gaussian(images: Tensor, sigma: float) -> Tensor:
    """Images [N,H,W] blurred by a deviation in cells, their edges continued. Two matrix products, which are far faster
    than a convolution of one channel."""
    if sigma < 0.25:  # a cell's own size hides it
        return images
    return _blur_matrix(images.shape[1], sigma) @ (images @ _blur_matrix(images.shape[2], sigma).T)


def _blur_matrix(count: int, sigma: float) -> Tensor:
    """[count,count], rows of sum 1."""
    offsets = torch.arange(-math.ceil(3 * sigma), math.ceil(3 * sigma) + 1)
    kernel = torch.exp(-(offsets**2) / (2 * sigma**2))
    columns = (torch.arange(count)[:, None] + offsets).clamp(0, count - 1)
    return torch.zeros(count, count).scatter_add_(1, columns, (kernel / kernel.sum()).expand(count, -1))


def _candidates(mask: np.ndarray, effect: np.ndarray) -> np.ndarray:
    """Thresholds [N], rising: closer where more is seen, and some everywhere."""
    low, high = float(mask.min()), float(mask.max())
    if high - low < MIN_RANGE:
        return np.zeros(0)
    counts, edges = np.histogram(mask, 256, (low, high), weights=effect + 1e-12)
    density = np.cbrt(counts)
    sums = np.concatenate([[0], np.cumsum(density / density.sum() + 1 / 256)])
    return np.asarray(np.interp((np.arange(CANDIDATES) + 0.5) / CANDIDATES * sums[-1], sums, edges))


def _curve_costs(mask: np.ndarray, thresholds: np.ndarray, step: float) -> np.ndarray:
    """Bytes that the contour at each threshold is thought to take: by the co-area formula, from the integral along it
    of the root of its curvature, to which the count of a smooth curve's control points is proportional."""
    if not len(thresholds):
        return thresholds
    down, across = np.gradient(mask)
    slope = np.hypot(across, down) + 1e-9
    bend = np.gradient(across / slope, axis=1) + np.gradient(down / slope, axis=0)
    turns = np.sqrt(np.abs(bend).clip(0, 0.5) / step)
    middles = (thresholds[1:] + thresholds[:-1]) / 2
    edges = np.concatenate([[mask.min() - 1e-6], middles, [mask.max() + 1e-6]])
    sums, _ = np.histogram(mask, edges, weights=turns * slope * step)
    return np.asarray(CURVE_BYTES + TURN_BYTES * sums / np.diff(edges))


def choose(basis: Basis, price: float, *, plain: bool = False) -> Choice:
    """The levels, greys and blur of least error plus `price` times bytes; no blur where it is to be `plain`."""
    blurs = range(1 if plain else len(BLURS))
    choosers = [_Chooser(basis, price, blur, with_base, plain) for blur in blurs for with_base in (False, True)]
    begun = sorted(((chooser.begin(), chooser) for chooser in choosers), key=lambda pair: pair[0].value)
    ended = ((chooser.improve(found), chooser) for found, chooser in begun[:EXCHANGED])
    found, chooser = min(ended, key=lambda pair: pair[0].value)
    thresholds = basis.thresholds[sorted(found.indices)]
    return Choice(thresholds, found.greys, found.strength, chooser.blur, found.error, found.touched)


class _Chooser:
    """Chooses levels for one blur, with a grey below all of them (`with_base`) or black."""

    def __init__(self, basis: Basis, price: float, blur: int, with_base: bool, plain: bool) -> None:
        self._plain = plain
        self._basis, self._price, self.blur, self._with_base = basis, price, blur, with_base
        self._gram, self._product = basis.grams[blur], basis.products[blur]
        self._fixed_bytes = (BASE_BYTES if with_base else 0.0) + (BLUR_BYTES if blur else 0.0)
        self._count = len(basis.thresholds)

    def begin(self) -> _Found:
        """The levels that are found by adding them one by one."""
        found = self._value([])
        while (added := self._add(found)) is not None:
            found = added
        return found

    def improve(self, found: _Found) -> _Found:
        """The levels that are found from these by leaving out and moving some."""
        while (exchanged := self._exchange(found)) is not None:
            found = exchanged
        return found

    def _columns(self, indices: list[int]) -> list[int]:
        """Of the Gram matrix."""
        return [0] * self._with_base + [index + 1 for index in indices]

    def _value(self, indices: list[int]) -> _Found:
        greys, strength, error = self._solve(self._columns(sorted(indices)))
        touched = self._basis.share if self._with_base else 0.0
        if indices and self._plain:
            touched += LEVEL_SHARE * float(self._basis.areas[indices].sum())
        elif indices and not self._with_base:
            touched = float(self._basis.areas[min(indices)])
        count = self._basis.costs[indices].sum() if indices else 0.0
        if indices or self._with_base:
            count += LAYER_BYTES + self._fixed_bytes
        return _Found(float(error + self._price * count + ROUNDING * touched), indices, greys, strength, error, touched)

    def _solve(self, columns: list[int]) -> _Solved:
        """What these columns give, solved once."""
        key = self.blur, tuple(columns)
        if key not in self._basis.solved:
            self._basis.solved[key] = self._solve_anew(columns)
        return self._basis.solved[key]

    def _solve_anew(self, columns: list[int]) -> _Solved:
        if not columns:
            return np.zeros(1, int), 0.0, self._basis.energy
        gram, product = self._gram[columns][:, columns], self._product[columns]
        steps = np.linalg.solve(gram + np.eye(len(columns)) * (1e-10 + RIDGE * gram.diagonal().mean()), product)
        bands = np.cumsum(steps).clip(0, 1)
        # The lightest band is white: renderers round greys, and colours seen through dark ones, to 8 bits.
        strength = max(math.ceil(bands.max() * STRENGTHS) / STRENGTHS, 1 / STRENGTHS)
        greys = np.rint(bands / strength * 255).astype(int)
        steps = np.diff(greys, prepend=0) * strength / 255
        error = float(self._basis.energy - 2 * steps @ product + steps @ gram @ steps)
        return (greys if self._with_base else np.concatenate([[0], greys])), strength, max(error, 0.0)

    def _add(self, found: _Found) -> _Found | None:
        """With the level more that helps most; None where none pays."""
        rest = np.array([index for index in range(self._count) if index not in found.indices], int)
        if not len(rest):
            return None
        first = int(rest[np.argmax(self._gains(found.indices, rest))])
        tried = self._value([*found.indices, first])
        if tried.value < found.value:
            return tried
        if len(found.indices) > 1:
            return None
        # The first levels may pay only two at a time.
        pairs = [self._value([*found.indices, first, int(other)]) for other in rest[::3] if other != first]
        best = min(pairs, key=lambda pair: pair.value, default=found)
        return best if best.value < found.value else None

    def _gains(self, indices: list[int], rest: np.ndarray) -> np.ndarray:
        """By how much each further level would lower the value, were its grey free: [R]."""
        columns, new = self._columns(indices), rest + 1
        residual, norm = self._product[new], self._gram[new, new]
        if columns:
            gram = self._gram[columns][:, columns] + np.eye(len(columns)) * 1e-12
            cross = self._gram[columns][:, new]
            solved = np.linalg.solve(gram, np.column_stack([self._product[columns], cross]))
            residual = residual - cross.T @ solved[:, 0]
            norm = norm - (cross * solved[:, 1:]).sum(0)
        least = 1e-9 * self._gram[new, new] + 1e-15
        return np.asarray(residual**2 / np.maximum(norm, least) - self._price * self._basis.costs[rest])

    def _exchange(self, found: _Found) -> _Found | None:
        """With a level left out or moved; None where nothing is better."""
        for index in found.indices:
            others = [other for other in found.indices if other != index]
            moved = [index + step for step in (-1, 1, -2, 2)]
            tries = [others] + [[*others, to] for to in moved if 0 <= to < self._count and to not in others]
            for indices in tries:
                tried = self._value(indices)
                if tried.value < found.value - 1e-15:
                    return tried
        return None
