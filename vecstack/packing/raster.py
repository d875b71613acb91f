"""How much of each pixel outlines cover, exactly, and how that changes as they move: compiled loops.

An edge is cut at the lines of the grid into pieces that lie in one pixel each; areas and slopes are sums over pieces."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled


@compiled
def cut(x0, y0, x1, y1, pieces, n):
    """Write the pieces of an edge, in pixels, from row n of `pieces` [M,4] on: middle x, y and extent x, y. Gives the
    row after the last."""
    dx, dy = x1 - x0, y1 - y0
    step_x = abs(1.0 / dx) if dx != 0 else np.inf
    step_y = abs(1.0 / dy) if dy != 0 else np.inf
    next_x = ((math.floor(x0) + 1 - x0) if dx > 0 else (x0 - math.ceil(x0) + 1)) * step_x if dx != 0 else np.inf
    next_y = ((math.floor(y0) + 1 - y0) if dy > 0 else (y0 - math.ceil(y0) + 1)) * step_y if dy != 0 else np.inf
    done = 0.0
    while done < 1.0 and n < len(pieces):
        until = min(next_x, next_y, 1.0)
        if until > done:
            middle = 0.5 * (done + until)
            pieces[n, 0], pieces[n, 1] = x0 + dx * middle, y0 + dy * middle
            pieces[n, 2], pieces[n, 3] = dx * (until - done), dy * (until - done)
            n += 1
        if next_x <= until:
            next_x += step_x
        if next_y <= until:
            next_y += step_y
        done = until
    return n


@compiled
def cut_item(at, ring, first, last, pixels, left, top, pieces):
    """The pieces of rings `first` to `last` (left out), whose points are moved by (left, top) in pixels after they are
    enlarged by `pixels`: into `pieces`; their count."""
    n = 0
    for r in range(first, last):
        for k in range(ring[r], ring[r + 1]):
            after = k + 1 if k + 1 < ring[r + 1] else ring[r]
            x0, y0 = at[k, 0] * pixels + left, at[k, 1] * pixels + top
            n = cut(x0, y0, at[after, 0] * pixels + left, at[after, 1] * pixels + top, pieces, n)
    return n


@compiled
def most_pieces(at, ring, first, last, pixels):
    """A bound of how many pieces rings have."""
    total = 0.0
    for r in range(first, last):
        for k in range(ring[r], ring[r + 1]):
            after = k + 1 if k + 1 < ring[r + 1] else ring[r]
            total += (abs(at[after, 0] - at[k, 0]) + abs(at[after, 1] - at[k, 1])) * pixels + 4.0
    return int(total)


@compiled
def cover(pieces, n, height, width, sign):
    """How much of each pixel of a grid n pieces of closed rings cover [H,W], 0 to 1: those that go round
    counterclockwise (sign 1; clockwise: sign -1) add, the others take away."""
    grid = np.zeros((height, width + 1), np.float32)
    for k in range(n):
        x, row = pieces[k, 0], int(math.floor(pieces[k, 1]))
        if row < 0 or row >= height or x >= width:
            continue
        if x < 0:
            grid[row, 0] -= sign * pieces[k, 3]
            continue
        column = int(x)
        right = sign * pieces[k, 3] * (x - column)
        grid[row, column] -= sign * pieces[k, 3] - right
        grid[row, column + 1] -= right
    for row in range(height):
        total = np.float32(0.0)
        for column in range(width):
            total += grid[row, column]
            grid[row, column] = min(max(total, np.float32(0.0)), np.float32(1.0))
    return grid[:, :width]


@compiled
def lay(at, ring, item, box, items, pixels, left, top, sign, picture):
    """Add how much items cover to a picture [H,W]; with a sign of -1, what the walls, which are turned round, go around."""
    height, width = picture.shape
    for i in items:
        x0, y0 = max(int(math.floor(box[i, 0] * pixels + left)), 0), max(int(math.floor(box[i, 1] * pixels + top)), 0)
        x1 = min(int(math.ceil(box[i, 2] * pixels + left)), width)
        y1 = min(int(math.ceil(box[i, 3] * pixels + top)), height)
        if x1 <= x0 or y1 <= y0:
            continue
        pieces = np.empty((most_pieces(at, ring, item[i], item[i + 1], pixels), 4))
        n = cut_item(at, ring, item[i], item[i + 1], pixels, left - x0, top - y0, pieces)
        covered = cover(pieces, n, y1 - y0, x1 - x0, sign)
        for y in range(y1 - y0):
            for x in range(x1 - x0):
                picture[y0 + y, x0 + x] += covered[y, x]


@compiled
def slopes(at, ring, item, items, pose, pixels, left, top, worth, out):
    """How fast the sum of `worth` [H,W] over what each item covers, in pixels, changes with its pose (x and y in pixels,
    angle, logarithm of the scale): `out` [N,4]."""
    height, width = worth.shape
    for i in items:
        out[i] = 0.0
        x, y = pose[i, 0] * pixels + left, pose[i, 1] * pixels + top
        pieces = np.empty((most_pieces(at, ring, item[i], item[i + 1], pixels), 4))
        for k in range(cut_item(at, ring, item[i], item[i + 1], pixels, left, top, pieces)):
            row, column = int(math.floor(pieces[k, 1])), int(math.floor(pieces[k, 0]))
            if row < 0 or row >= height or column < 0 or column >= width:
                continue
            u, v = pieces[k, 0] - x, pieces[k, 1] - y
            across, back = worth[row, column] * pieces[k, 3], -worth[row, column] * pieces[k, 2]
            out[i, 0] += across
            out[i, 1] += back
            out[i, 2] += u * back - v * across
            out[i, 3] += u * across + v * back
