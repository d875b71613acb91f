from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch

from tests.helpers import CODE, HEIGHT, WIDTH, make_net
from vecstack.color import Color
from vecstack.document.file import dumps
from vecstack.drawing.file import thumbnail_png
from vecstack.drawing.render import render
from vecstack.errors import DeviceError, PictureError, UsageError
from vecstack.fitting.detail import EFFORTS, RASTER_PX, _stacked, add_detail
from vecstack.fitting.goal import Goal
from vecstack.fitting.progress import Progress
from vecstack.fitting.target import psnr_of
from vecstack.geometry import Affine, Rect
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import MAX_LAYERS, Canvas, Layer, Stack, asset_id

GREY: Color = (0.4, 0.4, 0.4)


def edges(height: int = 64, width: int = 96) -> np.ndarray:
    """A gradient with a disc, a bright box and a dark box: [H,W,3] uint8."""
    y, x = np.mgrid[0:height, 0:width]
    disc = (x / width - 0.4) ** 2 + (y / height - 0.5) ** 2 < 0.05
    picture = np.stack([x * (255 / width), y * (255 / height), np.where(disc, 220, 40)], -1)
    picture[height // 6 : height // 3, 2 * width // 3 : 7 * width // 8] = (240, 30, 60)
    picture[3 * height // 4 :, width // 6 : width // 3, 1] = 20
    return picture.astype(np.uint8)


def smooth(height: int = 64, width: int = 96) -> np.ndarray:
    """A picture without edges: [H,W,3] uint8."""
    y, x = np.mgrid[0:height, 0:width]
    waves = [128 + 100 * np.sin(x / 23 + y / 31), 128 + 90 * np.cos(x / 17 - y / 29), x * (200 / width)]
    return np.stack(waves, -1).clip(0, 255).astype(np.uint8)


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def bare(picture: np.ndarray, background: Color = GREY) -> Stack:
    return Stack(Canvas(picture.shape[1], picture.shape[0], background))


def detailed(stack: Stack, picture: np.ndarray, goal: Goal, effort: str = "fast", **options: Any) -> Stack:
    return add_detail(stack, picture, goal, effort, device="cpu", **options)


@cache
def with_layers(count: int) -> Stack:
    """The picture of edges as `count` layers."""
    return detailed(bare(edges()), edges(), Goal(layers=count))


def drawing(stack: Stack, picture: np.ndarray) -> np.ndarray:
    """The stack at the size of a picture: [H,W,3] in 0..1."""
    return render(stack, max(picture.shape[:2]), device="cpu") / 255.0


def psnr(stack: Stack, picture: np.ndarray) -> float:
    return psnr_of(float(np.square(drawing(stack, picture) - picture[:, :, :3] / 255.0).mean()))


def extent(layer: Layer) -> Rect:
    return layer.transform.bounds_of_frame()


def masks_below(layer_ids: Sequence[str] = ("sky", "layer-3", "layer-4")) -> Stack:
    """Mask layers with random numbers on 37 x 53, under ids of which some are those that detail would give."""
    net, rng = make_net(1), np.random.default_rng(2)
    canvas = Canvas(WIDTH, HEIGHT, GREY)
    layers = tuple(
        MaskLayer(
            id=layer_id,
            net=asset_id(net),
            color=tuple(rng.random(3).tolist()),
            code=tuple(rng.normal(size=CODE).tolist()),
            transform=Affine.of_frame(canvas.rect),
        )
        for layer_id in layer_ids
    )
    return Stack(
        canvas,
        layers,
        {asset_id(net): net},
        source={"width": WIDTH},
        metrics={"other": 1.5},
    )


# What a goal promises.


@pytest.mark.slow
def test_more_layers_are_closer_and_there_are_as_many_as_asked_for() -> None:
    stacks = [with_layers(count) for count in (2, 4, 8, 16)]
    assert [len(stack.layers) for stack in stacks] == [2, 4, 8, 16]
    found = [psnr(stack, edges()) for stack in stacks]
    assert all(more > fewer + 0.5 for fewer, more in pairwise([psnr(bare(edges()), edges()), *found]))


@pytest.mark.slow
@pytest.mark.parametrize("effort", ["good", "best"])
def test_every_effort_gives_the_count_and_comes_closer(effort: str) -> None:
    picture = edges(32, 48)
    stack = detailed(bare(picture), picture, Goal(layers=3), effort)
    assert len(stack.layers) == 3
    assert psnr(stack, picture) > psnr(bare(picture), picture) + 2


def test_the_layers_that_are_there_count() -> None:
    stack = masks_below()
    assert len(detailed(stack, edges(53, 37), Goal(layers=7)).layers) == 7
    assert detailed(stack, edges(53, 37), Goal(layers=3)).layers == stack.layers


@pytest.mark.parametrize("wanted", [16.0, 21.0])
def test_a_psnr_is_met_and_not_passed_by_far(wanted: float) -> None:
    stack = detailed(bare(edges()), edges(), Goal(psnr=wanted))
    assert wanted - 0.02 <= psnr(stack, edges()) < wanted + 2  # 8 bits of a drawing move it by less than 0.02 dB here
    assert stack.metrics["psnr"] == pytest.approx(psnr(stack, edges()), abs=0.02)


def test_a_psnr_that_is_there_already_adds_nothing() -> None:
    stack = with_layers(8)
    assert detailed(stack, edges(), Goal(psnr=psnr(stack, edges()) - 1)).layers == stack.layers


@pytest.mark.slow
def test_a_psnr_out_of_reach_ends_with_all_that_helps() -> None:
    picture = noise(2, 3)
    stack = detailed(bare(picture), picture, Goal(psnr=60))
    assert psnr(stack, picture) < 60
    assert stack.layers == detailed(bare(picture), picture, Goal(layers=MAX_LAYERS)).layers


@pytest.mark.slow
def test_the_limit_that_comes_first_ends_it() -> None:
    picture = edges(32, 48)
    by_count = detailed(bare(picture), picture, Goal(layers=4, psnr=50))
    by_psnr = detailed(bare(picture), picture, Goal(layers=200, psnr=17))
    by_size = detailed(bare(picture), picture, Goal(layers=200, psnr=50, budget_bytes=2000))
    assert len(by_count.layers) == 4
    assert 17 - 0.02 <= psnr(by_psnr, picture) < 50
    assert len(by_psnr.layers) < 200
    assert len(dumps(by_size)) <= 2000


@pytest.mark.slow
@pytest.mark.parametrize("size", [1500, 2000, 3000])
def test_a_file_keeps_its_budget_and_uses_most_of_it(size: int) -> None:
    picture = edges(32, 48)
    data = dumps(detailed(bare(picture), picture, Goal(budget_bytes=size)))
    assert size - 500 < len(data) <= size  # a layer takes some 250 bytes


@pytest.mark.slow
@pytest.mark.parametrize("less", [0, 1, 8, 16])
def test_a_budget_holds_to_the_byte(less: int) -> None:
    picture = edges(32, 48)
    size = len(dumps(detailed(bare(picture), picture, Goal(budget_bytes=2000)))) - less
    length = len(dumps(detailed(bare(picture), picture, Goal(budget_bytes=size))))
    assert length <= size


@pytest.mark.slow
def test_a_larger_budget_is_closer() -> None:
    stacks = [detailed(bare(edges()), edges(), Goal(budget_bytes=size)) for size in (1400, 1900, 2700)]
    assert [len(stack.layers) for stack in stacks] == sorted({len(stack.layers) for stack in stacks})
    assert all(more > less + 1 for less, more in pairwise(psnr(stack, edges()) for stack in stacks))


@pytest.mark.slow
def test_a_budget_holds_with_layers_and_their_net_below() -> None:
    size = len(dumps(masks_below())) + 1000
    stack = detailed(masks_below(), edges(53, 37), Goal(budget_bytes=size))
    assert len(dumps(stack)) <= size
    assert len(stack.layers) > 3


# What the layers are.


def test_the_layers_there_stay_as_they_are_below_the_new_ones() -> None:
    old = masks_below()
    old = dataclasses.replace(old, thumbnail=thumbnail_png(old, 16))
    new = detailed(old, edges(53, 37), Goal(layers=9))
    assert new.layers[:3] == old.layers
    assert all(layer.kind == "spline" for layer in new.layers[3:])
    assert (new.canvas, new.assets, new.source) == (old.canvas, old.assets, old.source)
    assert new.metrics.keys() == {"other", "psnr"}
    assert new.thumbnail is None
    assert psnr(new, edges(53, 37)) > psnr(old, edges(53, 37)) + 2


@pytest.mark.slow
def test_new_ids_are_free_ones_and_stay_so_when_detail_is_added_again() -> None:
    once = detailed(masks_below(), edges(53, 37), Goal(layers=6))
    twice = detailed(once, edges(53, 37), Goal(layers=10))
    assert twice.layers[:6] == once.layers
    ids = [layer.id for layer in twice.layers]
    assert len(set(ids)) == 10
    assert all(layer_id.startswith("layer-") for layer_id in ids[3:])


@pytest.mark.slow
def test_every_layer_has_a_window_over_the_canvas_and_is_named_after_its_place() -> None:
    canvas = bare(edges()).canvas.rect
    for layer in with_layers(16).layers:
        assert isinstance(layer, SplineLayer)
        assert 0 < layer.window <= 1
        rect = extent(layer)
        assert rect.meets(canvas)
        assert rect.x + rect.width > 0 < rect.y + rect.height
        assert rect.x < canvas.width
        assert rect.y < canvas.height
        middle = f"{rect.x + rect.width / 2:.0f}, {rect.y + rect.height / 2:.0f}"
        assert layer.name == f"Detail {rect.width:.0f} at {middle}"


def in_windows(seed: int, count: int = 14) -> list[Layer]:
    """Spline layers in square windows of several sizes, as they were placed."""
    rng = np.random.default_rng(seed)

    def layer(index: int) -> SplineLayer:
        side = float(rng.choice([8, 16, 32]))
        corner = rng.integers(-8, 80, 2)
        return SplineLayer(
            id=f"placed-{index}",
            color=tuple(rng.random(3).tolist()),
            surface=tuple(tuple(row) for row in (3 * rng.normal(size=(4, 5))).tolist()),
            window=0.3,
            transform=Affine.of_frame(Rect(float(corner[0]), float(corner[1]), side, side)),
        )

    return [layer(index) for index in range(count)]


@pytest.mark.parametrize("seed", range(6))
def test_overlapping_layers_keep_their_order_and_larger_ones_go_below_the_rest(seed: int) -> None:
    placed = in_windows(seed)
    stacked = _stacked(Stack(Canvas(96, 64, GREY)), placed).layers
    where = {layer.transform: index for index, layer in enumerate(stacked)}
    assert len(where) == len(placed)
    for index, lower in enumerate(placed):
        for upper in placed[index + 1 :]:
            if extent(lower).meets(extent(upper)):
                assert where[lower.transform] < where[upper.transform]
    for lower, upper in pairwise(stacked):  # a larger one lies directly on a smaller one only where it must
        assert extent(lower).width >= extent(upper).width or extent(lower).meets(extent(upper))


@pytest.mark.parametrize("seed", range(6))
def test_the_drawing_is_the_one_of_the_order_of_placement(seed: int) -> None:
    below, placed = Stack(Canvas(96, 64, GREY)), in_windows(seed)
    stacked = _stacked(below, placed)
    assert [layer.transform for layer in stacked.layers] != [layer.transform for layer in placed]
    assert np.array_equal(render(stacked, device="cpu"), render(below.with_layers(placed), device="cpu"))


def test_layers_that_do_not_meet_lie_in_the_order_of_their_sizes() -> None:
    sides = (8.0, 32.0, 16.0, 8.0)
    rects = [Rect(40.0 * index, 0.0, side, side) for index, side in enumerate(sides)]
    placed = [
        dataclasses.replace(layer, transform=Affine.of_frame(rect))
        for layer, rect in zip(in_windows(0, 4), rects, strict=True)
    ]
    stacked = _stacked(Stack(Canvas(160, 40, GREY)), placed).layers
    assert [extent(layer).width for layer in stacked] == [32, 16, 8, 8]
    assert [layer.id for layer in stacked] == ["layer-1", "layer-2", "layer-3", "layer-4"]


@pytest.mark.slow
def test_texture_does_not_end_the_detail() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    picture = (0.7 * edges() + 0.3 * noise).astype(np.uint8)
    assert len(detailed(bare(picture), picture, Goal(layers=60)).layers) == 60


@pytest.mark.slow
def test_no_seam_shows_where_windows_end() -> None:
    picture = smooth()
    stack = detailed(bare(picture), picture, Goal(layers=32))
    missing = drawing(stack, picture) - picture / 255.0
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height, 0:width] + 0.5
    inner = (x > 4) & (y > 4) & (x < width - 4) & (y < height - 4)  # its border is no window's end alone
    ends = np.zeros((height, width), bool)
    for rect in map(extent, stack.layers):
        across = np.minimum(np.abs(x - rect.x), np.abs(x - rect.x - rect.width)) <= 2
        down = np.minimum(np.abs(y - rect.y), np.abs(y - rect.y - rect.height)) <= 2
        beside = (x > rect.x - 2) & (x < rect.x + rect.width + 2)
        level = (y > rect.y - 2) & (y < rect.y + rect.height + 2)
        ends |= (across & level) | (down & beside)
    assert 0.1 < ends[inner].mean() < 0.9
    error = np.square(missing).mean(2)
    unseen = (2 / 255) ** 2  # what nobody sees, and 8 bits hardly tell
    assert error[ends & inner].mean() < max(unseen, 1.5 * error[~ends & inner].mean())
    steps = np.zeros((height, width))
    steps[:, :-1] += np.square(np.diff(missing, axis=1)).mean(2)
    steps[:-1] += np.square(np.diff(missing, axis=0)).mean(2)
    assert steps[ends & inner].mean() < max(unseen, 1.5 * steps[~ends & inner].mean())


def test_the_same_call_gives_the_same_bytes() -> None:
    again = detailed(bare(edges()), edges(), Goal(layers=8))
    assert dumps(again) == dumps(with_layers(8))


# Pictures of every kind.


@pytest.mark.slow
def test_a_picture_of_twice_the_size_is_laid_over_the_canvas() -> None:
    small, large = edges(), edges(128, 192)
    stack = detailed(bare(small), large, Goal(layers=8))
    assert (stack.canvas.width, stack.canvas.height) == (96, 64)
    assert psnr(stack, large) > psnr(bare(small), large) + 5
    assert psnr(stack, small) > psnr(with_layers(8), small) - 2
    assert all(extent(layer).meets(stack.canvas.rect) for layer in stack.layers)


@pytest.mark.slow
def test_a_picture_longer_than_the_raster_is_seen_in_its_full_length() -> None:
    picture = edges(30, 3 * RASTER_PX // 2)
    stack = detailed(bare(picture), picture, Goal(layers=12))
    right = picture[:, RASTER_PX:]
    before = np.square(right / 255.0 - GREY[0]).mean()
    assert np.square(drawing(stack, picture)[:, RASTER_PX:] - right / 255.0).mean() < before / 2


def test_another_aspect_is_refused() -> None:
    with pytest.raises(PictureError, match="64 x 64"):
        detailed(bare(edges()), edges(64, 64), Goal(layers=2))


@pytest.mark.parametrize("goal", [Goal(layers=20), Goal(psnr=60), Goal(budget_bytes=5000)], ids=str)
def test_a_picture_that_is_the_canvas_needs_no_detail(goal: Goal) -> None:
    picture = np.full((53, 37, 3), 51, np.uint8)
    stack = detailed(bare(picture, (0.2, 0.2, 0.2)), picture, goal)
    assert stack.layers == ()
    assert stack.metrics["psnr"] >= 60


@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 5), (3, 200), (200, 3)])
def test_thin_pictures_come_closer(height: int, width: int) -> None:
    picture = noise(height, width) // 4 + 128
    stack = detailed(bare(picture, (0.0, 0.0, 0.0)), picture, Goal(layers=6))
    assert 1 <= len(stack.layers) <= 6
    assert psnr(stack, picture) > psnr(bare(picture, (0.0, 0.0, 0.0)), picture) + 5


