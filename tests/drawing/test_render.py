import dataclasses

import numpy as np
import pytest
import torch

from vecstack.drawing import strips
from vecstack.drawing.exact import prepare
from vecstack.drawing.file import render_to_file
from vecstack.drawing.plan import Plan
from vecstack.drawing.render import render, render_plan
from vecstack.drawing.viewport import Viewport
from vecstack.errors import DeviceError, UsageError
from vecstack.geometry import Affine, Rect
from vecstack.pictures import layout

CPU = torch.device("cpu")
EDGE = Viewport(Rect(-3.5, 8.25, 30.0, 41.0), 131, 150)  # blocks of 64 x 64 leave rests of 3 and 22


def moved(layer, x, y):
    """The layer, shifted by so many canvas units."""
    old = layer.transform
    return dataclasses.replace(layer, transform=dataclasses.replace(old, c=old.c + x, f=old.f + y))


def nearly_equal(one, two):
    """Whether two pictures agree as float32 sums over blocks of other shapes do: at most one level, rarely."""
    difference = np.abs(one.astype(int) - two.astype(int))
    return difference.max() <= 1 and (difference > 0).mean() < 0.001


def test_the_default_picture_has_a_pixel_for_each_canvas_unit(stack):
    picture = render(stack, device="cpu")
    assert picture.shape == (53, 37, 3)
    assert picture.dtype == np.uint8


def test_size_is_the_long_side(stack):
    assert render(stack, 106, device="cpu").shape == (106, 74, 3)
    assert render(stack, 20, device="cpu").shape == (20, 14, 3)


def test_a_pixel_is_the_colour_at_its_centre(stack):
    picture = render(stack, viewport=EDGE, device="cpu")
    colors_at = prepare(stack, CPU)
    for row, column in [(0, 0), (149, 130), (63, 64), (64, 63), (100, 5), (0, 130)]:
        centre = [[-3.5 + (column + 0.5) * 30 / 131, 8.25 + (row + 0.5) * 41 / 150]]
        color = colors_at(torch.tensor(centre, dtype=torch.float64), 1.0)[:3, 0].numpy()
        assert np.abs(color * 255 - picture[row, column]).max() <= 0.501  # the rounding, and float32


def test_pictures_of_any_size_show_the_same_place(stack):
    # Samples at pixel centres: the mean over the 3 x 3 centres of a pixel is its own centre's colour, to second order.
    smooth = dataclasses.replace(stack, layers=stack.layers[:1])
    once, thrice = (render(smooth, 53 * scale, depth=16, exact=True, device="cpu") / 65535 for scale in (1, 3))
    assert (thrice[1::3, 1::3] == once).mean() > 0.999
    means = thrice.reshape(53, 3, 37, 3, 3).mean((1, 3))
    assert np.abs(means - once).mean() < 0.002
    half_a_pixel_off = np.abs(means[:, 1:] - once[:, :-1]).mean()
    assert half_a_pixel_off > 5 * np.abs(means - once).mean()


def test_a_region_is_the_crop_of_the_whole(stack):
    whole = render(stack, 106, exact=True, device="cpu")
    part = render(stack, viewport=Viewport(Rect(4, 9, 20, 30), 40, 60), exact=True, device="cpu")
    assert nearly_equal(part, whole[18:78, 8:48])


def test_a_region_may_reach_past_the_canvas(stack):
    wide = render(stack, viewport=Viewport(Rect(-10, -20, 60, 90), 60, 90), device="cpu")
    assert nearly_equal(wide[20:73, 10:47], render(stack, device="cpu"))


def test_moved_layers_move_the_picture(stack):
    shifted = dataclasses.replace(stack, layers=tuple(moved(layer, 5, 7) for layer in stack.layers))
    assert nearly_equal(render(shifted, device="cpu")[7:, 5:], render(stack, device="cpu")[:-7, :-5])


def test_a_deep_zoom_still_tells_pixels_apart(stack):
    viewport = Viewport(Rect(12.3, 40.7, 1e-5, 1e-5), 50, 50)
    edge = dataclasses.replace(stack.layers[0], transform=Affine(1e-5, 0, 12.300005, 0, 1e-5, 40.700005))
    zoomed = dataclasses.replace(stack, layers=(edge,))
    at_home = dataclasses.replace(stack, layers=(dataclasses.replace(edge, transform=Affine(1, 0, 0, 0, 1, 0)),))
    plain = render(at_home, viewport=Viewport(Rect(-0.5, -0.5, 1, 1), 50, 50), device="cpu")
    assert np.abs(render(zoomed, viewport=viewport, device="cpu").astype(int) - plain).max() <= 1
    assert len(np.unique(plain.reshape(-1, 3), axis=0)) > 20


def test_pixels_need_not_be_square(stack):
    tall = render(stack, viewport=Viewport(stack.canvas.rect, 37, 159), device="cpu")
    assert nearly_equal(tall[1::3], render(stack, device="cpu"))


def test_a_transparent_picture_over_the_background_is_the_opaque_one(stack):
    opaque = render(stack, depth=16, device="cpu") / 65535
    clear = render(stack, depth=16, transparent=True, device="cpu") / 65535
    coverage = clear[..., 3:]
    composed = clear[..., :3] * coverage + np.array(stack.canvas.background) * (1 - coverage)
    assert 0 < coverage.min() < coverage.max()
    assert np.abs(composed - opaque).max() < 3 / 65535


