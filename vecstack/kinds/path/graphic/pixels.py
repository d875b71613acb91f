"""Loops over the pixels of a flat picture: what belongs together, and mixtures of what is near."""

from __future__ import annotations

import numpy as np

from vecstack.compiled import compiled

OWN_COVER = 0.6  # of the pixels of a piece apart that is a part of its own, in the mean
FREE = -1  # a pixel of no part


@compiled
def even(colors, alike):
    """Pixels whose four neighbours are like them."""
    height, width, channels = colors.shape
    found = np.zeros((height, width), np.bool_)
    for y in range(height):
        for x in range(width):
            is_even = True
            for way in range(4):
                b = y + (1 if way == 0 else (-1 if way == 1 else 0))
                a = x + (1 if way == 2 else (-1 if way == 3 else 0))
                if 0 <= a < width and 0 <= b < height:
                    for c in range(channels):
                        if abs(colors[y, x, c] - colors[b, a, c]) > alike:
                            is_even = False
            found[y, x] = is_even
    return found


@compiled
def linked(chosen, colors, alike):
    """Numbers [H,W] of the connected parts of some pixels, neighbours in one being alike; FREE elsewhere."""
    height, width, channels = colors.shape
    part = np.full((height, width), FREE, np.int64)
    stack = np.empty((height * width, 2), np.int64)
    count = 0
    for y0 in range(height):
        for x0 in range(width):
            if not chosen[y0, x0] or part[y0, x0] != FREE:
                continue
            part[y0, x0] = count
            stack[0, 0], stack[0, 1] = y0, x0
            top = 1
            while top:
                top -= 1
                y, x = stack[top, 0], stack[top, 1]
                for way in range(4):
                    b = y + (1 if way == 0 else (-1 if way == 1 else 0))
                    a = x + (1 if way == 2 else (-1 if way == 3 else 0))
                    if 0 <= a < width and 0 <= b < height and chosen[b, a] and part[b, a] == FREE:
                        like = True
                        for c in range(channels):
                            if abs(colors[y, x, c] - colors[b, a, c]) > alike:
                                like = False
                        if like:
                            part[b, a] = count
                            stack[top, 0], stack[top, 1] = b, a
                            top += 1
            count += 1
    return part


@compiled
def spread(part, colors, like, alike):
    """Give pixels beside one of a part to that part, in place, where they are like what that one has in `like`."""
    height, width, channels = colors.shape
    for _ in range(2):
        before = part.copy()
        for y in range(height):
            for x in range(width):
                if before[y, x] != FREE:
                    continue
                for way in range(4):
                    b = y + (1 if way == 0 else (-1 if way == 1 else 0))
                    a = x + (1 if way == 2 else (-1 if way == 3 else 0))
                    if 0 <= a < width and 0 <= b < height and before[b, a] != FREE:
                        is_like = True
                        for c in range(channels):
                            if abs(colors[y, x, c] - like[b, a, c]) > alike:
                                is_like = False
                        if is_like:
                            part[y, x] = before[b, a]
                            break


@compiled
def explained_by(part, colors, given, limit, reach, every):
    """Pixels of no part (or, with `every`, all that have others near) as mixtures of two parts near them: the part that
    covers most, the other, and the other's share. A part's colour is that of its nearest pixel, or is `given` [K,D]
    (NaN: not). What is farther than the limit from each mixture stays FREE."""
    height, width, channels = colors.shape
    first, second = part.copy(), part.copy()
    share = np.zeros((height, width), np.float32)
    most = 12
    labels = np.empty(most, np.int64)
    far = np.empty(most, np.int64)
    seen = np.empty((most, channels), np.float32)
    for y in range(height):
        for x in range(width):
            own = part[y, x]
            if own != FREE and not (every and own < len(given) and given[own, 0] == given[own, 0]):
                continue
            count = 0
            for b in range(max(0, y - reach), min(height, y + reach + 1)):
                for a in range(max(0, x - reach), min(width, x + reach + 1)):
                    label = part[b, a]
                    if label == FREE:
                        continue
                    away = (b - y) ** 2 + (a - x) ** 2
                    at = -1
                    for k in range(count):
                        if labels[k] == label:
                            at = k
                    if at < 0 and count < most:
                        at = count
                        labels[at], far[at] = label, 1 << 30
                        count += 1
                    if at >= 0 and away < far[at]:
                        far[at] = away
                        is_given = label < len(given) and given[label, 0] == given[label, 0]
                        for c in range(channels):
                            seen[at, c] = given[label, c] if is_given else colors[b, a, c]
            best, one, two, part_of = 1e9, -1, -1, 0.0
            for i in range(count):
                for j in range(i, count):
                    t, length = 0.0, 0.0
                    for c in range(channels):
                        d = seen[j, c] - seen[i, c]
                        length += d * d
                        t += d * (colors[y, x, c] - seen[i, c])
                    t = min(max(t / length, 0.0), 1.0) if length > 1e-9 else 0.0
                    error = 0.0
                    for c in range(channels):
                        d = seen[i, c] + t * (seen[j, c] - seen[i, c]) - colors[y, x, c]
                        error += d * d
                    error += 1e-6 * (far[i] + far[j])
                    if error < best:
                        best, one, two, part_of = error, i, j, t
            if one < 0 or best > limit * limit:
                continue
            if part_of > 0.5:
                one, two, part_of = two, one, 1 - part_of
            first[y, x], second[y, x], share[y, x] = labels[one], labels[two], part_of
    return first, second, share


