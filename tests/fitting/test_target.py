from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.drawing.conftest import CODE, HEIGHT, WIDTH, make_net
from vecstack.drawing.points import Grid, cell_counts
from vecstack.drawing.render import render
from vecstack.drawing.sheets import draw_at, shade_on, sheets_on, shown_on
from vecstack.drawing.viewport import Viewport
from vecstack.errors import DocumentError
from vecstack.fitting.target import CHECKED, Target, view_of
from vecstack.geometry import Affine, Rect
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import Canvas, Stack, UnknownLayer, asset_id

CPU = torch.device("cpu")
CANVAS = Canvas(WIDTH, HEIGHT, (0.9, 0.4, 0.1))
WHOLE = Affine.of_frame(CANVAS.rect)
NET = make_net(1)


def ramp(width: int, height: int, rect: Rect | None = None) -> Target:
    """A picture whose red and green are the place on the canvas, in shares of its sides, and whose blue is constant."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([(x + 0.5) / width, (y + 0.5) / height, np.full_like(x, 0.25, dtype=float)], -1)
    return Target.of_pixels(pixels.astype(np.float32), rect or CANVAS.rect, CPU)


def mask(layer_id: str, seed: int, **fields: Any) -> MaskLayer:
    rng = np.random.default_rng(seed)
    color, code = tuple(rng.random(3).tolist()), tuple(rng.normal(size=CODE).tolist())
    return MaskLayer(
        **{"id": layer_id, "net": asset_id(NET), "color": color, "code": code, "transform": WHOLE} | fields
    )


@pytest.fixture
def stack() -> Stack:
    """Seven layers on 37 x 53: whole, faded, hidden, unknown, of opacity 0, and two in windows, one of them turned."""
    layers = (
        mask("whole", 1),
        mask("corner", 2, transform=Affine.of_frame(Rect(-6.0, -4.0, 20.0, 17.0)), window=0.4),
        mask("hidden", 3, visible=False),
        mask("faded", 4, opacity=0.6),
        mask("nothing", 5, opacity=0.0),
        UnknownLayer(id="strange", transform=WHOLE, unknown_kind="no_such_kind"),
        UnknownLayer(id="like", transform=WHOLE, unknown_kind="mask"),
        mask("turned", 6, opacity=0.8, transform=Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25), window=1.0),
    )
    return Stack(CANVAS, layers, {asset_id(NET): NET})


# Cells


def test_as_many_cells_as_pixels_are_the_pixels() -> None:
    target = ramp(WIDTH, HEIGHT)
    points, colors = target.cells(None, WIDTH * HEIGHT)
    assert points.dtype == torch.float64
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    np.testing.assert_allclose(points.numpy(), np.stack([x.ravel() + 0.5, y.ravel() + 0.5], 1))
    assert colors.equal(target.picture.flatten(1))


def test_no_cell_is_smaller_than_a_pixel() -> None:
    target = ramp(WIDTH, HEIGHT)
    for count in (WIDTH * HEIGHT + 1, 10 * WIDTH * HEIGHT):
        points, colors = target.cells(None, count)
        assert points.shape == (WIDTH * HEIGHT, 2)
        assert colors.shape == (3, WIDTH * HEIGHT)


@pytest.mark.parametrize(
    ("width", "height"), [(37, 53), (53, 37), (400, 300), (5000, 2), (2, 5000), (20000, 1), (1, 20000)]
)
@pytest.mark.parametrize("count", [1, 40, 256])
def test_there_are_about_as_many_cells_as_asked_for(width: int, height: int, count: int) -> None:
    points, colors = ramp(width, height).cells(None, count)
    assert len(points) == colors.shape[1]
    assert 0.8 * count <= len(points) <= 1.2 * count


def test_cells_are_at_their_centres_and_as_square_as_the_count_allows() -> None:
    points, _ = ramp(WIDTH, HEIGHT).cells(None, 100)
    xs, ys = points[:, 0].unique(), points[:, 1].unique()
    assert len(xs) * len(ys) == len(points)
    torch.testing.assert_close(xs, (torch.arange(len(xs)).double() + 0.5) * (WIDTH / len(xs)))
    torch.testing.assert_close(ys, (torch.arange(len(ys)).double() + 0.5) * (HEIGHT / len(ys)))
    assert (WIDTH / len(xs)) / (HEIGHT / len(ys)) == pytest.approx(1, abs=0.1)
    assert points[1, 1] == points[0, 1]  # row after row, as the colours are


def test_the_colour_of_a_cell_is_the_mean_of_the_pixels_that_meet_it() -> None:
    picture = torch.tensor(np.random.default_rng(1).random((3, HEIGHT, WIDTH)), dtype=torch.float32)
    points, colors = Target(picture, CANVAS.rect).cells(None, 300)
    columns, rows = len(points[:, 0].unique()), len(points[:, 1].unique())
    for (x, y), color in zip(points.tolist(), colors.T, strict=True):
        left, right = x - WIDTH / columns / 2, x + WIDTH / columns / 2
        top, bottom = y - HEIGHT / rows / 2, y + HEIGHT / rows / 2
        part = picture[
            :,
            math.floor(top + 1e-9) : math.ceil(bottom - 1e-9),
            math.floor(left + 1e-9) : math.ceil(right - 1e-9),
        ]
        torch.testing.assert_close(color, part.mean((1, 2)))


@pytest.mark.parametrize("size", [(37, 53), (74, 106), (19, 27), (111, 159)])
def test_cells_show_the_same_place_of_the_canvas_whatever_the_size_of_the_picture(size: tuple[int, int]) -> None:
    target = ramp(*size)
    for part in (None, Rect(5.0, 11.0, 20.0, 30.0)):
        points, colors = target.cells(part, 120)
        place = (points / torch.tensor([WIDTH, HEIGHT], dtype=torch.float64)).T
        pixel = 1.0 / min(size)  # the pixels that meet a cell reach out of it by up to one
        assert (colors[:2] - place).abs().max() < 0.5 * pixel + 1e-6
        assert (colors[2] == 0.25).all()


def test_a_part_of_the_canvas_has_cells_of_its_own() -> None:
    target, part = ramp(WIDTH, HEIGHT), Rect(5.0, 11.0, 20.0, 30.0)
    points, colors = target.cells(part, 600)
    y, x = np.mgrid[11:41, 5:25]
    np.testing.assert_allclose(points.numpy(), np.stack([x.ravel() + 0.5, y.ravel() + 0.5], 1))
    assert colors.equal(target.picture[:, 11:41, 5:25].flatten(1))


def test_of_a_part_that_overhangs_the_canvas_only_what_is_on_it_has_cells() -> None:
    target = ramp(WIDTH, HEIGHT)
    points, colors = target.cells(Rect(-10.0, 40.0, 20.0, 100.0), 1000)
    assert len(points) == 10 * 13
    assert points.amin(0).tolist() == [0.5, 40.5]
    assert points.amax(0).tolist() == [9.5, 52.5]
    assert colors.equal(target.picture[:, 40:, :10].flatten(1))


def test_a_target_need_not_begin_at_the_corner() -> None:
    target = ramp(10, 20, Rect(100.0, 200.0, 20.0, 40.0))
    points, colors = target.cells(Rect(104.0, 202.0, 4.0, 4.0), 100)
    assert points.tolist() == [[105.0, 203.0], [107.0, 203.0], [105.0, 205.0], [107.0, 205.0]]
    assert colors.equal(target.picture[:, 1:3, 2:4].flatten(1))


@pytest.mark.parametrize(
    ("part", "box"),
    [
        (None, (0, 0, 74, 106)),
        (Rect(0, 0, 37, 53), (0, 0, 74, 106)),
        (Rect(5, 3, 10, 20), (10, 6, 30, 46)),
        (Rect(5.2, 3.2, 10, 20), (10, 6, 31, 47)),  # the pixels that it meets, wholly or not
        (Rect(-5, -7, 6, 8), (0, 0, 2, 2)),
        (Rect(30, 50, 500, 500), (60, 100, 74, 106)),
        (Rect(-1e9, -1e9, 2e9, 2e9), (0, 0, 74, 106)),
        (Rect(5, 3, 0, 0), (10, 6, 11, 7)),
        (Rect(36.9, 52.9, 0.01, 0.01), (73, 105, 74, 106)),
        (Rect(100, 100, 5, 5), (73, 105, 74, 106)),  # nowhere on it: a pixel at the least
        (Rect(-100, -100, 5, 5), (0, 0, 1, 1)),
    ],
)
def test_a_pixel_box_holds_the_pixels_that_meet_the_part(part: Rect | None, box: tuple[int, int, int, int]) -> None:
    assert ramp(74, 106).pixel_box(part) == box


# Comparing


def test_all_pixels_of_a_small_picture_are_checked() -> None:
    target = ramp(74, 106)
    points, colors = target.checked
    assert points.dtype == torch.float64
    torch.testing.assert_close(points.amin(0).tolist(), [0.25, 0.25])
    torch.testing.assert_close(points.amax(0).tolist(), [36.75, 52.75])
    assert len(points.unique(dim=0)) == 74 * 106
    assert colors.equal(target.picture.flatten(1))


def test_a_sample_of_a_large_picture_is_checked_with_its_own_colours() -> None:
    target = ramp(370, 530)
    points, colors = target.checked
    assert points.shape == (CHECKED, 2)
    place = (points / torch.tensor([WIDTH, HEIGHT], dtype=torch.float64)).T
    torch.testing.assert_close(colors[:2].double(), place, atol=1e-5, rtol=0)
    assert ramp(370, 530).checked[0].equal(points)  # the same one each time
    assert place.mean(1).tolist() == pytest.approx([0.5, 0.5], abs=0.01)  # and from everywhere
    assert (place.std(1) - 12**-0.5).abs().max() < 0.01


def test_errors_are_the_squared_differences_to_the_drawing(stack: Stack) -> None:
    target = ramp(WIDTH, HEIGHT)
    drawn = torch.from_numpy(render(stack, depth=16, device="cpu").astype(np.float32) / 65535).permute(2, 0, 1)
    expected = (drawn - target.picture).square().mean(0).flatten()
    torch.testing.assert_close(target.errors(stack), expected, atol=3e-5, rtol=0)  # 16 bits


def test_on_all_pixels_closer_is_less_error() -> None:
    target = ramp(WIDTH, HEIGHT)
    old = torch.full((WIDTH * HEIGHT,), 0.1)
    better = old.clone()
    better[0] -= 0.01
    assert target.is_closer(better, old)
    assert not target.is_closer(old, better)
    assert not target.is_closer(old, old)
    assert not target.is_closer(torch.full_like(old, math.nan), old)


def test_on_a_sample_closer_is_less_error_beyond_chance() -> None:
    target = ramp(370, 530)
    generator = torch.Generator().manual_seed(3)
    old = torch.rand(CHECKED, generator=generator)
    noise = torch.randn(CHECKED, generator=generator)
    noise -= noise.mean()
    chance = float(noise.std()) / CHECKED**0.5  # standard error of the mean
    assert target.is_closer(old - noise - 4 * chance, old)
    assert not target.is_closer(old - noise - 2 * chance, old)
    assert not target.is_closer(old - noise + 4 * chance, old)
    assert not target.is_closer(old, old)


# Layers on a grid


def spline(layer_id: str, transform: Affine) -> SplineLayer:
    surface = tuple(map(tuple, (3 * np.random.default_rng(7).normal(size=(5, 6))).tolist()))
    return SplineLayer(id=layer_id, transform=transform, color=(0.2, 0.9, 0.4), surface=surface, window=0.3)


@pytest.fixture
def mixed(stack: Stack) -> Stack:
    """The seven layers, spline layers upright and turned, and one beside the canvas."""
    upright, beside = (Affine.of_frame(Rect(x, 9.0, 15.0, 22.0)) for x in (12.0, 40.0))
    turned = Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25)
    more = spline("upright", upright), spline("aslant", turned), spline("beside", beside)
    return stack.with_layers((*stack.layers, *more))


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


def test_a_sheet_of_a_layer_without_its_net_is_refused(stack: Stack) -> None:
    with pytest.raises(DocumentError, match="layer whole"):
        list(sheets_on(dataclasses.replace(stack, assets={}), Grid.over(CANVAS.rect, 4, 4, CPU)))


def test_a_layer_in_one_colour_says_so(mixed: Stack) -> None:
    points = Grid.over(CANVAS.rect, 8, 9, CPU)
    for layer_id in ("whole", "upright"):
        layer = mixed.layer(layer_id)
        mask, color = shade_on(layer, mixed.assets, points)
        assert (mask.shape, color.shape) == ((9, 8), (3, 1, 1))
        assert color.flatten().tolist() == pytest.approx(getattr(layer, "color"))  # noqa: B009


def test_boxes_are_parts_of_what_lies_over_the_grid() -> None:
    points = Grid.over(CANVAS.rect, 37, 53, CPU)
    every = points.box(None)
    box, other = points.box(Rect(2.5, 3.0, 4.0, 1.0)), points.box(Rect(8.0, 40.0, 3.0, 99.0))
    values = torch.arange(37 * 53).view(53, 37)
    assert (every.count, box.count, other.count) == (37 * 53, 5, 3 * 13)
    assert every.of(values).equal(values)
    assert box.of(values).tolist() == [[3 * 37 + x for x in range(2, 7)]]  # points on its edges are in it
    assert points.part(box).points.equal(points.points[box.of(values).flatten()])
    assert box.hull(other) == other.hull(box) == points.box(Rect(2.5, 3.5, 8.0, 49.0))
    assert points.box(Rect(-9.0, -9.0, 3.0, 3.0)).count == points.box(Rect(50.0, 1.0, 3.0, 3.0)).count == 0


@pytest.mark.parametrize(
    ("width", "height", "count", "expected"),
    [
        (37, 53, 37 * 53, (37, 53)),
        (37, 53, 10**6, (37, 53)),  # each a pixel at the least
        (37, 53, 1, (1, 1)),
        (4000, 1000, 4096, (128, 32)),
        (1, 10**6, 4096, (1, 4096)),
        (10**6, 1, 4096, (4096, 1)),
    ],
)
def test_cells_are_counted_to_be_nearly_square(width: int, height: int, count: int, expected: tuple[int, int]) -> None:
    assert cell_counts(width, height, count) == expected


def test_a_rectangle_of_pixels_is_one_of_the_canvas() -> None:
    target = ramp(10, 20, Rect(100.0, 200.0, 20.0, 40.0))
    assert target.on_canvas(Rect(0, 0, 10, 20)) == target.rect
    assert target.on_canvas(Rect(-2, 5, 4, 1)) == Rect(96.0, 210.0, 8.0, 2.0)


# Drawing at points


def centres(viewport: Viewport) -> Tensor:
    """The centres of a viewport's pixels, row after row: [P,2]."""
    y, x = np.mgrid[0 : viewport.height_px, 0 : viewport.width_px] + 0.5
    across, down = viewport.region.width / viewport.width_px, viewport.region.height / viewport.height_px
    return torch.tensor(np.stack([viewport.region.x + x.ravel() * across, viewport.region.y + y.ravel() * down], 1))