def test_a_transparent_canvas_is_drawn_with_alpha_unless_told(stack):
    clear = dataclasses.replace(stack, canvas=dataclasses.replace(stack.canvas, transparent=True))
    for size in (20, 106):  # drawn exactly, and compiled
        assert np.array_equal(render(clear, size, device="cpu"), render(stack, size, transparent=True, device="cpu"))
        assert np.array_equal(render(clear, size, transparent=False, device="cpu"), render(stack, size, device="cpu"))
    assert render_plan(clear, EDGE, device="cpu") == render_plan(stack, EDGE, transparent=True, device="cpu")


def test_a_transparent_picture_without_layers_is_empty(stack):
    assert not render(dataclasses.replace(stack, layers=()), transparent=True, device="cpu").any()


def test_16_bits_agree_with_8(stack):
    fine, coarse = (render(stack, depth=depth, device="cpu") for depth in (16, 8))
    assert fine.dtype == np.uint16
    assert np.abs(fine / 257 - coarse).max() < 0.502  # half a level of 8 bits, and half of 16
    assert len(np.unique(fine)) > 256


def test_black_and_white_take_the_whole_range(stack):
    for depth in (8, 16):
        white = dataclasses.replace(stack.canvas, background=(1.0, 0.0, 1.0))
        picture = render(dataclasses.replace(stack, canvas=white, layers=()), depth=depth, device="cpu")
        assert (picture == [2**depth - 1, 0, 2**depth - 1]).all()


def test_progress_counts_rows_to_the_last(stack):
    calls = []
    render(stack, viewport=EDGE, device="cpu", progress=lambda done, total: calls.append((done, total)))
    assert calls == [(64, 150), (128, 150), (150, 150)]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": 10, "viewport": EDGE}, "size and viewport exclude each other"),
        ({"depth": 12}, "^depth must be 8 or 16, not 12"),
        ({"size": 1_000_001}, "1,000,000"),
        ({"size": 0}, "must be above 0"),
        ({"viewport": Viewport(EDGE.region, 10, 0)}, "sides must be 1 to 1,000,000 px, not 10 x 0"),
    ],
)
def test_a_request_that_cannot_be_meant_is_a_usage_error(stack, options, message):
    with pytest.raises(UsageError, match=message):
        render(stack, device="cpu", **options)


@pytest.mark.slow
def test_a_picture_past_the_memory_is_refused_with_the_way_out(stack, monkeypatch):
    def full(*_):
        raise MemoryError

    monkeypatch.setattr(strips.np, "empty", full)
    with pytest.raises(
        UsageError, match=r"500,000 px need 3,000 GB, more than this machine's memory; make it smaller\.$"
    ):
        render(stack, viewport=Viewport(EDGE.region, 1_000_000, 500_000), depth=16, device="cpu")


def test_a_picture_past_the_memory_is_refused_where_the_system_would_promise_it(stack, monkeypatch):
    monkeypatch.setattr(layout, "memory_bytes", lambda: 100 * 200 * 3 - 1)
    with pytest.raises(UsageError, match=r"200 x 100 px need 0 GB, more than this machine's memory"):
        render(stack, viewport=Viewport(EDGE.region, 200, 100), device="cpu")
    assert render(stack, viewport=Viewport(EDGE.region, 199, 100), device="cpu").shape == (100, 199, 3)
    monkeypatch.undo()
    assert layout.memory_bytes() > 1 << 28


def test_a_file_that_needs_the_memory_of_the_picture_names_those_that_do_not(stack, tmp_path, monkeypatch):
    monkeypatch.setattr(layout, "memory_bytes", lambda: 100)
    with pytest.raises(UsageError, match=r"make it smaller, or write PNG or TIFF, which need little memory\.$"):
        render_to_file(stack, tmp_path / "large.jpg", EDGE, device="cpu")
    render_to_file(stack, tmp_path / "large.png", EDGE, device="cpu")


# What drawing takes


def test_pictures_of_one_block_alone_are_planned_to_be_drawn_exactly(stack):
    for width, height in [(37, 53), (64, 64), (4096, 1)]:
        found = render_plan(stack, Viewport(EDGE.region, width, height), device="cpu")
        assert found == Plan(exact_layers=4, evaluations=4 * width * height)
    assert render_plan(stack, Viewport(EDGE.region, 65, 64), device="cpu").exact_layers == 0


def test_the_plan_of_a_larger_picture_has_its_layers_compiled(stack):
    found = render_plan(stack, EDGE, device="cpu")
    assert (found.compiled_layers, found.exact_layers, found.grid_layers) == (4, 0, 0)
    assert found.patches > 0
    assert found.patch_bytes >= 4 * 144 * found.patches  # one channel of 12 x 12 numbers and more
    assert 0 < found.evaluations < 20 * EDGE.width_px * EDGE.height_px


def test_a_plan_without_layers_is_nothing(stack):
    assert render_plan(dataclasses.replace(stack, layers=()), EDGE, device="cpu") == Plan()


@pytest.mark.parametrize(("options", "error"), [({"depth": 7}, UsageError), ({"device": "x"}, DeviceError)])
def test_a_plan_is_refused_as_the_picture_is(stack, options, error):
    with pytest.raises(error):
        render_plan(stack, EDGE, **{"device": "cpu"} | options)
