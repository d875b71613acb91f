"""The viewport: which part of the canvas is drawn, and at how many pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vecstack.errors import UsageError
from vecstack.geometry import Rect
from vecstack.pictures.layout import MAX_SIDE_PX


@dataclass(frozen=True)
class Viewport:
    """Which part of the canvas is drawn (canvas units), and at how many pixels: it is sampled at their centres."""

    region: Rect
    width_px: int
    height_px: int

    @classmethod
    def of_region(
        cls,
        region: Rect,
        *,
        size: int | None = None,
        width: int | None = None,
        height: int | None = None,
        scale: float | None = None,
    ) -> Viewport:
        """The viewport of a region at a size: `size` pixels on its long side, or `width` and/or `height` pixels, or
        `scale` pixels per canvas unit (1 if nothing is given). Raises UsageError for values out of range, for more than
        one of these, and for an empty region."""
        if sum((size is not None, scale is not None, width is not None or height is not None)) > 1:
            raise UsageError("use only one of `size`, `scale`, and `width` with `height`; they exclude each other.")
        if not (0 < region.width < math.inf and 0 < region.height < math.inf):
            raise UsageError(
                f"region must have a width and a height above 0, not {region.width:g} x {region.height:g}.",
                parameter="region",
            )
        for name, value in (("size", size), ("width", width), ("height", height), ("scale", scale)):
            if value is not None and not 0 < value < math.inf:
                raise UsageError(f"{name} must be above 0, not {value}.", parameter=name)
            if value is not None and value > MAX_SIDE_PX:
                raise UsageError(f"{name} must be at most {MAX_SIDE_PX:,}, not {value:,}.", parameter=name)
        if size is not None:
            scale = size / max(region.width, region.height)
        elif scale is None:
            scale = width / region.width if width is not None else height / region.height if height is not None else 1.0
        sides = (
            region.width * scale if width is None else width,
            region.height * scale if height is None else height,
        )
        if not max(sides) <= MAX_SIDE_PX:
            raise UsageError(
                f"{sides[0]:,.0f} x {sides[1]:,.0f} px is too large, at most {MAX_SIDE_PX:,} px a side; "
                "use a smaller size."
            )
        return cls(region, max(1, round(sides[0])), max(1, round(sides[1])))

    @property
    def footprint(self) -> float:
        """The side of a pixel in canvas units (the longer side where pixels are not square)."""
        return max(self.region.width / self.width_px, self.region.height / self.height_px)
