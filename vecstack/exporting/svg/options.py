"""What a user may ask of an SVG, and the bytes that an SVG becomes."""

from __future__ import annotations

import gzip
import math
from dataclasses import dataclass

from vecstack.errors import UsageError
from vecstack.exporting.svg.minify import minified
from vecstack.exporting.xml import number
from vecstack.pictures.layout import MAX_SIDE_PX
from vecstack.stack import Canvas

MAX_PRECISION = 6
DECIMALS = 3  # of a canvas unit, in exact curves: a thousandth of a pixel of the source
FEW_DECIMALS = 2  # on canvases whose long side is at least LARGE, and where the text is to be small
LARGE = 256  # pixels: drawn eight times as large, it fills a screen, and a hundredth is still a twelfth of a pixel
TOLERANCE = 1.5  # of a looser one, steps show where a mask is soft in one place and sharp in another


@dataclass(frozen=True)
class SvgOptions:
    """How close and how large an SVG may be.

    `tolerance` is the root mean square of the difference to the stack's own picture, in 1/255 of a colour, roughly
    (TOLERANCE where it is None); a flat SVG has none. `max_bytes` holds for the file, `max_paths` for the curves that
    the masks are made of. `size` is the long side in pixels that the file asks for, the canvas's where it is None.
    `precision` is how many decimals of a canvas unit curves have, 0 to MAX_PRECISION (None: as many as are worth it).
    A `flat` SVG has a single path a layer, blurred unless `hard`. `is_compressed` asks for gzip (.svgz). `width_mm` is
    the width that the file asks for in millimetres. `minify` leaves out what is not drawn, such as names. A `plain` SVG
    has neither masks nor blurs. Raises UsageError where they are out of range or exclude each other."""

    tolerance: float | None = None
    max_bytes: int | None = None
    max_paths: int | None = None
    size: int | None = None
    flat: bool = False
    hard: bool = False
    is_compressed: bool = False
    precision: int | None = None
    width_mm: float | None = None
    minify: bool = False
    plain: bool = False

    def __post_init__(self) -> None:
        if self.tolerance is not None and not 0 < self.tolerance < math.inf:
            raise UsageError(f"tolerance must be above 0, not {self.tolerance:g}.", parameter="tolerance")
        if self.flat and self.tolerance is not None:
            raise UsageError("A flat SVG comes as close as it can and has no tolerance. Leave it out.")
        if self.hard and not self.flat:
            raise UsageError("Only a flat SVG can be hard: soft masks are blurred. Ask for svg-flat.")
        if self.flat and self.plain:
            raise UsageError("A flat SVG is plain where it is hard. Ask for hard, or for svg.", parameter="plain")
        for name, value in (("max_bytes", self.max_bytes), ("max_paths", self.max_paths), ("size", self.size)):
            if value is not None and value < 1:
                raise UsageError(f"{name} must be at least 1, not {value}.", parameter=name)
        if self.precision is not None and not 0 <= self.precision <= MAX_PRECISION:
            text = f"precision must be 0 to {MAX_PRECISION} decimals, not {self.precision}."
            raise UsageError(text, parameter="precision")
        if self.size is not None and self.size > MAX_SIDE_PX:
            raise UsageError(f"size must be at most {MAX_SIDE_PX:,} px, not {self.size:,}.", parameter="size")

        if self.size is not None and self.width_mm is not None:
            text = "size in pixels and a width in millimetres (or dots an inch) exclude each other; leave one out."
            raise UsageError(text, parameter="size")

    def sides(self, canvas: Canvas) -> str:
        """The attributes that say how large it is shown: the canvas's own size where nothing is asked for."""
        if self.width_mm is not None:
            height = self.width_mm / canvas.width * canvas.height
            return f'width="{number(self.width_mm)}mm" height="{number(height)}mm"'
        scale = 1.0 if self.size is None else self.size / max(canvas.width, canvas.height)
        return f'width="{number(canvas.width * scale)}" height="{number(canvas.height * scale)}"'

    def decimals(self, canvas: Canvas) -> int:
        """How many decimals of a canvas unit exact curves have."""
        if self.precision is not None:
            return self.precision
        return FEW_DECIMALS if self.minify or max(canvas.width, canvas.height) >= LARGE else DECIMALS

    def unit(self, worth: float) -> float:
        """What points of curves are rounded to, in canvas units, where they are off by about `worth` anyway."""
        return 2.0 ** math.floor(math.log2(worth)) if self.precision is None else 10.0**-self.precision

    def finished(self, text: str) -> str:
        """The text, minified if that is asked for."""
        return minified(text) if self.minify else text

    def encode(self, text: str) -> bytes:
        """The file."""
        data = self.finished(text).encode()
        return gzip.compress(data, 9, mtime=0) if self.is_compressed else data
