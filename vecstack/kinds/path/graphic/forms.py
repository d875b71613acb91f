"""Outlines as linear maps of the numbers that are free, so that lines stay lines and circles circles while they are
tuned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.fit import Tuner
from vecstack.kinds.path.graphic.curves import CIRCLE, CURVE, LEVEL, ROUND, SAME_RADIUS, UPRIGHT, Outline
from vecstack.kinds.path.slopes import Slopes

RATE, MOMENTUM = 0.6, 0.5
DAMPING = 0.02  # of the mean curvature of a path's numbers
LIMIT = 1.0  # px that a number may move in a step
SETTLING = 0.5  # last share of the steps, which become shorter
MAX_NUMBERS = 600  # of a path; larger ones stay, since a step takes their cube


@dataclass(frozen=True)
class Form:
    """The outlines of a path, and the map [2M,N] from N free numbers to its M points (x, y, x, y, ...)."""

    outlines: tuple[Outline, ...]
    map: np.ndarray

    @classmethod
    def of(cls, outlines: Sequence[Outline]) -> Form:
        """The form of a path with some outlines."""
        maps = [_map(outline) for outline in outlines]
        rows, columns = (sum(part.shape[axis] for part in maps) for axis in (0, 1))
        whole = np.zeros((rows, columns))
        row = column = 0
        for part in maps:
            whole[row : row + part.shape[0], column : column + part.shape[1]] = part
            row, column = row + part.shape[0], column + part.shape[1]
        return cls(tuple(outlines), whole)

    @property
    def points(self) -> np.ndarray:
        """Its M points [M,2], as near as the map allows to what they were."""
        return np.concatenate([_snapped(outline) for outline in self.outlines])

    def moved(self, points: np.ndarray) -> Form:
        """The form with other points [M,2], which it allows."""
        cuts = np.cumsum([len(outline.points) for outline in self.outlines])[:-1]
        parts = np.split(points, cuts)
        new = [Outline(part, outline.kinds) for part, outline in zip(parts, self.outlines, strict=True)]
        return Form(tuple(new), self.map)


def _map(outline: Outline) -> np.ndarray:
    """The map of one outline: a circle has 3 numbers, an ellipse 6; the handles of a line are where its ends are, those
    of a level line at one height."""
    if outline.kinds[0] == ROUND:
        return _round_map(outline.points)
    count = 3 * len(outline.kinds)
    same = _same(outline)
    whole = np.zeros((2 * count, 2 * count))
    whole[np.arange(2 * count), same] = 1
    for index in np.flatnonzero(outline.kinds != CURVE).tolist():
        for axis in (0, 1):
            start, end = whole[6 * index + axis], whole[6 * (index + 1) % (2 * count) + axis]
            whole[6 * index + 2 + axis] = (2 * start + end) / 3
            whole[6 * index + 4 + axis] = (start + 2 * end) / 3
    used = np.abs(whole).sum(0) > 0
    found: np.ndarray = whole[:, used]
    return found


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
    if outline.kinds[0] == ROUND:
        to = _round_map(outline.points)
        round_points: np.ndarray = (to @ np.linalg.lstsq(to, outline.points.ravel(), rcond=None)[0]).reshape(-1, 2)
        return round_points
    same = _same(outline)
    sums = np.bincount(same, outline.points.ravel(), len(same))
    points = (sums / np.maximum(np.bincount(same, minlength=len(same)), 1))[same].reshape(-1, 2)
    for index in np.flatnonzero(outline.kinds != CURVE).tolist():
        start, end = points[3 * index], points[(3 * index + 3) % len(points)]
        points[3 * index + 1], points[3 * index + 2] = (2 * start + end) / 3, (start + 2 * end) / 3
    return points


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
    steps = np.zeros_like(paths.points)
    rows, columns = np.tril_indices(8)
    blocks = np.zeros((len(slopes.blocks), 8, 8))
    blocks[:, rows, columns] = slopes.blocks
    blocks[:, columns, rows] = slopes.blocks
    for index, form in enumerate(forms):
        first, end = paths.point_start[index], paths.point_start[index + 1]
        if form.map.shape[1] > MAX_NUMBERS:
            continue
        cubics = slice(paths.cubic_start[index], paths.cubic_start[index + 1])
        places = (2 * (paths.cubics[cubics] - first)[:, :, None] + np.arange(2)).reshape(-1, 8)
        curvature = np.zeros((2 * (end - first),) * 2)
        np.add.at(curvature, (places[:, :, None], places[:, None, :]), blocks[cubics])
        mean = np.trace(curvature) / len(curvature)
        if mean <= 0:
            continue
        curvature[np.diag_indices(len(curvature))] += DAMPING * mean + 1e-9
        to = form.map
        solved = np.linalg.solve(to.T @ curvature @ to, -(to.T @ slopes.points[first:end].ravel()))
        steps[first:end] = (to @ solved).reshape(-1, 2)
    return steps
