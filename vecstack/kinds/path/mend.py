"""Outlines without thorns and curls: where one crosses itself, or comes back to within a hair of where it was, the
smaller side is cut off, if the picture does not miss it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path.arrays import Paths
from vecstack.kinds.path.contours import split
from vecstack.kinds.path.fit import Tuner

HAIR = 0.7  # px, of a thorn or a crack: thinner ones are cut
LEAST_TURN = 4.0  # px along the outline, out and back, of a thorn or a curl: shorter ones do not show
STEP = 0.7  # px between points of an outline that is looked at
FEWEST_STEPS, MOST_STEPS = 4, 256  # of a cubic
LEAST_PIECES = 2  # of a contour
MOST_CUTS = 64  # of a contour that are known at a time
SHORT = 0.4  # px, of what is left of a piece and not worth one
ROUNDS = 12  # of cuts, one of each path in a round
MARGIN = 2  # px around a cut where the picture may change
WORTH = 0.03  # of what a path is worth on average (the error over the count of paths), that a cut may cost


def mended(tuner: Tuner, paths: Paths, free: np.ndarray) -> Paths:
    """The paths, those that are `free` [L] for it with what their outlines cross of themselves, and their thorns, cut
    off: small ones first, each where the squared error hardly rises. Where an outline crosses itself, a part that the
    picture misses becomes a contour of its own."""
    outlines = [[_Outline(contour) for contour in paths.contours_of(index)] for index in range(paths.count)]
    found = [_smallest(own, 0.0) if is_free else None for own, is_free in zip(outlines, free, strict=True)]
    drawn = _squares(tuner, paths)
    most = WORTH * float(drawn.sum()) / max(paths.count, 1)
    for _ in range(ROUNDS):
        cuts = {index: cut for index, cut in enumerate(found) if cut is not None}
        if not cuts:
            break
        tried = [cuts[index].off if index in cuts else own for index, own in enumerate(outlines)]
        changed = _squares(tuner, _with_outlines(paths, tried))
        for index, cut in cuts.items():
            is_missed = float((changed[cut.box] - drawn[cut.box]).sum()) > most
            if not is_missed:
                outlines[index] = cut.off
                drawn[cut.box] = changed[cut.box]
            elif cut.apart is not None:
                outlines[index] = cut.apart
            found[index] = _smallest(outlines[index], cut.area if is_missed and cut.apart is None else cut.floor)
    return _with_outlines(paths, outlines)


def _squares(tuner: Tuner, paths: Paths) -> np.ndarray:
    """The squared error at each pixel: [H,W]."""
    found: np.ndarray = np.square(np.clip(tuner.draw(paths), 0, 1) - tuner.scene.picture).sum(0)
    return found


def _with_outlines(paths: Paths, outlines: list[list[_Outline]]) -> Paths:
    return paths.with_contours([[outline.contour for outline in own] for own in outlines])


class _Outline:
    """A contour [3n,2], and what may be cut off it."""

    def __init__(self, contour: np.ndarray) -> None:
        self.contour = contour

    @cached_property
    def line(self) -> np.ndarray:
        """Points along it (see `_flattened`)."""
        return _flattened(self.contour)

    @cached_property
    def cuts(self) -> np.ndarray:
        """What may be cut off [K,6]: the area in square px, the places of both ends (number of a point of the line,
        share of the way to the next), and whether the line crosses itself there."""
        cuts = np.empty((MOST_CUTS, 6))
        return cuts[: _find(self.line, *_sums(self.line), HAIR, LEAST_TURN, cuts)]

    def between(self, start: np.ndarray, end: np.ndarray) -> _Outline | None:
        """What lies between two places, closed; None where that would be too little."""
        contour = _closed(self.contour, self.line, start, end)
        return None if contour is None else _Outline(contour)


@dataclass(frozen=True)
class _Cut:
    """The outlines of a path with a part cut `off`, of so many square px; `apart`, with that part as an outline of its
    own instead, which looks the same, where the outline crosses itself; and the box of pixels around the part. No
    smaller ones than `floor` were looked for."""

    off: list[_Outline]
    apart: list[_Outline] | None
    area: float
    box: tuple[slice, slice]
    floor: float


def _smallest(outlines: list[_Outline], floor: float) -> _Cut | None:
    """The cut of least area above a floor, if there is one."""
    places = [
        (cut[0], number, cut) for number, outline in enumerate(outlines) for cut in outline.cuts if cut[0] > floor
    ]
    for area, number, cut in sorted(places, key=lambda place: place[:2]):
        outline, start, end = outlines[number], cut[1:3], cut[3:5]
        kept = outline.between(end, start)
        if kept is not None:
            part = outline.between(start, end) if cut[5] else None
            before, after = outlines[:number], outlines[number + 1 :]
            apart = None if part is None else [*before, kept, part, *after]
            return _Cut([*before, kept, *after], apart, float(area), _box(outline.line, start, end), floor)
    return None


def _box(line: np.ndarray, start: np.ndarray, end: np.ndarray) -> tuple[slice, slice]:
    """The pixels around what is cut from a line."""
    first, last = int(start[0]), int(end[0]) + 1
    part = line[np.arange(first, last + 1 + len(line) * (last < first)) % len(line), :2]
    low, high = np.floor(part.min(0)).astype(int) - MARGIN, np.ceil(part.max(0)).astype(int) + MARGIN
    (left, top), (right, bottom) = low.clip(0), high.clip(0)
    return slice(top, bottom), slice(left, right)


def _flattened(contour: np.ndarray) -> np.ndarray:
    """Points along a contour [3n,2], at even parameters of each piece: x, y, piece and parameter [N,4]."""
    legs = np.roll(contour, -1, 0) - contour
    lengths = np.hypot(legs[:, 0], legs[:, 1]).reshape(-1, 3).sum(1)
    steps = np.ceil(lengths / STEP).astype(np.int64).clip(FEWEST_STEPS, MOST_STEPS)
    piece = np.repeat(np.arange(len(steps)), steps)
    t = (np.arange(len(piece)) - np.repeat(np.cumsum(steps) - steps, steps)) / steps[piece]
    u = 1 - t
    shares = np.stack([u**3, 3 * u * u * t, 3 * u * t * t, t**3], 1)
    controls = contour[(3 * piece[:, None] + np.arange(4)) % len(contour)]
    return np.column_stack([np.einsum("nk,nka->na", shares, controls), piece, t])


def _sums(line: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far along a closed line each point is, and twice the area that the line has swept until there, as seen from
    the origin: [N+1] each."""
    x, y = line[:, 0], line[:, 1]
    next_x, next_y = np.roll(x, -1), np.roll(y, -1)
    sums = np.zeros((2, len(line) + 1))
    np.cumsum([np.hypot(next_x - x, next_y - y), x * next_y - next_x * y], axis=1, out=sums[:, 1:])
    return sums[0], sums[1]


