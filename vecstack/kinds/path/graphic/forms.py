"""Outlines as sums of the numbers that are free, so that lines stay lines and circles circles while they are
tuned."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.fit import Tuner
from vecstack.kinds.path.graphic.banded import added, folded, solved
from vecstack.kinds.path.graphic.boxes import box_map
from vecstack.kinds.path.graphic.curves import BOX, CIRCLE, CURVE, LEVEL, SAME_RADIUS, UPRIGHT, WHOLE, Outline
from vecstack.kinds.path.slopes import Slopes
from vecstack.winding import area_of

RATE, MOMENTUM = 0.6, 0.5
DAMPING = 0.02  # of the mean curvature of a path's numbers
LIMIT = 1.0  # px that a number may move in a step
SETTLING = 0.5  # last share of the steps, which become shorter
SMOOTH_TURN = math.radians(15)  # least turn of a corner; what turns less is pulled straight
SMOOTHNESS = 0.05  # of that pull, as a share of the mean curvature


@dataclass(frozen=True)
class Form:
    """The outlines of a path, and of which of its `count` free numbers its M points are sums: the numbers of x, y, x,
    y, ... are the free ones at `places` [2M,K] times `weights` [2M,K]. Free numbers that meet in a piece are near each
    other."""

    outlines: tuple[Outline, ...]
    places: np.ndarray
    weights: np.ndarray
    count: int

    @classmethod
    def of(cls, outlines: Sequence[Outline]) -> Form:
        """The form of a path with some outlines."""
        sums = [_whole_sums(outline) if outline.kinds[0] in WHOLE else _sums(outline) for outline in outlines]
        width = max(places.shape[1] for places, _ in sums)
        count, every = 0, []
        for places, weights in sums:
            beside = ((0, 0), (0, width - places.shape[1]))
            every.append((np.pad(places, beside, "edge") + count, np.pad(weights, beside)))
            count += int(places.max()) + 1
        places, weights = (np.concatenate(parts) for parts in zip(*every, strict=True))
        return cls(tuple(outlines), places, weights, count)

    @property
    def points(self) -> np.ndarray:
        """Its M points [M,2], as near as the form allows to what they were."""
        return np.concatenate([_snapped(outline) for outline in self.outlines])

    @property
    def area_and_width(self) -> tuple[float, float]:
        """About how much it holds, and how wide that is in the mean, px."""
        area = abs(sum(area_of(outline.points) for outline in self.outlines))
        around = sum(
            float(np.hypot(*(np.roll(outline.points, -1, 0) - outline.points).T).sum()) for outline in self.outlines
        )
        return area, 2 * area / max(around, 1e-6)

    def moved(self, points: np.ndarray) -> Form:
        """The form with other points [M,2], which it allows."""
        cuts = np.cumsum([len(outline.points) for outline in self.outlines])[:-1]
        parts = np.split(points, cuts)
        new = [Outline(part, outline.kinds) for part, outline in zip(parts, self.outlines, strict=True)]
        return dataclasses.replace(self, outlines=tuple(new))

    def step(self, points: np.ndarray, cubics: np.ndarray, blocks: np.ndarray, slopes: np.ndarray) -> np.ndarray:
        """The damped Gauss-Newton step [M,2] of points [M,2] with slopes [M,2], of cubics [Q,4] with blocks [Q,8,8]."""
        mean = float(np.trace(blocks, axis1=1, axis2=2).sum()) / len(self.places)
        if mean <= 0:
            return np.zeros_like(slopes)
        rows = (2 * cubics[:, :, None] + np.arange(2)).reshape(-1, 8)
        each = np.arange(len(self.places))[:, None]
        band = self._band(rows)
        curvature = self._summed(blocks, rows, band)
        curvature += self._summed(np.full((len(each), 1, 1), DAMPING * mean), each, band)
        curvature[:, 0] += 1e-9
        slopes = slopes.ravel().copy()
        turns, ways, sizes = _turns(self.outlines, points)
        if len(sizes):
            curvature += self._summed(SMOOTHNESS * mean * ways[:, :, None] * ways[:, None], turns, band)
            np.add.at(slopes, turns, SMOOTHNESS * mean * sizes[:, None] * ways)
        downhill = -np.bincount(self.places.ravel(), (self.weights * slopes[:, None]).ravel(), self.count)
        free = solved(curvature, downhill)
        found: np.ndarray = (self.weights * free[self.places]).sum(1).reshape(-1, 2)
        return found

    def _band(self, rows: np.ndarray) -> int:
        """How far apart free numbers are, at most, that numbers in one of some rows [Q,R] are sums of."""
        places = self.places[rows]
        return int((places.max((1, 2)) - places.min((1, 2))).max())

    def _summed(self, blocks: np.ndarray, rows: np.ndarray, band: int) -> np.ndarray:
        """Blocks [Q,R,R] of a quadratic form of the numbers in rows [Q,R], as that of the free numbers: the lower half
        [N,band+1] of a matrix in a band."""
        places, weights = self.places[rows], self.weights[rows]
        values = np.einsum("qij,qia,qjb->qiajb", blocks, weights, weights)
        rows, columns = places[:, :, :, None, None], places[:, None, None]
        down, across = (np.broadcast_to(own, values.shape) for own in (rows, columns))
        return added(down, across, values, self.count, band)


def _turns(outlines: Sequence[Outline], points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where curves should go on straight from one piece to the next: the numbers of a handle and its knot [J,4], in
    which way each moves the handle away from the straight line [J,4], and how far it is from that, px [J]."""
    rows: list[list[int]] = []
    ways: list[list[float]] = []
    sizes: list[float] = []
    first = 0
    for outline in outlines:
        count = len(outline.points)
        for piece in range(len(outline.kinds) if outline.kinds[0] not in WHOLE else 0):
            knot, before, after = (first + (3 * piece + shift) % count for shift in (0, -1, 1))
            into, out = points[knot] - points[before], points[after] - points[knot]
            lengths = math.hypot(*into), math.hypot(*out)
            curves = outline.kinds[piece - 1] == CURVE, outline.kinds[piece] == CURVE
            if min(lengths) < 1e-6 or not any(curves):
                continue
            into, out = into / lengths[0], out / lengths[1]
            if float(into @ out) < math.cos(SMOOTH_TURN):
                continue
            straight = into + out if all(curves) else (out if curves[0] else into)
            x, y = straight / math.hypot(*straight)
            for handle in (handle for handle, is_curve in zip((before, after), curves, strict=True) if is_curve):
                rows.append([2 * handle, 2 * handle + 1, 2 * knot, 2 * knot + 1])
                ways.append([y, -x, -y, x])
                sizes.append(float((points[handle] - points[knot]) @ (y, -x)))
        first += count
    return np.array(rows, np.int64).reshape(-1, 4), np.array(ways).reshape(-1, 4), np.array(sizes)


