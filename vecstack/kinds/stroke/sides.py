"""The two sides of a stroke: the curves that its discs touch on the left and on the right of the spine.

Sides have a closed form. Where the spine bends more sharply than the discs are wide, the inner one runs back for a
while; what it encloses there lies within the discs, so that nothing shows of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.kinds.stroke.layer import Ends, Spine

EVEN, BENT = 17, 24  # places on a spine at equal steps, and between equal turns
DISCS = 33  # that may hide a point of a side


@dataclass(frozen=True)
class Side:
    """A side at places of the spine, from its start on: points [N,2]; the directions [N,2] that are forward, and how
    fast it runs there [N], below 0 where it runs back; whether discs hide it there [N]; and the `angles` [N] from the
    middles of the discs to it."""

    points: np.ndarray
    forward: np.ndarray
    speeds: np.ndarray
    is_hidden: np.ndarray
    angles: np.ndarray


@dataclass(frozen=True)
class Swept:
    """The discs along a spine [3,2], whose `radii` [2] change evenly."""

    spine: np.ndarray
    radii: np.ndarray

    @classmethod
    def of(cls, spine: Spine, radii: Ends) -> Swept:
        """Those of a stroke."""
        return cls(np.array(spine).reshape(3, 2), np.array(radii))

    @property
    def start_speed(self) -> np.ndarray:
        """How fast the spine runs at its start."""
        speed: np.ndarray = 2 * (self.spine[1] - self.spine[0])
        return speed

    @property
    def bend(self) -> np.ndarray:
        """The second derivative of the spine."""
        bend: np.ndarray = 2 * (self.spine[0] - 2 * self.spine[1] + self.spine[2])
        return bend

    @property
    def shrink(self) -> float:
        """By how much the start is wider than the end."""
        return float(self.radii[0] - self.radii[1])

    def middles(self, places: np.ndarray) -> np.ndarray:
        """The middles [N,2] of discs at places [N] in 0..1."""
        t = places[:, None]
        found: np.ndarray = self.spine[0] + t * (self.start_speed + t / 2 * self.bend)
        return found

    def radii_at(self, places: np.ndarray) -> np.ndarray:
        """The radii [N] of discs."""
        found: np.ndarray = self.radii[0] - places * self.shrink
        return found

    def slower_than(self, least: float) -> tuple[float, float] | None:
        """The places between which the spine runs slower than that; None where it never does."""
        speed, bend = self.start_speed, self.bend
        square, half, rest = float(bend @ bend), float(speed @ bend), float(speed @ speed) - least * least
        root = half * half - square * rest
        if square == 0 or root <= 0:
            return (0.0, 1.0) if rest <= 0 else None
        start, end = ((-half + sign * root**0.5) / square for sign in (-1, 1))
        return (max(start, 0.0), min(end, 1.0)) if start < 1 and end > 0 else None

    def places(self, start: float, end: float) -> np.ndarray:
        """Places between two, both included, that are the denser the more the spine bends: [N], rising."""
        even = np.linspace(start, end, EVEN)
        one, other = self.start_speed + start * self.bend, self.start_speed + end * self.bend
        turn = np.arctan2(one[0] * other[1] - one[1] * other[0], one @ other)
        angles = np.arctan2(one[1], one[0]) + turn * np.arange(1, BENT) / BENT
        normals = np.stack([-np.sin(angles), np.cos(angles)])
        with np.errstate(divide="ignore", invalid="ignore"):
            bent = -(self.start_speed @ normals) / (self.bend @ normals)
        return np.unique(np.concatenate([even, bent[(bent > start) & (bent < end)]]))

    def side(self, hand: int, places: np.ndarray, depth: float) -> Side:
        """The side at places [N]: the left one, on which angles are greater, where `hand` is 1, the right one where it
        is -1. Where it runs back, what lies deeper than that in a disc is hidden."""
        speed, bend, shrink = self.start_speed + places[:, None] * self.bend, self.bend, self.shrink
        square, radii = (speed * speed).sum(1), self.radii_at(places)
        across = np.sqrt(np.maximum(square - shrink * shrink, 1e-12 * square))  # speed times the sine of the lean
        angles = np.arctan2(speed[:, 1], speed[:, 0]) + hand * np.arctan2(across, shrink)
        out = np.stack([np.cos(angles), np.sin(angles)], 1)
        points = self.middles(places) + radii[:, None] * out
        cross, along = speed[:, 0] * bend[1] - speed[:, 1] * bend[0], speed @ bend
        speeds = across - hand * radii * (cross + hand * shrink * along / across) / square
        forward = hand * np.stack([out[:, 1], -out[:, 0]], 1)
        is_hidden = self._hides(points, depth) if speeds.min() < 0 else np.zeros(len(points), bool)
        return Side(points, forward, speeds, is_hidden, angles)

    def _hides(self, points: np.ndarray, depth: float) -> np.ndarray:
        """Whether points [N,2] lie deeper than that in some disc: [N]."""
        discs = np.linspace(0, 1, DISCS)
        apart = np.linalg.norm(points[:, None] - self.middles(discs), axis=2)
        result: np.ndarray = (apart < self.radii_at(discs) - depth).any(1)
        return result
