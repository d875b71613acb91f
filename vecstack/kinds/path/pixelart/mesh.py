"""Pixels as cells with nodes and edges: at a corner where a link joins two pixels across it, they share an edge
(Kopf and Lischinski, *Depixelizing Pixel Art*, SIGGRAPH 2011, section 3.3, with their simplified cells)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.pixelart.links import FALLING, NO_SPLIT, RISING

OUTSIDE = -1  # in place of a cell
QUARTER = 0.25  # px that the nodes of a split corner are away from it, across and down
# A fan: the cells around a node, counterclockwise, each with the edge that leads on to the next and its far node.
Fan = list[tuple[int, int, int]]


@dataclass(frozen=True)
class Mesh:
    """Cells, which are pixels in rows, with the nodes and edges between them: `nodes` [N,2] in pixels, `ends` [E,2] the
    nodes of each edge, `sides` [E,2] the cells on its left and its right hand on the way from the first to the second
    (OUTSIDE: none), `rim` [N] which nodes are on the border, `corner` [N] which are sharp."""

    nodes: np.ndarray
    ends: np.ndarray
    sides: np.ndarray
    rim: np.ndarray
    corner: np.ndarray
    width: int

    def middle(self, cell: int) -> tuple[float, float]:
        """The middle of a cell."""
        return cell % self.width + 0.5, cell // self.width + 0.5

    def fans(self, chosen: np.ndarray) -> dict[int, Fan]:
        """The fan of each of the chosen nodes [N]."""
        leads: dict[int, dict[int, tuple[int, int, int]]] = defaultdict(dict)
        for edge in np.flatnonzero(chosen[self.ends].any(1)).tolist():
            a, b = self.ends[edge].tolist()
            left, right = self.sides[edge].tolist()
            leads[a][right] = (left, edge, b)
            leads[b][left] = (right, edge, a)
        return {node: _in_order(leads[node]) for node in np.flatnonzero(chosen).tolist()}


def _in_order(leads: dict[int, tuple[int, int, int]]) -> Fan:
    first = next(iter(leads))
    found, cell = [], first
    while True:
        after, edge, far = leads[cell]
        found.append((cell, edge, far))
        cell = after
        if cell == first:
            return found


def mesh_of(split: np.ndarray, sharp: np.ndarray) -> Mesh:
    """The mesh of pixels whose corners [H+1,W+1] are split so, of which some are sharp."""
    height, width = split.shape[0] - 1, split.shape[1] - 1
    first = np.arange(split.size).reshape(split.shape)
    is_split = split != NO_SPLIT
    second = first.copy()
    second[is_split] = split.size + np.arange(int(is_split.sum()))
    north, south = first, second
    east = np.where(split == RISING, second, first)
    west = np.where(split == FALLING, second, first)
    cell = np.pad(np.arange(height * width).reshape(height, width), 1, constant_values=OUTSIDE)
    above, below = cell[:-1, 1:-1], cell[1:, 1:-1]
    before, after = cell[1:-1, :-1], cell[1:-1, 1:]
    rows, columns = np.nonzero(is_split)
    is_falling = split[is_split] == FALLING
    ends = np.concatenate([
        _pairs(east[:, :-1], west[:, 1:]), _pairs(south[:-1], north[1:]), _pairs(first[is_split], second[is_split])
    ])  # fmt: skip
    left = np.where(is_falling, cell[rows + 1, columns + 1], cell[rows, columns + 1])
    right = np.where(is_falling, cell[rows, columns], cell[rows + 1, columns])
    sides = np.concatenate([_pairs(above, below), _pairs(after, before), _pairs(left, right)])
    nodes, rim = _places(split)
    corner = np.concatenate([sharp.ravel(), np.zeros(len(rows), bool)])
    return Mesh(nodes, ends, sides, rim, corner, width)


def _pairs(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    return np.stack([one.ravel(), other.ravel()], 1)


def _places(split: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the nodes are, and which are on the border."""
    rows, columns = np.indices(split.shape)
    places = np.stack([columns, rows], 2).astype(float)
    aside = np.zeros(places.shape)
    aside[split == FALLING] = (QUARTER, -QUARTER)
    aside[split == RISING] = (-QUARTER, -QUARTER)
    is_split = split != NO_SPLIT
    rim = (rows == 0) | (rows == split.shape[0] - 1) | (columns == 0) | (columns == split.shape[1] - 1)
    nodes = np.concatenate([(places + aside).reshape(-1, 2), (places - aside)[is_split]])
    return nodes, np.concatenate([rim.ravel(), np.zeros(int(is_split.sum()), bool)])