def _sums(outline: Outline) -> tuple[np.ndarray, np.ndarray]:
    """Of which free numbers those of an outline are sums, [2M,2], and their weights: the handles of a line are where
    its ends are, those of a level line at one height."""
    same = _same(outline)
    places, weights = np.stack([same, same], 1), np.zeros((len(same), 2))
    weights[:, 0] = 1
    for index in np.flatnonzero(outline.kinds != CURVE).tolist():
        for axis in (0, 1):
            ends = same[6 * index + axis], same[(6 * index + 6) % len(same) + axis]
            places[[6 * index + 2 + axis, 6 * index + 4 + axis]] = ends
            weights[6 * index + 2 + axis] = 2 / 3, 1 / 3
            weights[6 * index + 4 + axis] = 1 / 3, 2 / 3
    free, numbers = np.unique(places, return_inverse=True)
    return folded(len(free))[numbers].reshape(places.shape), weights


def _same(outline: Outline) -> np.ndarray:
    """For each number of an outline (x, y, x, y, ...) the first one that it is the same as: those of level and upright
    lines' ends."""
    count = 6 * len(outline.kinds)
    same = np.arange(count)
    for index, kind in enumerate(outline.kinds):
        if kind in (LEVEL, UPRIGHT):
            axis = 1 if kind == LEVEL else 0
            one, other = sorted((same[6 * index + axis], same[(6 * index + 6) % count + axis]))
            same[same == other] = one
    return same


