"""Closed cubic paths on a grid of pixels: exact coverage, laid over a canvas, and how the canvas answers to the numbers
of each path. Compiled; twin.py is the same in plain PyTorch, and tested against this.

A raster is worked on in bands of rows, so that all that belongs to one stays in a processor's cache. A path adds the
signed area that lies to the right of each piece of its outline to the pixels of its window; their running sum along a
row is the coverage. (Levien's way of drawing fonts, font-rs, 2016.)

Shape letters: L paths, Q cubics, M control points, S stops, E entries (pixel of an outline, cubic), D channels (red,
green, blue and, on a transparent canvas, coverage: all colours are premultiplied), H W of the raster, h of the band.
"""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled, compiled_fast


@compiled
def trace(points, cubics, first, end, window, areas, base, spans, row, tolerance, keys, weights, count):
    """Add the signed areas of the cubics first..end of a path to its window of `areas`, widen the `spans` [rows,2] of
    columns that its rows touch, and, where there are `keys`, append an entry for each pixel that a cubic meets: `keys`
    [E,2] of its place in `areas` and its cubic, `weights` [E,8] of how the area answers to the cubic's eight numbers.
    Gives the number of entries; -1 where they do not fit."""
    x0, y0 = window[0], window[1]
    w, h = window[2] - x0, window[3] - y0
    if w <= 0 or h <= 0:
        return count
    stride = w + 1
    jacobian = len(keys) > 0
    for cubic in range(first, end):
        i0, i1, i2, i3 = cubics[cubic, 0], cubics[cubic, 1], cubics[cubic, 2], cubics[cubic, 3]
        p0x, p0y = points[i0, 0] - x0, points[i0, 1] - y0
        p1x, p1y = points[i1, 0] - x0, points[i1, 1] - y0
        p2x, p2y = points[i2, 0] - x0, points[i2, 1] - y0
        p3x, p3y = points[i3, 0] - x0, points[i3, 1] - y0
        low = min(min(p0y, p1y), min(p2y, p3y))
        high = max(max(p0y, p1y), max(p2y, p3y))
        if high <= 0 or low >= h or min(min(p0x, p1x), min(p2x, p3x)) >= w:
            continue
        bend = max(
            (p0x - 2 * p1x + p2x) ** 2 + (p0y - 2 * p1y + p2y) ** 2,
            (p1x - 2 * p2x + p3x) ** 2 + (p1y - 2 * p2y + p3y) ** 2,
        )
        edges = min(max(math.ceil(math.sqrt(0.75 * math.sqrt(bend) / tolerance)), 1), 512)
        ax, ay = p0x, p0y
        a0, a1, a2, a3 = 1.0, 0.0, 0.0, 0.0
        last = -1
        for edge in range(1, edges + 1):
            t = edge / edges
            u = 1 - t
            b0, b1, b2, b3 = u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t
            bx = b0 * p0x + b1 * p1x + b2 * p2x + b3 * p3x
            by = b0 * p0y + b1 * p1y + b2 * p2y + b3 * p3y
            if edge == edges:
                bx, by = p3x, p3y
            dx, dy = bx - ax, by - ay
            s, stop = 0.0, 1.0
            if dy > 0:
                s = max(s, -ay / dy)
                stop = min(stop, (h - ay) / dy)
            elif dy < 0:
                s = max(s, (h - ay) / dy)
                stop = min(stop, -ay / dy)
            elif ay < 0 or ay >= h:
                stop = -1.0
            if s < stop:  # what is to the right of the window adds nothing in it
                if dx > 0:
                    stop = min(stop, (w - ax) / dx)
                elif dx < 0:
                    s = max(s, (w - ax) / dx)
                elif ax >= w:
                    stop = -1.0
            if s < stop:
                cx, cy = ax + s * dx, ay + s * dy
                i = math.floor(cx)
                j = math.floor(cy)
                if dx < 0 and cx == i:
                    i -= 1
                if dy < 0 and cy == j:
                    j -= 1
                j = min(max(j, 0), h - 1)
                i = min(i, w - 1)
                step_x = 1 if dx > 0 else -1
                step_y = 1 if dy > 0 else -1
                by_x = 1 / dx if dx != 0 else 0.0
                by_y = 1 / dy if dy != 0 else 0.0
                while s < stop:
                    to_x = (i + (1 if dx > 0 else 0) - ax) * by_x if dx != 0 else 2.0
                    to_y = (j + (1 if dy > 0 else 0) - ay) * by_y if dy != 0 else 2.0
                    if i < 0:
                        to_x = -ax * by_x if dx > 0 else 2.0
                    s1 = min(min(to_x, to_y), stop)
                    if s1 > s:
                        length = s1 - s
                        area = length * dy
                        at = base + j * stride
                        if i < 0:
                            areas[at] += area
                            spans[row + j, 0] = 0
                        else:
                            right = ax + dx * 0.5 * (s + s1) - i
                            areas[at + i] += area * (1 - right)
                            areas[at + i + 1] += area * right
                            spans[row + j, 0] = min(spans[row + j, 0], i)
                            spans[row + j, 1] = max(spans[row + j, 1], i + 1)
                            if jacobian:
                                if at + i != last:
                                    if count >= len(keys):
                                        return -1
                                    last = at + i
                                    keys[count, 0] = last
                                    keys[count, 1] = cubic
                                    for k in range(8):
                                        weights[count, k] = 0.0
                                    count += 1
                                to_b = 0.5 * (s1 * s1 - s * s)
                                to_a = length - to_b
                                e = count - 1
                                w0 = a0 * to_a + b0 * to_b
                                w1 = a1 * to_a + b1 * to_b
                                w2 = a2 * to_a + b2 * to_b
                                w3 = a3 * to_a + b3 * to_b
                                weights[e, 0] -= dy * w0
                                weights[e, 1] += dx * w0
                                weights[e, 2] -= dy * w1
                                weights[e, 3] += dx * w1
                                weights[e, 4] -= dy * w2
                                weights[e, 5] += dx * w2
                                weights[e, 6] -= dy * w3
                                weights[e, 7] += dx * w3
                        s = s1
                    if s1 >= stop:
                        break
                    if to_x <= to_y:
                        i = 0 if i < 0 else i + step_x
                        if i >= w:
                            break
                    else:
                        j += step_y
                        if j < 0 or j >= h:
                            break
            ax, ay = bx, by
            a0, a1, a2, a3 = b0, b1, b2, b3
    return count


