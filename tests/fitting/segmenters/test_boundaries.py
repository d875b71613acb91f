"""Regions are joined where the boundary between them is faint."""

from __future__ import annotations

import numpy as np

from vecstack.fitting.segmenters.boundaries import joined


def test_the_faintest_boundaries_go_first() -> None:
    regions = np.repeat([[0, 0, 1, 1, 2, 2, 3, 3]], 6, 0)
    edges = np.zeros((6, 8))
    edges[:, 2], edges[:, 4], edges[:, 6] = 0.2, 0.9, 0.3  # on the first column of the region to the right
    two, three, same = joined(regions, edges, (2, 3, 9))
    assert two[0].tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert three[0].tolist() == [0, 0, 0, 0, 1, 1, 2, 2]
    assert np.array_equal(same, regions)


def test_crumbs_go_before_wholes() -> None:
    regions = np.zeros((20, 20), np.int64)
    regions[:, 10:], regions[5, 5] = 1, 2
    edges = np.where(regions == 2, 0.5, 0.4)  # the crumb's is the stronger boundary
    (two,) = joined(regions, edges, (2,))
    assert two[5, 5] == two[0, 0] != two[0, 15]
