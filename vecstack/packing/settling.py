"""A layout whose items overlap, as a picture leaves it, made one in which nothing touches: the items grow together,
those that stay tangled shrink or are taken out."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from vecstack.packing.layout import Layout
from vecstack.packing.patch import Patcher, falling, ordered
from vecstack.packing.terms import Terms

MOST = 128  # items that move at once
FIRST, LAST = 0.12, 0.01  # steps, in mean sides of an item
SHRUNK = 0.1  # by how much the logarithm of the scale of a tangled item falls at once
ROUNDS = 12  # of untangling before items are taken out


def with_padding(terms: Terms) -> Terms:
    """The terms of items that are larger by the padding: as they are in pictures, which know of no distances."""
    low, high = (np.log(np.exp(bound) + terms.padding) for bound in (terms.low, terms.high))
    return replace(terms, low=low, high=high)


def make_way(layout: Layout, terms: Terms) -> None:
    """Make items that were grown with their padding smaller by it."""
    free = np.flatnonzero(layout.placed & ~terms.held)
    poses = layout.pose[free].copy()
    poses[:, 3] = np.log(np.maximum(np.exp(poses[:, 3]) - terms.padding, 1e-9))
    layout.put(free, terms.kept(free, poses))


def settle(patcher: Patcher, steps: int) -> None:
    """Let all items grow together in so many steps, then untangle them."""
    side = patcher.terms.side
    for k, length in enumerate(falling(FIRST * side, LAST * side, steps)):
        sweep(patcher, length, k)
    untangle(patcher)


def sweep(patcher: Patcher, length: float, turn: int) -> None:
    """One step of a length for each item, of neighbours at once; `turn` says where neighbourhoods are parted."""
    layout = patcher.layout
    for patch in parted(layout, np.flatnonzero(layout.placed & ~patcher.terms.held), turn):
        patcher.step(patch, length)


def parted(layout: Layout, items: np.ndarray, turn: int) -> list[np.ndarray]:
    """Items in parts of at most MOST neighbours, along a direction that changes with `turn`."""
    if len(items) <= MOST:
        return [ordered(layout, items)] if len(items) else []
    angle = 2.4 * turn  # radians; the golden angle: no two turns part alike
    along = layout.pose[items, :2] @ [math.cos(angle), math.sin(angle)]
    order = np.argsort(along, kind="stable")
    half = len(items) // 2
    return parted(layout, items[order[:half]], turn + 1) + parted(layout, items[order[half:]], turn + 1)


def untangle(patcher: Patcher) -> None:
    """Shrink the smaller of two items that touch, or the larger where the smaller may not shrink, and let all grow by
    small steps, until none touches; in the end take the smaller out."""
    layout, side = patcher.layout, patcher.terms.side
    for k in range(ROUNDS):
        pairs = _tangles(patcher)
        if not pairs:
            return
        for first, second in pairs:
            _shrink(patcher, first, second)
        for turn in range(2):
            sweep(patcher, LAST * side, 2 * k + turn)
    while pairs := _tangles(patcher):
        for first, second in pairs:
            if layout.placed[first] and (second == layout.count or layout.placed[second]):
                layout.placed[_smaller(layout, patcher.terms, first, second)] = False


def _tangles(patcher: Patcher) -> list[tuple[int, int]]:
    """Pairs of an item and one that it touches, the walls being the count of items."""
    layout = patcher.layout
    pairs = ((int(i), patcher.touched(int(i))) for i in np.flatnonzero(layout.placed & ~patcher.terms.held))
    return [(first, second) for first, second in pairs if second is not None]


def _smaller(layout: Layout, terms: Terms, first: int, second: int) -> int:
    """The smaller of two items that may be changed."""
    if second == layout.count or terms.held[second]:
        return first
    return first if layout.pose[first, 3] <= layout.pose[second, 3] else second


def _shrink(patcher: Patcher, first: int, second: int) -> None:
    layout, terms = patcher.layout, patcher.terms
    item = _smaller(layout, terms, first, second)
    if layout.pose[item, 3] <= terms.low[item] and second < layout.count and not terms.held[first + second - item]:
        item = first + second - item
    pose = layout.pose[item].copy()
    pose[3] = max(pose[3] - SHRUNK, terms.low[item])
    layout.put(np.array([item]), pose[None])