@compiled
def accumulate(areas, base, window, spans, row):
    """Turn a path's areas into signed coverages along each row, within the columns that it touches; where it goes on to
    the right of the window, to the end of that."""
    stride = window[2] - window[0] + 1
    for y in range(window[3] - window[1]):
        at = base + y * stride
        total = np.float32(0)
        end = min(spans[row + y, 1] + 1, stride - 1)
        for x in range(spans[row + y, 0], end):
            total += areas[at + x]
            areas[at + x] = total
        if spans[row + y, 0] < stride and abs(total + areas[at + end] * (end < stride - 1)) > 1e-4:
            for x in range(max(end, spans[row + y, 0]), stride - 1):
                total += areas[at + x]
                areas[at + x] = total
            spans[row + y, 1] = stride - 2


@compiled
def stop_at(offsets, first, end, t):
    """Between which stop and the next one of first..end a place along a gradient lies, and the next one's share."""
    if t <= offsets[first]:
        return first, 0.0
    for stop in range(first, end - 1):
        if t < offsets[stop + 1]:
            return stop, (t - offsets[stop]) / (offsets[stop + 1] - offsets[stop])
    return end - 2, 1.0


@compiled
def place_at(form, place, x, y):
    """Where a point lies along a gradient: `place` maps it to the frame in which a linear gradient (`form` 1) goes from
    0 to 1 along x, and a radial one (2) with the distance from the middle, or with circles that grow from its focus
    (see shade.from_focus)."""
    u = place[0] * x + place[1] * y + place[2]
    if form == 1:
        return u
    v = place[3] * x + place[4] * y + place[5]
    p, q = place[6], place[7]
    if p == 0 and q == 0:
        return math.sqrt(u * u + v * v)
    room = 1 - p * p - q * q
    along = (u - p) * p + (v - q) * q
    return (along + math.sqrt(along * along + room * ((u - p) ** 2 + (v - q) ** 2))) / room


