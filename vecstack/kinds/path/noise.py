"""Noise taken away from pixels, as that of a JPEG, while edges stay."""

from __future__ import annotations

import numpy as np

from vecstack.compiled import compiled

REACH, ROUNDS = 2, 3  # px around a pixel that tell of its noise; how often it is taken away


def without_noise(pixels: np.ndarray, alike: float) -> np.ndarray:
    """Each of some pixels [H,W,D] as the mean of those around it that are `alike`, three times over: a sigma filter (J.
    S. Lee, 1983), which keeps edges."""
    for _ in range(ROUNDS):
        pixels = _means_of_alike(pixels, alike)
    return pixels


@compiled
def _means_of_alike(pixels: np.ndarray, alike: float) -> np.ndarray:
    """The mean of the pixels around each that are like it in all channels; those of the rim go on beyond it."""
    height, width, channels = pixels.shape
    found = np.empty_like(pixels)
    total = np.empty(channels)
    for y in range(height):
        for x in range(width):
            total[:] = 0
            count = 0
            for b in range(y - REACH, y + REACH + 1):
                for a in range(x - REACH, x + REACH + 1):
                    row, column = min(max(b, 0), height - 1), min(max(a, 0), width - 1)
                    is_alike = True
                    for c in range(channels):
                        if not abs(pixels[row, column, c] - pixels[y, x, c]) < alike:
                            is_alike = False
                    if is_alike:
                        count += 1
                        for c in range(channels):
                            total[c] += pixels[row, column, c]
            for c in range(channels):
                found[y, x, c] = total[c] / count
    return found
