"""Shapes of one colour each, laid over one another, whose outlines are fitted to the pixels in which they are seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from vecstack.kinds.path.bitmap.areas import Aim, covered, fitted
from vecstack.kinds.path.bitmap.level import SAMPLES
from vecstack.kinds.path.bitmap.outline import CORNER_TURN, LEAST_AREA, SLOPE, contour_of, evenly, smoothed
from vecstack.kinds.path.bitmap.phases import Seen
from vecstack.kinds.path.bitmap.shape import Contour
from vecstack.kinds.path.bitmap.simplify import EXACT, Search, numbers_of
from vecstack.kinds.path.graphic.edges import grown
from vecstack.kinds.path.graphic.pixels import FREE, linked
from vecstack.kinds.path.graphic.seeds import Parts
from vecstack.kinds.path.graphic.stacking import shapes_of
from vecstack.kinds.path.graphic.strokes import strokes_of
from vecstack.kinds.path.graphic.trace import cover_of, loops_of
from vecstack.winding import area_of

PRICE, CORNER_PRICE = 2.0, 4.0  # of a number, in logarithms of an odds; more, of a corner
NOISY_CORNER_PRICE, NOISY_TURN = 16.0, np.radians(50)  # the same, and the least turn of a corner, amid noise
MARGIN = 3  # px around a shape that are looked at
BESIDE = 2  # px from an outline up to which it may be moved to where pixels want it
SPREAD = 1.6  # times as much as within the reach of a corner an outline may turn within twice that
BARE = 4  # samples of an edge that should be hidden and runs along another, and of what is left out, at most
SPECK, NOISY_SPECK = 6, 24  # samples of a part, at least; amid noise
GROUND = 2.5 / 255  # difference up to which a part at the border has the colour of the ground


@dataclass(frozen=True)
class Shape:
    """What covers in one colour [1,1,D], or in one that runs, in pixels [H,W,D]; premultiplied where D is 4. `number`
    is that of the field that it is part of."""

    contours: tuple[Contour, ...]
    color: np.ndarray
    number: int

    @property
    def opacity(self) -> float:
        """How much it covers of what lies below."""
        return float(self.color[0, 0, 3]) if self.color.shape[2] == 4 else 1.0

    def cover(self, height: int, width: int) -> np.ndarray:
        """How much of each pixel lies within its contours: [H,W]."""
        return covered([contour.points for contour in self.contours], height, width)


class Pile:
    """Shapes, lowest first, on a ground [D], and the pixels [H,W,D] that they are to come close to; `exact` is the
    error, root mean square, that nothing has to explain, and a corner costs so much more than its numbers."""

    def __init__(
        self,
        pixels: np.ndarray,
        ground: np.ndarray,
        shapes: Sequence[Shape],
        exact: float = EXACT,
        corner_price: float = CORNER_PRICE,
    ) -> None:
        self.pixels, self.ground, self.shapes = pixels, ground, list(shapes)
        self.exact, self.corner_price = exact, corner_price
        height, width, _ = pixels.shape
        self._size = height, width
        self.covers = [shape.cover(height, width) for shape in self.shapes]

    @property
    def drawn(self) -> np.ndarray:
        """The pixels as the shapes draw them: [H,W,D]."""
        return self._below(len(self.shapes))

    def described(self, steps: int) -> None:
        """Make the contours of each shape, lowest first, the shortest that describe what is seen of it."""
        for number in range(len(self.shapes)):
            self._change(number, steps, is_simplified=True)

    def refit(self, steps: int) -> None:
        """Bring the contours of each shape closer to what is seen of it."""
        for number in range(len(self.shapes)):
            self._change(number, steps, is_simplified=False)

    def dropped(self) -> None:
        """Leave out shapes that explain less, where they are, than they cost."""
        for number in sorted(range(len(self.shapes)), key=lambda index: float(self.covers[index].sum())):
            cover = self.covers[number]
            is_here = cover > 0
            with_it = self._length(is_here)
            self.covers[number] = np.zeros_like(cover)
            if self._length(is_here) - with_it > PRICE * sum(map(numbers_of, self.shapes[number].contours)):
                self.covers[number] = cover
        kept = [number for number, cover in enumerate(self.covers) if cover.any()]
        self.shapes, self.covers = [self.shapes[k] for k in kept], [self.covers[k] for k in kept]

    def _length(self, chosen: np.ndarray) -> float:
        """How long a description of what is missed on some pixels [H,W] is."""
        missing = (self.drawn - self.pixels)[chosen]
        count = max(8, int(chosen.sum()))
        return count * math.log(float(np.vdot(missing, missing)) / count + self.exact**2)

    def chosen(self, numbers: Sequence[int]) -> Pile:
        """Some of the shapes."""
        return Pile(
            self.pixels, self.ground, [self.shapes[number] for number in numbers], self.exact, self.corner_price
        )

    def topmost(self, least: float) -> np.ndarray:
        """The highest shape that covers so much of each pixel, or -1: [H,W]."""
        found = np.full(self._size, -1)
        for number, cover in enumerate(self.covers):
            found[cover >= least] = number
        return found

    def _below(self, number: int) -> np.ndarray:
        """What is drawn without a shape and those above it."""
        canvas = np.broadcast_to(self.ground, self.pixels.shape).astype(np.float64)
        for shape, cover in zip(self.shapes[:number], self.covers[:number], strict=True):
            canvas = canvas * (1 - shape.opacity * cover[..., None]) + cover[..., None] * shape.color
        return canvas

    def _above(self, number: int) -> tuple[np.ndarray, np.ndarray]:
        """How much light the shapes above one let through [H,W], and what they add [H,W,D]."""
        light, added = np.ones(self._size), np.zeros_like(self.pixels)
        for shape, cover in zip(self.shapes[number + 1 :], self.covers[number + 1 :], strict=True):
            through = 1 - shape.opacity * cover
            light, added = light * through, added * through[..., None] + cover[..., None] * shape.color
        return light, added

    def _aim(self, number: int) -> Aim:
        """What a shape is to cover so that the pixels come out, and how much that counts."""
        shape, cover = self.shapes[number], self.covers[number]
        below = self._below(number)
        light, added = self._above(number)
        way = (shape.color - shape.opacity * below) * light[..., None]
        size = np.square(way).sum(2)
        missing = self.pixels - below * light[..., None] - added
        wanted = ((missing * way).sum(2) / np.maximum(size, 1e-9)).clip(0, 1)
        wanted = np.where(_is_beside(cover), wanted, cover)  # what is missed elsewhere is no matter of its contours
        return Aim(wanted, wanted, np.sqrt(size))

    def _change(self, number: int, steps: int, *, is_simplified: bool) -> None:
        """Fit one shape, within its window."""
        shape, aim = self.shapes[number], self._aim(number)
        points = np.concatenate([contour.points for contour in shape.contours])
        low = np.floor(points.min(0)).astype(int) - MARGIN
        high = np.ceil(points.max(0)).astype(int) + MARGIN
        left, top = np.maximum(low, 0)
        rows, columns = slice(top, high[1]), slice(left, high[0])
        corner = np.array([left, top])
        assert aim.weight is not None
        bounds = aim.low[rows, columns]
        own = Aim(bounds, bounds, aim.weight[rows, columns])
        contours = [replace(contour, points=contour.points - corner) for contour in shape.contours]
        if is_simplified:
            search = Search(self.covers[number][rows, columns], own, self.corner_price, PRICE, self.exact)
            fit = search.simpler(fitted(contours, own, steps))
            fit = search.simpler(search.repaired(fit))
        else:
            fit = fitted(contours, own, steps)
        found = tuple(replace(contour, points=contour.points + corner) for contour in fit.contours)
        self.shapes[number] = replace(shape, contours=found)
        self.covers[number] = self.shapes[number].cover(*self._size)


def _is_beside(cover: np.ndarray) -> np.ndarray:
    """Which pixels are near the edge of what covers [H,W]."""
    high, low = cover, cover
    for axis in (0, 1):
        pads = [(BESIDE, BESIDE) if axis == other else (0, 0) for other in range(2)]
        shifts = np.arange(cover.shape[axis])
        highs, lows = np.pad(high, pads, mode="edge"), np.pad(low, pads, mode="edge")
        high = np.maximum.reduce([np.take(highs, shifts + k, axis) for k in range(2 * BESIDE + 1)])
        low = np.minimum.reduce([np.take(lows, shifts + k, axis) for k in range(2 * BESIDE + 1)])
    found: np.ndarray = high - low > 0.02
    return found


def shapes_seen(seen: Seen, colors: np.ndarray, ground: np.ndarray, *, is_noisy: bool = False) -> list[Shape]:
    """The shapes that fields of such colours in pixels [K,H,W,D] show on a ground [D], lowest first; their outlines are
    smooth where pixels are noisy."""
    parts, number = _parts(seen, colors.mean((1, 2)), NOISY_SPECK if is_noisy else SPECK)
    rim = np.unique(np.concatenate([parts.part[0], parts.part[-1], parts.part[:, 0], parts.part[:, -1]]))
    is_ground = np.abs(parts.colors - ground).max(1) < GROUND
    if len(ground) == 3:
        is_ground &= np.isin(np.arange(parts.count), rim)
    laid = shapes_of(parts, is_ground, strokes_of(parts, is_ground))
    found = []
    for index, shape in enumerate(laid):
        over = np.zeros(parts.count, bool)
        over[[member for other in laid[index + 1 :] for member in other.members]] = True
        loops = _hidden_well(parts, shape.members, over, shape.loops)
        smooth = [evenly(loop / SAMPLES) for loop in loops if abs(area_of(loop)) > LEAST_AREA * SAMPLES**2]
        if smooth:
            smooth = [smoothed(loop) for loop in smooth] if is_noisy else smooth
            turn = NOISY_TURN if is_noisy else CORNER_TURN
            contours = tuple(contour_of(loop, turn, SPREAD) for loop in smooth)
            own = int(number[shape.part])
            is_flat = (colors[own] == colors[own, 0, 0]).all()
            found.append(Shape(contours, colors[own, :1, :1] if is_flat else colors[own], own))
    return found


def _hidden_well(
    parts: Parts, members: Sequence[int], over: np.ndarray, loops: Sequence[np.ndarray]
) -> Sequence[np.ndarray]:
    """The edges of some parts as they go on below those that lie over them [P]; where they would run along the edges of
    these, or leave out a part, they go on as far as its middle instead."""
    is_own = np.isin(parts.part, members)
    is_open = over[parts.part]
    is_out = ~is_own & ~is_open
    is_bare = grown(is_out, 2) & ~grown(is_own, 2)
    columns, rows = np.floor(np.concatenate(loops)).astype(int).clip(0, np.array(is_own.shape[::-1]) - 1).T
    is_in = covered([_lines(loop) for loop in loops], *is_own.shape) > 0.5
    if max(is_bare[rows, columns].sum(), (is_own & ~grown(is_in, 1)).sum()) <= BARE:
        return loops
    below = _up_to_middle(is_own, is_open, is_out) & ~is_own
    part = np.where(below, members[0], parts.part)
    share = np.where(below, 0, parts.share).astype(np.float32)
    inside = np.zeros(parts.count, bool)
    inside[list(members)] = True
    height, width = part.shape
    field = cover_of(part, parts.other, share, inside, 0, 0, height, width)
    every, starts, _ = loops_of(field, 0, 0, part)
    return [every[a:b] for a, b in pairwise(starts.tolist())]


def _lines(loop: np.ndarray) -> np.ndarray:
    """A closed polygon [N,2] as a contour of straight pieces [3N,2]."""
    after = np.roll(loop, -1, 0)
    return np.stack([loop, loop, after], 1).reshape(-1, 2)


def _up_to_middle(is_own: np.ndarray, is_open: np.ndarray, is_out: np.ndarray) -> np.ndarray:
    """What is nearer to what is a shape's own, through what is open, than to what is out of it."""
    inside, outside, left = is_own, is_out, is_open.copy()
    while left.any():
        more_out = grown(outside, 1) & left
        more_in = grown(inside, 1) & left & ~more_out
        if not (more_out.any() or more_in.any()):
            break
        inside, outside, left = inside | more_in, outside | more_out, left & ~more_out & ~more_in
    return inside