@compiled
def fill_row(form, place, offsets, colors, first, end, y, left, right, out):
    """The colours of a path's pixels left..right of a row: `out` [D,W], from column `left`."""
    if form == 0:
        for channel in range(out.shape[0]):
            out[channel, left:right] = colors[first, channel]
        return
    for x in range(left, right):
        stop, share = stop_at(offsets, first, end, place_at(form, place, x + 0.5, y + 0.5))
        for channel in range(out.shape[0]):
            a, b = colors[stop, channel], colors[stop + 1, channel]
            out[channel, x] = a + (b - a) * np.float32(share)


@compiled
def lay(canvas, areas, base, window, spans, row, form, place, offsets, colors, first, end, opacity, fill, top):
    """Lay a path over a canvas [D,h,W] whose first row is `top`: its signed coverages, and its fill."""
    x0 = window[0]
    stride = window[2] - x0 + 1
    one = np.float32(1)
    if form == 0:
        fill_row(form, place, offsets, colors, first, end, window[1], x0, x0 + stride - 1, fill)
    for y in range(window[1], window[3]):
        low = spans[row + y - window[1], 0]
        high = min(spans[row + y - window[1], 1] + 1, stride - 1)
        if low >= high:
            continue
        if form != 0:
            fill_row(form, place, offsets, colors, first, end, y, x0 + low, x0 + high, fill)
        at = base + (y - window[1]) * stride
        for channel in range(canvas.shape[0]):
            line = canvas[channel, y - top, x0 + low : x0 + high]
            color = fill[channel, x0 + low : x0 + high]
            cover = areas[at + low : at + high]
            for x in range(len(line)):
                line[x] += (color[x] - line[x]) * (opacity * min(abs(cover[x]), one))


@compiled
def forward(
    points, cubics, cubic_start, opacity, form, place, offsets, colors, stop_start, canvas, top, tolerance,
    window, start, row_start, areas, spans, fill, keys, weights, below, entry_start,
):  # fmt: skip
    """Lay paths over a canvas [D,h,W], in place: over the rows of their windows (Windows in windows.py). Where there
    are `keys`, keep what `backward` needs: coverages and spans of all paths, their entries, and the canvas below each
    entry [E,D]; else all windows may begin at 0. `fill` [D,W] is room. False where the entries did not fit."""
    count = row_start[0]  # 0, but no literal, for which `trace` would be compiled once more
    for path in range(len(cubic_start) - 1):
        entry_start[path] = count
        box, base, row = window[path], start[path], row_start[path]
        rows, stride = box[3] - box[1], box[2] - box[0] + 1
        if rows <= 0:
            continue
        areas[base : base + rows * stride] = 0
        spans[row : row + rows, 0] = stride + 1
        spans[row : row + rows, 1] = -1
        first, end = cubic_start[path], cubic_start[path + 1]
        found = trace(points, cubics, first, end, box, areas, base, spans, row, tolerance, keys, weights, count)
        if found < 0:
            return False
        accumulate(areas, base, box, spans, row)
        for e in range(count, found):
            at = keys[e, 0] - base
            y, x = box[1] + at // stride - top, box[0] + at % stride
            for channel in range(canvas.shape[0]):
                below[e, channel] = canvas[channel, y, x]
        count = found
        lay(
            canvas, areas, base, box, spans, row, form[path], place[path], offsets, colors,
            stop_start[path], stop_start[path + 1], opacity[path], fill, top,
        )  # fmt: skip
    entry_start[-1] = count
    return True


