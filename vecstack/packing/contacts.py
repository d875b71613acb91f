"""Which corners are near which edges, how their distances change as items move, and whether items touch: compiled
loops.

The solid side of an edge is on its left: items go round counterclockwise, their holes and the container's walls the
other way."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled

NONE = -1  # the slot of what does not move
LONG = 0.2  # of an edge whose middle is looked at, in sides of its item: curves have shorter ones


@compiled
def contacts(at, ring, item, box, pose, placed, patch, slot, size, limit, gap, reach, rows):
    """The distances of corners from edges, of pairs of which one at least is in a patch, that may fall to `gap` while
    nothing moves more than `limit` [K,4] (x, y, and the ways of the farthest point by angle and scale): their count n.

    `patch` [K] are the items that move, `slot` [N+1] where each is in it or NONE, `size` [K] how far their farthest
    points are; `reach` how far contacts are looked for. Into `rows`, of M rows each: the two slots, the eight slopes
    of the distance, and the distance less `gap`; n = M means that there were too many."""
    n = 0
    for a in patch:
        for b in range(len(item) - 1):
            if b == a or (b < len(placed) and not placed[b]) or (slot[b] != NONE and b < a):
                continue
            if is_apart(box, a, b, reach):
                continue
            n = corner_rows(at, ring, item, box, pose, a, b, slot, size, limit, gap, reach, rows, n)
            n = corner_rows(at, ring, item, box, pose, b, a, slot, size, limit, gap, reach, rows, n)
    return n


@compiled
def is_apart(box, i, j, reach):
    """Whether the boxes of two items are farther than `reach` from one another, along x or y."""
    if box[i, 0] > box[j, 2] + reach or box[j, 0] > box[i, 2] + reach:
        return True
    return box[i, 1] > box[j, 3] + reach or box[j, 1] > box[i, 3] + reach


@compiled
def near_edges(at, ring, item, box, i, j, reach, edges):
    """The edges of item j near the box of item i, into `edges` [E,2] (first and last corner); their count."""
    count = 0
    left, top, right, bottom = box[i, 0] - reach, box[i, 1] - reach, box[i, 2] + reach, box[i, 3] + reach
    for r in range(item[j], item[j + 1]):
        for k in range(ring[r], ring[r + 1]):
            after = k + 1 if k + 1 < ring[r + 1] else ring[r]
            if max(at[k, 0], at[after, 0]) < left or min(at[k, 0], at[after, 0]) > right:
                continue
            if max(at[k, 1], at[after, 1]) < top or min(at[k, 1], at[after, 1]) > bottom:
                continue
            edges[count, 0], edges[count, 1] = k, after
            count += 1
    return count


@compiled
def corner_rows(at, ring, item, box, pose, i, j, slot, size, limit, gap, reach, rows, n):
    """The rows of the corners of item i near edges of item j, from row n on, and of the middles of its long edges that
    are within item j: where corners of equal items line up, those alone tell how to part them. Gives the row after the
    last."""
    edges = np.empty((ring[item[j + 1]] - ring[item[j]], 2), np.int64)
    count = near_edges(at, ring, item, box, i, j, reach, edges)
    if count == 0:
        return n
    longest = (LONG * math.exp(pose[i, 3])) ** 2 if i < len(pose) else np.inf
    for r in range(item[i], item[i + 1]):
        for v in range(ring[r], ring[r + 1]):
            x, y = at[v, 0], at[v, 1]
            if is_by(box, j, x, y, reach):
                n = point_rows(at, pose, i, j, slot, size, limit, gap, reach, edges[:count], x, y, False, rows, n)
            after = v + 1 if v + 1 < ring[r + 1] else ring[r]
            if (at[after, 0] - x) ** 2 + (at[after, 1] - y) ** 2 > longest:
                x, y = (x + at[after, 0]) / 2, (y + at[after, 1]) / 2
                if is_by(box, j, x, y, 0.0):
                    n = point_rows(at, pose, i, j, slot, size, limit, gap, reach, edges[:count], x, y, True, rows, n)
    return n


@compiled
def is_by(box, j, x, y, reach):
    """Whether a point is in the box of item j, enlarged by `reach`."""
    return box[j, 0] - reach <= x <= box[j, 2] + reach and box[j, 1] - reach <= y <= box[j, 3] + reach


@compiled
def point_rows(at, pose, i, j, slot, size, limit, gap, reach, edges, x, y, is_middle, rows, n):
    """The rows of a point of item i near edges of item j: of all edges that a corner is in front of, and of the nearest
    place of item j with its sign; the middle of an edge has that alone, and none where it is outside item j."""
    nearest, depth, normal_x, normal_y, foot_x, foot_y = reach * reach, 0.0, 0.0, 0.0, 0.0, 0.0
    is_told = True  # whether the nearest place has its row already
    for e in range(len(edges)):
        x0, y0 = at[edges[e, 0], 0], at[edges[e, 0], 1]
        dx, dy = at[edges[e, 1], 0] - x0, at[edges[e, 1], 1] - y0
        square = dx * dx + dy * dy
        if square < 1e-18:
            continue
        t = ((x - x0) * dx + (y - y0) * dy) / square
        along = min(max(t, 0.0), 1.0)
        u, w = x - x0 - along * dx, y - y0 - along * dy
        far = u * u + w * w
        if far > reach * reach:
            continue
        length = math.sqrt(square)
        out_x, out_y = dy / length, -dx / length
        height = u * out_x + w * out_y
        is_in_front = along == t and height > 0.0
        if is_in_front and not is_middle:
            n = add_row(pose, i, j, slot, size, limit, gap, x, y, x - u, y - w, out_x, out_y, height, rows, n)
        if far < nearest - 1e-16 or (far < nearest + 1e-16 and abs(height) > abs(depth)):
            nearest, depth, foot_x, foot_y, is_told = far, height, x - u, y - w, is_in_front
            distance = math.sqrt(far)
            if along == t or distance < 1e-9:
                normal_x, normal_y = out_x, out_y
            else:
                sign = 1.0 if height >= 0.0 else -1.0
                normal_x, normal_y = sign * u / distance, sign * w / distance
    if is_told or (is_middle and depth >= 0.0):
        return n
    signed = math.sqrt(nearest) if depth >= 0.0 else -math.sqrt(nearest)
    return add_row(pose, i, j, slot, size, limit, gap, x, y, foot_x, foot_y, normal_x, normal_y, signed, rows, n)


@compiled
def add_row(pose, i, j, slot, size, limit, gap, x, y, foot_x, foot_y, normal_x, normal_y, distance, rows, n):
    """Write a row of a corner (x, y) of item i over its foot on item j, unless the items cannot come so near."""
    slots, slope, room = rows
    if n >= len(room):
        return n
    most = 0.0
    for side in range(2):
        owner = i if side == 0 else j
        k = slot[owner]
        slots[n, side] = k
        if k == NONE:
            slope[n, 4 * side : 4 * side + 4] = 0.0
            continue
        u = ((x if side == 0 else foot_x) - pose[owner, 0]) / size[k]
        w = ((y if side == 0 else foot_y) - pose[owner, 1]) / size[k]
        sign = 1.0 if side == 0 else -1.0
        slope[n, 4 * side], slope[n, 4 * side + 1] = sign * normal_x, sign * normal_y
        slope[n, 4 * side + 2] = sign * (normal_y * u - normal_x * w)
        slope[n, 4 * side + 3] = sign * (normal_x * u + normal_y * w)
        for p in range(4):
            most += abs(slope[n, 4 * side + p]) * limit[k, p]
    room[n] = distance - gap
    return n + 1 if room[n] < most else n


@compiled
def collides(at, ring, item, box, placed, i, gap):
    """The first item (N: the walls) that item i overlaps or is nearer to than `gap`; NONE where there is none."""
    for j in range(len(item) - 1):
        if j == i or (j < len(placed) and not placed[j]) or item[j] == item[j + 1]:
            continue
        if j < len(placed) and is_apart(box, i, j, gap):  # the walls are solid without end
            continue
        edges = np.empty((ring[item[j + 1]] - ring[item[j]], 2), np.int64)
        if is_near(at, ring, item, i, near_edges(at, ring, item, box, i, j, gap, edges), edges, gap):
            return j
        if holds(at, ring, item, j, at[ring[item[i]]]) or (
            j < len(placed) and holds(at, ring, item, i, at[ring[item[j]]])
        ):
            return j
    return NONE


@compiled
def is_near(at, ring, item, i, count, edges, gap):
    """Whether an edge of item i crosses one of other edges, or an end of one is nearer to the other than `gap`."""
    for e in range(count):
        a, b = edges[e, 0], edges[e, 1]
        left, right = min(at[a, 0], at[b, 0]) - gap, max(at[a, 0], at[b, 0]) + gap
        top, bottom = min(at[a, 1], at[b, 1]) - gap, max(at[a, 1], at[b, 1]) + gap
        for r in range(item[i], item[i + 1]):
            for c in range(ring[r], ring[r + 1]):
                d = c + 1 if c + 1 < ring[r + 1] else ring[r]
                if max(at[c, 0], at[d, 0]) < left or min(at[c, 0], at[d, 0]) > right:
                    continue
                if max(at[c, 1], at[d, 1]) < top or min(at[c, 1], at[d, 1]) > bottom:
                    continue
                if crosses(at, a, b, c, d):
                    return True
                if gap > 0.0:
                    least = min(min(away(at, a, c, d), away(at, b, c, d)), min(away(at, c, a, b), away(at, d, a, b)))
                    if least < gap * gap:
                        return True
    return False


@compiled
def crosses(at, a, b, c, d):
    """Whether two edges have a point in common."""
    first = turn(at, a, b, c) * turn(at, a, b, d)
    return first <= 0.0 and turn(at, c, d, a) * turn(at, c, d, b) <= 0.0


@compiled
def turn(at, a, b, c):
    """Twice the signed area of three points."""
    return (at[b, 0] - at[a, 0]) * (at[c, 1] - at[a, 1]) - (at[b, 1] - at[a, 1]) * (at[c, 0] - at[a, 0])


@compiled
def away(at, p, a, b):
    """The square of how far point p is from an edge."""
    dx, dy = at[b, 0] - at[a, 0], at[b, 1] - at[a, 1]
    x, y = at[p, 0] - at[a, 0], at[p, 1] - at[a, 1]
    square = dx * dx + dy * dy
    t = min(max((x * dx + y * dy) / square, 0.0), 1.0) if square > 0.0 else 0.0
    return (x - t * dx) ** 2 + (y - t * dy) ** 2


@compiled
def holds(at, ring, item, i, point):
    """Whether a point is on the solid side of item i; the walls, whose rings are turned round, are solid outside."""
    area, inside = 0.0, False
    for r in range(item[i], item[i + 1]):
        for k in range(ring[r], ring[r + 1]):
            after = k + 1 if k + 1 < ring[r + 1] else ring[r]
            x0, y0, x1, y1 = at[k, 0], at[k, 1], at[after, 0], at[after, 1]
            area += x0 * y1 - x1 * y0
            if (y0 > point[1]) != (y1 > point[1]) and point[0] < x0 + (point[1] - y0) / (y1 - y0) * (x1 - x0):
                inside = not inside
    return inside if area > 0.0 else not inside
