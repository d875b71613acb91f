from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
import torch

from tests.helpers import HEIGHT, WIDTH, make_net, make_spline
from vecstack.drawing.points import cells
from vecstack.drawing.render import render
from vecstack.drawing.sheets import draw_at
from vecstack.fitting.target import CHECKED, Target, view_of
from vecstack.geometry import Affine, Rect
from vecstack.stack import Canvas, Stack

CPU = torch.device("cpu")
CANVAS = Canvas(WIDTH, HEIGHT, (0.9, 0.4, 0.1))
WHOLE = Affine.of_frame(CANVAS.rect)
NET = make_net(1)


def ramp(width: int, height: int, rect: Rect | None = None) -> Target:
    """A picture whose red and green are the place on the canvas, in shares of its sides, and whose blue is constant."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([(x + 0.5) / width, (y + 0.5) / height, np.full_like(x, 0.25, dtype=float)], -1)
    return Target.of_pixels(pixels.astype(np.float32), rect or CANVAS.rect, CPU)


# Cells


def test_as_many_cells_as_pixels_are_the_pixels() -> None:
    target = ramp(WIDTH, HEIGHT)
    points, colors, _ = target.cells(None, WIDTH * HEIGHT)
    assert points.dtype == torch.float64
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    np.testing.assert_allclose(points.numpy(), np.stack([x.ravel() + 0.5, y.ravel() + 0.5], 1))
    assert colors.equal(target.picture.flatten(1))


def test_no_cell_is_smaller_than_a_pixel() -> None:
    target = ramp(WIDTH, HEIGHT)
    for count in (WIDTH * HEIGHT + 1, 10 * WIDTH * HEIGHT):
        points, colors, _ = target.cells(None, count)
        assert points.shape == (WIDTH * HEIGHT, 2)
        assert colors.shape == (3, WIDTH * HEIGHT)


@pytest.mark.parametrize(
    ("width", "height"), [(37, 53), (53, 37), (400, 300), (5000, 2), (2, 5000), (20000, 1), (1, 20000)]
)
@pytest.mark.parametrize("count", [1, 40, 256])
def test_there_are_about_as_many_cells_as_asked_for(width: int, height: int, count: int) -> None:
    points, colors, _ = ramp(width, height).cells(None, count)
    assert len(points) == colors.shape[1]
    assert 0.8 * count <= len(points) <= 1.2 * count


def test_cells_are_at_their_centres_and_as_square_as_the_count_allows() -> None:
    points, _, _ = ramp(WIDTH, HEIGHT).cells(None, 100)
    xs, ys = points[:, 0].unique(), points[:, 1].unique()
    assert len(xs) * len(ys) == len(points)
    torch.testing.assert_close(xs, (torch.arange(len(xs)).double() + 0.5) * (WIDTH / len(xs)))
    torch.testing.assert_close(ys, (torch.arange(len(ys)).double() + 0.5) * (HEIGHT / len(ys)))
    assert (WIDTH / len(xs)) / (HEIGHT / len(ys)) == pytest.approx(1, abs=0.1)
    assert points[1, 1] == points[0, 1]  # row after row, as the colours are


def test_the_colour_of_a_cell_is_the_mean_of_the_pixels_that_meet_it() -> None:
    picture = torch.tensor(np.random.default_rng(1).random((3, HEIGHT, WIDTH)), dtype=torch.float32)
    points, colors, _ = Target(picture, CANVAS.rect).cells(None, 300)
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
        points, colors, _ = target.cells(part, 120)
        place = (points / torch.tensor([WIDTH, HEIGHT], dtype=torch.float64)).T
        pixel = 1.0 / min(size)  # the pixels that meet a cell reach out of it by up to one
        assert (colors[:2] - place).abs().max() < 0.5 * pixel + 1e-6
        assert (colors[2] == 0.25).all()


def test_a_part_of_the_canvas_has_cells_of_its_own() -> None:
    target, part = ramp(WIDTH, HEIGHT), Rect(5.0, 11.0, 20.0, 30.0)
    points, colors, _ = target.cells(part, 600)
    y, x = np.mgrid[11:41, 5:25]
    np.testing.assert_allclose(points.numpy(), np.stack([x.ravel() + 0.5, y.ravel() + 0.5], 1))
    assert colors.equal(target.picture[:, 11:41, 5:25].flatten(1))


def test_of_a_part_that_overhangs_the_canvas_only_what_is_on_it_has_cells() -> None:
    target = ramp(WIDTH, HEIGHT)
    points, colors, _ = target.cells(Rect(-10.0, 40.0, 20.0, 100.0), 1000)
    assert len(points) == 10 * 13
    assert points.amin(0).tolist() == [0.5, 40.5]
    assert points.amax(0).tolist() == [9.5, 52.5]
    assert colors.equal(target.picture[:, 40:, :10].flatten(1))


def test_a_target_need_not_begin_at_the_corner() -> None:
    target = ramp(10, 20, Rect(100.0, 200.0, 20.0, 40.0))
    points, colors, _ = target.cells(Rect(104.0, 202.0, 4.0, 4.0), 100)
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


def test_errors_are_the_squared_differences_to_the_drawing(varied: Stack) -> None:
    target = ramp(WIDTH, HEIGHT)
    drawn = torch.from_numpy(render(varied, depth=16, device="cpu").astype(np.float32) / 65535).permute(2, 0, 1)
    expected = (drawn - target.picture).square().mean(0).flatten()
    torch.testing.assert_close(target.errors(varied), expected, atol=3e-5, rtol=0)  # 16 bits


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


def test_a_rectangle_of_pixels_is_one_of_the_canvas() -> None:
    target = ramp(10, 20, Rect(100.0, 200.0, 20.0, 40.0))
    assert target.on_canvas(Rect(0, 0, 10, 20)) == target.rect
    assert target.on_canvas(Rect(-2, 5, 4, 1)) == Rect(96.0, 210.0, 8.0, 2.0)


# What surrounds a group


GROUPS = [(0,), (0, 1), (1,), (3,), (0, 1, 3), (3, 7), (0, 1, 3, 7), (7,)]
PARTS = [CANVAS.rect, Rect(0.0, 0.0, 9.0, 11.0), Rect(28.0, 1.0, 9.0, 8.0)]


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("part", PARTS, ids=["whole", "corner", "far"])
def test_what_surrounds_a_group_and_the_group_compose_to_the_whole(
    varied: Stack, group: tuple[int, ...], part: Rect
) -> None:
    points = cells(part, int(part.width), int(part.height), CPU)
    view = view_of(varied, group, points, torch.zeros(3, len(points)))
    alone = dataclasses.replace(varied, layers=tuple(varied.layers[index] for index in group))
    own = draw_at(alone, points, transparent=True)
    canvas = view.below * (1 - own[3]) + own[:3]
    torch.testing.assert_close(view.above + view.through * canvas, draw_at(varied, points)[:3], atol=1e-6, rtol=0)


def test_the_view_from_the_ends_of_a_stack_is_the_background_and_nothing(varied: Stack) -> None:
    points, colors = cells(CANVAS.rect, WIDTH, HEIGHT, CPU), torch.rand(3, WIDTH * HEIGHT)
    view = view_of(varied, tuple(range(len(varied.layers))), points, colors)
    assert view.target is colors
    assert view.below.equal(torch.tensor(CANVAS.background)[:, None].expand(3, len(points)))
    assert view.through.equal(torch.ones(len(points)))
    assert not view.above.any()


def test_layers_that_do_not_show_are_not_in_the_view(varied: Stack) -> None:
    points = cells(CANVAS.rect, WIDTH, HEIGHT, CPU)
    colors = torch.zeros(3, len(points))
    bare = varied.remove("hidden").remove("nothing").remove("strange").remove("like")
    for group, same in (((0,), (0,)), ((3,), (2,)), ((7,), (3,))):
        view, expected = view_of(varied, group, points, colors), view_of(bare, same, points, colors)
        for field in dataclasses.fields(view):
            assert getattr(view, field.name).equal(getattr(expected, field.name))


def test_windows_away_from_the_points_are_not_evaluated_for_a_view(
    varied: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = cells(Rect(28.0, 1.0, 9.0, 8.0), 9, 8, CPU)  # beside the window "corner"
    seen: list[str] = []
    from vecstack.kinds.mask import shade

    everything = shade.shader

    def spy(layers: Any, *others: Any) -> Any:
        seen.extend(layer.id for layer in layers)
        return everything(layers, *others)

    monkeypatch.setattr(shade, "shader", spy)
    view_of(varied, (3,), points, torch.zeros(3, len(points)))
    assert "corner" not in seen
    assert "whole" in seen


def test_a_target_of_pixels_keeps_them(pixels: np.ndarray) -> None:
    values = pixels.astype(np.float32) / 255
    for given in (values, np.asfortranarray(values)):
        target = Target.of_pixels(given, CANVAS.rect, CPU)
        np.testing.assert_array_equal(target.picture.permute(1, 2, 0).numpy(), values)


def test_a_seed_chooses_the_pixels_of_a_large_picture_at_which_stacks_are_compared() -> None:
    target = ramp(200, 150)
    chosen = [dataclasses.replace(target, seed=seed).checked[0] for seed in (0, 7, 7, 2**32 - 1)]
    assert chosen[0].equal(target.checked[0])
    assert chosen[1].equal(chosen[2])
    assert not chosen[1].equal(chosen[0])
    assert not chosen[1].equal(chosen[3])
    small = ramp(WIDTH, HEIGHT)
    assert dataclasses.replace(small, seed=7).checked[0].equal(small.checked[0])


@pytest.mark.parametrize("size", [27, 212])
def test_a_stack_with_hard_edges_is_its_own_drawing_at_any_size(size: int) -> None:
    edges = make_spline("edges", 1, Affine.of_frame(Rect(4, 4, 28, 40)), softness=0.0)
    stack = Stack(CANVAS, (edges,))
    target = Target.of_pixels(render(stack, size, device="cpu").astype(np.float32) / 255, CANVAS.rect, CPU)
    assert float(target.errors(stack).max()) < 1e-4
