"""A surface with a soft edge that gives the grey of pixels: as smooth as it can be for how close it comes to them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.compiled import compiled, compiled_fast

RING = 1  # px around the picture
SOFTNESS = 1.0  # of the edge, in heights: where the surface rises by 1 for a pixel, it is so many pixels wide
FADE = 1.5  # softnesses over which it fades
BENDING = 5e-5  # weight of squared second differences of the surface against squared errors of pixels, at first
WINDING = 3e-3  # weight of squared changes of curvature along the edge, at first
CLOSE = 0.0153  # of cover: error of a picture's pixels, root mean square, for which no surface is less smooth
LEAST_SMOOTH, MOST_SMOOTH = 0.05, 20.0  # times these weights
RATE, FARTHEST = 0.7, 3.0  # of the weights' change, in logarithms, for that of the squared error; most in a step
REACH = 1.0  # height from the edge within which these count
FLAT = 0.01  # squared slope that counts as none
STEPS, SETTLING = 13, 3  # in all, and before the weights change
DAMPING, LEAST_DAMPING = 1e-3, 1e-6
VALUES = np.array([1, 23, 23, 1]) / 48  # of the four cubic B-splines that are not 0 in the middle between two knots
SLOPES = np.array([-1, -5, 5, 1]) / 8


@dataclass(frozen=True)
class Surface:
    """Control values [H+5,W+5] of a cubic B-spline surface, a pixel apart, over the picture and RING pixels around it,
    the first of a side a pixel before these begin; the cover [H+2,W+2] that its edge gives the pixels there; and how
    many times the first weights its smoothness counts."""

    values: np.ndarray
    cover: np.ndarray
    smoothness: float


def surface_of(cover: np.ndarray, count: int, least_smooth: float = LEAST_SMOOTH) -> Surface:
    """The surface for a cover [H,W] in 0..1, the part of a picture of `count` pixels that has an edge, by damped
    Gauss-Newton steps; which way the edge runs is taken from the step before. It is the smoothest that comes close
    (Morozov's discrepancy principle), `least_smooth` to MOST_SMOOTH times the first weights."""
    if cover.shape[1] > cover.shape[0]:  # the work grows with the cube of the columns
        turned = surface_of(np.ascontiguousarray(cover.T), count, least_smooth)
        return Surface(turned.values.T, turned.cover.T, turned.smoothness)
    cover = np.pad(cover, RING, mode="edge")
    values = np.pad(1.2 * SOFTNESS * (cover - 0.5), ((1, 2), (1, 2)), mode="edge")
    rows, columns = values.shape
    bending = np.zeros((rows * columns, 3 * columns + 4))
    _bend(bending, rows, columns, BENDING)
    drawn, damping, smoothness = np.empty_like(cover), DAMPING, 1.0
    error = _drawn(values, drawn, cover)
    for step in range(STEPS):
        if step >= SETTLING:
            smoothness = max(_smoother(smoothness, error / count), least_smooth)
        stiff = smoothness * bending
        _wind(stiff, values, smoothness * WINDING)
        moved = values + _step(stiff, values, cover, damping)
        new_error = _drawn(moved, drawn, cover)
        if new_error + _energy(stiff, moved) < error + _energy(stiff, values):
            values, error, damping = moved, new_error, max(damping / 5, LEAST_DAMPING)
        else:
            damping = max(10 * damping, DAMPING)
    _drawn(values, drawn, cover)
    return Surface(values, drawn, smoothness)


def _smoother(smoothness: float, error: float) -> float:
    """How smooth a surface may be that has been so smooth, with such a mean squared error of the pixels."""
    change = (CLOSE**2 / max(error, 1e-12)) ** RATE
    return min(max(smoothness * min(max(change, 1 / FARTHEST), FARTHEST), LEAST_SMOOTH), MOST_SMOOTH)


def _energy(stiff: np.ndarray, values: np.ndarray) -> float:
    """What the bending of a surface counts."""
    return float(values.ravel() @ _times(stiff, values.ravel()))


def _step(stiff: np.ndarray, values: np.ndarray, cover: np.ndarray, damping: float) -> np.ndarray:
    """The damped step of control values."""
    matrix, step = stiff.copy(), -_times(stiff, values.ravel())
    _answer(matrix, step, values, cover)
    matrix[:, -1] += damping
    _solve(matrix, step)
    return step.reshape(values.shape)


@compiled
def _height(values, y, x):
    """How high a surface is in the middle of a pixel, and its slopes across and down."""
    h, by_x, by_y = 0.0, 0.0, 0.0
    for i in range(4):
        for j in range(4):
            value = values[y + i, x + j]
            h += VALUES[i] * VALUES[j] * value
            by_x += VALUES[i] * SLOPES[j] * value
            by_y += SLOPES[i] * VALUES[j] * value
    return h, by_x, by_y


@compiled
def _drawn(values, drawn, cover):
    """Draw the cover [H,W] that a surface gives pixels; the sum of squared errors."""
    height, width = cover.shape
    error = 0.0
    for y in range(height):
        for x in range(width):
            h, by_x, by_y = _height(values, y, x)
            t = 0.5 + h / FADE / np.sqrt(SOFTNESS * SOFTNESS + by_x * by_x + by_y * by_y)
            t = min(max(t, 0.0), 1.0)
            drawn[y, x] = t * t * (3 - 2 * t)
            error += (drawn[y, x] - cover[y, x]) ** 2
    return error


@compiled
def _answer(matrix, downhill, values, cover):
    """Add the normal equations of the pixels, in a band: lower rows, the diagonal last."""
    height, width = cover.shape
    columns, last = values.shape[1], matrix.shape[1] - 1
    answers, places = np.empty(16), np.empty(16, np.int64)
    for y in range(height):
        for x in range(width):
            h, by_x, by_y = _height(values, y, x)
            square = SOFTNESS * SOFTNESS + by_x * by_x + by_y * by_y
            edge = np.sqrt(square)
            t = 0.5 + h / FADE / edge
            if t <= 0 or t >= 1:
                t = min(max(t, 0.0), 1.0)
                continue
            missing = t * t * (3 - 2 * t) - cover[y, x]
            slope = 6 * t * (1 - t) / FADE / edge
            for i in range(4):
                for j in range(4):
                    k = 4 * i + j
                    wider = (by_x * VALUES[i] * SLOPES[j] + by_y * SLOPES[i] * VALUES[j]) * h / square
                    answers[k] = slope * (VALUES[i] * VALUES[j] - wider)
                    places[k] = (y + i) * columns + x + j
            for k in range(16):
                downhill[places[k]] -= missing * answers[k]
                for m in range(k + 1):
                    matrix[places[k], last - (places[k] - places[m])] += answers[k] * answers[m]


@compiled
def _bend(matrix, rows, columns, weight):
    """Add squared second differences of control values, in a band."""
    last = matrix.shape[1] - 1
    for y in range(rows):
        for x in range(columns):
            at = y * columns + x
            for step, fits in ((1, x + 2 < columns), (columns, y + 2 < rows)):
                if fits:
                    _add(matrix, last, (at, at + step, at + 2 * step), (1.0, -2.0, 1.0), weight)
            if x + 1 < columns and y + 1 < rows:
                across = (at, at + 1, at + columns, at + columns + 1)
                _add(matrix, last, across, (1.0, -1.0, -1.0, 1.0), 2 * weight)


@compiled
def _add(matrix, last, places, weights, weight):
    """Add a square of weighted numbers, in a band."""
    for k in range(len(places)):
        for m in range(k + 1):
            matrix[places[k], last - (places[k] - places[m])] += weight * weights[k] * weights[m]


@compiled
def _wind(matrix, values, weight):
    """Add squared third derivatives along the edge, looked at in four places of each pixel, in a band: 0 where it is
    straight or an arc, and most where it has bulges."""
    rows, columns = values.shape
    last = matrix.shape[1] - 1
    answers, places = np.empty(16), np.empty(16, np.int64)
    splines = np.empty((2, 4, 4))
    for half in range(2):
        t = 0.25 + 0.5 * half
        s = 1 - t
        splines[half, 0] = np.array([s**3, 3 * t**3 - 6 * t**2 + 4, 3 * s**3 - 6 * s**2 + 4, t**3]) / 6
        splines[half, 1] = np.array([-s * s, 3 * t * t - 4 * t, 4 * s - 3 * s * s, t * t]) / 2
        splines[half, 2] = np.array([s, 3 * t - 2, 3 * s - 2, t])
        splines[half, 3] = np.array([-1.0, 3.0, -3.0, 1.0])
    for y in range(rows - 3):
        for x in range(columns - 3):
            for place in range(4):
                down, across = splines[place // 2], splines[place % 2]
                h, by_x, by_y = 0.0, 0.0, 0.0
                for i in range(4):
                    for j in range(4):
                        value = values[y + i, x + j]
                        h += down[0, i] * across[0, j] * value
                        by_x += down[0, i] * across[1, j] * value
                        by_y += down[1, i] * across[0, j] * value
                near = weight / 4 * np.exp(-((h / REACH) ** 2))
                if near < 1e-3 * weight:
                    continue
                steep = np.sqrt(by_x * by_x + by_y * by_y + FLAT)
                u, v = -by_y / steep, by_x / steep
                for i in range(4):
                    for j in range(4):
                        k = 4 * i + j
                        answers[k] = u**3 * down[0, i] * across[3, j] + 3 * u * u * v * down[1, i] * across[2, j]
                        answers[k] += 3 * u * v * v * down[2, i] * across[1, j] + v**3 * down[3, i] * across[0, j]
                        places[k] = (y + i) * columns + x + j
                for k in range(16):
                    for m in range(k + 1):
                        matrix[places[k], last - (places[k] - places[m])] += near * answers[k] * answers[m]


@compiled_fast
def _times(matrix, numbers):
    """A symmetric matrix in a band times numbers."""
    count, last = len(numbers), matrix.shape[1] - 1
    result = matrix[:, last] * numbers
    for row in range(count):
        first = max(0, row - last)
        total = 0.0
        for column in range(first, row):
            value = matrix[row, last - row + column]
            total += value * numbers[column]
            result[column] += value * numbers[row]
        result[row] += total
    return result


@compiled_fast
def _solve(matrix, numbers):
    """Solve for a positive symmetric matrix in a band, in place, by Cholesky's method."""
    count, last = len(numbers), matrix.shape[1] - 1
    for row in range(count):
        first = max(0, row - last)
        for column in range(first, row + 1):
            start = max(first, column - last)
            total = matrix[row, last - row + column]
            for k in range(start, column):
                total -= matrix[row, last - row + k] * matrix[column, last - column + k]
            if column < row:
                matrix[row, last - row + column] = total / matrix[column, last]
            else:
                matrix[row, last] = np.sqrt(total)
        for column in range(first, row):
            numbers[row] -= matrix[row, last - row + column] * numbers[column]
        numbers[row] /= matrix[row, last]
    for row in range(count - 1, -1, -1):
        numbers[row] /= matrix[row, last]
        for column in range(max(0, row - last), row):
            numbers[column] -= matrix[row, last - row + column] * numbers[row]
