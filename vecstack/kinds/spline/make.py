"""The maker of spline layers: detail alone, over the mean colour of the picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vecstack.color import mean_color
from vecstack.geometry import Rect
from vecstack.kinds.base import Made

if TYPE_CHECKING:
    import numpy as np


@dataclass(frozen=True)
class SplineMaker:
    """Gives a background and no layers: all are added as detail, where the picture is missed most (see
    kinds.base.Maker)."""

    max_layers: int = 0

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        return Made(mean_color(pixels), (), {})
