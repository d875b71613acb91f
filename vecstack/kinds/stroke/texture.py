"""The marks of a brush on the pixels of a raster, in compiled loops: what bristles.py does in PyTorch. Arrays and shape
letters as in kernels.py; a stroke has five numbers more: how much tone, dryness and light there is, the seed, and -1
where its frame is mirrored, else 1."""

from __future__ import annotations

import math

import numpy as np

from vecstack.compiled import compiled

F = np.float32
MARKS = 13  # where the numbers of a brush's marks begin
MASK = 0xFFFFFFFF
# Octaves of noise: their share, cells per radius across the stroke, and along it. The last is seen in broad strokes.
OCTAVES = np.array([(0.7, 4.5, 0.25), (0.3, 9.0, 0.6), (0.08, 24.0, 0.4)])


@compiled
def random_at(i, j, seed):
    """A number 0..1 for whole numbers: a hash of them."""
    x = (i * 374761393 + j * 668265263 + seed * 2147483647 + 12345) & MASK
    x = ((x ^ (x >> 13)) * 1274126177) & MASK
    return ((x ^ (x >> 16)) & 0xFFFF) / 0xFFFF


@compiled
def noise(u, v, seed):
    """Smooth random values 0..1 between those of whole places, and their derivatives."""
    i, j = math.floor(u), math.floor(v)
    f, g = u - i, v - j
    across, down = f * f * (3 - 2 * f), g * g * (3 - 2 * g)
    a, b = random_at(i, j, seed), random_at(i + 1, j, seed)
    c, d = random_at(i, j + 1, seed), random_at(i + 1, j + 1, seed)
    top, bottom = a + (b - a) * across, c + (d - c) * across
    by_u = 6 * f * (1 - f) * ((b - a) + ((d - c) - (b - a)) * down)
    return top + (bottom - top) * down, by_u, 6 * g * (1 - g) * (bottom - top)


@compiled
def has_marks(stroke):
    """Whether a stroke is drawn with the marks of a brush."""
    return len(stroke) > MARKS and stroke[13] + stroke[14] + stroke[15] > 0


@compiled
def leave_marks(stroke, room, count):
    """Take what bristles leave out from the cover of the first pixels of the room, and put what the colour of each is
    multiplied by in the place of how its cover answers."""
    tone, dry, light, seed, hand = stroke[13], stroke[14], stroke[15], int(stroke[16]), stroke[17]
    broad = max(max(stroke[6], stroke[7]), 1e-9)
    start_x, start_y = 2 * (stroke[2] - stroke[0]), 2 * (stroke[3] - stroke[1])
    bend_x, bend_y = stroke[0] - 2 * stroke[2] + stroke[4], stroke[1] - 2 * stroke[3] + stroke[5]
    length = math.sqrt((stroke[2] - stroke[0]) ** 2 + (stroke[3] - stroke[1]) ** 2)
    length = (length + math.sqrt((stroke[4] - stroke[2]) ** 2 + (stroke[5] - stroke[3]) ** 2)) / broad
    for pixel in range(count):
        if room[2, pixel] <= 0:
            continue
        nx, ny, t, s = float(room[0, pixel]), float(room[1, pixel]), float(room[3, pixel]), float(room[5, pixel])
        radius = max(stroke[6] + t * (stroke[7] - stroke[6]), 1e-9)
        fx, fy = start_x + 2 * t * bend_x, start_y + 2 * t * bend_y
        speed = max(math.sqrt(fx * fx + fy * fy), 1e-9)
        fx, fy = fx / speed, fy / speed
        wx, wy = -hand * fy, hand * fx
        across, apart = s * (nx * wx + ny * wy) / radius, min(s / radius, 1.0)
        along = t * length + s * (nx * fx + ny * fy) / broad
        height, by_across, by_along = 0.5, 0.0, 0.0
        for octave in range(len(OCTAVES)):
            share, cells, lengthwise = OCTAVES[octave, 0], OCTAVES[octave, 1], OCTAVES[octave, 2]
            seen = share * min(max(2 * radius / cells - 1, 0.0), 1.0)
            if seen > 0:
                value, by_u, by_v = noise(cells * across + 50, lengthwise * along, seed + octave)
                height += seen * (value - 0.5)
                by_across += seen * cells * by_u
                by_along += seen * lengthwise * by_v
        left = length + 1 - along - 2 * dry * height
        room[2, pixel] *= F(min(max(4 * left + 0.5, 0.0), 1.0))
        square = apart * apart
        profile, taper, paint = 1 - square * square, radius / broad, 0.35 + 0.65 * height
        by_apart = -4 * apart * square * paint / taper
        a, b = 0.65 * profile * by_across / taper, 0.65 * profile * by_along
        rise = -(by_apart * (nx + ny) + a * (wx + wy) + b * (fx + fy))
        shine = 1 + 0.6 * light * rise / math.sqrt(2 + rise * rise)
        room[4, pixel] = F(shine * (1 + tone * (height - 0.5)))


@compiled
def lay_marks(stroke, canvas, top, room, spans, first, end):
    """Lay a stroke and its marks over a canvas [D,h,W] whose first row is `top`: the pixels of the spans first..end."""
    opacity, more = F(stroke[8]), F(stroke[9] - stroke[8])
    for span in range(first, end):
        y, left, count, at = spans[span, 0] - top, spans[span, 1], spans[span, 2], spans[span, 3]
        covers, places, shades = room[2, at : at + count], room[3, at : at + count], room[4, at : at + count]
        for channel in range(canvas.shape[0]):
            line = canvas[channel, y, left : left + count]
            for i in range(count):
                color = min(F(stroke[10 + channel]) * shades[i], F(1)) if channel < 3 else F(1)
                line[i] += (color - line[i]) * (covers[i] * (opacity + more * places[i]))
