"""Strokes on the pixels of a raster, in compiled loops: which pixels a stroke may cover, the disc that holds each most,
how much is covered, and strokes laid over one another.

A stroke is 13 numbers in pixels (float64): x, y of the start, the handle and the end of its spine, the radii and the
opacities at both ends, and its colour. Loops run over all pixels of some rows at once, so that processors take several
together; float32 but for the strokes themselves. `room` [6,E] holds, for each pixel, first its middle (x, y), then the
normal across the nearest edge; how much is covered; the place t along the spine; how the cover answers to the distance
from the edge; and the distance from the spine. `spans` [S,4] are pixels side by side: row, first column, how many, and
where they begin in the room. Shape letters: E pixels of strokes, S spans, D channels, h W rows and columns.

numba keeps what it compiled until this file changes, though loops of texture.py are compiled into it: after a change of
those alone, delete the *.nbi in __pycache__."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.stroke.texture import has_marks, lay_marks, leave_marks

F = np.float32
THIN, SHARP, PARTS = 2.0, 2.0, 4  # as in shade.py
NEWTON = 2  # steps to the nearest disc, from the best of some
CAREFUL_NEWTON, MORE = 5, 8  # of strokes whose edges are looked at in parts; and as many times the first discs
SLENDER, FEW_MORE = 3.0, 3  # radii between the first discs above which steps lead astray; and as many times the discs


@compiled
def curve_of(stroke):
    """x, y of the start, their slopes there, and half their second derivatives; and how many pieces follow the curve
    closely."""
    slope_x, slope_y = 2 * (stroke[2] - stroke[0]), 2 * (stroke[3] - stroke[1])
    bend_x, bend_y = stroke[0] - 2 * stroke[2] + stroke[4], stroke[1] - 2 * stroke[3] + stroke[5]
    bend = math.sqrt(bend_x * bend_x + bend_y * bend_y)
    chord = math.sqrt((stroke[4] - stroke[0]) ** 2 + (stroke[5] - stroke[1]) ** 2)
    pieces = 2 + math.ceil(6 * bend / (chord + bend + 1e-3))
    return F(stroke[0]), F(stroke[1]), F(slope_x), F(slope_y), F(bend_x), F(bend_y), pieces


@compiled
def is_delicate(stroke):
    """Whether straight lines do not stand for a stroke's edges in pixels: see StrokeShape.is_delicate."""
    along, across = 2 * (stroke[2] - stroke[0]), 2 * (stroke[3] - stroke[1])
    bend_x, bend_y = stroke[0] - 2 * stroke[2] + stroke[4], stroke[1] - 2 * stroke[3] + stroke[5]
    if min(stroke[6], stroke[7]) < THIN:
        return True
    square = bend_x * bend_x + bend_y * bend_y
    if square == 0:
        return False
    slowest = min(max(-(along * bend_x + across * bend_y) / (2 * square), 0.0), 1.0)
    speed = math.sqrt((along + 2 * slowest * bend_x) ** 2 + (across + 2 * slowest * bend_y) ** 2)
    turn = 2 * abs(along * bend_y - across * bend_x)
    return speed < 1e-9 * math.sqrt(square) or turn * (max(stroke[6], stroke[7]) + SHARP) > speed**3


@compiled
def is_slender(stroke):
    """Whether the first discs are far apart for their size."""
    pieces = curve_of(stroke)[6]
    length = math.sqrt((stroke[2] - stroke[0]) ** 2 + (stroke[3] - stroke[1]) ** 2)
    length += math.sqrt((stroke[4] - stroke[2]) ** 2 + (stroke[5] - stroke[3]) ** 2)
    return length > SLENDER * pieces * max(stroke[6], stroke[7])


