"""Parts between boundaries: regions of a picture, joined where the boundary between them is faint."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

SMALL = 0.25  # power of the smaller of two regions: higher ones join more of the small ones first


def joined(regions: np.ndarray, edges: np.ndarray, counts: Sequence[int]) -> list[np.ndarray]:
    """Regions [H,W], numbered from 0, joined until there are so many, or as they are where there are fewer: one map for
    each count, of which those of lower counts are unions of those of higher ones. `edges` [H,W] says how strong a
    boundary is at each pixel.

    Of all neighbours those are joined first whose common boundary is faintest, in its mean (Arbelaez and others,
    Contour Detection and Hierarchical Image Segmentation, TPAMI 2011), times the size of the smaller one to the power
    SMALL, so that crumbs do not outlast wholes."""
    total, length = _borders(regions, edges)
    size = np.bincount(regions.ravel()).astype(np.float64)
    root = np.arange(len(size))
    found: dict[int, np.ndarray] = {}
    for count in sorted(set(counts), reverse=True):
        while len(np.unique(root)) > count:
            one, other = _faintest(total, length, size)
            for sums in (total, length):
                sums[one] += sums[other]
                sums[:, one] += sums[:, other]
                sums[other], sums[:, other], sums[one, one] = 0, 0, 0
            size[one] += size[other]
            root[root == other] = one
        found[count] = np.unique(root, return_inverse=True)[1][regions]
    return [found[count] for count in counts]


def _borders(regions: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each two regions, the sum of the edges' strength along their boundary and its length in pixels: [K,K]."""
    count = int(regions.max()) + 1
    total, length = np.zeros((count, count)), np.zeros((count, count))
    for one, other in ((np.s_[:, 1:], np.s_[:, :-1]), (np.s_[1:], np.s_[:-1])):
        apart = regions[one] != regions[other]
        pair = regions[one][apart], regions[other][apart]
        np.add.at(total, pair, np.maximum(edges[one], edges[other])[apart])
        np.add.at(length, pair, 1)
    return total + total.T, length + length.T


def _faintest(total: np.ndarray, length: np.ndarray, size: np.ndarray) -> tuple[int, int]:
    """The two neighbours that are least apart."""
    strength = np.divide(total, length, out=np.full_like(total, np.inf), where=length > 0)
    cost = strength * np.minimum(size[:, None], size) ** SMALL
    return divmod(int(cost.argmin()), len(size))
