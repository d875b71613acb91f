"""Damped Gauss-Newton steps of contours towards how much of each pixel they are to cover: compiled loops.

Contours lie one after another: their points [3Q,2], the kinds of their pieces and knots [Q], as shape.py has them, and
where each begins among the pieces, and the end: [C+1].
"""

from __future__ import annotations

import numpy as np

from vecstack.compiled import compiled
from vecstack.kinds.path import kernels
from vecstack.kinds.path.bitmap.shape import CURVE, MOST_LINKS, link, retract

TOLERANCE = 0.004  # px that edges may be away from their curve
EVEN = 0.01  # weight of how far a cubic is from a parabola, against the squared errors of pixels
LIMIT = 0.5  # px that a number may move in a step
DAMPING = 1e-3
ENTRIES = 4096  # of pixels that cubics meet, at first
THIRD = np.array([1 / 3, -1.0, 1.0, -1 / 3])  # of a cubic's points: 0 for a parabola
LEAST_PIVOT = 1e-12  # what rounding leaves of a positive number


@compiled
def descended(points, pieces, knots, starts, low, high, weight, is_exact, steps):
    """The points after so many steps at most that come closest to covering pixels between bounds [H,W], each of which
    counts by its weight [H,W]; the sum of squared errors; and the same with what draws cubics to parabolas. Where the
    bounds are one value (`is_exact`), all pixels on an edge hold it, else those that are missed."""
    cubics = cubics_of(starts)
    links = np.empty((2 * len(points), MOST_LINKS), np.int64), np.empty((2 * len(points), MOST_LINKS))
    entries = np.empty((ENTRIES, 2), np.int64), np.empty((ENTRIES, 8), np.float32)
    now = _retracted(points, pieces, knots, starts)
    best, error, least = now, 0.0, 0.0
    form, downhill = np.zeros((0, 0)), np.zeros(0)
    damping = DAMPING
    for step in range(steps + 1):
        signed, keys, weights = drawn(now, cubics, low.shape[0], low.shape[1], entries[0], entries[1])
        missing = _missed(signed, low, high, weight)
        new_error = np.sum(missing * missing)
        total = new_error + _unevenness(now, cubics, pieces)
        if step == 0 or total < least:
            best, error, least = now, new_error, total
            damping = max(damping / 4, DAMPING)
            if step < steps:
                count = _linked(now, pieces, knots, starts, links[0], links[1])
                form, downhill = _equations(
                    signed, missing, weight, keys, weights, cubics, links[0], links[1], count, is_exact
                )
                _draw_to_parabolas(now, cubics, pieces, links[0], links[1], form, downhill)
        else:
            damping *= 10
        if step < steps:
            moves = _solved(form, downhill, damping)
            now = _retracted(_moved(best, links[0], links[1], moves), pieces, knots, starts)
    return best, error, least


@compiled
def cubics_of(starts):
    """The cubics [Q,4] of contours as indices of their points."""
    cubics = np.empty((starts[-1], 4), np.int64)
    for contour in range(len(starts) - 1):
        first, size = starts[contour], 3 * (starts[contour + 1] - starts[contour])
        for cubic in range(first, starts[contour + 1]):
            for k in range(4):
                cubics[cubic, k] = 3 * first + (3 * (cubic - first) + k) % size
    return cubics


@compiled
def drawn(points, cubics, height, width, keys, weights):
    """The signed cover [H,W] of contours and, where there are `keys`, the entries of `kernels.trace`, in these or in
    larger ones."""
    window = np.array([0, 0, width, height])
    while True:
        areas = np.zeros((width + 1) * height, np.float32)
        spans = np.empty((height, 2), np.int64)
        spans[:, 0] = width + 1
        spans[:, 1] = -1
        found = kernels.trace(
            points, cubics, 0, len(cubics), window, areas, 0, spans, 0, TOLERANCE, keys, weights, 0
        )  # fmt: skip
        if found >= 0:
            break
        keys, weights = np.empty((2 * len(keys), 2), np.int64), np.empty((2 * len(keys), 8), np.float32)
    signed = np.empty((height, width))
    for y in range(height):
        total = 0.0
        for x in range(width):
            total += areas[y * (width + 1) + x]
            signed[y, x] = total
    return signed, keys[:found], weights[:found]


@compiled
def _retracted(points, pieces, knots, starts):
    """The points where the kinds say."""
    found = points.copy()
    for contour in range(len(starts) - 1):
        a, b = starts[contour], starts[contour + 1]
        retract(found[3 * a : 3 * b], pieces[a:b], knots[a:b])
    return found


@compiled
def _linked(points, pieces, knots, starts, numbers, shares):
    """Write how the coordinates answer to the free numbers of all contours; gives how many there are."""
    count = 0
    for contour in range(len(starts) - 1):
        a, b = starts[contour], starts[contour + 1]
        own_numbers, own_shares = numbers[6 * a : 6 * b], shares[6 * a : 6 * b]
        count = link(points[3 * a : 3 * b], pieces[a:b], knots[a:b], own_numbers, own_shares, count)
    _renumber(numbers, count)
    return count


@compiled
def _renumber(numbers, count):
    """Have numbers in the order in which coordinates answer to them, so that those which meet are near each other."""
    names = np.full(count, -1)
    found = 0
    for at in range(len(numbers)):
        for k in range(MOST_LINKS):
            number = numbers[at, k]
            if number >= 0:
                if names[number] < 0:
                    names[number] = found
                    found += 1
                numbers[at, k] = names[number]


