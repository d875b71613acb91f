"""Regions of a picture, from fine to coarse: neighbours are merged, those first whose merging changes it least."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vecstack.compiled import compiled, is_compiling

NOISE = 0.02  # of a cost: flat pictures are full of ties, and with it many pairs merge in one round
LARGE, CELL_PX = 1 << 19, 2  # pixels of a picture from which regions are made of cells of 2 x 2 pixels
APART = 16.0  # colours of different segments are told apart as if they differed by this more
EQUAL = 1e-8  # more than merging two regions of one colour costs
FAR = 20  # times as many regions as are wanted: until then, all pairs that prefer one another merge at once


def merged(
    picture: np.ndarray, counts: Sequence[int], power: float, seed: int = 0, segments: np.ndarray | None = None
) -> dict[int, np.ndarray]:
    """For each of some counts, the picture [D,H,W] as at most so many connected regions, neighbours of one colour
    always together: their numbers, [H,W]. Those of a lower count are unions of those of a higher one.

    Ward's method on neighbours: merging two regions of n1 and n2 pixels costs the squared error that it adds,
    n1 n2 / (n1 + n2) |mean1 - mean2|^2, over their common boundary's length to a power (Koepfler, Lopez, Morel, 1994).
    Each round merges pairs that both prefer each other. `seed` chooses among equals. Regions are in one of the
    `segments` [H,W] each, where there are enough."""
    is_told = segments is not None and np.ptp(segments) > 0
    if segments is not None and is_told:
        picture = np.concatenate([picture, APART * segments[None].astype(np.float32)])
    numbers, size, total = _cells(picture, CELL_PX if picture[0].size > LARGE else 1)
    one = np.concatenate([numbers[:, :-1].ravel(), numbers[:-1].ravel()])
    other = np.concatenate([numbers[:, 1:].ravel(), numbers[1:].ravel()])
    apart = one != other
    one, other, length = _joined(one[apart], other[apart], np.ones(int(apart.sum())), len(size))
    merges: list[np.ndarray] = []  # of each round: old numbers to new ones
    found = {}
    least = min(counts)
    for count in sorted(set(counts), reverse=True):
        while True:
            cost = np.empty(len(one))
            pairs = _mutual(one, other, length, size, total / size[:, None], power, NOISE, seed, cost)
            if is_told and len(pairs):
                pairs = _in_turn(pairs, one, other, total[:, -1] / size, cost)
            equal = pairs[cost[pairs] < EQUAL]
            if len(size) - len(equal) > count:
                most = len(pairs) if len(size) > FAR * least else max(len(pairs) // 2, 1)
                most = min(max(most, len(equal)), len(size) - count)
                if most < len(pairs):
                    pairs = pairs[np.argpartition(cost[pairs], most)[:most]]
            elif len(equal):
                pairs = equal
            else:
                break
            new = np.arange(len(size))
            new[other[pairs]] = one[pairs]
            kept = np.flatnonzero(new == np.arange(len(size)))
            size[one[pairs]] += size[other[pairs]]
            total[one[pairs]] += total[other[pairs]]
            size, total = size[kept], total[kept]
            place = np.empty(len(new), np.int64)
            place[kept] = np.arange(len(kept))
            new = place[new]
            merges.append(new)
            one, other, length = _joined(new[one], new[other], length, len(kept))
        region = np.arange(len(size))
        for new in reversed(merges):
            region = region[new]
        found[count] = region[numbers]
    return found


def _in_turn(pairs: np.ndarray, one: np.ndarray, other: np.ndarray, told: np.ndarray, cost: np.ndarray) -> np.ndarray:
    """The pairs whose turn it is, of regions whose segments are `told` [K]. Those that cost no more than what half of
    all regions prefer: where a large region is what all its small neighbours prefer, there is one pair a round, and
    meanwhile all else would become one region for each part. Two that are told apart: only if no pair is cheaper."""
    cheapest = np.full(len(told), np.inf)
    np.minimum.at(cheapest, one, cost)
    np.minimum.at(cheapest, other, cost)
    pairs = pairs[cost[pairs] <= max(float(np.median(cheapest)), EQUAL)]
    are_apart = np.abs(told[one[pairs]] - told[other[pairs]]) > 1
    return pairs[~are_apart | (cost[pairs] == cost[pairs].min())]


def _cells(picture: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Square cells of so many pixels a side as first regions: their numbers [H,W], sizes [N] and sums [N,D]."""
    _, height, width = picture.shape
    across = -(-width // side)
    numbers = (np.arange(height) // side)[:, None] * across + np.arange(width) // side
    flat = numbers.ravel()
    size = np.bincount(flat).astype(np.float64)
    total = np.stack([np.bincount(flat, channel.ravel()) for channel in picture], 1)
    return numbers, size, np.ascontiguousarray(total)


def _mutual(
    one: np.ndarray,
    other: np.ndarray,
    length: np.ndarray,
    size: np.ndarray,
    means: np.ndarray,
    power: float,
    noise: float,
    seed: int,
    cost: np.ndarray,
) -> np.ndarray:
    """The pairs of neighbours that prefer one another, and what merging each pair costs (in `cost`)."""
    if not is_compiling():
        return _mutual_at_once(one, other, length, size, means, power, noise, seed, cost)
    best, which = np.full(len(size), np.inf), np.full(len(size), -1, np.int64)
    pairs = np.empty(len(size), np.int64)
    return pairs[: _find_mutual(one, other, length, size, means, power, noise, seed, cost, best, which, pairs)]


@compiled
def _find_mutual(one, other, length, size, means, power, noise, seed, cost, best, which, pairs):
    """Write the pairs; gives how many there are. `best` and `which` are what each region prefers so far."""
    for e in range(len(one)):
        i, j = one[e], other[e]
        distance = 0.0
        for channel in range(means.shape[1]):
            d = means[i, channel] - means[j, channel]
            distance += d * d
        hashed = (((e + seed) * 2654435761) & 1023) / 1024.0
        value = size[i] * size[j] / (size[i] + size[j]) * distance * (1 + noise * hashed) + 1e-9 * hashed
        if length[e] != 1:
            value /= length[e] ** power
        cost[e] = value
        if value < best[i]:
            best[i] = value
            which[i] = e
        if value < best[j]:
            best[j] = value
            which[j] = e
    count = 0
    for i in range(len(size)):
        e = which[i]
        if e >= 0 and one[e] == i and which[other[e]] == e:
            pairs[count] = e
            count += 1
    return count


def _joined(
    one: np.ndarray, other: np.ndarray, length: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The pairs of neighbours under new numbers, each once, with the lengths of their boundaries summed."""
    if not is_compiling():
        return _joined_at_once(one, other, length, count)
    begin, seen = np.zeros(count + 1, np.int64), np.full(count, -1, np.int64)
    partner, part = np.empty(len(one), np.int64), np.empty(len(one))
    new = np.empty(len(one), np.int64), np.empty(len(one), np.int64), np.empty(len(one))
    found = _join(one, other, length, begin, begin.copy(), partner, part, seen, *new)
    return new[0][:found], new[1][:found], new[2][:found]


@compiled
def _join(one, other, length, begin, place, partner, part, seen, new_one, new_other, new_length):
    """Write the pairs, gathered by the lower of their numbers; gives how many there are."""
    count = len(seen)
    for e in range(len(one)):
        if one[e] < other[e]:
            begin[one[e] + 1] += 1
        elif other[e] < one[e]:
            begin[other[e] + 1] += 1
    for i in range(count):
        begin[i + 1] += begin[i]
        place[i] = begin[i]
    for e in range(len(one)):
        i, j = one[e], other[e]
        if i > j:
            i, j = j, i
        if i != j:
            partner[place[i]] = j
            part[place[i]] = length[e]
            place[i] += 1
    n = 0
    for i in range(count):
        first = n
        for p in range(begin[i], begin[i + 1]):
            j = partner[p]
            if seen[j] >= first:
                new_length[seen[j]] += part[p]
            else:
                seen[j] = n
                new_one[n] = i
                new_other[n] = j
                new_length[n] = part[p]
                n += 1
    return n


def _mutual_at_once(
    one: np.ndarray,
    other: np.ndarray,
    length: np.ndarray,
    size: np.ndarray,
    means: np.ndarray,
    power: float,
    noise: float,
    seed: int,
    cost: np.ndarray,
) -> np.ndarray:
    """As `_mutual`, without loops."""
    edges = np.arange(len(one))
    distance = np.square(means[one] - means[other]).sum(1)
    hashed = (((edges + seed) * 2654435761) & 1023) / 1024.0
    cost[:] = size[one] * size[other] / (size[one] + size[other]) * distance * (1 + noise * hashed) + 1e-9 * hashed
    cost /= length**power
    best, which = np.full(len(size), np.inf), np.full(len(size), len(one))
    for side in (one, other):
        np.minimum.at(best, side, cost)
    for side in (one, other):
        is_best = cost == best[side]
        np.minimum.at(which, side[is_best], edges[is_best])
    has_any = np.flatnonzero(which < len(one))
    chosen = which[has_any]
    pairs: np.ndarray = chosen[(one[chosen] == has_any) & (which[other[chosen]] == chosen)]
    return pairs


def _joined_at_once(
    one: np.ndarray, other: np.ndarray, length: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """As `_joined`, without loops."""
    apart = one != other
    low, high = np.minimum(one, other)[apart], np.maximum(one, other)[apart]
    keys, first, inverse = np.unique(low * count + high, return_index=True, return_inverse=True)
    order = np.lexsort((first, keys // count))
    lengths = np.bincount(inverse, length[apart], len(keys))
    return keys[order] // count, keys[order] % count, lengths[order]
