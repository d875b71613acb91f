"""Loops over the pixels of parts that are thinner than a pixel or two, and of seams between parts."""

from __future__ import annotations

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path.graphic.pixels import FREE

SHOWING, SHOWING_SHARE = 0.36, 0.75  # most of a third part that shows where two meet; share of pixels that it explains
VERY = 2.5 / 255  # difference of pixels that have the very colour of a part
OWN_PX, OWN_SHARE = 4, 0.25  # pixels of a thin part, and their share, that have its very colour, at least
MIN_COVER = 0.6  # of the fullest pixel of a thin part that has a colour of the palette


@compiled
def name_thin(loose, count, part, colors, palette, explained, cover, found):
    """Of each loose part the colour (in `found`) that explains its pixels best as mixtures with what is around: one of
    the palette where that covers a pixel well, or is the very colour of several, else that of its pixel farthest from
    what is around. `cover` [H,W] is how much of each pixel it covers."""
    height, width, channels = colors.shape
    around = np.zeros((height, width, channels), np.float32)
    errors = np.zeros((count, len(palette) + 1))
    fullest = np.zeros((count, len(palette) + 1))
    own = np.zeros((count, len(palette) + 1))
    size = np.zeros(count)
    extreme = np.zeros(count)
    reach = 3
    for y in range(height):
        for x in range(width):
            k = loose[y, x]
            if k < 0:
                continue
            size[k] += 1
            nearest = 1 << 30
            for b in range(max(0, y - reach), min(height, y + reach + 1)):
                for a in range(max(0, x - reach), min(width, x + reach + 1)):
                    away = (b - y) ** 2 + (a - x) ** 2
                    if part[b, a] >= 0 and away < nearest:
                        nearest = away
                        for c in range(channels):
                            around[y, x, c] = colors[b, a, c]
            if nearest == 1 << 30:
                for c in range(channels):
                    around[y, x, c] = colors[y, x, c]
            distance = 0.0
            for c in range(channels):
                distance += (colors[y, x, c] - around[y, x, c]) ** 2
            if distance >= extreme[k]:
                extreme[k] = distance
                for c in range(channels):
                    found[k, c] = colors[y, x, c]
            for p in range(len(palette)):
                t, length = 0.0, 0.0
                for c in range(channels):
                    d = palette[p, c] - around[y, x, c]
                    length += d * d
                    t += d * (colors[y, x, c] - around[y, x, c])
                t = min(max(t / length, 0.0), 1.0) if length > 1e-6 else 0.0
                off = 0.0
                for c in range(channels):
                    off = max(off, abs(colors[y, x, c] - palette[p, c]))
                own[k, p] += off < VERY
                for c in range(channels):
                    errors[k, p] += (around[y, x, c] + t * (palette[p, c] - around[y, x, c]) - colors[y, x, c]) ** 2
                fullest[k, p] = max(fullest[k, p], t)
    for k in range(count):
        best, at = 4 * explained * explained * size[k], -1
        for p in range(len(palette)):
            if errors[k, p] < best and fullest[k, p] >= MIN_COVER:
                best, at = errors[k, p], p
        if at < 0 and len(palette):
            most = int(np.argmax(own[k]))
            if own[k, most] >= max(OWN_PX, OWN_SHARE * size[k]):
                at = most
        if at >= 0:
            for c in range(channels):
                found[k, c] = palette[at, c]
    for y in range(height):
        for x in range(width):
            k = loose[y, x]
            if k < 0:
                continue
            t, length = 0.0, 0.0
            for c in range(channels):
                d = found[k, c] - around[y, x, c]
                length += d * d
                t += d * (colors[y, x, c] - around[y, x, c])
            cover[y, x] = t / length if length > 1e-6 else 0.0


@compiled
def seams_of(loose, count, part, colors, behind, explained):
    """Which loose parts [T] are no lines but edges where a third part, or the ground, shows through between two; and of
    each such pixel the two parts, and the share of the second [H,W]."""
    height, width, channels = colors.shape
    first, second = np.full(loose.shape, FREE, np.int64), np.full(loose.shape, FREE, np.int64)
    share = np.zeros(loose.shape, np.float32)
    size, like = np.zeros(count), np.zeros(count)
    labels = np.empty(8, np.int64)
    seen = np.empty((8, channels), np.float32)
    for y in range(height):
        for x in range(width):
            number = loose[y, x]
            if number < 0:
                continue
            size[number] += 1
            n = 0
            for b in range(max(0, y - 3), min(height, y + 4)):
                for a in range(max(0, x - 3), min(width, x + 4)):
                    label = part[b, a]
                    is_new = label >= 0
                    for k in range(n):
                        if labels[k] == label:
                            is_new = False
                    if is_new and n < 8:
                        labels[n] = label
                        for c in range(channels):
                            seen[n, c] = colors[b, a, c]
                        n += 1
            least = 1e9
            best_one, best_two, best_share = 0, 0, 0.0
            for i in range(n):
                for j in range(i + 1, n):
                    for k in range(len(behind)):
                        uu, uv, vv, up, vp = 1e-9, 0.0, 1e-9, 0.0, 0.0
                        for c in range(channels):
                            u, v = seen[i, c] - behind[k, c], seen[j, c] - behind[k, c]
                            p = colors[y, x, c] - behind[k, c]
                            uu += u * u
                            uv += u * v
                            vv += v * v
                            up += u * p
                            vp += v * p
                        det = uu * vv - uv * uv
                        if det < 1e-6:
                            one, two = up / uu, 0.0
                        else:
                            one, two = (vv * up - uv * vp) / det, (uu * vp - uv * up) / det
                        one, two = max(one, 0.0), max(two, 0.0)
                        if one + two < 1 - SHOWING or one + two > 1.02:
                            continue
                        error = 0.0
                        for c in range(channels):
                            mixed = one * (seen[i, c] - behind[k, c]) + two * (seen[j, c] - behind[k, c])
                            error += (mixed - colors[y, x, c] + behind[k, c]) ** 2
                        if error < least:
                            least = error
                            best_one, best_two = labels[i], labels[j]
                            # An edge that covers u leaves u (1 - u) of what is behind: of which of the two is it?
                            rest = 1 - one - two
                            is_second = abs(rest - two * (1 - two)) < abs(rest - one * (1 - one))
                            best_share = two if is_second else 1 - one
            if least < 4 * explained * explained:
                like[number] += 1
                if best_share > 0.5:
                    best_one, best_two, best_share = best_two, best_one, 1 - best_share
                first[y, x], second[y, x], share[y, x] = best_one, best_two, best_share
    return like >= SHOWING_SHARE * size, first, second, share
