"""The centre lines of shapes that a pen of one width could have drawn."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecstack.kinds.base import CenterLine, Curve
from vecstack.kinds.path.centerlines.loops import nearest_on
from vecstack.kinds.path.centerlines.network import lines_of
from vecstack.kinds.path.centerlines.pen import Pen
from vecstack.kinds.path.centerlines.rim import BESIDE, HALF, STEP, Rim, flattened, half_width, pieces_of
from vecstack.kinds.path.centerlines.spine import Spine
from vecstack.kinds.path.centerlines.ways import SLIM, ways_of

FITTING, LINED = 0.7, 0.5  # shares of the edge where a disc of the width fits, and just so, at least
OFF, MEAN_OFF = 0.06 * HALF, 0.02 * HALF  # that an edge may be off (but for a share of it), and root mean square
STRAY, STRAY_OFF = 0.02, 0.2 * HALF  # share of an edge that may be farther off, and how far
COARSE = 15  # times the rounding of its numbers, half the width of a line, at least
FEWER = 20  # numbers that centre lines save, at least: what is said of a pen takes about as many


def center_line_of(contours: Sequence[np.ndarray], rounding: float) -> CenterLine | None:
    """The centre lines of closed contours [3n,2] (nonzero rule) whose numbers are rounded to within `rounding`; None
    where there are none that draw the same with fewer numbers."""
    most = _numbers(contours) - FEWER
    half = half_width(contours) if most > 0 else None
    if half is None or half < COARSE * rounding:
        return None
    scale = HALF / half
    scaled = [scale * contour for contour in contours]
    rim = Rim.of(scaled, STEP)
    pen = _pen(rim, most)
    if pen is None or not _draws(pen, rim, scaled, rounding * scale):
        return None
    return CenterLine(
        tuple(_curve(spine.pieces / scale) for spine in pen.spines),
        2 * pen.half / scale,
        "round" if pen.ends_round else "butt",
        "round" if pen.turns_round else "miter",
    )


def _pen(rim: Rim, most: int) -> Pen | None:
    """What could draw a shape with a rim; None where most of it has another width, or lines have more than `most`
    numbers."""
    radii = rim.radii(BESIDE)
    fits, lined = radii > (1 - SLIM) * HALF, np.abs(radii - HALF) < SLIM * HALF
    whole = rim.length.sum()
    if rim.length[fits].sum() < FITTING * whole or rim.length[lined].sum() < LINED * whole:
        return None
    spines = [Spine.along(line) for line in lines_of(ways_of(rim, radii))]
    numbers = sum(_numbers([spine.form.points]) for spine in spines)
    return Pen.of(rim, spines) if spines and numbers <= most else None


def _draws(pen: Pen, rim: Rim, contours: Sequence[np.ndarray], rounding: float) -> bool:
    """Whether a pen draws what contours hold."""
    off = pen.off(rim.points)
    weight = rim.length / rim.length.sum()
    if np.sqrt((weight * np.square(off)).sum()) > MEAN_OFF + rounding / 2 or off.max() > STRAY_OFF + rounding:
        return False
    if weight[off > OFF + rounding].sum() > STRAY:
        return False
    lines = [flattened(contour, 1.0) for contour in contours]
    lines = [np.concatenate([line, line[:1]]) for line in lines]
    starts = np.cumsum([0, *map(len, lines)])
    away, _ = nearest_on(pen.edge(), np.concatenate(lines), starts)
    return bool(away.max(initial=0) < STRAY_OFF + rounding)


def _numbers(contours: Sequence[np.ndarray]) -> int:
    """About how many numbers SVG has for contours: two for a line, six for a curve."""
    pieces = np.concatenate([pieces_of(contour) for contour in contours])
    chords, handles = pieces[:, 3] - pieces[:, 0], pieces[:, 1:3] - pieces[:, :1]
    bends = np.abs(handles[:, :, 0] * chords[:, None, 1] - handles[:, :, 1] * chords[:, None, 0]).max(1)
    is_straight = bends <= 1e-3 * np.square(chords).sum(1)
    return int(np.where(is_straight, 2, 6).sum())


def _curve(pieces: np.ndarray) -> Curve:
    """Pieces [n,4,2] as a curve."""
    points = np.concatenate([pieces[:, :3].reshape(-1, 2), pieces[-1, 3:]])
    return tuple((float(x), float(y)) for x, y in points)
