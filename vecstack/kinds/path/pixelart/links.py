"""Which pixels that meet at a corner belong together: the similarity graph of Kopf and Lischinski, *Depixelizing Pixel
Art*, SIGGRAPH 2011, section 3.2."""

from __future__ import annotations

import numpy as np

from vecstack.kinds.path.pixelart.grid import Grid

ALIKE_YUV = (48 / 255, 7 / 255, 6 / 255)  # most differences of what belongs together
TO_YUV = np.array([[0.299, 0.587, 0.114], [-0.169, -0.331, 0.5], [0.5, -0.419, -0.081]])
NO_SPLIT, FALLING, RISING = 0, 1, 2  # of a corner of four pixels: by none, the link \, or the link /
ARM, ARMS = 2, 5  # pixels that each side of a sharp corner runs straight, and both together, at least


def alike_of(grid: Grid) -> np.ndarray:
    """Which pairs of colours [C,C] are so similar that they belong together."""
    yuv = grid.colors[:, :3] @ TO_YUV.T
    found: np.ndarray = (np.abs(yuv[:, None] - yuv) <= np.array(ALIKE_YUV) + 1e-9).all(2)
    if grid.colors.shape[1] == 4:
        cover = grid.colors[:, 3]
        found &= (np.abs(cover[:, None] - cover) <= ALIKE_YUV[0]) & (grid.is_clear[:, None] == grid.is_clear)
    return found


def sharp_corners(number: np.ndarray) -> np.ndarray:
    """Which corners [H+1,W+1] of pixels are sharp ones of a shape: two edges alone meet there, at a right angle, and
    run straight on for some pixels, further than where a disc turns."""
    east, west = _arms(number)
    south, north = (arms.T for arms in _arms(number.T))
    across, down = np.maximum(east, west), np.maximum(north, south)
    is_turn = ((east > 0) ^ (west > 0)) & ((north > 0) ^ (south > 0))
    found: np.ndarray = is_turn & (np.minimum(across, down) >= ARM) & (across + down >= ARMS)
    return found


def _arms(number: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far edges run to the right and to the left of each corner [H+1,W+1], pixels: straight, along one colour."""
    height, width = number.shape
    above, below = number[:-1], number[1:]
    seen, goes_on = np.zeros((height + 1, width), bool), np.zeros((height + 1, width + 1), bool)
    seen[1:-1] = above != below
    goes_on[1:-1, 1:-1] = (above[:, 1:] == above[:, :-1]) | (below[:, 1:] == below[:, :-1])
    right, left = np.zeros((2, height + 1, width + 1), np.int64)
    for x in range(width):
        left[:, x + 1] = np.where(seen[:, x], 1 + left[:, x] * goes_on[:, x], 0)
        at = width - 1 - x
        right[:, at] = np.where(seen[:, at], 1 + right[:, at + 1] * goes_on[:, at + 1], 0)
    return right, left
