from __future__ import annotations

import numpy as np


def spline_points(controls: np.ndarray, each: int = 24) -> np.ndarray:
    """Points along the closed uniform quadratic B-spline of control points [N,2]: [N*each,2], by its definition."""
    along = (np.arange(each) / each)[:, None, None]
    before, after = np.roll(controls, 1, 0), np.roll(controls, -1, 0)
    pieces = (1 - along) ** 2 / 2 * before + (0.5 + along - along**2) * controls + along**2 / 2 * after
    return pieces.transpose(1, 0, 2).reshape(-1, 2)


def enclosed(points: np.ndarray) -> float:
    """The signed area within a closed polygon [M,2]."""
    after = np.roll(points, -1, 0)
    return float((points[:, 0] * after[:, 1] - after[:, 0] * points[:, 1]).sum() / 2)


def disc(rows: int, columns: int, x: float, y: float, radius: float) -> np.ndarray:
    """A mask [rows,columns], a cell a unit: 1/2 on a circle, rising inwards by 1/10 a unit up to 1."""
    down, across = np.mgrid[0:rows, 0:columns] + 0.5
    return np.clip(0.5 + (radius - np.hypot(across - x, down - y)) / 10, 0, 1).astype(np.float32)