@compiled
def widen(columns, x0, y0, x1, y1, reach, first, end):
    """Widen the least and the greatest column [h,2] of rows first..end to all within reach of a line."""
    dx, dy = x1 - x0, y1 - y0
    length = math.sqrt(dx * dx + dy * dy)
    top = max(first, math.floor(min(y0, y1) - reach))
    bottom = min(end, math.ceil(max(y0, y1) + reach))
    for y in range(top, bottom):
        middle = y + 0.5
        near, far = 0.0, 1.0
        if abs(dy) > 1e-3:
            one, other = (middle - reach - y0) / dy, (middle + reach - y0) / dy
            near, far = min(max(min(one, other), 0.0), 1.0), max(min(max(one, other), 1.0), 0.0)
        a, b = x0 + near * dx, x0 + far * dx
        left, right = min(a, b) - reach, max(a, b) + reach
        if abs(dy) > 0.3 * length:
            at, half = x0 + (middle - y0) / dy * dx, reach * length / abs(dy)
            left, right = max(left, at - half), min(right, at + half)
        if left < right:
            columns[y - first, 0] = min(columns[y - first, 0], left)
            columns[y - first, 1] = max(columns[y - first, 1], right)


@compiled
def rows_of(stroke, first, end, columns):
    """The rows of first..end that a stroke may cover, and the columns of each: `columns` [h,2], from row `first` on."""
    low = min(min(stroke[1], stroke[3]), stroke[5]) - max(stroke[6], stroke[7]) - 1
    high = max(max(stroke[1], stroke[3]), stroke[5]) + max(stroke[6], stroke[7]) + 1
    top = int(min(max(math.floor(low), first), end))
    bottom = int(max(min(math.ceil(high), end), top))
    if top == bottom:
        return top, bottom
    columns[top - first : bottom - first, 0] = 1e9
    columns[top - first : bottom - first, 1] = -1e9
    px, py, slope_x, slope_y, bend_x, bend_y, pieces = curve_of(stroke)
    sag = 0.25 * math.sqrt(bend_x * bend_x + bend_y * bend_y) / (pieces * pieces)
    x, y = float(px), float(py)
    for piece in range(1, pieces + 1):
        t = piece / pieces
        next_x, next_y = px + t * (slope_x + t * bend_x), py + t * (slope_y + t * bend_y)
        before = stroke[6] + (t - 1 / pieces) * (stroke[7] - stroke[6])
        after = stroke[6] + t * (stroke[7] - stroke[6])
        widen(columns, x, y, next_x, next_y, max(before, after) + 0.75 + sag, first, end)
        x, y = next_x, next_y
    return top, bottom


@compiled
def gather(columns, first, row, end, width, steps, room, count, spans, found):
    """Take the pixels of rows row..end into the room, until that is full: the next row, and how many pixels and spans
    there are then. `steps` [2] are from a pixel to the next, across and down."""
    while row < end:
        left = int(max(math.floor(columns[row - first, 0]), 0))
        right = int(min(math.ceil(columns[row - first, 1]), width))
        if left < right:
            if count + right - left > room.shape[1] or found >= len(spans):
                break
            spans[found, 0], spans[found, 1], spans[found, 2], spans[found, 3] = row, left, right - left, count
            found += 1
            middles, y = room[0, count : count + right - left], F((row + 0.5) * steps[1])
            room[1, count : count + right - left] = y
            for i in range(right - left):
                middles[i] = F((left + i + 0.5) * steps[0])
            count += right - left
        row += 1
    return row, count, found


