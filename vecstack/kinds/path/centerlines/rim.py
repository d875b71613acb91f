"""The rim of a shape: places along its edge, and how wide the shape is across each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.centerlines.loops import radii_of
from vecstack.winding import area_of

HALF = 6.0  # units in half the width of a line, wherever its centre line is looked for
STEP = 2.0  # units from one place of a rim to the next
BESIDE = 3.0  # units from a place, within which the other side of a line does not lie
MOST_PLACES = 6000  # of a rim; shapes with more are left alone
LEAST_LONG = 20.0  # times half its width, of the edge of a line: a disc has 12.6, a square 16
FINE = 400  # parts of the diagonal of what holds a shape, in which its edge is flattened to measure it


@dataclass(frozen=True)
class Rim:
    """N places along closed edges, evenly spaced within each piece: points [N,2], unit normals that point into the
    shape [N,2], the number of the edge that each is on [N], and how much of it each stands for [N]."""

    points: np.ndarray
    inward: np.ndarray
    edge: np.ndarray
    length: np.ndarray

    @classmethod
    def of(cls, contours: Sequence[np.ndarray], step: float) -> Rim:
        """The rim of closed contours [3n,2] of cubics, a `step` apart or less."""
        pieces = np.concatenate([pieces_of(contour) for contour in contours])
        edge = np.repeat(np.arange(len(contours)), [len(contour) // 3 for contour in contours])
        long = lengths_of(pieces)
        counts = np.where(long > 1e-6 * step, np.ceil(long / step), 0).astype(np.int64)
        index, at = _spread(counts)
        at = at + 0.5 / counts[index]
        along = slopes_of(pieces[index], at)
        along /= np.maximum(np.hypot(*along.T), 1e-300)[:, None]
        area = sum(area_of(flattened(contour, step)) for contour in contours)
        inward = np.stack([-along[:, 1], along[:, 0]], 1) * (1 if area > 0 else -1)
        return cls(on_cubics(pieces[index], at), inward, edge[index], (long / np.maximum(counts, 1))[index])

    @property
    def middles(self) -> np.ndarray:
        """The middles [N,2] of discs with the radius HALF that touch the edge at each place from within."""
        found: np.ndarray = self.points + HALF * self.inward
        return found

    def radii(self, beside: float) -> np.ndarray:
        """The radius [N] of the largest disc within the shape that touches each place; what is nearer to a place than
        `beside` does not count."""
        found: np.ndarray = radii_of(self.points, self.inward, beside)
        return found


def half_width(contours: Sequence[np.ndarray]) -> float | None:
    """Half the width of what closed contours [3n,2] hold, as most of their edge has it; None of what is no line."""
    every = np.concatenate(contours)
    size = float(np.hypot(*np.ptp(every, 0)))
    flat = [flattened(contour, size / FINE) for contour in contours] if size > 0 else []
    around = sum(float(np.hypot(*(np.roll(line, -1, 0) - line).T).sum()) for line in flat)
    mean = abs(sum(map(area_of, flat))) / max(around, 1e-300)
    if not LEAST_LONG * mean < around < MOST_PLACES * STEP / HALF * mean:
        return None
    rim = Rim.of(contours, STEP / HALF * mean)
    radii = rim.radii(BESIDE / HALF * mean)
    order = np.argsort(radii)
    sums = np.cumsum(rim.length[order])
    found = float(radii[order[np.searchsorted(sums, sums[-1] / 2)]])
    return found if 0.5 * mean < found < 2 * mean else None


def pieces_of(contour: np.ndarray) -> np.ndarray:
    """The pieces [n,4,2] of a closed contour [3n,2]."""
    closed = np.concatenate([contour, contour[:1]])
    found: np.ndarray = closed[3 * np.arange(len(contour) // 3)[:, None] + np.arange(4)]
    return found


def lengths_of(pieces: np.ndarray) -> np.ndarray:
    """About how long pieces [n,4,2] are, [n]: as long as four chords of each."""
    points = np.einsum("tk,nkd->ntd", weights_of(np.linspace(0, 1, 5)), pieces)
    found: np.ndarray = np.linalg.norm(np.diff(points, axis=1), axis=2).sum(1)
    return found


def flattened(contour: np.ndarray, step: float) -> np.ndarray:
    """Points of a closed contour [3n,2], its knots among them, a `step` apart or less."""
    pieces = pieces_of(contour)
    index, at = _spread(np.maximum(np.ceil(lengths_of(pieces) / step), 1).astype(np.int64))
    return on_cubics(pieces[index], at)


def _spread(counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """So many places on each of some pieces, evenly from its start on: the number of the piece, and the parameter."""
    index = np.repeat(np.arange(len(counts)), counts)
    first = np.repeat(np.cumsum(counts) - counts, counts)
    return index, (np.arange(len(index)) - first) / counts[index]


def on_cubics(pieces: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The points [N,2] of cubics [N,4,2], or of one [1,4,2], at parameters [N]."""
    found: np.ndarray = (weights_of(t)[:, :, None] * pieces).sum(1)
    return found


def weights_of(t: np.ndarray) -> np.ndarray:
    """The weights [N,4] of a cubic's points at parameters [N]."""
    u = 1 - t
    return np.stack([u**3, 3 * u * u * t, 3 * u * t * t, t**3], 1)


def slopes_of(pieces: np.ndarray, t: np.ndarray) -> np.ndarray:
    """The derivatives [N,2] of cubics [N,4,2], or of one [1,4,2], at parameters [N]; of one that stands still there,
    which way it goes from end to end."""
    u, sides = 1 - t, np.diff(pieces, axis=1)
    weights = 3 * np.stack([u * u, 2 * u * t, t * t], 1)
    found: np.ndarray = (weights[:, :, None] * sides).sum(1)
    chords = np.broadcast_to(pieces[:, 3] - pieces[:, 0], found.shape)
    stands = np.hypot(*found.T) < 1e-6 * np.hypot(*chords.T)
    return np.where(stands[:, None], chords, found)