def _parts(seen: Seen, colors: np.ndarray, least: int) -> tuple[Parts, np.ndarray]:
    """What hangs together of each field, sample by sample, and the field of each part [P]; of so many samples at
    least."""
    fields = seen.fields
    order = np.argsort(-fields, axis=0, kind="stable")
    first = order[0]
    part = _linked(first)
    sizes = np.bincount(part.ravel())
    if len(fields) > 1:
        is_speck = sizes[part] < least
        first = np.where(is_speck, _most_around(first, is_speck), first)
        part = _linked(first)
    places = np.unique(part, return_index=True)[1]
    number = first.ravel()[places]
    if len(fields) < 2:
        return Parts(part, part, np.zeros(part.shape, np.float32), colors[number].astype(np.float32), part >= 0), number
    other_field = np.where(order[0] == first, order[1], order[0])
    gap = np.take_along_axis(fields, first[None], 0)[0] - np.take_along_axis(fields, other_field[None], 0)[0]
    other = _beside(part, first, other_field)
    share = np.where(other == FREE, 0.02, (0.5 - SLOPE * gap).clip(0.02, 0.49))
    other = np.where(other == FREE, part, other)
    return Parts(part, other, share.astype(np.float32), colors[number].astype(np.float32), part >= 0), number


def _linked(field: np.ndarray) -> np.ndarray:
    """Numbers of what hangs together with one field."""
    every = np.ones(field.shape, np.bool_)
    found: np.ndarray = linked(every, np.ascontiguousarray(field[..., None], np.float32), 0.5)
    return found


