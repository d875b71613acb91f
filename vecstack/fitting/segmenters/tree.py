"""Parts of a picture as a tree, in the order in which they lie over one another."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vecstack.kinds.base import Guide

WHOLES = 1.5  # times the square root of the number of parts: 6 of 16


def tree(numbers: np.ndarray, parents: Sequence[int | None]) -> Guide:
    """A guide of numbered parts: the part [H,W] of each pixel, below which no other is, and the whole that each part
    [K] is in, or None. In the guide a whole comes before its parts, and what reaches further comes first, so that
    nothing covers what it surrounds; parts without pixels are left out. Names are "Segment 2", and "Segment 2.1" of the
    first part of that."""
    boxes, size = _boxes(numbers, len(parents))
    for part in range(len(parents)):
        whole = parents[part]
        while whole is not None:  # wholes hold their parts
            boxes[whole, :2] = np.minimum(boxes[whole, :2], boxes[part, :2])
            boxes[whole, 2:] = np.maximum(boxes[whole, 2:], boxes[part, 2:])
            size[whole] += size[part]
            whole = parents[whole]
    reach = np.prod(boxes[:, 2:] - boxes[:, :2], axis=1)
    order: list[int] = []
    names: list[str] = []
    above: list[int | None] = []

    def add(whole: int | None, place: int | None, name: str) -> None:
        inside = [part for part in range(len(parents)) if parents[part] == whole and size[part]]
        for count, part in enumerate(sorted(inside, key=lambda part: (-reach[part], -size[part])), 1):
            order.append(part)
            names.append(f"{name}{count}")
            above.append(place)
            add(part, len(order) - 1, f"{name}{count}.")

    add(None, None, "Segment ")
    new = np.zeros(len(parents), np.int64)
    new[order] = np.arange(len(order))
    return Guide(new[numbers], tuple(names), parents=tuple(above))


def tree_of_levels(coarse: np.ndarray, fine: np.ndarray) -> Guide:
    """A guide of parts [H,W] that are each in one coarser part [H,W]; where that has no other, it is not told apart."""
    wholes, parts = int(coarse.max()) + 1, int(fine.max()) + 1
    whole = np.zeros(parts, np.int64)
    whole[fine.ravel()] = coarse.ravel()
    is_only = np.bincount(whole, minlength=wholes)[whole] == 1
    place = np.where(is_only, whole, wholes + np.arange(parts))
    return tree(place[fine], [*(None for _ in range(wholes)), *whole.tolist()])


def wholes_of(parts: int) -> int:
    """How many wholes so many parts are gathered in."""
    return max(2, round(WHOLES * math.sqrt(parts)))


def _boxes(numbers: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Left, top, right and bottom of the pixels of each part, [K,4], and how many there are, [K]."""
    height, width = numbers.shape
    boxes = np.tile(np.array([width, height, 0, 0]), (count, 1))
    rows, columns = np.indices(numbers.shape)
    flat = numbers.ravel()
    for axis, places in enumerate((columns.ravel(), rows.ravel())):
        np.minimum.at(boxes[:, axis], flat, places)
        np.maximum.at(boxes[:, axis + 2], flat, places + 1)
    return boxes, np.bincount(flat, minlength=count)
