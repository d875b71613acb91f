"""Flat paths that become gradients where the picture wants it: in closed form, to be tuned afterwards."""

from __future__ import annotations

import dataclasses

import numpy as np

from vecstack.kinds.path.arrays import FLAT_FORM, LINEAR_FORM, PLACE, Paths
from vecstack.kinds.path.fit import Tuner

MIN_SHARE = 0.08  # of what a path is worth on average (the error over the count of paths), that a gradient must gain
MAX_SHARE = 0.3  # of the paths that become gradients at a time
STEP = 0.5  # of the change in closed form: paths that lie over one another mend the same pixels
MIN_CONTRAST = 0.02  # between the ends of a gradient: less does not show


def with_gradients(tuner: Tuner, paths: Paths, free: np.ndarray) -> Paths:
    """The paths, those with a linear gradient in the place of their flat colour that are `free` [L] for one and gain
    enough by it.

    In each direction, across and down, a colour that runs from one side of a path to the other has two colours that are
    least squares of what is missing, given the light that reaches the path. The two slopes give the direction in which
    the colour changes most (the first singular vector), which is kept."""
    flat = np.flatnonzero((paths.form == FLAT_FORM) & free)
    if not len(flat):
        return paths
    low, high = (reduce.reduceat(paths.points, paths.point_start[:-1])[flat] for reduce in (np.minimum, np.maximum))
    size = np.maximum(high - low, 1e-6)
    whole = tuner.slopes(paths)
    stops = paths.stop_start[flat]
    slopes, shifts, gains = [], [], []
    for axis in (0, 1):
        runs = _runs(paths, flat, axis, low, size)
        found = tuner.slopes(runs)
        first = runs.stop_start[flat]
        near, far = found.colors[first, :3], found.colors[first + 1, :3]
        a, b = found.color_curvature[first], found.color_curvature[first + 1]
        cross = (whole.color_curvature[stops] - a - b) / 2
        damping = 1e-3 * (a + b) + 1e-6
        determinant = (a + damping) * (b + damping) - cross**2
        by_near = -((b + damping)[:, None] * near - cross[:, None] * far) / determinant[:, None]
        by_far = -((a + damping)[:, None] * far - cross[:, None] * near) / determinant[:, None]
        slopes.append((by_far - by_near) / size[:, axis, None])
        shifts.append((by_near + by_far) / 2)
        gains.append(-(by_near * near + by_far * far).sum(1))
    left, strength, right = np.linalg.svd(np.stack(slopes, 2))  # [N,3,2]
    gain = np.maximum(*gains)
    chosen = np.argsort(-gain, kind="stable")[: int(MAX_SHARE * paths.count)]
    chosen = chosen[gain[chosen] > MIN_SHARE * whole.error / paths.count]
    middle = (low + high) / 2
    turned: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    for index in chosen:
        way = right[index, 0]
        half = np.abs(way) @ size[index] / 2
        change = STEP * strength[index, 0] * half * left[index, :, 0]
        color = paths.colors[stops[index], :3] + STEP * (shifts[0][index] + shifts[1][index]) / 2
        ends = np.clip(np.stack([color - change, color + change]), 0, 1)
        if np.abs(ends[1] - ends[0]).max() >= MIN_CONTRAST:
            start = middle[index] - half * way
            place = np.array([*(way / (2 * half)), -(way @ start) / (2 * half), *np.zeros(PLACE - 3)])
            place[3:6] = -place[1], place[0], (start[0] * way[1] - start[1] * way[0]) / (2 * half)
            turned[int(flat[index])] = place, ends
    return _turned(paths, turned)


def _runs(paths: Paths, flat: np.ndarray, axis: int, low: np.ndarray, size: np.ndarray) -> Paths:
    """The paths with gradients of one colour along an axis, which look as before."""
    place = np.zeros((len(flat), PLACE))
    place[:, axis] = 1 / size[:, axis]
    place[:, 2] = -low[:, axis] / size[:, axis]
    ends = np.repeat(paths.colors[paths.stop_start[flat], None, :3], 2, 1)
    return _turned(paths, {int(index): (place[n], ends[n]) for n, index in enumerate(flat)})


def _turned(paths: Paths, turned: dict[int, tuple[np.ndarray, np.ndarray]]) -> Paths:
    """The paths, some of them with a linear gradient between two colours [2,3] at a place [8]."""
    if not turned:
        return paths
    form, places = paths.form.copy(), paths.place.copy()
    counts = np.diff(paths.stop_start)
    offsets, colors = [], []
    for index in range(paths.count):
        own = slice(paths.stop_start[index], paths.stop_start[index + 1])
        if index in turned:
            places[index], ends = turned[index]
            form[index], counts[index] = LINEAR_FORM, 2
            both = np.ones((2, paths.colors.shape[1]), np.float32)
            both[:, :3] = ends
            offsets.append(np.array([0, 1], np.float32))
            colors.append(both)
        else:
            offsets.append(paths.offsets[own])
            colors.append(paths.colors[own])
    return dataclasses.replace(
        paths, form=form, place=places, offsets=np.concatenate(offsets), colors=np.concatenate(colors),
        stop_start=np.concatenate([[0], np.cumsum(counts)]),
    )  # fmt: skip
