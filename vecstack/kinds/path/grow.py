"""Paths grown where a picture is missed: the regions of the picture first, then those of what is left, again and again,
with Gauss-Newton steps between."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from vecstack.kinds.base import Guide, Scene, Terms
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.contours import fit_closed, outline
from vecstack.kinds.path.fit import Tuner
from vecstack.kinds.path.gradients import with_gradients
from vecstack.kinds.path.regions import merged

MIN_PIECES = 3
PIECES = 0.58  # of a path, times the square root of its outline's length in px
ERROR = 0.7  # px that an outline may be away from its pixels, before tuning
STRUCTURE_SHARE = 0.2  # of the paths, which are the regions of the picture itself
STRUCTURE_POWER, RESIDUAL_POWER = 0.5, 0.25  # of a boundary's length: higher ones give rounder regions
STRUCTURE_OPACITY = 0.97  # nearly opaque: an opaque layer has no slope of its opacity
GROUPS = 8  # at most, of regions
LEVELS = (1.5, 3.0, 6.0)  # times as many regions of the residual as paths are added: the best is taken
MIN_PIXELS = 4  # of a region that is worth a path, in a picture of more than SMALL_PIXELS
SMALL_PIXELS = 1024
SMALL_GROWN, FEW = 1 << 14, 8  # pixels of a picture that is grown on in steps: to so many paths, twice, four times
SAME_COLOR = 1 / 255  # nearer colours are not told apart
MIN_SHIFT = 0.25 / 255  # of a region's colour: less is not worth a path
MIN_OPACITY, MAX_OPACITY = 0.3, 0.97
ON_REGION = 0.2  # share of a path's pixels on a region from which it may lie above that
APART = 4.0  # colours of different segments are told apart as if they differed by this more
FOCUS = 8.0  # times as much counts what is missed where detail matters
CLEAR = 0.5  # coverage below which a region of a transparent picture is no region of paths


@dataclass(frozen=True)
class Schedule:
    """How paths are grown: steps after the structure; rounds, each the share of the paths still wanted that are added
    and the steps then; the share of the paths that are dropped before a round in which all are there; and the most
    pieces of a path."""

    first: int
    rounds: tuple[tuple[float, int], ...]
    dropped: float
    pieces: int


SCHEDULES = {
    "fast": Schedule(25, ((0.5, 25), (0.5, 25), (1.0, 40)), 0.0, 12),
    "good": Schedule(25, ((0.5, 20), (0.5, 20), (1.0, 20), (1.0, 20), (1.0, 40)), 0.12, 12),
    "best": Schedule(25, ((0.5, 20), (0.5, 20), (1.0, 20), (1.0, 20), (1.0, 20), (1.0, 20), (1.0, 80)), 0.12, 16),
}
TIMED = Schedule(25, ((0.5, 20), (0.5, 20), *((1.0, 20),) * 30), 0.12, 16)
SETTLING_SHARE = 0.25  # of the time, for the last steps
SETTLING_STEPS = 80
TUNING_STEPS = {"fast": 15, "good": 40, "best": 120}  # of paths that are there


@dataclass
class Growth:
    """Paths, lowest first. `owner` [L] is the region of the picture that each belongs to, a number of `regions` [H,W],
    and `source` [L] which layer of those at the start it was, -1 of what was added. `rank` [K] is the order in which
    regions lie over one another, `parent` [K] the coarser region that each is a part of, `segment` [K] the one of a
    guide that it is in."""

    paths: Paths
    owner: np.ndarray
    source: np.ndarray
    regions: np.ndarray
    rank: np.ndarray
    parent: np.ndarray
    segment: np.ndarray

    def add(self, paths: Paths, owner: np.ndarray) -> None:
        """Put paths above all others of their regions, and above all that were there at the start."""
        joined, owners = self.paths.joined(paths), np.concatenate([self.owner, owner])
        source = np.concatenate([self.source, np.full(paths.count, -1)])
        ranks = np.where(source >= 0, -1, self.rank[owners])
        order = np.argsort(ranks, kind="stable")
        self.paths, self.owner, self.source = joined.chosen(order), owners[order], source[order]

    def copy(self) -> Growth:
        """The same, with arrays of its own."""
        paths, owner, source = self.paths.copy(), self.owner.copy(), self.source.copy()
        return Growth(paths, owner, source, self.regions, self.rank.copy(), self.parent, self.segment)

    def keep(self, chosen: np.ndarray) -> None:
        """Drop all but some."""
        self.paths, self.owner, self.source = self.paths.chosen(chosen), self.owner[chosen], self.source[chosen]


class PathGrower:
    """Paths that are tuned and grown (vecstack.kinds.base.Grower); `growth` is where they are."""

    def __init__(self, paths: Paths, scene: Scene, terms: Terms, device: torch.device) -> None:
        self.scene, self.terms = scene, terms
        self._is_small = scene.picture[0].size < SMALL_GROWN
        effort = "good" if terms.effort == "fast" and self._is_small else terms.effort  # which is quick there
        self.schedule = SCHEDULES[effort] if terms.deadline is None else TIMED
        self.tuner = Tuner(scene, device)
        self._guide = None if terms.guide is None else terms.guide.at(*scene.picture.shape[1:])
        self.growth = Growth(
            paths, np.zeros(paths.count, np.int64), np.arange(paths.count), np.zeros((0, 0), np.int64),
            np.zeros(1, np.int64), np.zeros(1, np.int64), np.zeros(1, np.int64),
        )  # fmt: skip
        self._started, self._share = time.monotonic(), 0.0

    @property
    def count(self) -> int:
        """How many paths there are."""
        return self.growth.paths.count

    def tune(self) -> None:
        """Tune the paths that are there."""
        self._tune(TUNING_STEPS[self.terms.effort], 0.0, 1.0)

    def grow_to(self, count: int) -> None:
        """Add paths until there are about `count`: where there are none yet and nothing is below, the regions of the
        picture first. What turns out no closer to the picture is undone."""
        if count <= self.count:
            return
        if not self.growth.regions.size:
            wanted = GROUPS if self._is_small else max(2, round(STRUCTURE_SHARE * (count - self.count)))
            self._know_regions(min(count, wanted))
        for wanted in self._counts_to(count):
            if self.count and self.terms.deadline is not None and time.monotonic() >= self.terms.deadline:
                break  # but not without any
            before, error = self.growth.copy(), self._missed()
            self._grow_to(wanted)
            if before.paths.count and self._missed() > error:
                self.growth = before

    def _counts_to(self, count: int) -> list[int]:
        """The counts that are grown to one after another. In a small picture luck decides, and steps cost little: there
        they are the same on the way to any count, so that more layers are never worse."""
        steps = [FEW << power for power in range(16)] if self._is_small else []
        return [*(step for step in steps if self.count < step < count), count]

    def _grow_to(self, count: int) -> None:
        if not self.count and _is_plain(self.scene.below):
            structure(self.growth, self.scene, count, self.schedule.pieces)
            self._tune(self.schedule.first, 0.0, 0.1)
        rounds = self.schedule.rounds
        closest, least = self.growth, float("inf")
        for index, (share, steps) in enumerate(rounds):
            is_last = index == len(rounds) - 1 or self._is_late()
            if self.schedule.dropped and self.count >= count:
                self.shrink_to(round((1 - self.schedule.dropped) * count))
            wanted = count - self.count
            if wanted > 0:
                added = max(1, round(share * wanted))
                add_where_missed(self.growth, self.tuner, added, self.schedule.pieces, self.terms.seed, self._guide)
            steps = SETTLING_STEPS if is_last and self.terms.deadline is not None else steps
            if is_last:
                self.growth.paths = with_gradients(self.tuner, self.growth.paths, self.growth.source < 0)
            self._tune(steps, 0.1 + 0.9 * index / len(rounds), 0.1 + 0.9 * (index + 1) / len(rounds))
            error = self._missed()
            if error < least and (share == 1 or is_last):
                closest, least = self.growth.copy(), error
            if is_last:
                break
        self.growth = closest

    def shrink_to(self, count: int) -> None:
        """Drop the paths without which the error rises least."""
        effect = effects(self.tuner, self.growth.paths)
        if self._guide is not None and self._guide.focus is not None and self.growth.regions.size:
            effect *= weights_of(self.growth.regions, self._guide.focus)[self.growth.owner]
        effect[self.growth.source >= 0] = np.inf
        count = max(count, int((self.growth.source >= 0).sum()))
        self.growth.keep(np.sort(np.argsort(-effect, kind="stable")[:count]))

    def _know_regions(self, count: int) -> None:
        """Find the picture's regions."""
        growth, guide = self.growth, self._guide
        segments = None if guide is None else guide.segments
        growth.regions, growth.rank, growth.parent = regions_of(self.scene, count, self.terms.seed, segments)
        growth.segment = _most_frequent(growth.regions, segments)

    def _missed(self) -> float:
        """The mean squared error, of which more counts where detail matters."""
        focus = None if self._guide is None else self._guide.focus
        return self.tuner.error(self.growth.paths, None if focus is None else 1 + (FOCUS - 1) * focus)

    def _is_late(self) -> bool:
        """Whether only the time for the last steps is left."""
        if self.terms.deadline is None:
            return False
        return self.terms.deadline - time.monotonic() < SETTLING_SHARE * (self.terms.deadline - self._started)

    def _tune(self, steps: int, start: float, end: float) -> None:
        done = 0

        def told(error: float) -> None:
            nonlocal done
            done += 1
            self._share = max(self._share, start + (end - start) * done / (steps + 1))
            if self.terms.told is not None:
                self.terms.told(self._share, error)

        self.growth.paths = self.tuner.tune(self.growth.paths, steps, deadline=self.terms.deadline, told=told)


