"""Closed polygons as closed uniform quadratic B-splines, and these as the data of SVG paths.

In a uniform quadratic B-spline the curve's pieces meet half way between control points, and each piece's control point
is the reflection of the one before at that place: what SVG's `t` says without a word. With control points on whole
numbers and knots on halves the reflection is exact.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from vecstack.exporting.svg.contours import Contour

MAX_CONTROLS = 400  # of a curve
MIN_CONTROLS = 4
GROWTH = 1.4  # by which the count grows until the curve is close
POINTS_PER_CONTROL = 2.5  # least
LARGEST_MISS = 2.5  # of the tolerance, which the root mean square keeps
FAR_WEIGHT = 0.1  # of points that are not seen
FAR_DENSITY = 0.3  # of control points there
STRAIGHT = 0.002  # curvature that is added, so that straight stretches get control points too
PROJECTIONS = 2  # times that points are given their nearest places on the curve


def fit(contour: Contour, tolerance: float) -> np.ndarray:
    """Control points [N,2] of a closed uniform quadratic B-spline within `tolerance` (canvas units, root mean square
    over the points that are seen) of a contour, as few as are found by bisection."""
    if not contour.is_near.any():  # a rectangle: doubled corners keep its sides
        return np.repeat(contour.points, 2, 0)
    places, most = _places(contour), _most(contour)
    count, too_few = MIN_CONTROLS, MIN_CONTROLS - 1
    controls, misses = _fitted(contour, places, count)
    while not _is_close(misses, tolerance) and count < most:
        too_few, count = count, min(most, max(count + 1, int(count * GROWTH)))
        controls, misses = _fitted(contour, places, count)
    if not _is_close(misses, tolerance):
        return controls
    while count - too_few > max(1, count // 10):
        middle = (count + too_few) // 2
        fewer, misses = _fitted(contour, places, middle)
        if _is_close(misses, tolerance):
            controls, count = fewer, middle
        else:
            too_few = middle
    return controls


def closest(contour: Contour, count: int) -> np.ndarray:
    """Control points [N,2] of the closed uniform quadratic B-spline of about so many that is closest to a contour."""
    return _fitted(contour, _places(contour), min(max(count, MIN_CONTROLS), _most(contour)))[0]


def _most(contour: Contour) -> int:
    """How many control points a contour has points for."""
    return min(MAX_CONTROLS, max(MIN_CONTROLS, int(len(contour.points) / POINTS_PER_CONTROL)))


def _places(contour: Contour) -> np.ndarray:
    """Where each point of a contour is along it, 0..1: control points are evenly apart so."""
    density = _densities(contour)
    sums = np.concatenate([[0], np.cumsum((density + np.roll(density, -1)) / 2)])
    places: np.ndarray = sums[:-1] / sums[-1]
    return places


def _is_close(misses: np.ndarray, tolerance: float) -> bool:
    return bool(misses.max() <= LARGEST_MISS * tolerance and np.sqrt((misses**2).mean()) <= tolerance)


def _densities(contour: Contour) -> np.ndarray:
    """How closely control points are needed at each point: by the root of the curvature, evened out."""
    points, reach = contour.points, 2
    before, after = points - np.roll(points, reach, 0), np.roll(points, -reach, 0) - points
    turn = np.arctan2(before[:, 0] * after[:, 1] - before[:, 1] * after[:, 0], (before * after).sum(1))
    density = np.sqrt(np.abs(turn) / (reach * contour.spacing) + STRAIGHT)
    density = np.where(contour.is_near, density, density * FAR_DENSITY)
    half = max(2, min(8, len(points) // 8))
    kernel = np.hanning(2 * half + 3)[1:-1]
    around = np.concatenate([density[-half:], density, density[:half]])
    return np.convolve(around, kernel / kernel.sum(), "valid")


def _fitted(contour: Contour, places: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The closest spline [N,2] of `count` control points, its parameter beginning at `places` [M] in 0..1 of the
    points; and the distances of the points that are seen."""
    points, parameters = contour.points, places * count
    weights, each = np.where(contour.is_near, 1.0, FAR_WEIGHT)[:, None], np.arange(len(places))
    for _ in range(PROJECTIONS):
        pieces = np.floor(parameters).astype(int)
        along = parameters - pieces
        near = (pieces[:, None] + np.arange(3)) % count
        design = np.zeros((len(points), count))
        design[each[:, None], near] = np.stack([(1 - along) ** 2 / 2, 0.5 + along - along**2, along**2 / 2], 1)
        weighted = (design * weights).T
        controls = np.linalg.solve(weighted @ design + 1e-6 * np.eye(count), weighted @ points + 1e-6 * points.mean(0))
        tangents = (np.stack([along - 1, 1 - 2 * along, along], 1)[:, :, None] * controls[near]).sum(1)
        off = points - design @ controls
        shifts = (off * tangents).sum(1) / ((tangents**2).sum(1) + 1e-9)
        parameters = (parameters + shifts.clip(-0.25, 0.25)) % count
    distances = np.abs(off[:, 1] * tangents[:, 0] - off[:, 0] * tangents[:, 1])
    return controls, (distances / (np.hypot(*tangents.T) + 1e-9))[contour.is_near]


def path_data(splines: Iterable[np.ndarray], unit: float) -> str:
    """Path data of closed splines, control points [N,2] each, in halves of a `unit` (canvas units) to which control
    points are rounded."""
    text, at = "", np.zeros(2, int)
    for spline in splines:
        controls = np.rint(spline / unit).astype(int)
        knots = controls + np.roll(controls, -1, 0)
        steps = np.diff(knots, axis=0, append=knots[:1])
        # Relative from the first move on, which programs keep to if the move says so.
        text += f"m{numbers(knots[0] - at)}q{numbers([*(2 * np.roll(controls, -1, 0)[0] - knots[0]), *steps[0]])}"
        text += f"t{numbers(steps[1:].ravel())}"
        at = knots[0]
    return text


def numbers(values: Iterable[int]) -> str:
    """Whole numbers as path data writes them: a minus sign separates too."""
    return "".join(str(int(value)) if value < 0 else f" {int(value)}" for value in values).strip()
