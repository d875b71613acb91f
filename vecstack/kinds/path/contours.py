"""The outlines of regions of pixels as closed cubic Beziers."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled

OUTSIDE = 0.75  # px beyond the picture to which an outline along its border is pushed, so that no seam shows there
NEAR_BORDER = 0.8  # px
SOFTNESS = 0.8  # px, standard deviation of the Gaussian that rounds the steps of pixels
REACH = 3  # points on each side that it takes
STRAIGHTNESS = 0.002  # how much handles are drawn to the thirds of their chord, where few points say otherwise


def outline(
    regions: np.ndarray, number: int, box: np.ndarray | tuple[int, int, int, int], width: int, height: int
) -> np.ndarray:
    """The outer boundary of a connected region of `regions` [H,W] with a number, within its `box` (left, top, right,
    bottom): points [N,2] near the middles of the sides of its pixels, clockwise on the screen, smoothed; those at the
    border of the picture are pushed outside."""
    line = _boundary(regions, number, box)
    reach = REACH if len(line) > 4 * REACH else 0  # a Gaussian would make a point of a pixel
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / SOFTNESS) ** 2)
    around = line[np.arange(-reach, len(line) + reach) % len(line)]
    smooth = sum(tap * around[k : k + len(line)] for k, tap in enumerate(taps / taps.sum()))
    size, near = np.array([width, height]), NEAR_BORDER if min(width, height) > 2 else NEAR_BORDER / 3
    outside = np.where(smooth > size - near, size + OUTSIDE, smooth)
    found: np.ndarray = np.where(smooth < near, -OUTSIDE, outside)
    return found


def _boundary(regions: np.ndarray, number: int, box: np.ndarray | tuple[int, int, int, int]) -> np.ndarray:
    """The middles of the sides of pixels [N,2] along the outer boundary of a region within a box, clockwise on the
    screen from its first pixel on."""
    points = np.empty((256, 2))
    while (count := _walk(regions, number, box[0], box[1], box[2], box[3], points)) > len(points):
        points = np.empty((count, 2))
    return points[:count]


@compiled
def _walk(regions, number, left, top, right, bottom, points):
    """Write the points, as many as there is room for; gives how many there are."""
    x = left
    while regions[top, x] != number:
        x += 1
    y = top
    count = 0
    # On corners of pixels: (x, y) and a direction 0 right, 1 down, 2 left, 3 up, with the region on the right hand.
    start_x, start_y, way = x, y, 0
    while True:
        dx = 1 if way == 0 else (-1 if way == 2 else 0)
        dy = 1 if way == 1 else (-1 if way == 3 else 0)
        if count < len(points):
            points[count, 0] = x + 0.5 * dx
            points[count, 1] = y + 0.5 * dy
        count += 1
        x += dx
        y += dy
        # The pixel ahead on the right hand, and the one on the left.
        rx, ry = x + (dx - dy - 1) // 2, y + (dy + dx - 1) // 2
        lx, ly = rx + dy, ry - dx
        in_right = left <= rx < right and top <= ry < bottom and regions[ry, rx] == number
        in_left = left <= lx < right and top <= ly < bottom and regions[ly, lx] == number
        if not in_right:
            way = (way + 1) % 4
        elif in_left:
            way = (way + 3) % 4
        if x == start_x and y == start_y and way == 0:
            break
    return count


@compiled
def closest_cubic(points, first, last, handles, t, ridge, rounds, is_across):
    """Write the handles [2,2] of the cubic from one point of a closed outline to another (indices, the last may be past
    the end) that comes closest to those between: least squares, with Newton steps of the parameters between `rounds`.
    Handles are drawn to the thirds of the chord by a `ridge`. Gives the largest distance, across the curve alone if
    asked so. `t` [N+1] is room."""
    n = len(points)
    count = last - first + 1
    x0, y0 = points[first % n, 0], points[first % n, 1]
    x3, y3 = points[last % n, 0], points[last % n, 1]
    t[0] = 0.0
    for k in range(1, count):
        i, j = (first + k) % n, (first + k - 1) % n
        t[k] = t[k - 1] + math.sqrt((points[i, 0] - points[j, 0]) ** 2 + (points[i, 1] - points[j, 1]) ** 2)
    length = t[count - 1]
    if length > 0:
        for k in range(count):
            t[k] /= length
    third_x, third_y = (x3 - x0) / 3, (y3 - y0) / 3
    worst = 0.0
    for _ in range(rounds):
        a11, a12, a22 = ridge, 0.0, ridge
        b1x, b1y, b2x, b2y = 0.0, 0.0, 0.0, 0.0
        for k in range(count):
            i = (first + k) % n
            u = 1 - t[k]
            w0, w1, w2, w3 = u * u * u, 3 * u * u * t[k], 3 * u * t[k] * t[k], t[k] * t[k] * t[k]
            rx = points[i, 0] - w0 * x0 - w3 * x3 - w1 * (x0 + third_x) - w2 * (x0 + 2 * third_x)
            ry = points[i, 1] - w0 * y0 - w3 * y3 - w1 * (y0 + third_y) - w2 * (y0 + 2 * third_y)
            a11 += w1 * w1
            a12 += w1 * w2
            a22 += w2 * w2
            b1x += w1 * rx
            b1y += w1 * ry
            b2x += w2 * rx
            b2y += w2 * ry
        det = a11 * a22 - a12 * a12
        handles[0, 0] = x0 + third_x + (a22 * b1x - a12 * b2x) / det
        handles[0, 1] = y0 + third_y + (a22 * b1y - a12 * b2y) / det
        handles[1, 0] = x0 + 2 * third_x + (a11 * b2x - a12 * b1x) / det
        handles[1, 1] = y0 + 2 * third_y + (a11 * b2y - a12 * b1y) / det
        h1x, h1y, h2x, h2y = handles[0, 0], handles[0, 1], handles[1, 0], handles[1, 1]
        worst = 0.0
        for k in range(1, count - 1):
            i = (first + k) % n
            v = t[k]
            u = 1 - v
            ex = u * u * u * x0 + 3 * u * u * v * h1x + 3 * u * v * v * h2x + v * v * v * x3 - points[i, 0]
            ey = u * u * u * y0 + 3 * u * u * v * h1y + 3 * u * v * v * h2y + v * v * v * y3 - points[i, 1]
            dx = 3 * u * u * (h1x - x0) + 6 * u * v * (h2x - h1x) + 3 * v * v * (x3 - h2x)
            dy = 3 * u * u * (h1y - y0) + 6 * u * v * (h2y - h1y) + 3 * v * v * (y3 - h2y)
            q = dx * dx + dy * dy
            d = (ex * dy - ey * dx) ** 2 / q if is_across and q > 1e-9 else ex * ex + ey * ey
            worst = max(worst, d)
            if q > 1e-9:  # a step of Newton's method towards the parameter of the nearest point
                t[k] = min(max(v - (ex * dx + ey * dy) / q, 0.0), 1.0)
    return math.sqrt(worst)


@compiled
def _fit_piece(points, first, last, handles, room):
    """The handles [2,2] of a piece of a closed outline, and how far points are off it."""
    ridge = 1e-6 + STRAIGHTNESS * (last - first + 1)
    return closest_cubic(points, first, last, handles, room, ridge, 3, False)


def fit_closed(points: np.ndarray, least: int, most: int, error: float) -> np.ndarray:
    """A closed outline [N,2] as a contour [3n,2] of cubics (knot, handle, handle, ...), of `least` to `most` pieces:
    the worst is cut where it is farthest from its chord until all points are within `error` px."""
    one = _farthest(points, points.mean(0))
    ends = sorted([one, _farthest(points, points[one])])
    knots, handles, errors = np.zeros(most + 2, np.int64), np.zeros((most + 2, 2, 2)), np.zeros(most + 2)
    knots[:3] = *ends, ends[0] + len(points)
    count = _cut(points, least, most, error, knots, handles, errors, np.empty(len(points) + 1))
    contour = np.empty((count, 3, 2))
    contour[:, 0], contour[:, 1:] = points[knots[:count] % len(points)], handles[:count]
    return contour.reshape(-1, 2)


def _farthest(points: np.ndarray, place: np.ndarray) -> int:
    """Which point is farthest from a place."""
    return int(np.square(points - place).sum(1).argmax())


@compiled
def _cut(points, least, most, error, knots, handles, errors, room):
    """Fit pieces to an outline: two, then more, from the points `knots` on. Gives how many there are."""
    n = len(points)
    for piece in range(2):
        errors[piece] = _fit_piece(points, knots[piece], knots[piece + 1], handles[piece], room)
    count = 2
    while count < most:
        worst, top = 0, -1.0
        for piece in range(count):
            length = knots[piece + 1] - knots[piece]
            value = float(length) if count < least else errors[piece]
            if value > top and length >= 4:
                worst, top = piece, value
        if top < 0 or (count >= least and top <= error):
            break
        first, last = knots[worst], knots[worst + 1]
        cut = (first + last) // 2
        if count >= least:
            ax, ay = points[first % n, 0], points[first % n, 1]
            dx, dy = points[last % n, 0] - ax, points[last % n, 1] - ay
            chord = dx * dx + dy * dy
            best = 1e-9
            for k in range(first + 2, last - 1):
                px, py = points[k % n, 0] - ax, points[k % n, 1] - ay
                share = min(max((px * dx + py * dy) / chord, 0.0), 1.0) if chord > 1e-12 else 0.0
                d = (px - share * dx) ** 2 + (py - share * dy) ** 2
                if d > best:
                    best, cut = d, k
        knots[count + 1] = knots[count]
        for piece in range(count, worst, -1):
            knots[piece] = knots[piece - 1]
            errors[piece] = errors[piece - 1]
            for k in range(4):
                handles[piece, k // 2, k % 2] = handles[piece - 1, k // 2, k % 2]
        knots[worst + 1] = cut
        count += 1
        for piece in (worst, worst + 1):
            errors[piece] = _fit_piece(points, knots[piece], knots[piece + 1], handles[piece], room)
    return count


def split(piece: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray]:
    """The two parts of a cubic [4,2] before and after a parameter."""
    a, b, c, d = piece
    ab, bc, cd = a + t * (b - a), b + t * (c - b), c + t * (d - c)
    abc, bcd = ab + t * (bc - ab), bc + t * (cd - bc)
    middle = abc + t * (bcd - abc)
    return np.stack([a, ab, abc, middle]), np.stack([middle, bcd, cd, d])