@compiled
def _missed(signed, low, high, weight):
    """By how much a cover is outside the bounds, as that counts."""
    missing = np.empty(signed.shape)
    for y in range(signed.shape[0]):
        for x in range(signed.shape[1]):
            cover = min(abs(signed[y, x]), 1.0)
            missing[y, x] = (cover - min(max(cover, low[y, x]), high[y, x])) * weight[y, x]
    return missing


@compiled
def _unevenness(points, cubics, pieces):
    """What the third differences of curves count."""
    total = 0.0
    for cubic in range(len(cubics)):
        if pieces[cubic] == CURVE:
            for axis in range(2):
                third = _third(points, cubics[cubic], axis)
                total += EVEN * third * third
    return total


@compiled
def _third(points, cubic, axis):
    total = 0.0
    for k in range(4):
        total += THIRD[k] * points[cubic[k], axis]
    return total


@compiled
def _equations(signed, missing, weight, keys, weights, cubics, numbers, shares, count, is_exact):
    """The upper half of the normal equations of the pixels on an edge, of all or of those that are missed: [N,N] and
    [N]. Each answers to the few numbers near it."""
    height, width = signed.shape
    latest = np.full(height * width, -1)  # entry of each pixel, and the one before each entry
    before = np.full(len(keys), -1)
    for k in range(len(keys)):
        y, x = keys[k, 0] // (width + 1), keys[k, 0] % (width + 1)
        if x < width and abs(signed[y, x]) < 1.0001 and (is_exact or missing[y, x] != 0):
            before[k] = latest[y * width + x]
            latest[y * width + x] = k
    form, downhill = np.zeros((count, count)), np.zeros(count)
    answers, is_met, met = np.zeros(count), np.zeros(count, np.bool_), np.empty(count, np.int64)
    for y in range(height):
        for x in range(width):
            k = latest[y * width + x]
            sign = weight[y, x] if signed[y, x] >= 0 else -weight[y, x]
            found = 0
            while k >= 0:
                for corner in range(8):
                    at = 2 * cubics[keys[k, 1], corner // 2] + corner % 2
                    found = _answer(answers, is_met, met, found, numbers, shares, at, sign * weights[k, corner])
                k = before[k]
            _add_square(form, downhill, answers, is_met, met, found, missing[y, x], 1.0)
    return form, downhill


@compiled
def _draw_to_parabolas(points, cubics, pieces, numbers, shares, form, downhill):
    """Add the third differences of curves to normal equations."""
    count = len(downhill)
    answers, is_met, met = np.zeros(count), np.zeros(count, np.bool_), np.empty(count, np.int64)
    for cubic in range(len(cubics)):
        if pieces[cubic] != CURVE:
            continue
        for axis in range(2):
            found = 0
            for k in range(4):
                at = 2 * cubics[cubic, k] + axis
                found = _answer(answers, is_met, met, found, numbers, shares, at, THIRD[k])
            third = _third(points, cubics[cubic], axis)
            _add_square(form, downhill, answers, is_met, met, found, third, EVEN)


@compiled
def _answer(answers, is_met, met, found, numbers, shares, at, weight):
    """Add how something answers to a coordinate to its `answers` to the numbers behind that, which are listed as `met`;
    gives how many are."""
    for k in range(MOST_LINKS):
        number = numbers[at, k]
        if number < 0:
            break
        if not is_met[number]:
            is_met[number] = True
            met[found] = number
            found += 1
        answers[number] += weight * shares[at, k]
    return found


@compiled
def _add_square(form, downhill, answers, is_met, met, found, missing, weight):
    """Add the square of what is missed to normal equations, and forget what it answers to."""
    for i in range(found):
        a = met[i]
        downhill[a] -= weight * answers[a] * missing
        for j in range(i + 1):
            b = met[j]
            form[min(a, b), max(a, b)] += weight * answers[a] * answers[b]
    for i in range(found):
        answers[met[i]], is_met[met[i]] = 0.0, False


@compiled
def _solved(form, downhill, damping):
    """The damped step of the numbers, by elimination in the upper half of a positive symmetric matrix."""
    matrix, step = form.copy(), downhill.copy()
    count = len(step)
    for k in range(count):
        matrix[k, k] += damping * (1 + matrix[k, k])
    for k in range(count):
        pivot = max(matrix[k, k], LEAST_PIVOT)
        for i in range(k + 1, count):
            share = matrix[k, i] / pivot
            if share != 0:
                step[i] -= share * step[k]
                for j in range(i, count):
                    matrix[i, j] -= share * matrix[k, j]
    for k in range(count - 1, -1, -1):
        for j in range(k + 1, count):
            step[k] -= matrix[k, j] * step[j]
        step[k] /= max(matrix[k, k], LEAST_PIVOT)
    return step


@compiled
def _moved(points, numbers, shares, step):
    """The points after a step of the numbers, none of which moves far."""
    found = points.copy()
    for at in range(len(numbers)):
        for k in range(MOST_LINKS):
            if numbers[at, k] >= 0:
                found[at // 2, at % 2] += shares[at, k] * min(max(step[numbers[at, k]], -LIMIT), LIMIT)
    return found
