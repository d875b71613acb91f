"""Colours of a small picture that are the steps of one that runs along a line or around a point."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np

from vecstack.kinds.path.arrays import FLAT_FORM
from vecstack.kinds.path.bitmap.mixtures import Mixtures, mixed_again
from vecstack.kinds.path.graphic.fills import OPAQUE, Fill, run_of

STEP = 48 / 255  # between two colours that may be next to each other in a run
INSIDE = 0.97  # share of a pixel from which on it tells of a run's colours
LEAST_PIXELS = 40  # that tell of a run
CLOSE, UNLIKE = (
    3 / 255,
    4 / 255,
)  # root mean square up to which a run explains pixels, and from which on a colour does not
STOPS = (2, 3, 5)
BLENDS, LEAST_MIXED = 3, 24  # at most; pixels that are mixed of two colours, for one
MIXED, EXPLAINED, FAR = 0.1, 0.7, 10 / 255  # least share in a mixed pixel; share of these that a run comes so near to


def with_runs(mixtures: Mixtures, blends: int = BLENDS) -> Mixtures:
    """Mixtures in which colours that run into each other are one that runs, as long as that explains the pixels: those
    that are its steps, and so many pairs of two that are mixed over more than an edge."""
    groups = [[number] for number in range(len(mixtures.colors))]
    fills: dict[int, Fill] = {}
    tried: set[tuple[int, ...]] = set()
    while True:
        pair = _next(mixtures, groups, tried)
        if pair is None:
            break
        joined = groups[pair[0]] + groups[pair[1]]
        tried.add(tuple(sorted(joined)))
        fill = _run(mixtures, joined)
        if fill is not None:
            groups = [group for number, group in enumerate(groups) if number not in pair] + [joined]
            fills[joined[0]] = fill
    found = _joined(mixtures, groups, fills)
    for _ in range(blends):
        more = (_with_blend(found, a, b) for a, b in _blended(found))
        found = next((blend for blend in more if blend is not None), found)
    return found


def _blended(mixtures: Mixtures) -> list[tuple[int, int]]:
    """Pairs of colours that are mixed in many pixels; the one with most first."""
    shares = mixtures.shares
    found = []
    for a, b in combinations(range(len(shares)), 2):
        count = int(_is_mixed(shares[a], shares[b]).sum())
        if count >= LEAST_MIXED:
            found.append((-count, a, b))
    return [(a, b) for _, a, b in sorted(found)]


def _is_mixed(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Which pixels [H,W] are mixed of two colours that have such shares in them [H,W], and of no other."""
    return np.asarray((one > MIXED) & (other > MIXED) & (one + other > INSIDE))


def _with_blend(mixtures: Mixtures, a: int, b: int) -> Mixtures | None:
    """Mixtures with a colour more, which runs from one to another, where it explains most of what they mix in; else
    None."""
    is_mixed = _is_mixed(mixtures.shares[a], mixtures.shares[b])
    is_own = mixtures.shares[[a, b]].sum(0) > INSIDE
    if mixtures.pixels.shape[2] == 4:
        is_own &= mixtures.pixels[..., 3] > OPAQUE
    for _ in range(2):
        if is_own.sum() < LEAST_PIXELS:
            return None
        places = np.stack(np.nonzero(is_own)[::-1], 1) + 0.5
        values = mixtures.pixels[is_own][:, :3]
        fill = run_of(places, values, np.median(values, 0), STOPS)
        off = np.abs(fill.colors_at(places) - values).max(1)
        is_own[is_own] = off < FAR
    if fill.form == FLAT_FORM or (is_mixed & is_own).sum() < EXPLAINED * is_mixed.sum():
        return None
    is_there = np.concatenate([(mixtures.shares > 0.5) & ~is_own, is_own[None]])
    color = mixtures.pixels[is_own].mean(0)
    more = replace(
        mixtures,
        colors=np.concatenate([mixtures.colors, color[None]]),
        pure=np.append(mixtures.pure, is_own.sum()),
        shares=is_there.astype(float),
        fills=(*(mixtures.fills or (None,) * len(mixtures.colors)), fill),
    )
    return mixed_again(more, is_there)


def _next(mixtures: Mixtures, groups: list[list[int]], tried: set[tuple[int, ...]]) -> tuple[int, int] | None:
    """The two groups of colours that are most alike, of those that lie beside each other and were not tried."""
    best, found = STEP, None
    for a, b in combinations(range(len(groups)), 2):
        if tuple(sorted(groups[a] + groups[b])) in tried:
            continue
        ways = mixtures.colors[groups[a]][:, None] - mixtures.colors[groups[b]]
        away = float(np.abs(ways).max(2).min())
        if away < best:
            best, found = away, (a, b)
    return found


def _run(mixtures: Mixtures, group: list[int]) -> Fill | None:
    """The run of colours that explains the pixels of a group; None where there is none, or one colour explains them."""
    rows, columns = np.nonzero(mixtures.shares[group].sum(0) > INSIDE)
    values = mixtures.pixels[rows, columns]
    if len(rows) < LEAST_PIXELS or (values.shape[1] == 4 and values[:, 3].min() < OPAQUE):
        return None
    places, values = np.stack([columns, rows], 1) + 0.5, values[:, :3]
    flat = np.median(values, 0)
    if np.sqrt(np.square(values - flat).mean()) < UNLIKE:
        return None
    fill = run_of(places, values, flat, STOPS)
    left = np.sqrt(np.square(fill.colors_at(places) - values).mean())
    return fill if fill.form != FLAT_FORM and left < CLOSE else None


def _joined(mixtures: Mixtures, groups: list[list[int]], fills: dict[int, Fill]) -> Mixtures:
    """The mixtures of groups of colours, the first of each of which says whether it runs."""
    shares = np.stack([mixtures.shares[group].sum(0) for group in groups])
    weights = [np.maximum(mixtures.shares[group].sum((1, 2)), 1e-9) for group in groups]
    colors = [weight @ mixtures.colors[group] / weight.sum() for weight, group in zip(weights, groups, strict=True)]
    found = tuple(fills.get(group[0]) if len(group) > 1 else None for group in groups)
    pure = [
        mixtures.pure[group].sum() if fill is None else (share > INSIDE).sum()
        for group, fill, share in zip(groups, found, shares, strict=True)
    ]
    return replace(mixtures, colors=np.array(colors), pure=np.array(pure), shares=shares, fills=found)
