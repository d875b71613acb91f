import numpy as np
import pytest
import torch

from vecstack.drawing import strips
from vecstack.drawing.fast import FastPainter
from vecstack.drawing.patches import Compiler
from vecstack.drawing.render import render, rows
from vecstack.drawing.viewport import Viewport
from vecstack.errors import DeviceError, UsageError
from vecstack.geometry import Rect

PART = Viewport(Rect(7.25, 12.5, 11.0, 17.0), 165, 255)
PAST = Viewport(Rect(-8.5, 5.25, 50.0, 70.0), 170, 238)  # past the canvas on three sides


def narrow(most_columns):
    """A class of painters that have no room for more columns, and the numbers of columns that were drawn."""
    drawn = []

    class Narrow(FastPainter):
        def __call__(self, xs, ys):
            if len(xs) > most_columns:
                raise torch.cuda.OutOfMemoryError("no room")
            drawn.append(len(xs))
            return super().__call__(xs, ys)

    return Narrow, drawn


@pytest.mark.slow
def test_every_height_of_the_strips_and_count_of_threads_gives_the_same_bytes(mixed, threads):
    viewport = Viewport(Rect(5.0, 20.0, 4.0, 16.0), 75, 300)
    expected = render(mixed, viewport=viewport, transparent=True, device="cpu")
    for count, strip_rows in [(1, 64), (1, 128), (2, 1024)]:
        torch.set_num_threads(count)
        parts = list(rows(mixed, viewport, transparent=True, device="cpu", strip_rows=strip_rows))
        assert len(parts) == -(-300 // strip_rows)
        assert np.array_equal(np.concatenate(parts), expected)


@pytest.mark.slow
def test_pictures_wider_than_a_band_are_drawn_whole(mixed, monkeypatch):
    expected = render(mixed, 200, device="cpu").astype(int)
    monkeypatch.setattr(strips, "BAND_COLUMNS", 50)
    off = np.abs(render(mixed, 200, device="cpu") - expected)
    assert off.max() <= 1  # float32 sums over parts of other shapes
    assert (off > 0).mean() < 0.001


@pytest.mark.slow
@pytest.mark.parametrize("transparent", [False, True])
def test_what_does_not_fit_a_device_is_drawn_in_narrower_parts(mixed, transparent, monkeypatch):
    viewport = Viewport(Rect(1.0, 20.0, 30.0, 3.0), 1001, 100)
    expected = render(mixed, viewport=viewport, transparent=transparent, device="cpu").astype(int)
    painter, drawn = narrow(300)
    monkeypatch.setattr(strips, "FastPainter", painter)
    picture = render(mixed, viewport=viewport, transparent=transparent, device="cpu")
    off = np.abs(picture - expected)
    assert off.max() <= 1  # float32 sums over parts of other shapes
    assert (off > 0).mean() < 0.001
    assert drawn == [250, 250, 250, 251] * 2


def test_a_device_without_room_for_256_columns_is_a_device_error(mixed, monkeypatch):
    monkeypatch.setattr(strips, "FastPainter", narrow(200)[0])
    with pytest.raises(DeviceError, match="out of memory"):
        render(mixed, viewport=Viewport(PART.region, 1000, 70), device="cpu")


def test_a_device_without_room_for_compiling_is_a_device_error(mixed, monkeypatch):
    def full(*_):
        raise torch.cuda.OutOfMemoryError("no room")

    monkeypatch.setattr(Compiler, "run", full)
    with pytest.raises(DeviceError, match="out of memory"):
        rows(mixed, Viewport.of_region(mixed.canvas.rect, size=200), device="cpu")


EDGE = Viewport(Rect(-3.5, 8.25, 30.0, 41.0), 131, 150)  # blocks of 64 x 64 leave rests of 3 and 22


@pytest.mark.slow
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("transparent", [False, True])
def test_every_height_of_the_strips_gives_the_same_bits(stack, depth, transparent):
    whole = render(stack, viewport=EDGE, depth=depth, transparent=transparent, device="cpu")
    assert whole.shape == (150, 131, 4 if transparent else 3)
    for strip_rows, heights in [(1, [64, 64, 22]), (65, [128, 22]), (1000, [150])]:
        options = {"depth": depth, "transparent": transparent, "device": "cpu", "strip_rows": strip_rows}
        parts = list(rows(stack, EDGE, **options))
        assert [len(part) for part in parts] == heights
        assert np.array_equal(np.concatenate(parts), whole)


@pytest.mark.slow
def test_every_count_of_threads_gives_the_same_pixels(stack, threads):
    pictures = []
    for count in (1, 2):
        torch.set_num_threads(count)
        pictures.append(render(stack, 150, device="cpu"))
    assert np.array_equal(*pictures)


def test_drawing_leaves_the_threads_and_gradients_as_they_were(stack):
    before = torch.get_num_threads()
    for _ in rows(stack, EDGE, device="cpu"):
        assert torch.is_grad_enabled()
        assert not torch.is_inference_mode_enabled()
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(
    ("options", "error"), [({"depth": 7}, UsageError), ({"strip_rows": 0}, UsageError), ({"device": "x"}, DeviceError)]
)
def test_rows_refuses_before_the_first_strip(stack, options, error):
    with pytest.raises(error):
        rows(stack, EDGE, **{"device": "cpu"} | options)


def test_a_device_that_runs_out_of_memory_is_a_device_error(stack, monkeypatch):
    def full(*_):
        raise torch.cuda.OutOfMemoryError("no room")

    monkeypatch.setattr(strips, "exact_painter", lambda *_, **__: full)
    with pytest.raises(DeviceError, match="out of memory"):
        render(stack, device="cpu")