def regions_of(
    scene: Scene, count: int, seed: int, segments: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The picture's regions [H,W], `count` of them at most, each in one of the `segments` [H,W] where there are enough;
    their order, large ones first, those of a coarser region together, and those of a segment [K]; and these coarser
    regions [K]."""
    _, height, width = scene.picture.shape
    told = scene.picture if segments is None else told_apart(scene.picture, segments)
    is_flat = bool((np.ptp(told, (1, 2)) < SAME_COLOR).all())
    most = 1 if is_flat else min(count, height * width)
    levels = merged(told, (most, min(GROUPS, most)), STRUCTURE_POWER, seed)
    fine, coarse = levels[most], levels[min(GROUPS, most)]
    count, groups = int(fine.max()) + 1, int(coarse.max()) + 1
    parent = np.zeros(count, np.int64)
    parent[fine.ravel()] = coarse.ravel()
    size = np.bincount(fine.ravel(), minlength=count)
    sizes = np.bincount(coarse.ravel(), minlength=groups)
    order = np.lexsort((-size, parent, -sizes[parent], _most_frequent(coarse, segments)[parent]))
    rank = np.empty(count, np.int64)
    rank[order] = np.arange(count)
    return fine, rank, parent


def told_apart(values: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """Values [D,H,W] with a channel that tells segments [H,W] apart: [D+1,H,W]."""
    return np.concatenate([values, APART * segments[None].astype(np.float32)])


def weights_of(regions: np.ndarray, focus: np.ndarray) -> np.ndarray:
    """By how much more than elsewhere detail matters in each of some regions [H,W]: [K]."""
    mean, _ = _means(regions, focus[None])
    weights: np.ndarray = 1 + (FOCUS - 1) * mean[:, 0]
    return weights


def structure(growth: Growth, scene: Scene, count: int, pieces: int) -> None:
    """Add the picture's regions as paths, holes filled: of each coarser region the whole, in the colour of its largest
    part, and on it the other parts, large ones below small ones. The order of the regions becomes that of the paths."""
    means, size = _means(growth.regions, scene.picture)
    coarse = growth.parent[growth.regions]
    wholes = outlines(coarse, range(int(coarse.max()) + 1), pieces)
    parts = outlines(growth.regions, range(len(size)), pieces)
    area = np.array([_area(contour) for contour in parts])
    holes = _clear_holes(growth.regions, means, pieces)
    contours: list[list[np.ndarray]] = []
    owner: list[int] = []
    above = _most_frequent(coarse, growth.segment[growth.regions])
    for number in sorted(range(len(wholes)), key=lambda number: (above[number], -_area(wholes[number]))):
        own = np.flatnonzero(growth.parent == number)
        largest = own[np.argmax(size[own])]
        for part in (largest, *sorted(own[own != largest], key=lambda part: -area[part])):
            growth.rank[part] = len(owner)
            contour = wholes[number] if part == largest else parts[part]
            if contour is None or _is_clear(means[part]):
                continue
            if part != largest and np.abs(means[part] - means[largest]).max() < SAME_COLOR:
                continue
            contours.append([contour, *(hole for hole in holes if _holds(contour, hole))])
            owner.append(int(part))
    if not contours or len(contours) > count:
        contours, owner = contours[:count], owner[:count]
    if contours:
        colors = _straight(means[owner])
        opacity = np.full(len(owner), STRUCTURE_OPACITY)
        if len(scene.picture) == 4:
            opacity = np.clip(means[owner][:, 3], 0.0, STRUCTURE_OPACITY)
        growth.add(Paths.of_contours(contours, colors, opacity), np.array(owner, np.int64))


def add_where_missed(
    growth: Growth, tuner: Tuner, count: int, pieces: int, seed: int, guide: Guide | None = None
) -> None:
    """Add paths, `count` at most, where the picture is missed: regions of the residual, by how much a flat shift of
    each would gain, those first where a guide says that detail matters, each in one of its segments. A path lies above
    those of the topmost region of the picture that it is on."""
    scene = tuner.scene
    drawn = tuner.draw(growth.paths)
    residual = scene.picture - drawn
    if scene.light is not None:
        residual = residual / np.maximum(scene.light, 0.05)
    levels = sorted({min(max(2, int(count * level)), residual[0].size) for level in LEVELS})
    segments, focus = (None, None) if guide is None else (guide.segments, guide.focus)
    told = residual if segments is None else told_apart(residual, segments)
    best = max(
        (
            _Shifts.of(residual, regions, count, focus)
            for regions in merged(told, levels, RESIDUAL_POWER, seed).values()
        ),
        key=lambda shifts: shifts.gain,
    )
    found = outlines(best.regions, best.chosen, pieces)
    kept = [index for index, contour in enumerate(found) if contour is not None]
    colors, opacity = best.fills(drawn, residual)
    if kept:
        owner = _owners(growth, best.regions, best.chosen[kept])
        growth.add(
            Paths.of_contours([[contour] for contour in found if contour is not None], colors[kept], opacity[kept]),
            owner,
        )


@dataclass(frozen=True)
class _Shifts:
    """Regions [H,W] of a residual, the numbers of those that are worth most, and what flat shifts of these gain."""

    regions: np.ndarray
    chosen: np.ndarray
    means: np.ndarray
    gain: float

    @classmethod
    def of(cls, residual: np.ndarray, regions: np.ndarray, count: int, focus: np.ndarray | None) -> _Shifts:
        """The regions by their worth."""
        means, size = _means(regions, residual)
        shifts = np.square(means).sum(1)
        gains = size * (shifts > MIN_SHIFT**2) * shifts
        if focus is not None:
            gains *= weights_of(regions, focus)
        gains[size < (MIN_PIXELS if regions.size > SMALL_PIXELS else 1)] = 0
        if means.shape[1] == 4:
            gains[means[:, 3] < -0.02] = 0  # a layer covers more, never less
        chosen = np.argsort(-gains, kind="stable")[:count]
        chosen = chosen[gains[chosen] > 0]
        return cls(regions, chosen, means, float(gains[chosen].sum()))

    def fills(self, drawn: np.ndarray, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The colours [N,D] and opacities [N] of layers over `drawn` that shift it so: opaque where the picture under
        one varies and should not."""
        below, _ = _means(self.regions, drawn)
        squares, _ = _means(self.regions, drawn * drawn)
        products, _ = _means(self.regions, residual * drawn)
        variance = (squares - below * below).sum(1)
        covariance = (products - self.means * below).sum(1)
        opacity = np.clip(-covariance / (variance + 1e-3), MIN_OPACITY, MAX_OPACITY)[self.chosen]
        below, shift = below[self.chosen], self.means[self.chosen]
        for _ in range(8):  # until the colours can be
            colors = below + shift / opacity[:, None]
            beyond = ((colors < 0) | (colors > 1)).any(1)
            opacity = np.where(beyond, np.minimum(1.2 * opacity, MAX_OPACITY), opacity)
        colors = np.clip(below + shift / opacity[:, None], 0, 1)
        return _straight(colors), opacity


def effects(tuner: Tuner, paths: Paths) -> np.ndarray:
    """By how much the squared error would rise without each path, to second order: [L]."""
    tried = paths.copy()
    tried.opacity[:] = np.minimum(tried.opacity, 0.985)  # an opaque path has no slope
    slopes, opacity = tuner.slopes(tried), tried.opacity
    result: np.ndarray = 0.5 * opacity**2 * slopes.opacity_curvature - opacity * slopes.opacity
    return result


def outlines(regions: np.ndarray, numbers: Sequence[int] | np.ndarray, pieces: int) -> list[np.ndarray | None]:
    """The outer boundaries of some connected regions [H,W] as contours [3n,2] of up to `pieces` cubics; None of what is
    too small."""
    height, width = regions.shape
    boxes = _boxes(regions)
    found: list[np.ndarray | None] = []
    for number in numbers:
        line = outline(regions, number, boxes[number], width, height)
        most = min(max(round(PIECES * len(line) ** 0.5), MIN_PIECES), pieces)
        found.append(fit_closed(line, MIN_PIECES, most, ERROR) if len(line) >= 4 else None)
    return found


def _boxes(regions: np.ndarray) -> np.ndarray:
    """Left, top, right and bottom of each region: [K,4]."""
    width = regions.shape[1]
    order = np.argsort(regions.ravel(), kind="stable")
    starts = np.searchsorted(regions.ravel()[order], np.arange(int(regions.max()) + 1))
    rows, columns = order // width, order % width
    low, high = (reduce.reduceat(columns, starts) for reduce in (np.minimum, np.maximum))
    top, bottom = (reduce.reduceat(rows, starts) for reduce in (np.minimum, np.maximum))
    return np.stack([low, top, high + 1, bottom + 1], 1)


def _means(regions: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of values [D,H,W] in each region, [K,D], and the regions' sizes in pixels, [K]."""
    numbers = regions.ravel()
    size = np.bincount(numbers)
    return np.stack([np.bincount(numbers, channel.ravel()) / size for channel in values], 1), size


def _most_frequent(regions: np.ndarray, segments: np.ndarray | None) -> np.ndarray:
    """The segment that most pixels of each region [H,W] are in: [K]; 0 where there are none."""
    if segments is None:
        return np.zeros(int(regions.max()) + 1, np.int64)
    found: np.ndarray = _shared(regions, segments).argmax(1)
    return found


def _shared(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How many pixels each number of one [H,W] has in common with each of another: [K,N]."""
    rows, columns = int(one.max()) + 1, int(other.max()) + 1
    found: np.ndarray = np.bincount(one.ravel() * columns + other.ravel(), minlength=rows * columns)
    return found.reshape(rows, columns)


def _owners(growth: Growth, regions: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """For each of some regions of a residual, the region of the picture that lies highest of those it is on."""
    pairs = _shared(regions, growth.regions)
    shares = pairs[numbers] / pairs[numbers].sum(1, keepdims=True)
    on = np.where(shares >= ON_REGION, growth.rank, -1)
    found: np.ndarray = np.where(on.max(1) >= 0, on.argmax(1), shares.argmax(1))
    return found


def _area(contour: np.ndarray | None) -> float:
    """Roughly, of a contour's control points, in square px; 0 where there is none."""
    if contour is None:
        return 0.0
    x, y = contour.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _is_plain(canvas: np.ndarray) -> bool:
    """Whether a canvas [D,H,W] has one colour."""
    return bool((canvas == canvas[:, :1, :1]).all())


def _is_clear(mean: np.ndarray) -> bool:
    """Whether a region of a transparent picture is mostly empty."""
    return len(mean) == 4 and mean[3] < CLEAR


def _straight(colors: np.ndarray) -> np.ndarray:
    """Premultiplied colours [N,4] as straight ones with a coverage of 1; [N,3] as they are."""
    if colors.shape[1] == 3:
        return colors
    straight: np.ndarray = np.clip(colors / np.maximum(colors[:, 3:], 1e-3), 0, 1)
    straight[:, 3] = 1
    return straight


def _clear_holes(regions: np.ndarray, means: np.ndarray, pieces: int) -> list[np.ndarray]:
    """Of a transparent picture, the outlines of its empty parts that do not reach its border, the other way round than
    those of regions, so that they cut holes."""
    if means.shape[1] != 4:
        return []
    clear = means[:, 3] < CLEAR
    joined = _components(regions, clear)
    rim = {*joined[0], *joined[-1], *joined[:, 0], *joined[:, -1]}
    inside = [number for number in np.unique(joined[clear[regions]]).tolist() if number not in rim]
    compact = np.searchsorted(np.unique(joined), joined)
    numbers = np.searchsorted(np.unique(joined), inside)
    return [np.roll(contour[::-1], 1, 0) for contour in outlines(compact, numbers, pieces) if contour is not None]


def _components(regions: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """The regions [H,W] with those that are clear [K] joined to their clear neighbours."""
    root = np.arange(len(clear))

    def find(number: int) -> int:
        while root[number] != number:
            number = int(root[number])
        return number

    for one, other in ((regions[:, :-1], regions[:, 1:]), (regions[:-1], regions[1:])):
        pairs = np.stack([one.ravel(), other.ravel()], 1)
        pairs = pairs[(pairs[:, 0] != pairs[:, 1]) & clear[pairs].all(1)]
        for a, b in np.unique(pairs, axis=0).tolist():
            root[find(a)] = find(b)
    found: np.ndarray = np.array([find(number) for number in range(len(clear))])[regions]
    return found


def _holds(contour: np.ndarray, hole: np.ndarray) -> bool:
    """Whether a hole lies within a contour: most of its knots do, of the polygon of the other's points."""
    x, y = hole[::3].T
    (ax, ay), (bx, by) = contour.T, np.roll(contour, -1, 0).T
    spans = (ay[:, None] > y) != (by[:, None] > y)
    with np.errstate(divide="ignore", invalid="ignore"):
        left = x < (bx - ax)[:, None] * (y - ay[:, None]) / (by - ay)[:, None] + ax[:, None]
    return bool(((spans & left).sum(0) % 2 == 1).mean() > 0.5)
