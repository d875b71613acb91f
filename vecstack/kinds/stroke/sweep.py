"""How the squared error of a picture answers to strokes, in compiled loops: the strokes are drawn once, upwards, with
all that is covered kept, and swept once, downwards. Arrays and shape letters as in kernels.py."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled, compiled_fast
from vecstack.kinds.stroke.kernels import NEWTON, cover, gather, lay, nearest, rows_of

F = np.float32
UNIT = np.ones(2)  # steps of square pixels
UNSEEN = 1e-3  # light below which a pixel of a stroke is hidden


@compiled
def forward(strokes, canvas, top, columns, room, below, spans, span_start):
    """Lay strokes over a canvas [D,h,W] whose first row is `top`, in place, and keep what `backward` needs: their
    pixels in the room, the canvas below each in `below` [D,E], and where the spans of each begin [L+1]. False where
    there is too little room."""
    end, width = top + canvas.shape[1], canvas.shape[2]
    count, found = 0, 0
    for index in range(len(strokes)):
        stroke = strokes[index]
        span_start[index] = found
        row, bottom = rows_of(stroke, top, end, columns)
        row, more, spanned = gather(columns, top, row, bottom, width, UNIT, room, count, spans, found)
        if row < bottom:
            return False
        xs, ys, held, places, begun = room[0], room[1], room[2], room[3], room[4]
        nearest(
            stroke, xs[count:more], ys[count:more], held[count:more], places[count:more], begun[count:more], NEWTON, 1
        )
        cover(stroke, room, count, more)
        for span in range(found, spanned):
            y, left, size, at = spans[span, 0] - top, spans[span, 1], spans[span, 2], spans[span, 3]
            for channel in range(canvas.shape[0]):
                below[channel, at : at + size] = canvas[channel, y, left : left + size]
        lay(stroke, canvas, top, room, spans, found, spanned)
        count, found = more, spanned
    span_start[len(strokes)] = found
    return True


@compiled_fast
def backward(
    strokes, missing, light, top, room, below, spans, span_start, lean, power, seen,
    slopes, blocks, fades, weights, effects,
):  # fmt: skip
    """Add to the slopes [L,13] of half the squared error by the numbers of strokes, and to its curvature, of
    Gauss-Newton: `blocks` [L,8,8], by spine and radii; `fades` [L,3], by both opacities (first, both, last);
    `weights` [L], by a colour. And to `effects` [L], by how much the squared error would rise without the stroke.
    `missing` [D,h,W] is the canvas drawn less the picture; `light` [h,W], what gets through what lies above, is swept
    down; `lean`, `power` and `seen` [W] are room."""
    channels = missing.shape[0]
    one = F(1)
    numbers = np.zeros(8, np.float32)
    block = np.zeros((8, 8), np.float32)
    by_shape = np.zeros(8, np.float32)
    for index in range(len(strokes) - 1, -1, -1):
        stroke = strokes[index]
        opacity, more = F(stroke[8]), F(stroke[9] - stroke[8])
        growth = F(stroke[7] - stroke[6])
        start_x, start_y = F(2 * (stroke[2] - stroke[0])), F(2 * (stroke[3] - stroke[1]))
        bend_x = F(stroke[0] - 2 * stroke[2] + stroke[4])
        bend_y = F(stroke[1] - 2 * stroke[3] + stroke[5])
        by_shape[:] = 0
        block[:] = 0
        first, last, both_first, both, both_last = F(0), F(0), F(0), F(0), F(0)
        weight, effect = F(0), F(0)
        for span in range(span_start[index], span_start[index + 1]):
            y, left, count, at = spans[span, 0] - top, spans[span, 1], spans[span, 2], spans[span, 3]
            ray = light[y, left : left + count]
            covers, places, answers = room[2, at : at + count], room[3, at : at + count], room[4, at : at + count]
            for i in range(count):
                lean[i] = 0
                power[i] = 0
                seen[i] = ray[i] * covers[i] * (opacity + more * places[i])
            for channel in range(channels):
                color = F(stroke[10 + channel]) if channel < 3 else one
                lack, under = missing[channel, y, left : left + count], below[channel, at : at + count]
                total = F(0)
                for i in range(count):
                    contrast = color - under[i]
                    lean[i] += contrast * lack[i]
                    power[i] += contrast * contrast
                    total += seen[i] * lack[i]
                if channel < 3:
                    slopes[index, 10 + channel] += total
            for i in range(count):
                t, reach = places[i], ray[i] * covers[i]
                u = one - t
                slope, curve = reach * lean[i], reach * reach * power[i]
                first += slope * u
                last += slope * t
                both_first += curve * u * u
                both += curve * u * t
                both_last += curve * t * t
                weight += seen[i] * seen[i]
                effect += seen[i] * (seen[i] * power[i] - F(2) * lean[i])
            for i in range(count):
                if ray[i] < F(UNSEEN) or (answers[i] == 0 and (more == 0 or covers[i] == 0)):
                    continue
                t, nx, ny = places[i], room[0, at + i], room[1, at + i]
                u = one - t
                reach = answers[i] * (opacity + more * t)
                numbers[0], numbers[1] = u * u * nx * reach, u * u * ny * reach
                numbers[2], numbers[3] = F(2) * u * t * nx * reach, F(2) * u * t * ny * reach
                numbers[4], numbers[5] = t * t * nx * reach, t * t * ny * reach
                numbers[6], numbers[7] = u * reach, t * reach
                if more != 0 and 0 < t < 1:  # the place moves, and with it the opacity
                    s = room[5, at + i]
                    ex, ey = s * nx, s * ny
                    vx, vy = start_x + F(2) * t * bend_x, start_y + F(2) * t * bend_y
                    square = vx * vx + vy * vy
                    held = square - F(2) * (ex * bend_x + ey * bend_y) + growth * (nx * vx + ny * vy)
                    move = covers[i] * more / max(held, F(0.1) * square + F(1e-6))
                    gx, gy = vx + growth * nx, vy + growth * ny
                    numbers[0] -= move * (u * u * gx + F(2) * u * ex)
                    numbers[1] -= move * (u * u * gy + F(2) * u * ey)
                    numbers[2] -= move * (F(2) * u * t * gx - F(2) * (u - t) * ex)
                    numbers[3] -= move * (F(2) * u * t * gy - F(2) * (u - t) * ey)
                    numbers[4] -= move * (t * t * gx - F(2) * t * ex)
                    numbers[5] -= move * (t * t * gy - F(2) * t * ey)
                    numbers[6] -= move * s
                    numbers[7] += move * s
                slope, curve = ray[i] * lean[i], ray[i] * ray[i] * power[i]
                for a in range(8):
                    by_shape[a] += slope * numbers[a]
                    part = curve * numbers[a]
                    for b in range(8):
                        block[a, b] += part * numbers[b]
            for i in range(count):
                ray[i] -= seen[i]
        for a in range(8):
            slopes[index, a] += by_shape[a]
            for b in range(8):
                blocks[index, a, b] += block[a, b]
        slopes[index, 8] += first
        slopes[index, 9] += last
        fades[index, 0] += both_first
        fades[index, 1] += both
        fades[index, 2] += both_last
        weights[index] += weight
        effects[index] += effect


@compiled_fast
def solve(blocks, slopes, damping, steps):
    """The damped Gauss-Newton step of each stroke's spine and radii [L,8]: (H + damping) step = -slopes, by Cholesky's
    method; the blocks [L,8,8] are used up, `damping` [L,8] is added to their diagonals."""
    for index in range(len(blocks)):
        matrix, right = blocks[index], steps[index]
        for row in range(8):
            matrix[row, row] += damping[index, row]
            right[row] = -slopes[index, row]
            for column in range(row + 1):
                total = matrix[row, column]
                for k in range(column):
                    total -= matrix[row, k] * matrix[column, k]
                matrix[row, column] = math.sqrt(max(total, 1e-12)) if row == column else total / matrix[column, column]
            for k in range(row):
                right[row] -= matrix[row, k] * right[k]
            right[row] /= matrix[row, row]
        for row in range(7, -1, -1):
            right[row] /= matrix[row, row]
            for k in range(row):
                right[k] -= matrix[row, k] * right[row]
