"""Parts by colours."""

from __future__ import annotations

import numpy as np
import pytest

from vecstack.fitting.segmenters.felzenszwalb import felzenszwalb_parts
from vecstack.pictures.read import as_picture

pytest.importorskip("skimage")


@pytest.mark.parametrize("most", [2, 6, 24])
def test_no_more_parts_than_are_asked_for(most: int) -> None:
    y, x = np.mgrid[0:90, 0:120]
    noise = np.random.default_rng(0).integers(0, 40, (90, 120, 3))
    values = (noise + 80 * (x // 30 % 2 + y // 30 % 2)[..., None]).astype(np.uint8)
    guide = felzenszwalb_parts(as_picture(values), most)
    assert guide.segments is not None
    assert 1 <= len(np.unique(guide.segments)) <= most
    assert len(guide.names) == len(guide.parents) == guide.segments.max() + 1


def test_colours_are_told_apart() -> None:
    values = np.full((240, 320, 3), (200, 60, 40), np.uint8)
    values[60:180, 120:270] = (30, 90, 160)
    guide = felzenszwalb_parts(as_picture(values), 8)
    assert guide.segments is not None
    inside = (values == (30, 90, 160)).all(2)
    assert (guide.segments == guide.segments[120, 200])[inside].mean() > 0.9
    assert (guide.segments == guide.segments[120, 200])[~inside].mean() < 0.05
    assert guide.segments[120, 200] > guide.segments[0, 0]  # above what surrounds it