@compiled
def joined(loose):
    """Numbers [H,W] of the connected parts (also by corners) of some pixels; FREE elsewhere."""
    height, width = loose.shape
    part = np.full((height, width), FREE, np.int64)
    stack = np.empty((height * width, 2), np.int64)
    count = 0
    for y0 in range(height):
        for x0 in range(width):
            if not loose[y0, x0] or part[y0, x0] != FREE:
                continue
            part[y0, x0] = count
            stack[0, 0], stack[0, 1] = y0, x0
            top = 1
            while top:
                top -= 1
                y, x = stack[top, 0], stack[top, 1]
                for b in range(max(0, y - 1), min(height, y + 2)):
                    for a in range(max(0, x - 1), min(width, x + 2)):
                        if loose[b, a] and part[b, a] == FREE:
                            part[b, a] = count
                            stack[top, 0], stack[top, 1] = b, a
                            top += 1
            count += 1
    return part


@compiled
def unbroken(first, other, share, count, least):
    """The part of each pixel [H,W], so that each part is connected, and of which part each is a piece [K]. What lies
    apart from the largest piece and has enough pixels (`least`) that are mostly of it, such as the inside of a letter,
    is a part of its own; else it goes to the part that covers the rest, or the one beside it. `other` and `share`
    change along."""
    height, width = first.shape
    piece = np.full((height, width), FREE, np.int64)
    stack = np.empty((height * width, 2), np.int64)
    sizes, covers = np.zeros(height * width, np.int64), np.zeros(height * width)
    best = np.full(count, -1, np.int64)
    pieces = 0
    for y0 in range(height):
        for x0 in range(width):
            label = first[y0, x0]
            if piece[y0, x0] != FREE or label == FREE:
                continue
            piece[y0, x0] = pieces
            stack[0, 0], stack[0, 1] = y0, x0
            top = 1
            while top:
                top -= 1
                y, x = stack[top, 0], stack[top, 1]
                sizes[pieces] += 1
                covers[pieces] += 1 - share[y, x]
                for b in range(max(0, y - 1), min(height, y + 2)):
                    for a in range(max(0, x - 1), min(width, x + 2)):
                        if first[b, a] == label and piece[b, a] == FREE:
                            piece[b, a] = pieces
                            stack[top, 0], stack[top, 1] = b, a
                            top += 1
            if best[label] < 0 or sizes[pieces] > sizes[best[label]]:
                best[label] = pieces
            pieces += 1
    found = first.copy()
    is_left = True
    origin = np.full(count + pieces, FREE, np.int64)
    number = np.full(pieces, FREE, np.int64)
    for label in range(count):
        origin[label] = label
    for y in range(height):
        for x in range(width):
            if first[y, x] == FREE or best[first[y, x]] == piece[y, x]:
                continue
            own = piece[y, x]
            if number[own] == FREE and sizes[own] >= least and covers[own] >= OWN_COVER * sizes[own]:
                number[own] = count
                origin[count] = first[y, x]
                count += 1
            found[y, x] = number[own]
    while is_left:
        is_left = False
        before = found.copy()
        moved = False
        for y in range(height):
            for x in range(width):
                if before[y, x] != FREE:
                    continue
                is_left = True
                for b in range(max(0, y - 1), min(height, y + 2)):
                    for a in range(max(0, x - 1), min(width, x + 2)):
                        if before[b, a] != FREE and (found[y, x] == FREE or before[b, a] == other[y, x]):
                            found[y, x] = before[b, a]
                            moved = True
                if found[y, x] != FREE:
                    other[y, x] = found[y, x]
                    share[y, x] = 0
        if is_left and not moved:
            break
    return found, origin[:count]


@compiled
def nearest_of(known):
    """The row and the column of the known pixel that is nearest to each, [H,W] each, by passes down and up in which
    each pixel learns from its neighbours (Danielsson, Euclidean distance mapping, 1980)."""
    height, width = known.shape
    far = 1 << 20
    rows, columns = np.full((height, width), -far), np.full((height, width), -far)
    for y in range(height):
        for x in range(width):
            if known[y, x]:
                rows[y, x], columns[y, x] = y, x
    for step in (1, -1, 1, -1):
        for i in range(height):
            y = i if step == 1 else height - 1 - i
            for across in (1, -1):
                for j in range(width):
                    x = j if across == 1 else width - 1 - j
                    for dy, dx in ((-step, 0), (-step, -1), (-step, 1), (0, -across)):
                        b, a = y + dy, x + dx
                        if 0 <= b < height and 0 <= a < width:
                            r, c = rows[b, a], columns[b, a]
                            if (r - y) ** 2 + (c - x) ** 2 < (rows[y, x] - y) ** 2 + (columns[y, x] - x) ** 2:
                                rows[y, x], columns[y, x] = r, c
    return rows, columns
