"""The outline of a stroke is the edge of its discs, whatever its spine does."""

from __future__ import annotations

import numpy as np
import pytest

from tests.kinds.stroke.examples import at, stroke
from vecstack import Canvas, Stack, render
from vecstack.kinds.stroke.layer import Ends, Spine
from vecstack.kinds.stroke.outline import contours_of
from vecstack.winding import windings

STROKES: dict[str, tuple[Spine, Ends]] = {
    "bent": ((-9.0, -14.0, -4.0, 5.0, 8.0, 12.0), (4.0, 2.6)),
    "hook": ((-7.0, -3.0, 12.0, 0.5, -6.0, 3.0), (3.0, 2.0)),
    "blunt hook": ((-7.0, -3.0, 9.0, 0.5, -6.0, 3.0), (9.0, 8.0)),
    "back and forth": ((-7.0, 0.0, 20.0, 0.0, -3.0, 0.0), (3.0, 3.0)),
    "nearly so": ((-7.0, 0.0, 20.0, 0.2, -3.0, 0.0), (3.0, 1.0)),
    "drop": ((0.0, 0.0, 2.0, 1.0, 10.0, 2.0), (9.0, 1.0)),
    "swallowed": ((0.0, 0.0, 0.5, 1.0, 2.0, 0.5), (9.0, 1.0)),
    "dot": ((1.0, 1.0, 1.0, 1.0, 1.0, 1.0), (4.0, 4.0)),
    "long": ((17.0, -25.0, 23.0, 22.0, -23.0, -24.0), (0.8, 0.8)),
}


def held(points: np.ndarray, spine: Spine, radii: Ends) -> np.ndarray:
    """How far points [N,2] are within the discs: [N]."""
    t = np.linspace(0, 1, 601)
    first, handle, last = np.array(spine).reshape(3, 2)
    middles = np.outer((1 - t) ** 2, first) + np.outer(2 * t * (1 - t), handle) + np.outer(t * t, last)
    away = np.linalg.norm(points[:, None] - middles, axis=2)
    found: np.ndarray = (radii[0] + t * (radii[1] - radii[0]) - away).max(1)
    return found


def polygon(curve: tuple[tuple[float, float], ...]) -> np.ndarray:
    """A curve as many points."""
    knots, u = np.array(curve), np.linspace(0, 1, 48, endpoint=False)[:, None]
    pieces = [knots[index : index + 4] for index in range(0, len(knots) - 1, 3)]
    return np.concatenate(
        [(1 - u) ** 3 * a + 3 * u * (1 - u) ** 2 * b + 3 * u**2 * (1 - u) * c + u**3 * d for a, b, c, d in pieces]
    )


@pytest.mark.parametrize("name", STROKES)
def test_outlines_go_around_what_discs_cover_and_nothing_else(name: str) -> None:
    spine, radii = STROKES[name]
    places = np.stack(np.meshgrid(np.arange(-20, 20, 0.93), np.arange(-28, 28, 0.93)), 2).reshape(-1, 2)
    inside = held(places, spine, radii)
    clear = np.abs(inside) > 0.012 * max(radii)
    polygons = [polygon(curve) for curve in contours_of(spine, radii)]
    around = sum(windings(points, np.roll(points, -1, 0), places[clear]) for points in polygons)
    assert ((around != 0) == (inside[clear] > 0)).all()


def test_an_outline_has_few_pieces() -> None:
    for name, most in {"bent": 10, "hook": 18, "drop": 14}.items():
        pieces = sum((len(curve) - 1) // 3 for curve in contours_of(*STROKES[name]))
        assert pieces <= most, name


def test_a_long_thin_stroke_has_no_gaps() -> None:
    spine, radii = (17.0, -55.0, 63.0, 52.0, -53.0, -64.0), (2.8, 2.8)
    long = stroke("long", at(70, 70), spine, radii, color=(0.0, 0.0, 0.0))
    stack = Stack(Canvas(140, 110, (1.0, 1.0, 1.0)), (long,))
    off = np.abs(render(stack, device="cpu").astype(int) - render(stack, exact=True, device="cpu"))
    assert off.max() < 30