def _most_around(first: np.ndarray, is_speck: np.ndarray) -> np.ndarray:
    """The nearest field that is no speck's, for each sample."""
    found: np.ndarray = first.copy()
    is_open = is_speck.copy()
    while is_open.any() and not is_open.all():
        for axis, shift in ((0, 1), (0, -1), (1, 1), (1, -1)):
            moved, moved_open = np.roll(found, shift, axis), np.roll(is_open, shift, axis)
            edge = [slice(None), slice(None)]
            edge[axis] = slice(0, 1) if shift > 0 else slice(-1, None)
            moved_open[tuple(edge)] = True
            taken = is_open & ~moved_open
            found[taken] = moved[taken]
            is_open &= ~taken
    return found


def _beside(part: np.ndarray, first: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The part of the `other` field next to each sample; FREE where none is."""
    found: np.ndarray = np.full(part.shape, FREE)
    for axis, shift in ((0, 1), (0, -1), (1, 1), (1, -1)):
        moved_part, moved_first = np.roll(part, shift, axis), np.roll(first, shift, axis)
        edge = [slice(None), slice(None)]
        edge[axis] = slice(0, 1) if shift > 0 else slice(-1, None)
        moved_first[tuple(edge)] = -1
        found = np.where((moved_first == other) & (found == FREE), moved_part, found)
    return found
