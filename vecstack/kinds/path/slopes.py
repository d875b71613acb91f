"""How a picture's squared error answers to the numbers of paths."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.arrays import Paths


@dataclass
class Slopes:
    """Sums over all pixels: the squared error, half its slopes by points [M,2], colours [S,D] and opacities [L], and
    its curvature: the cubics' blocks [Q,36] (the lower half of each 8 x 8, row by row), [S], [L]."""

    error: float
    points: np.ndarray
    blocks: np.ndarray
    colors: np.ndarray
    color_curvature: np.ndarray
    opacity: np.ndarray
    opacity_curvature: np.ndarray

    @classmethod
    def of(cls, paths: Paths) -> Slopes:
        """All 0."""
        stops, channels = paths.colors.shape
        return cls(
            0.0, np.zeros_like(paths.points), np.zeros((len(paths.cubics), 36)), np.zeros((stops, channels)),
            np.zeros(stops), np.zeros(paths.count), np.zeros(paths.count),
        )  # fmt: skip

    def add(self, other: Slopes) -> None:
        """Add sums over other pixels."""
        self.error += other.error
        for name in ("points", "blocks", "colors", "color_curvature", "opacity", "opacity_curvature"):
            getattr(self, name).__iadd__(getattr(other, name))
