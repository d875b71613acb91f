"""Outlines of parts to a small share of a pixel, from how much of each pixel a part covers."""

from __future__ import annotations

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path.graphic.pixels import FREE

FULL, EMPTY = 0.99, 0.01  # cover of the pixels on both sides of an edge between which it is measured


@compiled
def cover_of(part, other, share, inside, top, left, bottom, right):
    """How much of each pixel in a window the parts cover that are `inside` [K], with a pixel of nothing around it."""
    field = np.zeros((bottom - top + 2, right - left + 2), np.float32)
    for y in range(top, bottom):
        for x in range(left, right):
            value = 0.0
            if inside[part[y, x]]:
                value += 1.0 - share[y, x]
            if inside[other[y, x]]:
                value += share[y, x]
            field[y - top + 1, x - left + 1] = value
    return field


@compiled
def loops_of(field, top, left, part):
    """The closed edges where the cover of a window is a half: points [N,2] in pixels, clockwise on the screen around
    what is covered, where each loop begins [C+1], and the parts on both sides of each point, [N,2]: that of the covered
    pixel, and that of the other one (FREE beyond the border).

    Each side between a pixel that is covered by half or more and one that is not has a point. Its place along the line
    between their middles is where the edge would be that covers as much, if it were straight there."""
    height, width = field.shape
    seen = np.zeros((height, width), np.bool_)  # sides on top of a pixel
    points = np.empty((256, 2))
    sides = np.empty((256, 2), np.int64)
    starts = np.empty(16, np.int64)
    count, loops = 0, 0
    for y0 in range(1, height - 1):
        for x0 in range(1, width - 1):
            if seen[y0, x0] or field[y0, x0] < 0.5 or field[y0 - 1, x0] >= 0.5:
                continue
            if loops + 2 >= len(starts):
                more = np.empty(2 * len(starts), np.int64)
                more[: len(starts)] = starts
                starts = more
            starts[loops] = count
            loops += 1
            # On corners of pixels: (x, y) and a direction 0 right, 1 down, 2 left, 3 up, covered on the right hand.
            x, y, way = x0, y0, 0
            while True:
                dx = 1 if way == 0 else (-1 if way == 2 else 0)
                dy = 1 if way == 1 else (-1 if way == 3 else 0)
                ix, iy = x + (dx - dy - 1) // 2, y + (dy + dx - 1) // 2  # the covered pixel
                nx, ny = dy, -dx  # the way from it out
                if way == 0:
                    if seen[iy, ix]:
                        break
                    seen[iy, ix] = True
                v0, v1 = field[iy, ix], field[iy + ny, ix + nx]
                bx, by, ox, oy = ix - nx, iy - ny, ix + 2 * nx, iy + 2 * ny
                back = field[by, bx] if 0 <= bx < width and 0 <= by < height else 0.0
                out = field[oy, ox] if 0 <= ox < width and 0 <= oy < height else 0.0
                is_alone = back > FULL and out < EMPTY
                place = v0 + v1 - 0.5 if is_alone else (v0 - 0.5) / (v0 - v1)
                if count == len(points):
                    grown = np.empty((2 * count, 2))
                    grown[:count] = points
                    points = grown
                    more_sides = np.empty((2 * count, 2), np.int64)
                    more_sides[:count] = sides
                    sides = more_sides
                points[count, 0] = left - 1 + ix + 0.5 + place * nx
                points[count, 1] = top - 1 + iy + 0.5 + place * ny
                sides[count, 0] = part[top - 1 + iy, left - 1 + ix]
                qx, qy = left - 1 + ix + nx, top - 1 + iy + ny
                is_there = 0 <= qy < part.shape[0] and 0 <= qx < part.shape[1]
                sides[count, 1] = part[qy, qx] if is_there else FREE
                count += 1
                x += dx
                y += dy
                rx, ry = x + (dx - dy - 1) // 2, y + (dy + dx - 1) // 2
                lx, ly = rx + dy, ry - dx
                in_right = 0 <= rx < width and 0 <= ry < height and field[ry, rx] >= 0.5
                in_left = 0 <= lx < width and 0 <= ly < height and field[ly, lx] >= 0.5
                if in_left:
                    way = (way + 3) % 4
                elif not in_right:
                    way = (way + 1) % 4
    starts[loops] = count
    return points[:count], starts[: loops + 1], sides[:count]
