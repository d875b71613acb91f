"""Level rectangles with round corners: five numbers, of which all points of their contour are sums."""

from __future__ import annotations

import numpy as np

from vecstack.geometry import UNIT_CIRCLE
from vecstack.winding import area_of

ROUNDS, STEP = 4, 1e-4  # of Gauss-Newton; px by which numbers change for their slopes
LEAST_RADIUS = 0.8  # px: smaller ones are corners that pixels round off
LEAST_FILLED = 0.75  # of the rectangle around it, that one covers: a quarter circle alone has pi / 4

_REACH = UNIT_CIRCLE[1][1]  # of the handles of a quarter of a circle of radius 1


def box_of(points: np.ndarray, error: float) -> np.ndarray | None:
    """The contour [24,2] of the rectangle with round corners through points [N,2], if all are within an error (px)."""
    (left, top), (right, bottom) = points.min(0), points.max(0)
    area = area_of(points)
    whole = (right - left) * (bottom - top)
    if abs(area) < LEAST_FILLED * whole:
        return None
    numbers = np.array([left, right, top, bottom, np.sqrt(max(whole - abs(area), 0) / (4 - np.pi))])
    for _ in range(ROUNDS):
        off = _distances(points, numbers)
        slopes = np.stack([(_distances(points, numbers + step) - off) / STEP for step in STEP * np.eye(5)], 1)
        numbers = numbers - np.linalg.lstsq(slopes, off, rcond=None)[0]
        most = min(numbers[1] - numbers[0], numbers[3] - numbers[2]) / 2
        if not most > LEAST_RADIUS:
            return None
        numbers[4] = np.clip(numbers[4], 0, most)
    off = _distances(points, numbers)
    if numbers[4] < LEAST_RADIUS or np.abs(off).max() > error or np.sqrt(np.square(off).mean()) > 0.6 * error:
        return None
    found: np.ndarray = (box_map(area < 0) @ numbers).reshape(-1, 2)
    return found


def _distances(points: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """How far points [N,2] are from the edge of a rectangle, below 0 within."""
    left, right, top, bottom, radius = numbers
    middle, half = np.array([left + right, top + bottom]) / 2, np.array([right - left, bottom - top]) / 2
    beyond = np.abs(points - middle) - half + radius
    found: np.ndarray = np.hypot(*np.maximum(beyond, 0).T) + np.minimum(beyond.max(1), 0) - radius
    return found


def box_map(is_turned: bool) -> np.ndarray:
    """The map [48,5] from left, right, top, bottom and radius to a contour of eight pieces, x, y, x, y, ...: clockwise
    on the screen, or the other way round."""
    columns = [_contour(*numbers) for numbers in np.eye(5)]
    if is_turned:
        columns = [np.roll(column[::-1], 1, 0) for column in columns]
    return np.stack([column.ravel() for column in columns], 1)


def _contour(left: float, right: float, top: float, bottom: float, radius: float) -> np.ndarray:
    """The contour [24,2], from the left end of the upper side."""
    found = []
    quarter = np.array([[0, -1], [_REACH, -1], [1, -_REACH], [1, 0]])  # from the top of a circle to its right
    middles = np.array([
        [right - radius, top + radius], [right - radius, bottom - radius],
        [left + radius, bottom - radius], [left + radius, top + radius],
    ])  # fmt: skip
    before = middles[3] + radius * np.array([0, -1])
    for middle in middles:
        arc = middle + radius * quarter
        found += [before, (2 * before + arc[0]) / 3, (before + 2 * arc[0]) / 3, *arc[:3]]
        before = arc[3]
        quarter = quarter @ np.array([[0, 1], [-1, 0]])  # a quarter turn on
    return np.array(found)