@compiled_fast
def backward(
    points, cubics, cubic_start, opacity, form, place, offsets, colors, stop_start, canvas, top, missing,
    window, start, row_start, areas, spans, fill, keys, weights, below, entry_start, light, above, color,
    point_slopes, blocks, color_slopes, color_curvature, opacity_slopes, opacity_curvature,
):  # fmt: skip
    """Add to the slopes of half the squared error, and to its curvature (Gauss-Newton), by all numbers of the paths:
    points [M,2] and `blocks` [Q,36] (the lower half of each cubic's 8 x 8), colours of stops [S,D] and [S], opacities
    [L]. `canvas` is the picture drawn, `missing` [D,h,W] the canvas less the picture aimed at; `light` [h,W] and
    `above` [D,h,W], of what lies above all paths, are swept down through them; `fill` [D,W], `color` [D] are room."""
    channels = canvas.shape[0]
    one = np.float32(1)
    for path in range(len(cubic_start) - 2, -1, -1):
        box, base, row = window[path], start[path], row_start[path]
        if box[1] >= box[3]:
            continue
        x0, y0 = box[0], box[1]
        stride = box[2] - x0 + 1
        first, end = stop_start[path], stop_start[path + 1]
        o = opacity[path]
        for channel in range(channels):
            color[channel] = colors[first, channel]
        for e in range(entry_start[path], entry_start[path + 1]):
            signed = areas[keys[e, 0]]
            if abs(signed) >= 1.0001:
                continue
            at = keys[e, 0] - base
            y, x = at // stride, at % stride
            if form[path] != 0:
                place_here = place_at(form[path], place[path], x0 + x + 0.5, y0 + y + 0.5)
                stop, share = stop_at(offsets, first, end, place_here)
                for channel in range(channels):
                    near, far = colors[stop, channel], colors[stop + 1, channel]
                    color[channel] = near + (far - near) * np.float32(share)
            reach = light[y0 + y - top, x0 + x] * (o if signed >= 0 else -o)
            slope = np.float32(0)
            curvature = np.float32(0)
            for channel in range(channels):
                contrast = color[channel] - below[e, channel]
                slope += missing[channel, y0 + y - top, x0 + x] * contrast
                curvature += contrast * contrast
            slope *= reach
            curvature *= reach * reach
            cubic = keys[e, 1]
            for corner in range(4):
                i = cubics[cubic, corner]
                point_slopes[i, 0] += slope * weights[e, 2 * corner]
                point_slopes[i, 1] += slope * weights[e, 2 * corner + 1]
            k = 0
            for a in range(8):
                part = curvature * weights[e, a]
                for b in range(a + 1):
                    blocks[cubic, k] += part * weights[e, b]
                    k += 1
        slope_o = np.float32(0)
        curvature_o = np.float32(0)
        if form[path] == 0:
            fill_row(form[path], place[path], offsets, colors, first, end, y0, x0, x0 + stride - 1, fill)
        for y in range(y0, box[3]):
            low = spans[row + y - y0, 0]
            high = min(spans[row + y - y0, 1] + 1, stride - 1)
            if low >= high:
                continue
            if form[path] != 0:
                fill_row(form[path], place[path], offsets, colors, first, end, y, x0 + low, x0 + high, fill)
            at = base + (y - y0) * stride
            cover = areas[at + low : at + high]
            ray = light[y - top, x0 + low : x0 + high]
            if form[path] == 0:
                total = np.float32(0)
                for x in range(len(ray)):
                    seen = ray[x] * o * min(abs(cover[x]), one)
                    total += seen * seen
                color_curvature[first] += total
            else:
                for x in range(len(ray)):
                    t = place_at(form[path], place[path], x0 + low + x + 0.5, y + 0.5)
                    stop, share = stop_at(offsets, first, end, t)
                    alpha = ray[x] * o * min(abs(cover[x]), one)
                    to_b = alpha * np.float32(share)
                    to_a = alpha - to_b
                    color_curvature[stop] += to_a * to_a
                    color_curvature[stop + 1] += to_b * to_b
                    for channel in range(channels):
                        lack = missing[channel, y - top, x0 + low + x]
                        color_slopes[stop, channel] += to_a * lack
                        color_slopes[stop + 1, channel] += to_b * lack
            for channel in range(channels):
                hue = fill[channel, x0 + low : x0 + high]
                lack = missing[channel, y - top, x0 + low : x0 + high]
                drawn = canvas[channel, y - top, x0 + low : x0 + high]
                added = above[channel, y - top, x0 + low : x0 + high]
                total = np.float32(0)
                if o < 0.999:
                    for x in range(len(ray)):
                        covered = min(abs(cover[x]), one)
                        alpha = o * covered
                        seen = ray[x] * alpha
                        total += seen * lack[x]
                        change = covered * (ray[x] * hue[x] - (drawn[x] - added[x] - seen * hue[x]) / (one - alpha))
                        slope_o += change * lack[x]
                        curvature_o += change * change
                        added[x] += seen * hue[x]
                else:
                    for x in range(len(ray)):
                        seen = ray[x] * min(abs(cover[x]), one)
                        total += seen * lack[x]
                        added[x] += seen * hue[x]
                if form[path] == 0:
                    color_slopes[first, channel] += total
            for x in range(len(ray)):
                ray[x] -= ray[x] * o * min(abs(cover[x]), one)
        opacity_slopes[path] += slope_o
        opacity_curvature[path] += curvature_o


