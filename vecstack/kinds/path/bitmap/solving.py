"""Steps of smooth fields: conjugate gradients, and how much a field bends."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from vecstack.compiled import compiled

ENOUGH = 1e-6  # of the squared residual at first: where that much is left, no more is done
LEAST = 1e-14  # squared residual that counts as none


def solved(curved: Callable[[np.ndarray], np.ndarray], downhill: np.ndarray, steps: int) -> np.ndarray:
    """Numbers that a positive symmetric operator `curved` takes to `downhill`, which has their shape: by so many steps
    of conjugate gradients at most."""
    left = downhill.copy()
    step, way = np.zeros_like(left), left.copy()
    size = first = float(np.vdot(left, left))
    for _ in range(steps):
        if size < ENOUGH * first + LEAST:
            break
        answer = curved(way)
        along = size / float(np.vdot(way, answer))
        step += along * way
        left -= along * answer
        before, size = size, float(np.vdot(left, left))
        way = left + size / before * way
    return step


@compiled
def bent(numbers):
    """Half the slopes [K,H,W] of the sum of squared second differences of some fields' numbers."""
    count, height, width = numbers.shape
    result = np.zeros_like(numbers)
    for k in range(count):
        for y in range(height):
            for x in range(width):
                if 0 < y < height - 1:
                    value = numbers[k, y - 1, x] - 2 * numbers[k, y, x] + numbers[k, y + 1, x]
                    result[k, y - 1, x] += value
                    result[k, y, x] -= 2 * value
                    result[k, y + 1, x] += value
                if 0 < x < width - 1:
                    value = numbers[k, y, x - 1] - 2 * numbers[k, y, x] + numbers[k, y, x + 1]
                    result[k, y, x - 1] += value
                    result[k, y, x] -= 2 * value
                    result[k, y, x + 1] += value
                if y < height - 1 and x < width - 1:
                    value = numbers[k, y, x] - numbers[k, y, x + 1] - numbers[k, y + 1, x] + numbers[k, y + 1, x + 1]
                    result[k, y, x] += 2 * value
                    result[k, y, x + 1] -= 2 * value
                    result[k, y + 1, x] -= 2 * value
                    result[k, y + 1, x + 1] += 2 * value
    return result
