"""Strokes begun and chosen, in compiled loops: spines along the structure of a picture, what a stroke would mend, and
those taken that mend most. Arrays and shape letters as in kernels.py."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.stroke.kernels import cover, gather, lay, nearest, rows_of

F = np.float32
UNIT = np.ones(2)  # steps of square pixels
STEP = 0.5  # of the radius, that a spine is followed at a time; a pixel at least
EARLIEST, LATEST = 0.3, 0.7  # where along a spine its seed may lie
ROUGH_NEWTON = 1  # steps to the nearest disc where a stroke is only judged


@compiled
def follow(x, y, side, radius, least, most, along, colors, cell, missed, labels):
    """One end of a spine through a seed (x, y): followed along the structure (`side` 1, or -1 the other way) as long as
    the seed's colour is nearer to the picture than the canvas, whose squared error is `missed` [H,W]; to a border of
    `labels` [H,W] at most. `least` and `most` are lengths. The end, and its length."""
    height, width = missed.shape
    rows, columns = along.shape[1], along.shape[2]
    row, column = min(int(y / cell), rows - 1), min(int(x / cell), columns - 1)
    seed_row, seed_column, label = row, column, labels[int(y), int(x)]
    vx, vy = side * along[0, row, column], side * along[1, row, column]
    step = max(STEP * radius, 1.0)
    length = 0.0
    while length < most:
        next_x, next_y = x + vx * step, y + vy * step
        if next_x < 0 or next_y < 0 or next_x >= width or next_y >= height:
            break
        if labels[int(next_y), int(next_x)] != label:
            break
        row, column = min(int(next_y / cell), rows - 1), min(int(next_x / cell), columns - 1)
        off = 0.0
        for channel in range(colors.shape[0]):
            off += (colors[channel, row, column] - colors[channel, seed_row, seed_column]) ** 2
        if length + step > least and off > missed[int(next_y), int(next_x)]:
            break
        x, y, length = next_x, next_y, length + step
        ux, uy = along[0, row, column], along[1, row, column]
        if ux * vx + uy * vy < 0:
            ux, uy = -ux, -uy
        vx, vy = vx + ux, vy + uy
        size = math.sqrt(vx * vx + vy * vy) + 1e-9
        vx, vy = vx / size, vy / size
    return x, y, length


@compiled
def begin(seeds, radii, least, most, bend, along, colors, cell, missed, labels, strokes):
    """The spine and the radii of strokes [L,13] through seeds [L,2], whose lengths are least..most [L] and whose
    handles are no further from the middle of their ends than a share of the way between these."""
    for index in range(len(seeds)):
        x, y, radius = seeds[index, 0], seeds[index, 1], radii[index]
        half_least, half_most = least[index] / 2, most[index] / 2
        x0, y0, before = follow(x, y, 1.0, radius, half_least, half_most, along, colors, cell, missed, labels)
        x2, y2, after = follow(x, y, -1.0, radius, half_least, half_most, along, colors, cell, missed, labels)
        t = min(max((before + 1e-3) / (before + after + 2e-3), EARLIEST), LATEST)
        u = 1 - t
        # the handle with which the spine runs through the seed
        hx = (x - u * u * x0 - t * t * x2) / (2 * u * t) - (x0 + x2) / 2
        hy = (y - u * u * y0 - t * t * y2) / (2 * u * t) - (y0 + y2) / 2
        reach = bend * math.sqrt((x2 - x0) ** 2 + (y2 - y0) ** 2) + 0.1
        share = min(1.0, reach / (math.sqrt(hx * hx + hy * hy) + 1e-9))
        stroke = strokes[index]
        stroke[0], stroke[1], stroke[4], stroke[5] = x0, y0, x2, y2
        stroke[2], stroke[3] = (x0 + x2) / 2 + share * hx, (y0 + y2) / 2 + share * hy
        stroke[6], stroke[7] = radius, radius


@compiled
def gain_of(stroke, canvas, picture, columns, room, spans):
    """By how much the squared error would fall with a stroke over a canvas [D,H,W], in the colour, which it then has,
    that is best for it; and how many spans it has."""
    channels, height, width = canvas.shape
    row, bottom = rows_of(stroke, 0, height, columns)
    row, count, found = gather(columns, 0, row, bottom, width, UNIT, room, 0, spans, 0)
    xs, ys, held, places, begun = room[0], room[1], room[2], room[3], room[4]
    nearest(stroke, xs[:count], ys[:count], held[:count], places[:count], begun[:count], ROUGH_NEWTON, 1)
    cover(stroke, room, 0, count)
    opacity, more = F(stroke[8]), F(stroke[9] - stroke[8])
    alphas = room[4, :count]
    weight = F(1e-9)
    for i in range(count):
        alphas[i] = room[2, i] * (opacity + more * room[3, i])
        weight += alphas[i] * alphas[i]
    gain = 0.0
    for channel in range(channels):
        lean = F(0)
        power = F(0)
        wanted = F(0)
        # with a = alpha, c the canvas, p the picture: the error falls by 2 a (k - c)(p - c) - a^2 (k - c)^2
        for span in range(found):
            y, left, size, at = spans[span, 0], spans[span, 1], spans[span, 2], spans[span, 3]
            line, aim = canvas[channel, y, left : left + size], picture[channel, y, left : left + size]
            for i in range(size):
                a = alphas[at + i]
                wanted += a * (aim[i] - (F(1) - a) * line[i])
        color = F(1)
        if channel < 3:
            color = min(max(wanted / weight, F(0)), F(1))
            stroke[10 + channel] = color
        for span in range(found):
            y, left, size, at = spans[span, 0], spans[span, 1], spans[span, 2], spans[span, 3]
            line, aim = canvas[channel, y, left : left + size], picture[channel, y, left : left + size]
            for i in range(size):
                change = alphas[at + i] * (color - line[i])
                lean += change * (aim[i] - line[i])
                power += change * change
        gain += 2 * lean - power
    return gain, found


@compiled
def gains(strokes, canvas, picture, columns, room, spans, found):
    """What each stroke [L,13] alone would mend, to `found` [L]; they have the best colours then."""
    for index in range(len(strokes)):
        found[index] = gain_of(strokes[index], canvas, picture, columns, room, spans)[0]


@compiled
def choose(strokes, order, found, wanted, share, canvas, picture, columns, room, spans, is_taken):
    """Take strokes in an order, and lay them over the canvas, as long as each still mends a share of what was `found`
    [L]; until so many are taken: how many. What those that are left mend now is found anew."""
    count = 0
    for index in order:
        if count == wanted:
            break
        if is_taken[index] or found[index] < 0:
            continue
        gain, spanned = gain_of(strokes[index], canvas, picture, columns, room, spans)
        if gain < share * found[index]:
            found[index] = gain
            continue
        lay(strokes[index], canvas, 0, room, spans, 0, spanned)
        is_taken[index] = True
        count += 1
    return count


@compiled
def distances(labels, found):
    """How far each pixel's middle is from the nearest border of its label, to `found` [H,W] (float32): within about
    4 %, by steps to neighbours."""
    height, width = labels.shape
    side, corner = F(0.9619), F(1.3604)  # lengths of a step that are wrong least (Borgefors 1986)
    for y in range(height):
        for x in range(width):
            found[y, x] = F(1e6)
            for v in range(max(y - 1, 0), min(y + 2, height)):
                for u in range(max(x - 1, 0), min(x + 2, width)):
                    if labels[v, u] != labels[y, x]:
                        found[y, x] = F(0.5)
    for y in range(height):
        for x in range(width):
            if y:
                found[y, x] = min(found[y, x], found[y - 1, x] + side)
            if x:
                found[y, x] = min(found[y, x], found[y, x - 1] + side)
            if y and x:
                found[y, x] = min(found[y, x], found[y - 1, x - 1] + corner)
            if y and x + 1 < width:
                found[y, x] = min(found[y, x], found[y - 1, x + 1] + corner)
    for y in range(height - 1, -1, -1):
        for x in range(width - 1, -1, -1):
            if y + 1 < height:
                found[y, x] = min(found[y, x], found[y + 1, x] + side)
            if x + 1 < width:
                found[y, x] = min(found[y, x], found[y, x + 1] + side)
            if y + 1 < height and x + 1 < width:
                found[y, x] = min(found[y, x], found[y + 1, x + 1] + corner)
            if y + 1 < height and x:
                found[y, x] = min(found[y, x], found[y + 1, x - 1] + corner)
