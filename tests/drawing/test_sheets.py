from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests.helpers import HEIGHT, WIDTH
from vecstack.drawing.points import Grid, cells
from vecstack.drawing.render import render
from vecstack.drawing.sheets import draw_at, shade_on, sheets_on, shown_on
from vecstack.drawing.viewport import Viewport
from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import Canvas, Stack

CPU = torch.device("cpu")
CANVAS = Canvas(WIDTH, HEIGHT, (0.9, 0.4, 0.1))


def spline(layer_id: str, transform: Affine) -> SplineLayer:
    surface = tuple(map(tuple, (3 * np.random.default_rng(7).normal(size=(5, 6))).tolist()))
    return SplineLayer(id=layer_id, transform=transform, color=(0.2, 0.9, 0.4), surface=surface, window=0.3)


@pytest.fixture
def mixed(varied: Stack) -> Stack:
    """The eight layers, spline layers upright and turned, and one beside the canvas."""
    upright, beside = (Affine.of_frame(Rect(x, 9.0, 15.0, 22.0)) for x in (12.0, 40.0))
    turned = Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25)
    more = spline("upright", upright), spline("aslant", turned), spline("beside", beside)
    return varied.with_layers((*varied.layers, *more))


GRIDS = [(37, 53), (20, 31), (90, 128), (5, 1)]


@pytest.mark.parametrize(("columns", "rows"), GRIDS)
def test_sheets_laid_one_over_the_other_are_the_drawing(mixed: Stack, columns: int, rows: int) -> None:
    points = Grid.over(CANVAS.rect, columns, rows, CPU)
    canvas = points.background(mixed)
    for sheet in sheets_on(mixed, points):
        assert sheet.alpha.shape == sheet.box.of(canvas)[0].shape
        sheet.lay(canvas)
    torch.testing.assert_close(canvas.flatten(1), draw_at(mixed, points.points)[:3], atol=2e-6, rtol=0)


def test_layers_are_shown_only_at_the_points_within_their_extent(mixed: Stack) -> None:
    points = Grid.over(CANVAS.rect, 37, 53, CPU)
    found = {layer.id: (index, box) for index, layer, box in shown_on(mixed, points)}
    assert list(found) == ["whole", "corner", "faded", "turned", "upright", "aslant"]
    assert [mixed.layers[index].id for index, _ in found.values()] == list(found)
    assert found["whole"][1].count == found["faded"][1].count == 37 * 53
    inside = points.part(found["upright"][1])
    assert inside.xs.tolist() == [x + 0.5 for x in range(12, 27)]
    assert inside.ys.tolist() == [y + 0.5 for y in range(9, 31)]


def test_a_layer_between_the_points_is_not_shown() -> None:
    between = Stack(CANVAS, (spline("between", Affine.of_frame(Rect(10.6, 10.6, 0.8, 0.8))),))
    assert not list(shown_on(between, Grid.over(CANVAS.rect, 37, 53, CPU)))
    assert list(shown_on(between, Grid.over(CANVAS.rect, 370, 530, CPU)))


def test_a_sheet_of_a_layer_without_its_net_is_refused(varied: Stack) -> None:
    with pytest.raises(DocumentError, match="layer whole"):
        list(sheets_on(dataclasses.replace(varied, assets={}), Grid.over(CANVAS.rect, 4, 4, CPU)))


def test_a_layer_in_one_colour_says_so(mixed: Stack) -> None:
    points = Grid.over(CANVAS.rect, 8, 9, CPU)
    for layer_id in ("whole", "upright"):
        layer = mixed.layer(layer_id)
        mask, color = shade_on(layer, mixed.assets, points)
        assert (mask.shape, color.shape) == ((9, 8), (3, 1, 1))
        assert color.flatten().tolist() == pytest.approx(getattr(layer, "color"))  # noqa: B009


@pytest.mark.parametrize("region", [CANVAS.rect, Rect(-8.0, 3.0, 20.0, 31.0)])
def test_drawing_at_pixel_centres_is_the_rendering(varied: Stack, region: Rect) -> None:
    viewport = Viewport.of_region(region, size=90)  # more points than are drawn at a time
    drawn = draw_at(varied, cells(region, viewport.width_px, viewport.height_px, CPU))
    rendered = torch.from_numpy(
        render(varied, viewport=viewport, depth=16, exact=True, device="cpu").astype(np.float32) / 65535
    )
    torch.testing.assert_close(drawn[:3].T, rendered.flatten(0, 1), atol=1e-5, rtol=0)
    assert drawn[3].equal(torch.ones(len(drawn[0])))


def test_drawing_transparently_is_premultiplied(varied: Stack) -> None:
    points = cells(CANVAS.rect, WIDTH, HEIGHT, CPU)
    clear = draw_at(varied, points, transparent=True)
    background = torch.tensor(CANVAS.background)[:, None]
    torch.testing.assert_close(clear[:3] + (1 - clear[3]) * background, draw_at(varied, points)[:3])
    assert (clear[:3] <= clear[3] + 1e-6).all()
