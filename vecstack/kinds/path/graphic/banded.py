"""Equations between numbers of which each meets only those near it in a row, as those along an outline do."""

from __future__ import annotations

import numpy as np

from vecstack.compiled import compiled


def folded(count: int) -> np.ndarray:
    """A place for each of so many numbers around a closed outline, so that neighbours are near each other, the last and
    the first, too: once around, folded in the middle."""
    index = np.arange(count)
    found: np.ndarray = np.where(2 * index < count, 2 * index, 2 * (count - 1 - index) + 1)
    return found


def added(rows: np.ndarray, columns: np.ndarray, values: np.ndarray, count: int, band: int) -> np.ndarray:
    """The sums of the entries of a symmetric matrix of `count` numbers, of which no two farther apart than `band` meet,
    in its lower half: [N,band+1], row by row, from the diagonal on."""
    below = rows - columns
    is_lower = below >= 0
    cells = rows[is_lower] * (band + 1) + below[is_lower]
    return np.bincount(cells, values[is_lower], count * (band + 1)).reshape(count, band + 1)


@compiled
def solved(lower, right):
    """The solution [N] of a positive definite system with such a lower half [N,B+1] and a right side [N]; both are
    overwritten. It takes N B^2 steps (Cholesky)."""
    count, band = lower.shape[0], lower.shape[1] - 1
    for i in range(count):
        for j in range(max(0, i - band), i + 1):
            rest = lower[i, i - j]
            for k in range(max(0, i - band), j):
                rest -= lower[i, i - k] * lower[j, j - k]
            lower[i, i - j] = np.sqrt(rest) if i == j else rest / lower[j, 0]
        for k in range(max(0, i - band), i):
            right[i] -= lower[i, i - k] * right[k]
        right[i] /= lower[i, 0]
    for i in range(count - 1, -1, -1):
        for k in range(i + 1, min(count, i + band + 1)):
            right[i] -= lower[k, k - i] * right[k]
        right[i] /= lower[i, 0]
    return right
