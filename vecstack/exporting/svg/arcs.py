"""Cubic pieces of curves that run along circles, as the elliptical arcs of SVG paths."""

from __future__ import annotations

import cmath
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

NEAR = 0.5  # units: how far pieces may be from an arc
HIGH = 0.7  # units: by how much an arc may be higher or lower, as its ends are off by as much
MOST = 4 / 3 * math.pi  # turn of an arc: ends of one that is nearly closed would have to be very exact
FINEST = -4  # power of ten, in units, to which radii are rounded


@dataclass(frozen=True)
class Arc:
    """A part of a circle: pieces from one number to before another, their middle and radius in units, and by how much
    they turn (radians, above 0 from x to y)."""

    first: int
    stop: int
    middle: complex
    radius: float
    turn: float

    @property
    def height(self) -> float:
        """Of the arc, above the line from end to end."""
        return self.radius * (1 - math.cos(self.turn / 2))

    @property
    def is_large(self) -> bool:
        """Whether it is more than half of the circle."""
        return abs(self.turn) > math.pi

    def joined(self, other: Arc) -> Arc | None:
        """This arc and the one after it as one; None where they are not on one circle, or too much of it."""
        turn = self.turn + other.turn
        is_one = self.stop == other.first and self.turn * other.turn > 0 and abs(turn) < MOST
        off = abs(self.middle - other.middle) + abs(self.radius - other.radius)
        return Arc(self.first, other.stop, self.middle, self.radius, turn) if is_one and off < NEAR else None

    def rounded(self, chord: float) -> tuple[int, int] | None:
        """The radius of an arc as high as this one between ends that are so far apart: a whole number, and the power of
        ten that it counts, in as few digits as do; None where none do. Programs enlarge a radius that is too short for
        the ends, to half a circle."""
        radius = (chord * chord / 4 + self.height**2) / (2 * self.height)
        for power in range(0, FINEST - 1, -1):
            for count in (round(radius / 10.0**power), math.floor(radius / 10.0**power)):
                if count and abs(self._height_of(count * 10.0**power, chord) - self.height) <= HIGH:
                    return count, power
        return None

    def _height_of(self, radius: float, chord: float) -> float:
        """Of an arc of another radius between ends that are so far apart."""
        across = math.sqrt(max(radius**2 - chord * chord / 4, 0.0))
        return max(radius, chord / 2) + (across if self.is_large else -across)


def arcs_along(points: Sequence[complex]) -> Iterator[Arc]:
    """The arcs among the cubic pieces of a curve, in units, as long as can be."""
    last: Arc | None = None
    for piece in range(len(points) // 3):
        arc = _arc(points[3 * piece : 3 * piece + 4], piece)
        both = last.joined(arc) if last is not None and arc is not None else None
        if both is None and last is not None:
            yield last
        last = both or arc
    if last is not None:
        yield last


def _arc(points: Sequence[complex], piece: int) -> Arc | None:
    """A cubic piece as an arc; None where it is none."""
    start, first, second, end = points
    one, other, chord = first - start, end - second, end - start
    if not (one and other and chord):
        return None
    turn = cmath.phase(other / one)
    if abs(turn) < 1e-3 or abs(turn) > 2:  # nearly straight, or more than a cubic piece draws well
        return None
    radius, way = abs(chord) / (2 * math.sin(abs(turn) / 2)), one / abs(one)
    reach, side = 4 / 3 * math.tan(abs(turn) / 4) * radius, math.copysign(1, turn)
    after = way * cmath.exp(1j * turn)
    middle = start + 1j * side * radius * way
    last = middle - 1j * side * radius * after
    off = max(abs(start + reach * way - first), abs(last - reach * after - second), abs(last - end))
    return Arc(piece, piece + 1, middle, radius, turn) if off < NEAR else None
