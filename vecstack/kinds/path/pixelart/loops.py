"""Loops over pixels and over the points of curves: links between pixels, and cubics along splines."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled

ISLAND = 5  # the vote for a link without which a pixel would be alone
AROUND = 8  # pixels a side of the window in which what is sparse counts


@compiled
def splits_of(number, alike):
    """How each corner [H+1,W+1] of pixels [H,W] is split: by the link between two that hang together there alone. Where
    both pairs across it are alike, votes decide: for the longer curve, for what is sparse around, and against pixels
    that would be alone."""
    height, width = number.shape
    steps_y, steps_x = (0, 1, 1, 1, 0, -1, -1, -1), (1, 1, 0, -1, -1, -1, 0, 1)
    links = np.zeros((height, width, 8), np.bool_)
    for y in range(height):
        for x in range(width):
            for way in range(8):
                ny, nx = y + steps_y[way], x + steps_x[way]
                if 0 <= ny < height and 0 <= nx < width:
                    links[y, x, way] = alike[number[y, x], number[ny, nx]]
    for y in range(height - 1):  # all four together are no crossing
        for x in range(width - 1):
            if links[y, x, 0] and links[y, x, 2] and links[y + 1, x + 1, 4] and links[y + 1, x + 1, 6]:
                if links[y, x, 1]:
                    links[y, x, 1] = links[y + 1, x + 1, 5] = False
                if links[y, x + 1, 3]:
                    links[y, x + 1, 3] = links[y + 1, x, 7] = False
    valence = np.zeros((height, width), np.int64)
    for y in range(height):
        for x in range(width):
            for way in range(8):
                valence[y, x] += links[y, x, way]
    split = np.zeros((height + 1, width + 1), np.int8)
    for y in range(height - 1):
        for x in range(width - 1):
            falling, rising = links[y, x, 1], links[y, x + 1, 3]
            if falling and rising:
                first = _vote(links, valence, y, x, 1, steps_y, steps_x)
                second = _vote(links, valence, y, x + 1, 3, steps_y, steps_x)
                sparse = _reached(links, y, x, y, x, steps_y, steps_x) - _reached(
                    links, y, x + 1, y, x, steps_y, steps_x
                )
                votes = first - second - sparse
                split[y + 1, x + 1] = 1 if votes > 0 else (2 if votes < 0 else 0)
            elif (
                falling and not (links[y, x, 0] and links[y, x + 1, 2]) and not (links[y, x, 2] and links[y + 1, x, 0])
            ):
                split[y + 1, x + 1] = 1
            elif rising and not (links[y, x, 0] and links[y, x, 2]) and not (links[y, x + 1, 2] and links[y + 1, x, 0]):
                split[y + 1, x + 1] = 2
    return split


@compiled
def _vote(links, valence, y, x, way, steps_y, steps_x):
    """For a diagonal link: the length of the curve that it is a part of, and more where an end of it has no other."""
    ey, ex = y + steps_y[way], x + steps_x[way]
    found = ISLAND if valence[y, x] == 1 or valence[ey, ex] == 1 else 0
    length = 1
    for end in range(2):
        at_y, at_x, came = (ey, ex, (way + 4) % 8) if end == 0 else (y, x, way)
        stop_y, stop_x = (y, x) if end == 0 else (ey, ex)
        while valence[at_y, at_x] == 2:
            on = 0
            while on == came or not links[at_y, at_x, on]:
                on += 1
            at_y, at_x, came = at_y + steps_y[on], at_x + steps_x[on], (on + 4) % 8
            length += 1
            if at_y == stop_y and at_x == stop_x:
                return found + length  # it is closed
    return found + length


@compiled
def _reached(links, y, x, corner_y, corner_x, steps_y, steps_x):
    """How many pixels of a window around a corner hang together with a pixel there."""
    seen = np.zeros((AROUND, AROUND), np.bool_)
    waiting = np.empty((AROUND * AROUND, 2), np.int64)
    top, left = corner_y + 1 - AROUND // 2, corner_x + 1 - AROUND // 2
    waiting[0, 0], waiting[0, 1] = y, x
    seen[y - top, x - left] = True
    count, at = 1, 0
    while at < count:
        cy, cx = waiting[at, 0], waiting[at, 1]
        at += 1
        for way in range(8):
            if not links[cy, cx, way]:
                continue
            ny, nx = cy + steps_y[way], cx + steps_x[way]
            if top <= ny < top + AROUND and left <= nx < left + AROUND and not seen[ny - top, nx - left]:
                seen[ny - top, nx - left] = True
                waiting[count, 0], waiting[count, 1] = ny, nx
                count += 1
    return count


@compiled
def pieces_of(points, knots, ways, error, straight, least):
    """Pieces from knot to knot, each as long as it can be."""
    found = np.empty((3 * len(knots), 2))
    handles = np.zeros((2, 2))
    count, at, last = 0, 0, len(knots) - 1
    while at < last:
        end = at + 1
        is_line = _off(points, knots[at], knots[end]) <= straight
        while end < last and is_line and _off(points, knots[at], knots[end + 1]) <= straight:
            end += 1
        dx, dy = points[knots[end], 0] - points[knots[at], 0], points[knots[end], 1] - points[knots[at], 1]
        is_line = is_line and (math.hypot(dx, dy) >= least or end == last)
        if not is_line:
            low, high, step = at + 1, last + 1, 1
            while low + step <= last and _fit(points, knots, ways, at, low + step, handles) <= error:
                low += step
                step *= 2
            high = min(low + step, last + 1)
            while high - low > 1:
                middle = (low + high) // 2
                if _fit(points, knots, ways, at, middle, handles) <= error:
                    low = middle
                else:
                    high = middle
            end = low
            _fit(points, knots, ways, at, end, handles)
        found[3 * count] = points[knots[at]]
        found[3 * count + 1] = points[knots[at]] if is_line else handles[0]
        found[3 * count + 2] = points[knots[end]] if is_line else handles[1]
        count += 1
        at = end
    return found[: 3 * count]


@compiled
def _off(points, first, last):
    """How far points are off the line between two, at most."""
    dx, dy = points[last, 0] - points[first, 0], points[last, 1] - points[first, 1]
    length = math.hypot(dx, dy)
    if length == 0:
        return 1e9
    worst = 0.0
    for k in range(first + 1, last):
        away = abs(dx * (points[k, 1] - points[first, 1]) - dy * (points[k, 0] - points[first, 0])) / length
        worst = max(worst, away)
    return worst


@compiled
def _fit(points, knots, ways, at, end, handles):
    """The handles [2,2] of the cubic between two knots, in the directions there, that is closest to the points between
    by least squares; returns the largest distance."""
    first, last = knots[at], knots[end]
    count = last - first + 1
    p0, p3, u0, u1 = points[first], points[last], ways[at], ways[end]
    t = np.zeros(count)
    for k in range(1, count):
        t[k] = t[k - 1] + math.hypot(
            points[first + k, 0] - points[first + k - 1, 0], points[first + k, 1] - points[first + k - 1, 1]
        )
    length = t[count - 1]
    t /= max(length, 1e-9)
    worst = 0.0
    cross = u0[0] * u1[0] + u0[1] * u1[1]
    for _ in range(4):
        a11, a12, a22, b1, b2 = 1e-9, 0.0, 1e-9, 0.0, 0.0
        for k in range(count):
            v = t[k]
            u = 1 - v
            w1, w2 = 3 * u * u * v, 3 * u * v * v
            f0, f3 = u * u * u + w1, w2 + v * v * v
            rx = points[first + k, 0] - f0 * p0[0] - f3 * p3[0]
            ry = points[first + k, 1] - f0 * p0[1] - f3 * p3[1]
            a11 += w1 * w1
            a12 -= w1 * w2 * cross
            a22 += w2 * w2
            b1 += w1 * (rx * u0[0] + ry * u0[1])
            b2 -= w2 * (rx * u1[0] + ry * u1[1])
        det = a11 * a22 - a12 * a12
        one, other = length / 3, length / 3
        if det > 1e-9 * a11 * a22:
            one, other = (a22 * b1 - a12 * b2) / det, (a11 * b2 - a12 * b1) / det
        if one <= 0 or other <= 0 or one > 2 * length or other > 2 * length:
            one, other = length / 3, length / 3
        for axis in range(2):
            handles[0, axis] = p0[axis] + one * u0[axis]
            handles[1, axis] = p3[axis] - other * u1[axis]
        worst = 0.0
        for k in range(1, count - 1):
            v = t[k]
            u = 1 - v
            ex = u**3 * p0[0] + 3 * u * u * v * handles[0, 0] + 3 * u * v * v * handles[1, 0] + v**3 * p3[0]
            ey = u**3 * p0[1] + 3 * u * u * v * handles[0, 1] + 3 * u * v * v * handles[1, 1] + v**3 * p3[1]
            ex, ey = ex - points[first + k, 0], ey - points[first + k, 1]
            dx = u * u * (handles[0, 0] - p0[0]) + 2 * u * v * (handles[1, 0] - handles[0, 0])
            dy = u * u * (handles[0, 1] - p0[1]) + 2 * u * v * (handles[1, 1] - handles[0, 1])
            dx, dy = 3 * (dx + v * v * (p3[0] - handles[1, 0])), 3 * (dy + v * v * (p3[1] - handles[1, 1]))
            worst = max(worst, math.hypot(ex, ey))
            q = dx * dx + dy * dy
            if q > 1e-9:
                t[k] = min(max(v - (ex * dx + ey * dy) / q, 0.0), 1.0)
    return worst
