"""First outlines of a field: where its level 0 runs, cut into straight and curved pieces between corners."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from vecstack.kinds.path.bitmap.level import SAMPLES
from vecstack.kinds.path.bitmap.shape import CORNER, CURVE, FLAT, LINE, SMOOTH, STEEP, Contour, retracted
from vecstack.kinds.path.graphic.lines import cubic_fit, runs_of
from vecstack.kinds.path.graphic.trace import loops_of
from vecstack.winding import area_of

STEP = 0.2  # px between points of an outline
SLOPE = 0.1  # of the field, in the range that tracing takes for covers
LEAST_AREA = 0.15  # px, of an outline
REACH = 1.0  # px along an outline over which it turns at a corner
CORNER_TURN = np.radians(32)  # least, of what may be a corner
SOFT_TURN, WHOLE_TURN = np.radians(75), np.radians(35)  # the same, of a soft picture and of one of 1 bit
SMOOTHING = 0.9  # px along an outline, of a soft picture
ROUNDED = 0.6  # px around a corner over which a field rounds it off
LINE_ERROR, RUN_ERROR = 0.1, 0.05  # px that points may be off a line between corners, and off a straight run
SHORT, RUN = 1.6, 2.6  # px of a piece between corners that is taken for a line, and least of a straight run
APART = 0.9  # px of knots on a curve, at least


def outlines_of(field: np.ndarray) -> list[np.ndarray]:
    """The closed outlines of a field's level 0: points [N,2] in pixels, STEP apart, clockwise around what is above."""
    ringed = np.zeros((field.shape[0] + 2, field.shape[1] + 2), np.float32)
    ringed[1:-1, 1:-1] = np.clip(0.5 + SLOPE * field, 0.02, 0.98)
    part = np.zeros(field.shape, np.int64)
    points, starts, _ = loops_of(ringed, 0, 0, part)
    loops = [points[a:b] / SAMPLES for a, b in pairwise(starts.tolist())]
    return [evenly(loop) for loop in loops if abs(area_of(loop)) > LEAST_AREA]


def evenly(loop: np.ndarray) -> np.ndarray:
    """A closed loop with points STEP apart, its finest zigzags smoothed."""
    closed = np.concatenate([loop, loop[:1]])
    length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(12, round(length[-1] / STEP))
    at = length[-1] * np.arange(count) / count
    points = np.stack([np.interp(at, length, closed[:, axis]) for axis in (0, 1)], 1)
    smooth: np.ndarray = (np.roll(points, 1, 0) + 2 * points + np.roll(points, -1, 0)) / 4
    return smooth


def smoothed(points: np.ndarray) -> np.ndarray:
    """An outline [N,2] without the bulges that pixels make on it: a Gaussian mean along it."""
    reach = min(round(2.5 * SMOOTHING / STEP), (len(points) - 1) // 4)
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) * STEP / SMOOTHING) ** 2)
    found: np.ndarray = sum(
        tap * np.roll(points, shift, 0) for tap, shift in zip(taps / taps.sum(), range(-reach, reach + 1), strict=True)
    )
    return found


def contour_of(points: np.ndarray, least_turn: float = CORNER_TURN, most_spread: float = np.inf) -> Contour:
    """An outline [N,2] as pieces: more corners, which turn by an angle at least, and not so many times as much over
    twice the way, and knots than there may be."""
    corners = _corners(points, least_turn, most_spread)
    start = int(corners[0]) if len(corners) else int(points[:, 1].argmin())
    n = len(points)
    points = np.roll(points, -start, 0)
    cuts = [*((corners - start) % n).tolist(), n] if len(corners) else [0, n]
    closed = np.concatenate([points, points[:1]])
    sections = [closed[a : b + 1] for a, b in pairwise(cuts)]
    pieces: list[tuple[np.ndarray, int, int]] = []
    for section in sections:
        pieces += _pieces(section, bool(len(corners)))
    if len(pieces) == 1:
        pieces = _halved(pieces[0])
    if len(pieces) == 2 and all(kind == LINE for _, kind, _ in pieces):  # there and back: nothing would be left
        return contour_of(points, np.inf)
    kinds = tuple(kind for _, kind, _ in pieces)
    knots = tuple(knot for _, _, knot in pieces)
    contour = Contour(np.concatenate([piece[:3] for piece, _, _ in pieces]), kinds, knots)
    return retracted(_met(contour))


