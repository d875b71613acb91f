"""Brush strokes as data: one colour along a curved spine, as wide as its radii say."""

from __future__ import annotations

import math
import zlib
from dataclasses import dataclass
from typing import Any

from vecstack.color import Color, check_color, is_number, is_number_list
from vecstack.errors import DocumentError
from vecstack.kinds.gradient import MAX_VALUE
from vecstack.stack import Layer

Spine = tuple[float, float, float, float, float, float]
Ends = tuple[float, float]


@dataclass(frozen=True)
class Bristles:
    """The marks of a brush, each 0 to 1: by how much bristles make the colour lighter and darker (`tone`), how far from
    the end on they run dry (`dry`), and how much `light` from the upper left falls on the height of the paint."""

    tone: float
    dry: float
    light: float

    def check(self, where: str) -> None:
        """Raise DocumentError unless all is in range; the message begins with `where`."""
        for name in ("tone", "dry", "light"):
            value = getattr(self, name)
            if not is_number(value) or not 0 <= value <= 1:
                raise DocumentError(f"{where}{name} must be in 0..1, not {value!r:.40}.")


@dataclass(frozen=True, kw_only=True)
class StrokeLayer(Layer):
    """One colour within the discs along a quadratic Bezier curve of the local frame: the `spine` is x, y of its start,
    its handle and its end; the `radii` of the discs change evenly from the start to the end. `opacities`, at both ends,
    do so too; they count beside the opacity of the whole layer. With `bristles` it is drawn with the marks of a brush,
    which are random by its id; exported as curves, it has none."""

    color: Color
    spine: Spine
    radii: Ends
    opacities: Ends = (1.0, 1.0)
    bristles: Bristles | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        where = f"layer {self.id}: "
        check_color(self.color, f"{where}color")
        _check_numbers(self.spine, 6, -MAX_VALUE, MAX_VALUE, f"{where}spine")
        _check_numbers(self.radii, 2, 0.0, MAX_VALUE, f"{where}radii")
        _check_numbers(self.opacities, 2, 0.0, 1.0, f"{where}opacities")
        if isinstance(self.bristles, Bristles):
            self.bristles.check(f"{where}bristles.")
        elif self.bristles is not None:
            raise DocumentError(f"{where}bristles must be Bristles, not {self.bristles!r:.40}.")

    @property
    def fades(self) -> bool:
        """Whether its opacity changes along it, or is not 1."""
        return self.opacities != (1.0, 1.0)


def seed_of(layer: StrokeLayer) -> int:
    """What the marks of a layer's brush are random by: the CRC-32 of its id in UTF-8, without the highest bit."""
    return zlib.crc32(layer.id.encode()) & 0x7FFFFFFF


def _check_numbers(values: Any, count: int, least: float, most: float, where: str) -> None:
    """Raise DocumentError unless the value is so many numbers in a range; the message begins with `where`."""
    if not is_number_list(values) or len(values) != count or not all(least <= value <= most for value in values):
        raise DocumentError(f"{where} must be {count} numbers in {least:g}..{most:g}, not {values!r:.80}.")


def sharpest_turn(spine: Spine) -> float:
    """The greatest curvature of a spine, for a unit of its frame; infinity where it turns back on itself."""
    x0, y0, x1, y1, x2, y2 = spine
    along, across = 2 * (x1 - x0), 2 * (y1 - y0)
    bend_x, bend_y = x0 - 2 * x1 + x2, y0 - 2 * y1 + y2
    square = bend_x * bend_x + bend_y * bend_y
    if square == 0:
        return 0.0
    slowest = min(max(-(along * bend_x + across * bend_y) / (2 * square), 0.0), 1.0)
    speed = math.hypot(along + 2 * slowest * bend_x, across + 2 * slowest * bend_y)
    turn = 2 * abs(along * bend_y - across * bend_x)
    return turn / speed**3 if speed > 1e-9 * math.sqrt(square) else math.inf
