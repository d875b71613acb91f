"""Outlines as few exact pieces: corners, straight lines, circles and ellipses, and cubics between."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from vecstack.geometry import UNIT_CIRCLE
from vecstack.kinds.path.graphic.boxes import box_of
from vecstack.kinds.path.graphic.lines import corners_of, cubic_fit, longest, runs_of
from vecstack.winding import area_of

# What a piece is: level and upright lines are exactly so, ROUND is a quarter of an ellipse, BOX a side or a corner of a
# rectangle with round corners.
CURVE, LINE, LEVEL, UPRIGHT, ROUND, BOX = range(6)
WHOLE = (ROUND, BOX)  # what all pieces of a contour are
CORNER_REACH, CORNER_SHARE = 3.0, 12.0  # px along an outline that a corner is seen from, at most its length over this
CORNER_TURN, CORNER_SPREAD = math.radians(28), 0.6  # least turn there, and most more turn from twice as far: of it
BLUNT = 1.2  # px around a corner over which pixels round it off
CORNER_MOVE = 1.6  # px that a corner may be away from the outline
ACUTE, THIN = math.radians(50), 1.5  # between the sides of a sharp corner; px across, where it is thin
SHARP_POINTS = 150  # of an outline that has sharp corners: the sides of a letter are too short to tell one
LINE_ERROR, RUN_ERROR = 0.16, 0.07  # px that points may be off a line from corner to corner, and one that ends smoothly
RUN_PX, CLEAN_ERROR = 24.0, 0.03  # least length of a line that ends smoothly; px that points within may be off it
LEVEL_PX, LEVEL_SLOPE = 0.15, 0.015  # off level, of a line that is made exactly level or upright: at most both
ROUND_ERROR = 0.16  # px that an ellipse may be off, at most
MOST_FLAT = 6.0  # an ellipse: its longer radius by the shorter one
SAME_RADIUS = 0.012  # by which the two radii of a circle may differ
CIRCLE = np.array(UNIT_CIRCLE[:-1])  # its contour [12,2], of radius 1


@dataclass(frozen=True)
class Outline:
    """A closed contour [3n,2] (knot, handle, handle, ...) and what each of its pieces is [n]."""

    points: np.ndarray
    kinds: np.ndarray

    @property
    def pieces(self) -> int:
        """How many."""
        return len(self.kinds)


def outline_of(points: np.ndarray, error: float) -> Outline | None:
    """An outline [N,2] as few pieces, off by no more than an error (px) but at corners; None of one without area."""
    length = np.hypot(*(np.roll(points, -1, 0) - points).T).sum()
    if len(points) < 4 or length < 2.5:
        return None
    ellipse = ellipse_of(points, min(max(error, 0.08), ROUND_ERROR) if length > 12 else 0.25)
    if ellipse is not None:
        return Outline(ellipse, np.full(4, ROUND))
    box = box_of(points, min(max(error, 0.08), ROUND_ERROR)) if length > 12 else None
    if box is not None:
        return Outline(box, np.full(8, BOX))
    reach = min(CORNER_REACH, max(length / CORNER_SHARE, 0.8))
    corners = np.flatnonzero(corners_of(points, reach, CORNER_TURN, CORNER_SPREAD))
    sections = sections_between(points, corners, reach)
    pieces: list[tuple[np.ndarray, int]] = []
    for section in sections:
        pieces += pieces_along(section, error, bool(len(corners)))
    contour = np.concatenate([piece[:3] for piece, _ in pieces])
    kinds = np.array([kind for _, kind in pieces])
    return levelled(contour, kinds)


def levelled(contour: np.ndarray, kinds: np.ndarray) -> Outline:
    """A contour with lines made level and upright; two pieces at least."""
    if len(kinds) < 2:
        first, second = _halved(np.concatenate([contour, contour[:1]]))
        contour, kinds = np.concatenate([first[:3], second[:3]]), np.repeat(kinds, 2)
    n = len(kinds)
    kinds = kinds.copy()
    for index in np.flatnonzero(kinds == LINE):
        dx, dy = contour[3 * (index + 1) % (3 * n)] - contour[3 * index]
        length = math.hypot(dx, dy)
        if abs(dy) < min(LEVEL_PX, LEVEL_SLOPE * length + 0.04):
            kinds[index] = LEVEL
        elif abs(dx) < min(LEVEL_PX, LEVEL_SLOPE * length + 0.04):
            kinds[index] = UPRIGHT
    return Outline(contour, kinds)


def _halved(piece: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b, c, d = piece
    ab, bc, cd = (a + b) / 2, (b + c) / 2, (c + d) / 2
    abc, bcd = (ab + bc) / 2, (bc + cd) / 2
    middle = (abc + bcd) / 2
    return np.stack([a, ab, abc, middle]), np.stack([middle, bcd, cd, d])


def sections_between(points: np.ndarray, corners: np.ndarray, reach: float) -> list[np.ndarray]:
    """The parts of a closed outline from corner to corner, both included, without the points that pixels rounded off; a
    closed one begins where it is highest."""
    n = len(points)
    if not len(corners):
        start = int(points[:, 1].argmin())
        around = np.arange(start, start + n + 1) % n
        return [points[around]]
    places = [_corner_at(points, int(corner), reach) for corner in corners]
    found = []
    for number, corner in enumerate(corners):
        end = int(corners[(number + 1) % len(corners)])
        end += n if end <= corner else 0
        own = points[np.arange(corner + 1, end) % n]
        (first, after), (last, before) = places[number], places[(number + 1) % len(corners)]
        far = (np.hypot(*(own - first).T) > after) & (np.hypot(*(own - last).T) > before)
        found.append(np.concatenate([first[None], own[far], last[None]]))
    return found


def _corner_at(points: np.ndarray, corner: int, reach: float) -> tuple[np.ndarray, float]:
    """Where the lines of both sides of a corner meet, if that is near; and how far around it pixels round it off, a
    sharp one as far as it is thin."""
    here, blunt = points[corner], min(BLUNT, reach / 2)
    sides = _sides(points, corner, blunt, reach)
    if sides is None:
        return here, blunt
    opening = math.acos(min(1.0, max(-1.0, float(sides[0][1] @ sides[1][1]))))
    thin = min(THIN / (2 * math.tan(max(opening, 1e-3) / 2)), 2 * reach)
    is_sharp = opening < ACUTE and thin > blunt and len(points) >= SHARP_POINTS
    if is_sharp:
        sides, blunt = _sides(points, corner, thin, reach) or sides, thin
    (p, u), (q, v) = sides
    cross = u[0] * v[1] - u[1] * v[0]
    if abs(cross) < 0.2:
        return here, min(blunt, BLUNT)
    t = ((q - p)[0] * v[1] - (q - p)[1] * v[0]) / cross
    met: np.ndarray = p + t * u
    most = max(CORNER_MOVE, blunt) if is_sharp else CORNER_MOVE
    if np.hypot(*(met - here)) > most or (is_sharp and (met - here) @ (u + v) > 0):
        return here, min(BLUNT, reach / 2)
    return met, blunt


def _sides(
    points: np.ndarray, corner: int, blunt: float, reach: float
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]] | None:
    """The lines of both sides of a corner, without what is `blunt`: a point of each, and which way it leads away; None
    where a side is too short."""
    here, n = points[corner], len(points)
    found = []
    for step in (-1, 1):
        side = points[(corner + step * np.arange(1, min(n // 2, int(4 * reach + 2 * blunt) + 4))) % n]
        away = np.hypot(*(side - here).T)
        own = side[(away > blunt) & (away < blunt + 1.3 * reach)]
        if len(own) < 2:
            return None
        middle = own.mean(0)
        way = np.linalg.svd(own - middle)[2][0]
        found.append((middle, way if way @ (middle - here) > 0 else -way))
    return found[0], found[1]


def pieces_along(section: np.ndarray, error: float, has_corners: bool) -> list[tuple[np.ndarray, int]]:
    """The pieces [4,2] of a section [N,2], and what they are."""
    if has_corners and _off_chord(section) <= max(LINE_ERROR, 0.7 * error):
        return [(_line(section[0], section[-1]), LINE)]
    runs = runs_of(section, RUN_PX, RUN_ERROR)
    found: list[tuple[np.ndarray, int]] = []
    at = began = 0  # of what is left; the last line
    for first, last in (run for run in runs if _is_line(section[run[0] : run[1] + 1])):
        if first > at:
            found += [(piece, CURVE) for piece in cubics_along(section[at : first + 1], error)]
        start = first
        if found and found[-1][1] == LINE and first == at and _off_chord(section[began : last + 1]) <= 2 * RUN_ERROR:
            found.pop()
            start = began
        found.append((_line(section[start], section[last]), LINE))
        began, at = start, last
    if at < len(section) - 1:
        found += [(piece, CURVE) for piece in cubics_along(section[at:], error)]
    return found


def _is_line(run: np.ndarray) -> bool:
    """Whether a straight run is a line, and no part of a slight curve: straighter within than where it ends."""
    inner = run[len(run) // 12 : len(run) - len(run) // 12]
    away = inner - inner.mean(0)
    across = np.linalg.svd(away, full_matrices=False)[2][1]
    return bool(np.abs(away @ across).max() <= CLEAN_ERROR)


def _off_chord(section: np.ndarray) -> float:
    """The largest distance of points from the line through the first and the last."""
    chord = section[-1] - section[0]
    length = math.hypot(*chord)
    if length < 1e-6:
        return math.inf
    away = section - section[0]
    return float(np.abs(chord[0] * away[:, 1] - chord[1] * away[:, 0]).max() / length)


def _line(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    return np.stack([start, (2 * start + end) / 3, (start + 2 * end) / 3, end])


def cubics_along(section: np.ndarray, error: float) -> list[np.ndarray]:
    """As few cubics [4,2] as follow a section within an error: of equal lengths where these do, else each as long as it
    can be."""
    ends = longest(section, error)
    if len(ends) > 1:
        length = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(section, axis=0).T))])
        even = np.searchsorted(length, length[-1] * np.arange(1, len(ends)) / len(ends))
        cuts = [0, *even.tolist(), len(section) - 1]
        pieces = [_cubic(section[a : b + 1]) for a, b in pairwise(cuts) if b > a]
        if max(off for _, off in pieces) <= 1.3 * error:
            return [piece for piece, _ in pieces]
    cuts = [0, *ends]
    return [_cubic(section[a : b + 1])[0] for a, b in pairwise(cuts)]


def _cubic(section: np.ndarray) -> tuple[np.ndarray, float]:
    handles = np.zeros((2, 2))
    off = cubic_fit(np.ascontiguousarray(section), 0, len(section) - 1, handles)
    return np.stack([section[0], *handles, section[-1]]), off


def ellipse_of(points: np.ndarray, error: float) -> np.ndarray | None:
    """The contour [12,2] of the ellipse through points [N,2], if all are within an error (px) of it."""
    middle = points.mean(0)
    scale = np.abs(points - middle).max()
    x, y = ((points - middle) / scale).T
    design = np.stack([x * x, x * y, y * y, x, y], 1)
    a, b, c, d, e = np.linalg.lstsq(design, np.ones(len(x)), rcond=None)[0]
    form = np.array([[a, b / 2], [b / 2, c]])
    values, axes = np.linalg.eigh(form)
    if values.min() * MOST_FLAT**2 <= values.max():
        return None
    centre = np.linalg.solve(2 * form, [-d, -e])
    level = 1 + centre @ form @ centre
    radii = np.sqrt(level / values)
    local = (np.stack([x, y], 1) - centre) @ axes
    near = np.hypot(*(local / radii).T)
    off = np.abs(near - 1) * np.hypot(*local.T) / np.maximum(near, 1e-6) * scale
    if off.max() > error or np.sqrt(np.square(off).mean()) > 0.6 * error:
        return None
    if radii.max() < (1 + SAME_RADIUS) * radii.min():
        radii, axes = np.full(2, radii.mean()), np.eye(2)
    elif np.abs(axes).max() > 0.999:
        axes = np.eye(2) if abs(axes[0, 0]) > 0.5 else np.array([[0.0, 1.0], [1.0, 0.0]])
    found = middle + scale * (centre + (CIRCLE * radii) @ axes.T)
    is_turned = (area_of(found) > 0) != (area_of(points) > 0)
    contour: np.ndarray = np.roll(found[::-1], 1, 0) if is_turned else found
    return contour
