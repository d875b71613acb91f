"""Linear programmes of few variables and many rows, by an interior point: compiled loops.

After S. Mehrotra, On the implementation of a primal-dual interior point method, SIAM Journal on Optimization 2 (1992)."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled, compiled_fast

STEPS = 25  # most of the interior point; a dozen is usual
PRECISION = 1e-4  # of the objective, as a share of what the bounds allow
ELASTIC = 10.0  # greatest multiplier of a row, times the greatest coefficient: a row costs that much to break


@compiled_fast
def factor(matrix, start):
    """Turn the lower half of a positive matrix [K,K] into its Cholesky factor; `start` [K] is the first column of each row
    that is not 0."""
    for i in range(len(matrix)):
        for j in range(start[i], i):
            total = matrix[i, j]
            for k in range(max(start[i], start[j]), j):
                total -= matrix[i, k] * matrix[j, k]
            matrix[i, j] = total / matrix[j, j]
        total = matrix[i, i]
        for k in range(start[i], i):
            total -= matrix[i, k] * matrix[i, k]
        matrix[i, i] = math.sqrt(max(total, 1e-30))


@compiled_fast
def solved(matrix, start, vector):
    """The solution [K] of a system whose matrix has that Cholesky factor."""
    result = vector.copy()
    for i in range(len(result)):
        total = result[i]
        for k in range(start[i], i):
            total -= matrix[i, k] * result[k]
        result[i] = total / matrix[i, i]
    for i in range(len(result) - 1, -1, -1):
        result[i] /= matrix[i, i]
        for k in range(start[i], i):
            result[k] -= matrix[i, k] * result[i]
    return result


@compiled_fast
def normal_matrix(slots, slope, weight, diagonal):
    """The matrix of the normal equations [K,K], lower half, and the first column of each row that is not 0."""
    size = len(diagonal)
    matrix = np.zeros((size, size))
    start = np.arange(size)
    for m in range(len(weight)):
        for side in range(2):
            a = slots[m, side]
            if a < 0:
                continue
            for other in range(2):
                b = slots[m, other]
                if b < 0 or b > a:
                    continue
                for p in range(4):
                    for q in range(4):
                        matrix[4 * a + p, 4 * b + q] += slope[m, 4 * side + p] * weight[m] * slope[m, 4 * other + q]
                    start[4 * a + p] = min(start[4 * a + p], 4 * b)
    for k in range(size):
        matrix[k, k] += diagonal[k]
        start[k] = min(start[k], 4 * (k // 4))
    return matrix, start


@compiled
def times(slots, slope, vector):
    """The rows times a vector [K]: [M]."""
    result = np.zeros(len(slots))
    for m in range(len(slots)):
        for side in range(2):
            a = slots[m, side]
            if a >= 0:
                for p in range(4):
                    result[m] += slope[m, 4 * side + p] * vector[4 * a + p]
    return result


@compiled
def back(slots, slope, weights, size):
    """The sum of the rows with weights [M]: [size]."""
    result = np.zeros(size)
    for m in range(len(slots)):
        for side in range(2):
            a = slots[m, side]
            if a >= 0:
                for p in range(4):
                    result[4 * a + p] += slope[m, 4 * side + p] * weights[m]
    return result


@compiled
def share(values, change):
    """How far values above 0 may go along a change, at most 1, before one is 0."""
    least = 1.0
    for k in range(len(values)):
        if change[k] < 0.0:
            least = min(least, -values[k] / change[k])
    return least


@compiled
def maximised(worth, slots, slope, room, low, high):
    """The x [K] within low < 0 < high for which worth . x is greatest while slope . x + room >= 0 in each row, as far as
    rows can be kept: breaking one costs."""
    count, size = len(room), len(worth)
    dearest = ELASTIC * np.abs(worth).max()
    span = np.median(high - low)
    x = np.zeros(size)
    slack = np.maximum(-room, 0.0) + 0.02 * span  # how far rows may be broken
    spare = room + slack
    below, above = -low, high.copy()
    mean = 0.1 * np.abs(worth).mean() * span
    z = np.minimum(mean / spare, 0.3 * dearest)
    z_below, z_above = mean / below, mean / above
    pairs = 2 * count + 2 * size
    for _ in range(STEPS):
        y = dearest - z
        residual = -worth - back(slots, slope, z, size) - z_below + z_above
        gap = (spare * z).sum() + (slack * y).sum() + (below * z_below).sum() + (above * z_above).sum()
        if gap < PRECISION * np.abs(worth).sum() * span and np.abs(residual).max() < 1e-4 * dearest / ELASTIC:
            break
        weight = 1.0 / (slack / y + spare / z)
        matrix, start = normal_matrix(slots, slope, weight, z_below / below + z_above / above)
        factor(matrix, start)
        t_spare, t_slack, t_below, t_above = -spare * z, -slack * y, -below * z_below, -above * z_above
        for phase in range(2):  # straight ahead, then towards the middle by as much as that went wrong
            pull = t_spare / z - t_slack / y
            side = -residual + back(slots, slope, weight * pull, size) + t_below / below - t_above / above
            dx = solved(matrix, start, side)
            dz = weight * (pull - times(slots, slope, dx))
            d_spare, d_slack = (t_spare - spare * dz) / z, (t_slack + slack * dz) / y
            dz_below, dz_above = (t_below - z_below * dx) / below, (t_above + z_above * dx) / above
            primal = min(min(share(spare, d_spare), share(slack, d_slack)), min(share(below, dx), share(above, -dx)))
            dual = min(min(share(z, dz), share(y, -dz)), min(share(z_below, dz_below), share(z_above, dz_above)))
            if phase == 0:
                ahead = ((spare + primal * d_spare) * (z + dual * dz)).sum()
                ahead += ((slack + primal * d_slack) * (y - dual * dz)).sum()
                ahead += ((below + primal * dx) * (z_below + dual * dz_below)).sum()
                ahead += ((above - primal * dx) * (z_above + dual * dz_above)).sum()
                center = (ahead / gap) ** 3 * gap / pairs
                t_spare, t_slack = center - spare * z - d_spare * dz, center - slack * y + d_slack * dz
                t_below, t_above = center - below * z_below - dx * dz_below, center - above * z_above + dx * dz_above
        primal, dual = 0.95 * primal, 0.95 * dual
        x += primal * dx
        spare += primal * d_spare
        slack += primal * d_slack
        below += primal * dx
        above -= primal * dx
        z += dual * dz
        z_below += dual * dz_below
        z_above += dual * dz_above
    return x