@compiled
def nearest(stroke, xs, ys, held, places, begun, steps, more):
    """The place along the spine of the disc that holds each point (xs, ys) most, to `places`: of some, the best, and
    steps of Newton's method from there, where they lead to a better one; `held` and `begun` are room."""
    px, py, slope_x, slope_y, bend_x, bend_y, pieces = curve_of(stroke)
    radius, growth = F(stroke[6]), F(stroke[7] - stroke[6])
    pieces *= more
    tiny = F(1e-6)
    held[:] = F(-1e9)
    places[:] = F(0)
    for piece in range(pieces + 1):
        t = F(piece / pieces)
        x, y, r = px + t * (slope_x + t * bend_x), py + t * (slope_y + t * bend_y), radius + t * growth
        for i in range(len(xs)):
            ex, ey = xs[i] - x, ys[i] - y
            now = r - math.sqrt(ex * ex + ey * ey)
            is_better = now > held[i]
            held[i] = now if is_better else held[i]
            places[i] = t if is_better else places[i]
    begun[:] = places
    most = F(1 / pieces)
    for _ in range(steps):
        for i in range(len(xs)):
            t = places[i]
            ex, ey = xs[i] - (px + t * (slope_x + t * bend_x)), ys[i] - (py + t * (slope_y + t * bend_y))
            vx, vy = slope_x + F(2) * t * bend_x, slope_y + F(2) * t * bend_y
            s = math.sqrt(ex * ex + ey * ey) + tiny
            along, square = ex * vx + ey * vy, vx * vx + vy * vy
            slope = square - F(2) * (ex * bend_x + ey * bend_y) + growth * along / s
            step = (along + growth * s) / max(slope, F(0.1) * square + tiny)
            places[i] = min(max(t + min(max(step, -most), most), F(0)), F(1))
    for i in range(len(xs)):
        t = places[i]
        ex, ey = xs[i] - (px + t * (slope_x + t * bend_x)), ys[i] - (py + t * (slope_y + t * bend_y))
        places[i] = t if radius + t * growth - math.sqrt(ex * ex + ey * ey) >= held[i] else begun[i]


@compiled
def half_plane(u, nx, ny):
    """The share of a unit square on one side of a line, and how it answers to the distance: how far its middle is
    inside, and the line's normal."""
    a, b = max(max(abs(nx), abs(ny)), F(0.7)), min(abs(nx), abs(ny))
    away = abs(u)
    corner = max(F(0.5) * (a + b) - away, F(0)) / (a * max(b, F(1e-3)))
    is_flat = away <= F(0.5) * (a - b)
    share = F(0.5) - away / a if is_flat else F(0.5) * corner * max(F(0.5) * (a + b) - away, F(0))
    return F(1) - share if u >= 0 else share, F(1) / a if is_flat else corner


@compiled
def cover(stroke, room, first, end):
    """How much the stroke covers of the pixels first..end, whose places are known: `room` as the top of the module
    says."""
    px, py, slope_x, slope_y, bend_x, bend_y, _ = curve_of(stroke)
    radius, growth = F(stroke[6]), F(stroke[7] - stroke[6])
    xs, ys, covers = room[0, first:end], room[1, first:end], room[2, first:end]
    places, slopes, distances = room[3, first:end], room[4, first:end], room[5, first:end]
    for i in range(len(xs)):
        t = places[i]
        ex, ey = xs[i] - (px + t * (slope_x + t * bend_x)), ys[i] - (py + t * (slope_y + t * bend_y))
        s = math.sqrt(ex * ex + ey * ey) + F(1e-6)
        xs[i], ys[i], distances[i] = ex / s, ey / s, s
        covers[i], slopes[i] = half_plane(radius + t * growth - s, xs[i], ys[i])


