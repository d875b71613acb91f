"""Strokes drawn: against counting samples, by both ways of computing, and at deep zooms."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

import vecstack.compiled
from tests.kinds.stroke.examples import at, examples, stroke
from vecstack import Canvas, Stack, render
from vecstack.compiled import is_compiling
from vecstack.drawing.points import Grid
from vecstack.drawing.sheets import cover_on, shade_on
from vecstack.drawing.viewport import Viewport
from vecstack.geometry import Affine, Rect
from vecstack.kinds.stroke.kind import KIND
from vecstack.kinds.stroke.layer import Bristles, StrokeLayer
from vecstack.kinds.stroke.raster import draw_over, numbers_of

CPU = torch.device("cpu")
SIDE = 48
needs_numba = pytest.mark.skipif(not is_compiling(), reason="needs numba")


def random_strokes(seed: int, count: int, least: float, most: float) -> list[StrokeLayer]:
    """Strokes with radii between two, in pixels, whose bends are any."""
    rng = np.random.default_rng(seed)
    spines = rng.uniform(-14, 14, (count, 6)).round(2)
    radii = np.exp(rng.uniform(np.log(least), np.log(most), (count, 2))).round(3)
    return [
        stroke(f"s{index}", at(24, 24), tuple(spine), tuple(ends))
        for index, (spine, ends) in enumerate(zip(spines.tolist(), radii.tolist(), strict=True))
    ]


def counted(layer: StrokeLayer, samples: int = 16) -> np.ndarray:
    """The share of 16 x 16 samples of each pixel that some disc of the stroke holds: [SIDE,SIDE]."""
    places = (np.arange(SIDE * samples) + 0.5) / samples - 24
    x0, y0, x1, y1, x2, y2 = layer.spine
    held = np.full((len(places),) * 2, -np.inf, np.float32)
    for t in np.linspace(0, 1, 161):
        x, y = ((1 - t) ** 2 * a + 2 * t * (1 - t) * b + t * t * c for a, b, c in ((x0, x1, x2), (y0, y1, y2)))
        radius = (1 - t) * layer.radii[0] + t * layer.radii[1]
        rows, columns = (np.abs(places - middle) <= radius for middle in (y, x))
        part = np.ix_(rows, columns)
        held[part] = np.maximum(held[part], radius - np.hypot(places[rows][:, None] - y, places[columns] - x))
    shares: np.ndarray = (held >= 0).reshape(SIDE, samples, SIDE, samples).mean((1, 3))
    return shares


def drawn(layer: StrokeLayer) -> np.ndarray:
    """How much the loops have a stroke cover: [SIDE,SIDE]."""
    canvas = np.zeros((4, SIDE, SIDE), np.float32)
    draw_over(canvas, numbers_of([layer]))
    cover: np.ndarray = canvas[3]
    return cover


def pixels() -> torch.Tensor:
    """The middles of the pixels: [SIDE*SIDE,2]."""
    places = torch.arange(SIDE, dtype=torch.float64) + 0.5
    return torch.stack([places.repeat(SIDE), places.repeat_interleave(SIDE)], 1)


@pytest.mark.parametrize(("least", "most"), [(1.0, 8.0), (4.0, 12.0), (0.3, 1.5)])
def test_coverage_is_that_of_256_samples_of_a_pixel(least: float, most: float) -> None:
    off = []
    for layer in random_strokes(1, 6, least, most):
        expected, (alpha,) = counted(layer), KIND.shader([layer], {}, CPU)(pixels(), 1.0)[0]
        is_edge = (expected > 0) & (expected < 1)
        off.append(np.abs(alpha.numpy().reshape(SIDE, SIDE) - expected)[is_edge])
    assert max(map(np.max, off)) < 20 / 255
    assert np.concatenate(off).mean() < 1.5 / 255


@needs_numba
@pytest.mark.parametrize(("least", "most"), [(1.0, 8.0), (0.2, 1.5)])
def test_loops_draw_what_the_shader_does(least: float, most: float) -> None:
    for layer in random_strokes(2, 12, least, most):
        (alpha,), _ = KIND.shader([layer], {}, CPU)(pixels(), 1.0)
        assert np.abs(drawn(layer) - alpha.numpy().reshape(SIDE, SIDE)).max() < 1.5 / 255


def test_without_loops_a_stack_looks_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    stack = Stack(Canvas(37, 53, (0.9, 0.8, 0.7)), examples()[0])
    expected = render(stack, 106, device="cpu").astype(int)
    monkeypatch.setattr(vecstack.compiled, "is_compiling", lambda: False)
    assert np.abs(render(stack, 106, device="cpu").astype(int) - expected).max() <= 1


def test_opacities_change_evenly_along_a_straight_stroke() -> None:
    layer = stroke("fading", at(24, 24), (-15.0, 0.0, 0.0, 0.0, 15.0, 0.0), (4.0, 4.0), opacities=(1.0, 0.2))
    (alpha,), _ = KIND.shader([layer], {}, CPU)(torch.tensor([[9.0, 23.0], [24.0, 26.0], [39.0, 24.0]]), 1.0)
    assert alpha.tolist() == pytest.approx([1.0, 0.6, 0.2], abs=1e-4)


def test_a_deep_zoom_is_as_sharp_as_a_view_of_all() -> None:
    whole = Stack(Canvas(40, 40), (stroke("s", at(20, 20), (-12.0, 0.0, 0.0, 0.0, 12.0, 0.0), (5.0, 5.0)),))
    near = render(whole, viewport=Viewport(Rect(20, 15 - 2e-4, 4e-4, 4e-4), 40, 40), device="cpu")
    assert near[19].max() == 0
    assert near[21].min() > 0


def test_discs_of_a_stretched_frame_are_ellipses() -> None:
    layer = stroke("dot", Affine(2.0, 0.0, 24.0, 0.0, 1.0, 24.0), (0.0,) * 6, (6.0, 6.0))
    (alpha,), _ = KIND.shader([layer], {}, CPU)(pixels(), 1.0)
    expected = ((pixels() - 24) / torch.tensor([12.0, 6.0])).norm(dim=1)
    is_sure = (expected - 1).abs() > 0.12
    assert alpha[is_sure].tolist() == pytest.approx((expected < 1).double()[is_sure].tolist(), abs=1e-6)


def test_what_covers_points_is_the_same_by_loops() -> None:
    layers = [*examples()[0], dataclasses.replace(random_strokes(5, 1, 3.0, 6.0)[0], bristles=Bristles(0.5, 0.6, 0.4))]
    points = Grid.about(Rect(0, 0, 37, 53), 900, CPU)
    for layer in layers:
        exact = shade_on(layer, {}, points)[0] * layer.opacity
        torch.testing.assert_close(cover_on(layer, {}, points), exact, atol=0.02, rtol=0)
