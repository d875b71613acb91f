"""Parts as a tree: wholes before parts, what surrounds below what is surrounded."""

from __future__ import annotations

import numpy as np

from vecstack.fitting.segmenters.tree import tree, tree_of_levels


def test_a_frame_comes_before_what_it_surrounds_however_thin_it_is() -> None:
    numbers = np.zeros((20, 20), np.int64)
    numbers[1:-1, 1:-1] = 1  # larger than its frame, and inside it
    guide = tree(1 - numbers, [None, None])
    assert guide.segments is not None
    assert np.array_equal(guide.segments, numbers)
    assert guide.names == ("Segment 1", "Segment 2")
    assert guide.parents == (None, None)


def test_parts_follow_their_wholes() -> None:
    numbers = np.zeros((12, 12), np.int64)
    numbers[:, 5:], numbers[4:8, 8:] = 2, 1  # 1 is a part of 2; 3 has no pixels, 4 a part that has some
    numbers[:2, :2] = 5
    guide = tree(numbers, [None, 2, None, None, None, 4])
    assert guide.names == ("Segment 1", "Segment 1.1", "Segment 2", "Segment 3", "Segment 3.1")
    assert guide.parents == (None, 0, None, None, 3)
    assert guide.segments is not None
    assert [guide.segments[place] for place in ((0, 11), (5, 10), (11, 0), (0, 0))] == [0, 1, 2, 4]


def test_levels_make_a_tree_without_only_children() -> None:
    coarse = np.repeat([[0, 0, 0, 1, 1]], 4, 0)
    fine = np.repeat([[1, 1, 0, 2, 2]], 4, 0)
    guide = tree_of_levels(coarse, fine)
    assert guide.names == ("Segment 1", "Segment 1.1", "Segment 1.2", "Segment 2")
    assert guide.segments is not None
    assert guide.segments[0].tolist() == [1, 1, 2, 3, 3]