@compiled
def _find(line, arc, swept, hair, least, cuts):
    """Write what may be cut off a closed line, as much as there is room for in `cuts` [K,6] (see `_Outline`): between
    two of its edges that cross, or between two points within a hair of which none farther along are. Gives how many."""
    n = len(line)
    count = 0
    longest = 0.0
    for i in range(n):
        longest = max(longest, arc[i + 1] - arc[i])
    square = hair * hair
    for i in range(n):
        ax, ay = line[i, 0], line[i, 1]
        bx, by = line[(i + 1) % n, 0], line[(i + 1) % n, 1]
        step = 1
        while step < n - 2:
            step += 1
            j = (i + step) % n
            length = arc[j] - arc[i] if j > i else arc[n] - arc[i] + arc[j]
            if length > 0.5 * arc[n]:
                break
            if length < least:
                continue
            cx, cy = line[j, 0], line[j, 1]
            away = math.sqrt((cx - ax) ** 2 + (cy - ay) ** 2)
            if away > hair + 2 * longest:  # nothing can be near before the line has come back
                step += int((away - hair) / longest) - 2
                continue
            area = swept[j] - swept[i] if j > i else swept[n] - swept[i] + swept[j]
            area = 0.5 * abs(area + cx * ay - ax * cy)
            if count == len(cuts):
                return count
            dx, dy = line[(j + 1) % n, 0], line[(j + 1) % n, 1]
            rx, ry, sx, sy = bx - ax, by - ay, dx - cx, dy - cy
            det = rx * sy - ry * sx
            if abs(det) > 1e-12:
                s = ((cx - ax) * sy - (cy - ay) * sx) / det
                t = ((cx - ax) * ry - (cy - ay) * rx) / det
                if 0 <= s < 1 and 0 <= t < 1:
                    cuts[count, 0], cuts[count, 5] = area, 1
                    cuts[count, 1], cuts[count, 2], cuts[count, 3], cuts[count, 4] = i, s, j, t
                    count += 1
                    continue
            if away >= hair or area > 0.5 * hair * length:
                continue
            # Only where the hair ends: farther along on either side, the line is farther apart.
            hx, hy = line[i - 1, 0], line[i - 1, 1]
            if (hx - dx) ** 2 + (hy - dy) ** 2 < square or (ax - dx) ** 2 + (ay - dy) ** 2 < square:
                continue
            if (hx - cx) ** 2 + (hy - cy) ** 2 < square:
                continue
            cuts[count, 0], cuts[count, 5] = area, 0
            cuts[count, 1], cuts[count, 2], cuts[count, 3], cuts[count, 4] = i, 0, j, 0
            count += 1
    return count


def _closed(contour: np.ndarray, line: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray | None:
    """What lies between two places of a contour [3n,2], as one; None where that would be too little."""
    (first, s), (last, t) = _place(line, start), _place(line, end)
    if first == last and s < t:
        return None
    n = len(contour) // 3
    _, after = split(_piece(contour, first), s)
    before, _ = split(_piece(contour, last), t)
    whole = [_piece(contour, (first + 1 + k) % n) for k in range((last - first - 1) % n)]
    middle = (before[3] + after[0]) / 2
    pieces = [after, *whole, before]
    if _length(before) < SHORT and len(pieces) > LEAST_PIECES:
        pieces.pop()
    if _length(after) < SHORT and len(pieces) > LEAST_PIECES:
        pieces.pop(0)
    if len(pieces) < LEAST_PIECES:
        return None
    pieces[0][:2] += middle - pieces[0][0]
    pieces[-1][2:] += middle - pieces[-1][3]
    return np.concatenate([piece[:3] for piece in pieces])


def _place(line: np.ndarray, place: np.ndarray) -> tuple[int, float]:
    """The piece and its parameter at a share of the way from a point of a line to the next."""
    point, share = int(place[0]), float(place[1])
    here, following = line[point], line[(point + 1) % len(line)]
    end = following[3] if following[2] == here[2] else 1.0
    return int(here[2]), float(here[3] + share * (end - here[3]))


def _piece(contour: np.ndarray, index: int) -> np.ndarray:
    """The control points [4,2] of a piece of a contour."""
    found: np.ndarray = contour[(3 * index + np.arange(4)) % len(contour)]
    return found


def _length(piece: np.ndarray) -> float:
    """The length of a cubic's control polygon, in px."""
    return float(np.linalg.norm(np.diff(piece, axis=0), axis=1).sum())