@pytest.mark.parametrize("region", [CANVAS.rect, Rect(-8.0, 3.0, 20.0, 31.0)])
def test_drawing_at_pixel_centres_is_the_rendering(stack: Stack, region: Rect) -> None:
    viewport = Viewport.of_region(region, size=90)  # more points than are drawn at a time
    drawn = draw_at(stack, centres(viewport))
    rendered = torch.from_numpy(
        render(stack, viewport=viewport, depth=16, exact=True, device="cpu").astype(np.float32) / 65535
    )
    torch.testing.assert_close(drawn[:3].T, rendered.flatten(0, 1), atol=1e-5, rtol=0)
    assert drawn[3].equal(torch.ones(len(drawn[0])))


def test_drawing_transparently_is_premultiplied(stack: Stack) -> None:
    points = centres(Viewport.of_region(CANVAS.rect))
    clear = draw_at(stack, points, transparent=True)
    background = torch.tensor(CANVAS.background)[:, None]
    torch.testing.assert_close(clear[:3] + (1 - clear[3]) * background, draw_at(stack, points)[:3])
    assert (clear[:3] <= clear[3] + 1e-6).all()


GROUPS = [(0,), (0, 1), (1,), (3,), (0, 1, 3), (3, 7), (0, 1, 3, 7), (7,)]
PARTS = [CANVAS.rect, Rect(0.0, 0.0, 9.0, 11.0), Rect(28.0, 1.0, 9.0, 8.0)]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("part", PARTS, ids=["whole", "corner", "far"])
def test_what_surrounds_a_group_and_the_group_compose_to_the_whole(
    stack: Stack, group: tuple[int, ...], part: Rect
) -> None:
    points = centres(Viewport.of_region(part))
    view = view_of(stack, group, points, torch.zeros(3, len(points)))
    alone = dataclasses.replace(stack, layers=tuple(stack.layers[index] for index in group))
    own = draw_at(alone, points, transparent=True)
    canvas = view.below * (1 - own[3]) + own[:3]
    torch.testing.assert_close(view.above + view.through * canvas, draw_at(stack, points)[:3], atol=1e-6, rtol=0)


