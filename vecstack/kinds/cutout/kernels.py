"""Pictures sampled at points and laid over pixels, by compiled loops; twin.py is the same in PyTorch.

A level [h,w,4] (uint16, premultiplied) is sampled around a point, given in its pixels: at the point itself, or, where a
pixel that is drawn is larger than those of the level, as the mean of four points within it. Between the pixels of the
level runs the cubic of Catmull and Rom (1974). Beyond its edge a picture goes on as it ends, and how much of the pixel
that is drawn lies within the edge is counted beside."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled


@compiled
def add_cubic(level, u, v, share, out):
    """Add a share of the level's value at a point to `out` [4]."""
    height, width = level.shape[0], level.shape[1]
    column, row = math.floor(u - 0.5), math.floor(v - 0.5)
    s, t = u - 0.5 - column, v - 0.5 - row
    a0, a1 = ((-0.5 * s + 1) * s - 0.5) * s, (1.5 * s - 2.5) * s * s + 1
    a2, a3 = ((-1.5 * s + 2) * s + 0.5) * s, (0.5 * s - 0.5) * s * s
    b0, b1 = ((-0.5 * t + 1) * t - 0.5) * t, (1.5 * t - 2.5) * t * t + 1
    b2, b3 = ((-1.5 * t + 2) * t + 0.5) * t, (0.5 * t - 0.5) * t * t
    x0, x1 = min(max(column - 1, 0), width - 1), min(max(column, 0), width - 1)
    x2, x3 = min(max(column + 1, 0), width - 1), min(max(column + 2, 0), width - 1)
    for step in range(4):
        y = min(max(row - 1 + step, 0), height - 1)
        weight = share * (b0 if step == 0 else b1 if step == 1 else b2 if step == 2 else b3)
        for channel in range(4):
            line = a0 * level[y, x0, channel] + a1 * level[y, x1, channel]
            line += a2 * level[y, x2, channel] + a3 * level[y, x3, channel]
            out[channel] += weight * line


@compiled
def inside(place, length, step):
    """How much of a pixel of side `step` about a place lies within 0..length."""
    return min(max(0.5 + (length - place) / step, 0.0), 1.0) - min(max(0.5 - place / step, 0.0), 1.0)


@compiled
def sample(level, sides, u, v, steps, out):
    """Premultiplied red, green, blue and alpha at a point of a level, into `out` [4], 0..1: the picture fills `sides`
    [2] of the level's pixels; `steps` [4] are how far u and v go to the next column and to the next row that are
    drawn."""
    out[:] = 0.0
    across, down = math.hypot(steps[0], steps[2]), math.hypot(steps[1], steps[3])
    if max(across, down) <= 1:
        add_cubic(level, u, v, 1.0, out)
    else:
        for corner in range(4):
            x, y = (-0.25 if corner % 2 == 0 else 0.25), (-0.25 if corner < 2 else 0.25)
            add_cubic(level, u + x * steps[0] + y * steps[1], v + x * steps[2] + y * steps[3], 0.25, out)
    covered = inside(u, sides[0], math.hypot(steps[0], steps[1])) * inside(v, sides[1], math.hypot(steps[2], steps[3]))
    alpha = min(max(out[3] / 65535, 0.0), 1.0)
    for channel in range(3):
        out[channel] = min(max(out[channel] / 65535, 0.0), alpha) * covered
    out[3] = alpha * covered


@compiled
def sample_at(level, sides, places, steps, found):
    """The samples at places [P,2] of a level: `found` [P,4]."""
    out = np.empty(4)
    for index in range(len(places)):
        sample(level, sides, places[index, 0], places[index, 1], steps, out)
        for channel in range(4):
            found[index, channel] = out[channel]


@compiled
def draw(level, sides, place, steps, opacity, color, box, canvas):
    """Lay a picture over the pixels of a canvas [D,H,W] in a box (left, top, right, bottom), in place. `place` [2,3]
    takes columns and rows to the level; with a `color` [3], else [0], all is in it."""
    out = np.empty(4)
    is_plain = len(color) == 3
    for row in range(box[1], box[3]):
        for column in range(box[0], box[2]):
            u = place[0, 0] * column + place[0, 1] * row + place[0, 2]
            v = place[1, 0] * column + place[1, 1] * row + place[1, 2]
            sample(level, sides, u, v, steps, out)
            if out[3] <= 0:
                continue
            rest = 1 - opacity * out[3]
            for channel in range(len(canvas)):
                above = color[channel] * out[3] if is_plain and channel < 3 else out[channel]
                canvas[channel, row, column] = canvas[channel, row, column] * rest + opacity * above