def _snapped(outline: Outline) -> np.ndarray:
    """The points [3n,2] of an outline, as its map allows them."""
    if outline.kinds[0] in WHOLE:
        to = _whole_map(outline)
        round_points: np.ndarray = (to @ np.linalg.lstsq(to, outline.points.ravel(), rcond=None)[0]).reshape(-1, 2)
        return round_points
    same = _same(outline)
    sums = np.bincount(same, outline.points.ravel(), len(same))
    means = sums / np.maximum(np.bincount(same, minlength=len(same)), 1)
    points: np.ndarray = means[same].reshape(-1, 2)
    for index in np.flatnonzero(outline.kinds != CURVE).tolist():
        start, end = points[3 * index], points[(3 * index + 3) % len(points)]
        points[3 * index + 1], points[3 * index + 2] = (2 * start + end) / 3, (start + 2 * end) / 3
    return points


def _whole_sums(outline: Outline) -> tuple[np.ndarray, np.ndarray]:
    """The same of a circle, which has 3 free numbers, an ellipse, which has 4, or 6 where it is slanted, or a rectangle
    with round corners, which has 5."""
    to = _whole_map(outline)
    return np.tile(np.arange(to.shape[1]), (len(to), 1)), to


def _whole_map(outline: Outline) -> np.ndarray:
    """The map from the free numbers of a whole outline to its points."""
    return box_map(area_of(outline.points) < 0) if outline.kinds[0] == BOX else _round_map(outline.points)


def _round_map(points: np.ndarray) -> np.ndarray:
    """The map of a circle or an ellipse: its middle and its axes."""
    middle = (points[0] + points[6]) / 2
    first, second = points[0] - middle, points[3] - middle
    found = np.zeros((len(points), 2, 6))
    for axis in (0, 1):
        found[:, axis, axis] = 1
        found[:, axis, 2 + axis] = CIRCLE[:, 0]
        found[:, axis, 4 + axis] = CIRCLE[:, 1]
    whole = found.reshape(-1, 6)
    radii = np.hypot(*first), np.hypot(*second)
    if max(radii) > (1 + SAME_RADIUS) * min(radii):
        if abs(first[1]) + abs(second[0]) < 1e-6:  # along the axes of the picture
            return whole[:, [0, 1, 2, 5]]
        if abs(first[0]) + abs(second[1]) < 1e-6:
            return whole[:, [0, 1, 3, 4]]
        return whole
    radius = whole[:, 2:] @ np.concatenate([first, second]) / radii[0]
    return np.concatenate([whole[:, :2], radius[:, None]], 1)


def tuned(tuner: Tuner, paths: Paths, forms: Sequence[Form], steps: int) -> Paths:
    """Paths of such forms after the closest of some damped Gauss-Newton steps of their free numbers; colours stay."""
    paths = paths.copy()
    speed = np.zeros_like(paths.points)
    best, least = paths.points.copy(), float("inf")
    for step in range(steps + 1):
        slopes = tuner.slopes(paths)
        if slopes.error < least:
            best, least = paths.points.copy(), slopes.error
        if step == steps:
            break
        rate = RATE * min(1.0, (steps - step) / (SETTLING * steps))
        speed = MOMENTUM * speed + rate * _step(paths, slopes, forms)
        for index in range(paths.count):
            own = speed[paths.point_start[index] : paths.point_start[index + 1]]
            own *= min(1.0, LIMIT / max(float(np.abs(own).max()), 1e-9))
        paths.points += speed
    paths.points = best
    return paths


def _step(paths: Paths, slopes: Slopes, forms: Sequence[Form]) -> np.ndarray:
    """The damped Gauss-Newton step of all points, [M,2], that the forms allow."""
    rows, columns = np.tril_indices(8)
    blocks = np.zeros((len(slopes.blocks), 8, 8))
    blocks[:, rows, columns] = slopes.blocks
    blocks[:, columns, rows] = slopes.blocks
    steps = np.zeros_like(paths.points)
    for index, form in enumerate(forms):
        points = slice(paths.point_start[index], paths.point_start[index + 1])
        own = slice(paths.cubic_start[index], paths.cubic_start[index + 1])
        own_cubics = paths.cubics[own] - points.start
        steps[points] = form.step(paths.points[points], own_cubics, blocks[own], slopes.points[points])
    return steps
