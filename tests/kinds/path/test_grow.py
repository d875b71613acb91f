from __future__ import annotations

import numpy as np

from vecstack.fitting.scenes import smaller
from vecstack.geometry import Rect
from vecstack.kinds.base import Scene
from vecstack.kinds.path.grow import _is_plain


def test_a_canvas_of_one_colour_is_plain_when_it_was_made_smaller() -> None:
    below = np.full((3, 400, 600), np.float32(0.2347)) * np.float32([1, 2, 3])[:, None, None]
    scene = smaller(Scene(Rect(0, 0, 600, 400), below, below), 1 << 17)
    assert (scene.below != scene.below[:, :1, :1]).any()  # by rounding
    assert _is_plain(scene.below)
    assert not _is_plain(below + np.float32(0.01) * (np.arange(600) > 300))