def test_a_transparent_picture_is_the_background_behind_it() -> None:
    clear = np.zeros((20, 31, 4), np.uint8)
    white = np.full((20, 31, 3), 255, np.uint8)
    over_white = detailed(bare(clear), clear, Goal(layers=4), background=(1.0, 1.0, 1.0))
    assert over_white.layers == detailed(bare(white), white, Goal(layers=4)).layers
    assert len(over_white.layers) == 4
    assert detailed(bare(clear, (0.0, 0.0, 0.0)), clear, Goal(layers=4)).layers == ()


# What is refused, and what is reported.


def test_a_goal_below_the_layers_that_there_are_is_refused() -> None:
    with pytest.raises(UsageError, match=r"layers must be at least 3, which there are already, not 2"):
        detailed(masks_below(), edges(53, 37), Goal(layers=2))


@pytest.mark.slow
def test_a_budget_below_the_layers_that_there_are_is_refused() -> None:
    with pytest.raises(UsageError, match=r"budget_bytes must be at least the [0-9],[0-9]{3} bytes"):
        detailed(masks_below(), edges(53, 37), Goal(budget_bytes=1024))


@pytest.mark.parametrize("effort", ["slow", "", "FAST", 0, -3.0])
def test_an_effort_that_is_none_is_refused_with_those_there_are(effort: Any) -> None:
    with pytest.raises(UsageError, match=", ".join(EFFORTS)):
        detailed(bare(edges()), edges(), Goal(layers=2), effort)


def test_a_device_that_is_not_there_is_refused() -> None:
    with pytest.raises(DeviceError):
        add_detail(bare(edges()), edges(), Goal(layers=2), device=f"cuda:{torch.cuda.device_count()}")


@pytest.mark.slow
@pytest.mark.parametrize("goal", [Goal(layers=8), Goal(psnr=19), Goal(budget_bytes=3500), Goal(8, 50, 9000)], ids=str)
def test_progress_goes_up_to_1_and_never_back(goal: Goal) -> None:
    seen: list[Progress] = []
    detailed(bare(edges()), edges(), goal, report=seen.append)
    shares, found = [progress.share for progress in seen], [progress.psnr for progress in seen]
    assert len(seen) > 3
    assert all(0 <= share <= 1 for share in shares)
    assert shares == sorted(shares)
    assert found == sorted(found)
    assert shares[-1] == 1
