"""One cubic piece through the ends of some points, in compiled loops."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled

ROUNDS = 3  # of fitting, between which each point looks for the nearest on the piece


@compiled
def fit_handles(points, ways, most):
    """How long the handles of the piece are that is closest to points [N,2] by least squares, from the first to the
    last, where it runs in the directions `ways` [2,2]; points count by the inverse of how far they may be off, `most`
    [N]. -1 for both where that is too far for one of them."""
    count = len(points)
    shares = np.zeros(count)
    for i in range(1, count):
        step = math.hypot(points[i, 0] - points[i - 1, 0], points[i, 1] - points[i - 1, 1])
        shares[i] = shares[i - 1] + step
    shares /= max(shares[-1], 1e-300)
    x0, y0, x1, y1 = points[0, 0], points[0, 1], points[-1, 0], points[-1, 1]
    ux, uy, vx, vy = ways[0, 0], ways[0, 1], ways[1, 0], ways[1, 1]
    one, other = 0.0, 0.0
    for _ in range(ROUNDS):
        a, b, c, p, q = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(count):
            t, s, weight = shares[i], 1 - shares[i], 1 / (most[i] * most[i])
            near, far = 3 * t * s * s, 3 * t * t * s
            first, last = s * s * s + near, t * t * t + far
            x, y = points[i, 0] - first * x0 - last * x1, points[i, 1] - first * y0 - last * y1
            a += weight * near * near
            b -= weight * near * far
            c += weight * far * far
            p += weight * near * (x * ux + y * uy)
            q -= weight * far * (x * vx + y * vy)
        b *= ux * vx + uy * vy
        whole = a * c - b * b
        one, other = (p * c - q * b) / whole, (q * a - p * b) / whole
        if not (one > 0 and other > 0):
            return -1.0, -1.0
        ax, ay, bx, by = x0 + one * ux, y0 + one * uy, x1 - other * vx, y1 - other * vy
        is_off = False
        for i in range(count):
            t, s = shares[i], 1 - shares[i]
            near, far = 3 * t * s * s, 3 * t * t * s
            x = points[i, 0] - (s * s * s * x0 + near * ax + far * bx + t * t * t * x1)
            y = points[i, 1] - (s * s * s * y0 + near * ay + far * by + t * t * t * y1)
            dx = 3 * (s * s * (ax - x0) + 2 * t * s * (bx - ax) + t * t * (x1 - bx))
            dy = 3 * (s * s * (ay - y0) + 2 * t * s * (by - ay) + t * t * (y1 - by))
            square = max(dx * dx + dy * dy, 1e-300)
            is_off = is_off or abs(dx * y - dy * x) > most[i] * math.sqrt(square)
            shares[i] = min(max(t + (x * dx + y * dy) / square, 0.0), 1.0)
    return (-1.0, -1.0) if is_off else (one, other)
