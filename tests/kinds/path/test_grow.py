from __future__ import annotations

import numpy as np

from vecstack.kinds.path.grow import _is_plain


def test_a_canvas_of_one_colour_is_plain_but_for_rounding() -> None:
    below = np.full((3, 40, 60), np.float32(0.2347)) * np.float32([1, 2, 3])[:, None, None]
    below[:, ::2] = np.nextafter(below[:, ::2], np.float32(1))
    assert _is_plain(below)
    assert not _is_plain(below + np.float32(0.01) * (np.arange(60) > 30))
