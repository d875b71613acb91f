"""Paths that have grown on a picture, and the regions of it that they belong to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from vecstack.kinds.path.arrays import Paths


@dataclass
class Growth:
    """Paths, lowest first. `owner` [L] is the region of the picture that each belongs to, a number of `regions` [H,W],
    and `source` [L] which layer of those at the start it was, -1 of what was added. `rank` [K] is the order in which
    regions lie over one another, `parent` [K] the coarser region that each is a part of, `segment` [K] the one of a
    guide that it is in."""

    paths: Paths
    owner: np.ndarray
    source: np.ndarray
    regions: np.ndarray
    rank: np.ndarray
    parent: np.ndarray
    segment: np.ndarray

    def add(self, paths: Paths, owner: np.ndarray) -> None:
        """Put paths above all others of their regions, and above all that were there at the start."""
        joined, owners = self.paths.joined(paths), np.concatenate([self.owner, owner])
        source = np.concatenate([self.source, np.full(paths.count, -1)])
        ranks = np.where(source >= 0, -1, self.rank[owners])
        order = np.argsort(ranks, kind="stable")
        self.paths, self.owner, self.source = joined.chosen(order), owners[order], source[order]

    def copy(self) -> Growth:
        """The same, with arrays of its own."""
        paths, owner, source = self.paths.copy(), self.owner.copy(), self.source.copy()
        return Growth(paths, owner, source, self.regions, self.rank.copy(), self.parent, self.segment)

    def keep(self, chosen: np.ndarray) -> None:
        """Drop all but some."""
        self.paths, self.owner, self.source = self.paths.chosen(chosen), self.owner[chosen], self.source[chosen]