@compiled
def cover_in_parts(stroke, room, first, end, parts):
    """The same again for pixels at the edge, of which PARTS x PARTS parts are looked at: once they are covered. `parts`
    [5,N] is room for those of N / PARTS^2 pixels."""
    px, py, slope_x, slope_y, bend_x, bend_y, _ = curve_of(stroke)
    radius, growth = F(stroke[6]), F(stroke[7] - stroke[6])
    most, each, side = parts.shape[1] // (PARTS * PARTS), PARTS * PARTS, F(1 / PARTS)
    pixels = np.empty(most, np.int64)
    i = first
    while i < end:
        count = 0
        while i < end and count < most:
            t, s = room[3, i], room[5, i]
            if abs(radius + t * growth - s) < 1:
                x = px + t * (slope_x + t * bend_x) + room[0, i] * s - F(0.5) + side / 2
                y = py + t * (slope_y + t * bend_y) + room[1, i] * s - F(0.5) + side / 2
                for k in range(each):
                    parts[0, each * count + k], parts[1, each * count + k] = x + k % PARTS * side, y + k // PARTS * side
                pixels[count] = i
                count += 1
            i += 1
        xs, ys, places = parts[0, : each * count], parts[1, : each * count], parts[3, : each * count]
        nearest(stroke, xs, ys, parts[2, : each * count], places, parts[4, : each * count], CAREFUL_NEWTON, MORE)
        for pixel in range(count):
            total = F(0)
            for k in range(each * pixel, each * pixel + each):
                t = places[k]
                ex, ey = xs[k] - (px + t * (slope_x + t * bend_x)), ys[k] - (py + t * (slope_y + t * bend_y))
                s = math.sqrt(ex * ex + ey * ey) + F(1e-6)
                r, nx, ny = radius + t * growth, ex / s, ey / s
                total += half_plane((r - s) / side, nx, ny)[0] + half_plane((r + s) / side, nx, ny)[0] - F(1)
            room[2, pixels[pixel]] = max(total / each, F(0))


@compiled
def lay(stroke, canvas, top, room, spans, first, end):
    """Lay a stroke over a canvas [D,h,W] whose first row is `top`: the pixels of the spans first..end."""
    opacity, more = F(stroke[8]), F(stroke[9] - stroke[8])
    for span in range(first, end):
        y, left, count, at = spans[span, 0] - top, spans[span, 1], spans[span, 2], spans[span, 3]
        covers, places = room[2, at : at + count], room[3, at : at + count]
        for channel in range(canvas.shape[0]):
            color = F(stroke[10 + channel]) if channel < 3 else F(1)
            line = canvas[channel, y, left : left + count]
            for i in range(count):
                line[i] += (color - line[i]) * (covers[i] * (opacity + more * places[i]))


@compiled
def draw(strokes, canvas, first, end, steps, columns, room, spans, parts):
    """Lay strokes [L,13], or with five numbers more of marks (texture.py), over the rows first..end of a canvas, in
    place: [D,H,W]. Its pixels count as squares of side 1 though they are `steps` [2] apart, nearly 1. The rest
    is room: `columns` [h,2] for the rows, and as in `cover_in_parts`."""
    width = canvas.shape[2]
    for index in range(len(strokes)):
        stroke = strokes[index]
        row, bottom = rows_of(in_steps(stroke, steps), first, end, columns)
        careful, is_marked = is_delicate(stroke), has_marks(stroke)
        slender = is_slender(stroke)
        newton = CAREFUL_NEWTON if careful or is_marked or slender else NEWTON
        more = MORE if careful else FEW_MORE if slender else 1
        while row < bottom:
            row, count, found = gather(columns, first, row, bottom, width, steps, room, 0, spans, 0)
            xs, ys, held, places, begun = room[0], room[1], room[2], room[3], room[4]
            nearest(stroke, xs[:count], ys[:count], held[:count], places[:count], begun[:count], newton, more)
            cover(stroke, room, 0, count)
            if careful:
                cover_in_parts(stroke, room, 0, count, parts)
            if is_marked:
                leave_marks(stroke, room, count)
                lay_marks(stroke, canvas, 0, room, spans, 0, found)
            else:
                lay(stroke, canvas, 0, room, spans, 0, found)


@compiled
def in_steps(stroke, steps):
    """A stroke, no narrower than it is, in columns and rows."""
    result = stroke.copy()
    result[0:6:2] /= steps[0]
    result[1:6:2] /= steps[1]
    result[6:8] /= min(steps[0], steps[1])
    return result