@compiled_fast
def solve(cubics, cubic_start, point_start, blocks, slopes, damping, matrix, first, right, steps):
    """The damped Gauss-Newton step of each path's points: (H + damping I) step = -slopes, by Cholesky's method within
    the profile of H. Paths of more numbers than `right` has room for stay; `matrix` [N,N], `first` [N] and `right` [N]
    are room."""
    size = len(right)
    for path in range(len(cubic_start) - 1):
        low, high = point_start[path], point_start[path + 1]
        n = 2 * (high - low)
        if n > size or n == 0:
            continue
        for row in range(n):
            first[row] = row
            matrix[row, : row + 1] = 0
            right[row] = -slopes[low + row // 2, row % 2]
        for cubic in range(cubic_start[path], cubic_start[path + 1]):
            k = 0
            for a in range(8):
                i = 2 * (cubics[cubic, a // 2] - low) + a % 2
                for b in range(a + 1):
                    j = 2 * (cubics[cubic, b // 2] - low) + b % 2
                    p, q = max(i, j), min(i, j)
                    matrix[p, q] += blocks[cubic, k] if i != j or a == b else 2 * blocks[cubic, k]
                    first[p] = min(first[p], q)
                    k += 1
        for row in range(n):
            matrix[row, row] += damping
            for column in range(first[row], row):
                total = matrix[row, column]
                for k in range(max(first[row], first[column]), column):
                    total -= matrix[row, k] * matrix[column, k]
                matrix[row, column] = total / matrix[column, column]
            total = matrix[row, row]
            value = right[row]
            for k in range(first[row], row):
                total -= matrix[row, k] * matrix[row, k]
                value -= matrix[row, k] * right[k]
            matrix[row, row] = math.sqrt(max(total, 1e-30))
            right[row] = value / matrix[row, row]
        for row in range(n - 1, -1, -1):
            right[row] /= matrix[row, row]
            for k in range(first[row], row):
                right[k] -= matrix[row, k] * right[row]
        for row in range(n):
            steps[low + row // 2, row % 2] = right[row]


@compiled
def cover(edges, places, side, out):
    """How much of the box of a side around each place [P,2] lies within closed edges [E,4]: `out` [P] in 0..1. Where
    places of one row follow one another, edges that meet it are looked for once."""
    level = np.empty(len(edges), np.int64)  # the edges that meet the row of boxes
    count, row = 0, np.nan
    low_x, low_y, high_x, high_y = 1e300, 1e300, -1e300, -1e300
    for e in range(len(edges)):
        low_x, high_x = min(low_x, edges[e, 0]), max(high_x, edges[e, 0])
        low_y, high_y = min(low_y, edges[e, 1]), max(high_y, edges[e, 1])
    for p in range(len(places)):
        left, top = places[p, 0] - side / 2, places[p, 1] - side / 2
        out[p] = 0
        if left > high_x or left + side < low_x or top > high_y or top + side < low_y:
            continue
        if top != row:
            count, row = 0, top
            for e in range(len(edges)):
                ay, by = edges[e, 1] - top, edges[e, 3] - top
                if max(ay, by) > 0 and min(ay, by) < side and ay != by:
                    level[count] = e
                    count += 1
        total = 0.0
        for k in range(count):
            e = level[k]
            ay, by = edges[e, 1] - top, edges[e, 3] - top
            ax, bx = edges[e, 0] - left, edges[e, 2] - left
            if min(ax, bx) >= side:
                continue
            slope = (bx - ax) / (by - ay)
            y0, y1 = min(max(ay, 0.0), side), min(max(by, 0.0), side)
            x0, x1 = ax + (y0 - ay) * slope, ax + (y1 - ay) * slope
            total += (y1 - y0) * _mean_right(x0, x1, side)
        out[p] = min(abs(total) / (side * side), 1.0)


@compiled
def _mean_right(x0, x1, side):
    """How much of 0..side lies to the right of a place that runs evenly from x0 to x1, on average."""
    if x0 > x1:
        x0, x1 = x1, x0
    if x1 <= 0:
        return side
    if x0 >= side:
        return 0.0
    if x1 - x0 < 1e-9 * side:
        return min(max(side - 0.5 * (x0 + x1), 0.0), side)
    a, b = max(x0, 0.0), min(x1, side)
    return (side * max(-x0, 0.0) + (b - a) * (side - 0.5 * (a + b))) / (x1 - x0)