def test_the_view_from_the_ends_of_a_stack_is_the_background_and_nothing(stack: Stack) -> None:
    points, colors = centres(Viewport.of_region(CANVAS.rect)), torch.rand(3, WIDTH * HEIGHT)
    view = view_of(stack, tuple(range(len(stack.layers))), points, colors)
    assert view.target is colors
    assert view.below.equal(torch.tensor(CANVAS.background)[:, None].expand(3, len(points)))
    assert view.through.equal(torch.ones(len(points)))
    assert not view.above.any()


def test_layers_that_do_not_show_are_not_in_the_view(stack: Stack) -> None:
    points = centres(Viewport.of_region(CANVAS.rect))
    colors = torch.zeros(3, len(points))
    bare = stack.remove("hidden").remove("nothing").remove("strange").remove("like")
    for group, same in (((0,), (0,)), ((3,), (2,)), ((7,), (3,))):
        view, expected = view_of(stack, group, points, colors), view_of(bare, same, points, colors)
        for field in dataclasses.fields(view):
            assert getattr(view, field.name).equal(getattr(expected, field.name))


def test_windows_away_from_the_points_are_not_evaluated_for_a_view(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = centres(Viewport.of_region(Rect(28.0, 1.0, 9.0, 8.0)))  # beside the window "corner"
    seen: list[str] = []
    from vecstack.kinds.mask import shade

    everything = shade.shader

    def spy(layers: Any, *others: Any) -> Any:
        seen.extend(layer.id for layer in layers)
        return everything(layers, *others)

    monkeypatch.setattr(shade, "shader", spy)
    view_of(stack, (3,), points, torch.zeros(3, len(points)))
    assert "corner" not in seen
    assert "whole" in seen


def test_a_target_of_pixels_keeps_them(pixels: np.ndarray) -> None:
    values = pixels.astype(np.float32) / 255
    for given in (values, np.asfortranarray(values)):
        target = Target.of_pixels(given, CANVAS.rect, CPU)
        np.testing.assert_array_equal(target.picture.permute(1, 2, 0).numpy(), values)
