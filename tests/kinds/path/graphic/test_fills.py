from __future__ import annotations

import numpy as np

from vecstack.kinds.path.arrays import FLAT_FORM, LINEAR_FORM, RADIAL_FORM
from vecstack.kinds.path.graphic.fills import Fill, fills_of
from vecstack.kinds.path.graphic.seeds import parts_of

SIDE = 96
ROWS, COLUMNS = np.indices((SIDE, SIDE)) + 0.5
ONE, TWO = np.array([0.9, 0.6, 0.1]), np.array([0.8, 0.2, 0.3])


def fill_of(shares: np.ndarray) -> Fill:
    """The fill of a square whose colours run from ONE to TWO by shares [H,W], on white."""
    colors = ONE[:, None, None] + shares * (TWO - ONE)[:, None, None]
    is_in = (abs(ROWS - SIDE / 2) < 38) & (abs(COLUMNS - SIDE / 2) < 38)
    picture = (np.rint(np.where(is_in, colors, 1.0) * 255) / 255).astype(np.float32)
    parts = parts_of(picture)
    return fills_of(parts, picture)[parts.part[SIDE // 2, SIDE // 2]]


def at(fill: Fill, x: float, y: float) -> np.ndarray:
    """The colour of a fill at a point."""
    u, v = fill.place[:6].reshape(2, 3) @ (x, y, 1)
    along = np.hypot(u, v) if fill.form == RADIAL_FORM else u
    return np.array([np.interp(along, fill.offsets, fill.colors[:, channel]) for channel in range(3)])


def test_one_colour_is_kept_exactly() -> None:
    fill = fill_of(np.zeros((SIDE, SIDE)))
    assert fill.form == FLAT_FORM
    assert np.allclose(fill.colors[0], np.rint(ONE * 255) / 255)


def test_a_run_along_a_slanted_line_is_found() -> None:
    shares = (COLUMNS + 0.5 * ROWS) / (1.5 * SIDE)
    fill = fill_of(shares)
    assert fill.form == LINEAR_FORM
    assert len(fill.offsets) == 2
    for x, y in ((20, 30), (70, 25), (60, 80)):
        assert np.allclose(at(fill, x, y), ONE + (x + 0.5 * y) / (1.5 * SIDE) * (TWO - ONE), atol=1.5 / 255)


def test_a_run_around_a_point_is_found_and_that_may_be_anywhere() -> None:
    centre = (40.0, 28.0)
    shares = np.minimum(np.hypot(COLUMNS - centre[0], ROWS - centre[1]) / 90, 1)
    fill = fill_of(shares)
    assert fill.form == RADIAL_FORM
    for x, y in ((40, 30), (20, 70), (75, 60)):
        share = np.hypot(x - centre[0], y - centre[1]) / 90
        assert np.allclose(at(fill, x, y), ONE + share * (TWO - ONE), atol=2.5 / 255)