def _corners(points: np.ndarray, least_turn: float, most_spread: float) -> np.ndarray:
    """Indices of the points that may be corners: where an outline turns most within a reach."""
    n = len(points)
    reach = max(2, min(round(REACH / STEP), n // 8))
    turn = np.abs(_turn(points, reach))
    around = np.stack([np.roll(turn, shift) for shift in range(-reach + 1, reach)])
    is_top = (turn >= around.max(0)) & (turn > least_turn)
    if most_spread < np.inf:
        is_top &= np.abs(_turn(points, 2 * reach)) < most_spread * turn
    found = np.flatnonzero(is_top)
    return found[np.diff(found, prepend=found[-1] - n) > 1] if len(found) else found


def _turn(points: np.ndarray, reach: int) -> np.ndarray:
    """By what angle an outline turns at each point, from so many points behind to as many ahead."""
    behind, ahead = points - np.roll(points, reach, 0), np.roll(points, -reach, 0) - points
    angle: np.ndarray = np.arctan2(
        behind[:, 0] * ahead[:, 1] - behind[:, 1] * ahead[:, 0], (behind * ahead).sum(1)
    )  # fmt: skip
    return angle


def _pieces(section: np.ndarray, between_corners: bool) -> list[tuple[np.ndarray, int, int]]:
    """A section [N,2] as control points [4,2], the kind of each piece, and that of the knot at its begin."""
    length = STEP * (len(section) - 1)
    first = CORNER if between_corners else FLAT
    inner = section[_far(section, ROUNDED)] if between_corners else section
    if between_corners and (length < SHORT or len(inner) < 3 or _off(inner) < LINE_ERROR):
        return [(_line(section[0], section[-1]) if len(inner) < 3 else _through(section, inner), LINE, CORNER)]
    cuts = [(0, first, CURVE)]
    for a, b in runs_of(section, RUN, RUN_ERROR).tolist():
        a, b = _within(section, a, b, between_corners)
        if a == 0:
            cuts[0] = (0, first, LINE)
        else:
            cuts.append((a, SMOOTH, LINE))
        if b < len(section) - 1:
            cuts.append((b, SMOOTH, CURVE))
    every: list[tuple[int, int, int]] = []
    ends = [*(cut[0] for cut in cuts[1:]), len(section) - 1]
    for (at, knot, kind), end in zip(cuts, ends, strict=True):
        every.append((at, knot, kind))
        if kind == CURVE:
            every += _extremes(section, at, end)
    ends = [*(cut[0] for cut in every[1:]), len(section) - 1]
    return [
        (_line(section[at], section[end]) if kind == LINE else _cubic(section[at : end + 1]), kind, knot)
        for (at, knot, kind), end in zip(every, ends, strict=True)
        if end > at
    ]


def _within(section: np.ndarray, a: int, b: int, between_corners: bool) -> tuple[int, int]:
    """A straight run without its ends, where a curve goes on; up to the corners that are near."""
    trim, near = round(0.4 / STEP), round(1.0 / STEP)
    last = len(section) - 1
    a = 0 if between_corners and a <= near else a + trim
    b = last if between_corners and last - b <= near else b - trim
    return a, b


def _extremes(section: np.ndarray, first: int, last: int) -> list[tuple[int, int, int]]:
    """Knots where a curved part of a section is highest, lowest or farthest out."""
    found: list[tuple[int, int, int]] = []
    near = round(APART / STEP)
    moves = np.diff(section[first : last + 1], axis=0)
    for axis, knot in ((1, FLAT), (0, STEEP)):
        signs = np.sign(moves[:, axis])
        for at in np.flatnonzero(signs[1:] * signs[:-1] < 0).tolist():
            found.append((first + at + 1, knot, CURVE))
    found.sort()
    kept: list[tuple[int, int, int]] = []
    before = first
    for cut in found:
        if cut[0] - before >= near and last - cut[0] >= near:
            kept.append(cut)
            before = cut[0]
    return kept


def _far(section: np.ndarray, away: float) -> np.ndarray:
    """Which points of a section are some way from both of its ends."""
    cut = round(away / STEP)
    found = np.zeros(len(section), np.bool_)
    found[cut : len(section) - cut] = True
    return found


def _off(points: np.ndarray) -> float:
    """How far points are from the line that is nearest to them, at most."""
    middle = points.mean(0)
    across = np.linalg.svd(points - middle)[2][1]
    return float(np.abs((points - middle) @ across).max())


def _through(section: np.ndarray, inner: np.ndarray) -> np.ndarray:
    """The straight piece [4,2] along the line nearest to inner points, from one end of a section to the other."""
    middle = inner.mean(0)
    way = np.linalg.svd(inner - middle)[2][0]
    ends = [middle + ((end - middle) @ way) * way for end in (section[0], section[-1])]
    return _line(ends[0], ends[1])


def _line(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return np.stack([start, (2 * start + end) / 3, (start + 2 * end) / 3, end])


def _cubic(section: np.ndarray) -> np.ndarray:
    """The cubic [4,2] nearest to a section."""
    handles = np.zeros((2, 2))
    cubic_fit(np.ascontiguousarray(section), 0, len(section) - 1, handles)
    return np.stack([section[0], *handles, section[-1]])


def _halved(piece: tuple[np.ndarray, int, int]) -> list[tuple[np.ndarray, int, int]]:
    """A single closed piece as two."""
    points, kind, knot = piece
    a, b, c, d = points
    ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
    abc, bcd = (ab + bc) / 2, (bc + cd) / 2
    middle = (abc + bcd) / 2
    return [(np.stack([a, ab, abc, middle]), kind, knot), (np.stack([middle, bcd, cd, d]), kind, SMOOTH)]


def _met(contour: Contour) -> Contour:
    """The contour with corners between two lines where these meet."""
    points = contour.points.copy()
    for index, knot in enumerate(contour.knots):
        if knot != CORNER or contour.pieces[index] == CURVE or contour.pieces[index - 1] == CURVE:
            continue
        before, after = contour.piece(index - 1), contour.piece(index)
        u, v = before[3] - before[0], after[3] - after[0]
        cross = u[0] * v[1] - u[1] * v[0]
        if abs(cross) < 0.2 * np.hypot(*u) * np.hypot(*v):
            continue
        away = after[0] - before[0]
        met = before[0] + (away[0] * v[1] - away[1] * v[0]) / cross * u
        if np.hypot(*(met - points[3 * index])) < 1.0:
            points[3 * index] = met
    return Contour(points, contour.pieces, contour.knots)
