"""Paths drawn on the pixels of a grid, a run of layers at a time."""

from __future__ import annotations

import numpy as np

from vecstack.kinds.path import kernels
from vecstack.kinds.path.arrays import Paths

TOLERANCE = 0.05  # px that edges may be away from their curve


def draw_over(canvas: np.ndarray, paths: Paths, tolerance: float = TOLERANCE, top: int = 0) -> None:
    """Lay paths over a canvas [D,H,W] (float32), whose first row is `top`, in place."""
    rows, width = canvas.shape[1:]
    room = np.empty((width + 1) * rows, np.float32)
    kernels.draw(
        paths.points, paths.cubics, paths.cubic_start, paths.opacity, paths.form, paths.place, paths.offsets,
        paths.colors, paths.stop_start, canvas, top, tolerance, room,
    )  # fmt: skip
