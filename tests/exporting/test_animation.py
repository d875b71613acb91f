from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from tests.exporting.conftest import BLUE, CANVAS, RED
from tests.helpers import block, psnr
from vecstack import Stack, render
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.animation import Pace, frame_files, to_apng, to_gif, to_webp
from vecstack.geometry import Affine, Rect
from vecstack.stack import UnknownLayer

Make = Callable[..., bytes]


def frames(data: bytes) -> tuple[list[np.ndarray], list[int], Any]:
    """The frames, how long each is shown in milliseconds, and how often all are."""
    with Image.open(io.BytesIO(data)) as image:
        found, times = [], []
        for index in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(index)
            found.append(np.asarray(image.convert("RGB")))
            times.append(image.info.get("duration"))
        return found, times, image.info.get("loop")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stack", "mixed", "painted"])
def test_a_webp_builds_the_stack_up_exactly(stacks: Callable[[str], Stack], name: str) -> None:
    stack = stacks(name)
    found, times, loop = frames(to_webp(stack, size=106, device="cpu"))
    seen = [layer for layer in stack.layers if layer.is_seen]
    assert (len(found), loop) == (len(seen) + 1, 0)
    assert times == [300] * len(seen) + [2000]
    for count in (0, len(seen)):
        assert (found[count] == render(stack.with_layers(seen[:count]), 106, device="cpu")).all()
    for count in range(1, len(seen)):
        wanted = render(stack.with_layers(seen[:count]), 106, device="cpu").astype(int)
        assert np.abs(found[count] - wanted).max() <= 1


def test_a_webp_of_a_transparent_canvas_builds_up_over_nothing() -> None:
    glass = dataclasses.replace(BLUE, id="glass", opacity=0.5)
    stack = Stack(dataclasses.replace(CANVAS, transparent=True), (RED, glass, BLUE))
    found = []
    with Image.open(io.BytesIO(to_webp(stack, size=106, device="cpu"))) as image:
        for index in range(4):
            image.seek(index)
            found.append(np.asarray(image.convert("RGBA")).astype(int))
    for count, pixels in enumerate(found):
        wanted = render(stack.with_layers(stack.layers[:count]), 106, device="cpu").astype(int)
        assert np.abs(pixels[..., 3] - wanted[..., 3]).max() <= 1
        solid = wanted[..., 3] > 250
        assert np.abs(pixels - wanted)[solid].max(initial=0) <= 2


def test_a_gif_of_a_transparent_canvas_shows_its_background() -> None:
    opaque = Stack(CANVAS, (RED, BLUE))
    clear = dataclasses.replace(opaque, canvas=dataclasses.replace(CANVAS, transparent=True))
    assert to_gif(clear, size=53, device="cpu") == to_gif(opaque, size=53, device="cpu")


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stack", "mixed", "painted", "digit"])
def test_a_gif_is_nearly_the_same(stacks: Callable[[str], Stack], name: str) -> None:
    stack = stacks(name)
    found, times, loop = frames(to_gif(stack, size=212, device="cpu"))
    assert loop == 0
    assert times[-1] == 2000
    for index, wanted in ((0, stack.with_layers([])), (-1, stack)):
        expected = render(wanted, 212, device="cpu")
        assert psnr(found[index], expected) > 29
        seen, meant = (gaussian_filter(pixels.astype(float), (1, 1, 0)) for pixels in (found[index], expected))
        assert psnr(seen, meant) > 40  # as an eye sees it, which does not see a dither


@pytest.mark.slow
def test_the_long_side_is_512_pixels_if_nothing_is_said(stack: Stack) -> None:
    assert frames(to_webp(stack, device="cpu"))[0][0].shape == (512, 357, 3)


@pytest.mark.parametrize("make", [to_gif, to_webp, to_apng])
@pytest.mark.parametrize("pace", [Pace(duration=700), Pace(seconds=1.4)])
def test_durations_are_heeded(make: Make, pace: Pace) -> None:
    _, times, _ = frames(make(Stack(CANVAS, (RED, BLUE)), size=53, pace=pace, device="cpu"))
    assert times == [700, 700, 3500]


@pytest.mark.parametrize("make", [to_gif, to_webp])
def test_the_bytes_are_the_same_each_time(make: Make, mixed: Stack) -> None:
    assert make(mixed, size=53, device="cpu") == make(mixed, size=53, device="cpu")


@pytest.mark.parametrize("make", [to_gif, to_webp])
def test_a_stack_of_which_nothing_is_seen_is_one_frame(make: Make) -> None:
    for layers in ((), (dataclasses.replace(RED, visible=False), dataclasses.replace(BLUE, opacity=0.0))):
        found, _, _ = frames(make(Stack(CANVAS, layers), size=53, device="cpu"))
        assert len(found) == 1
        assert (found[0] == (230, 102, 26)).all()


@pytest.fixture(scope="module")
def stripes() -> Stack:
    """A stack of 40 translucent layers, some of them hidden, side by side."""
    layers = (
        dataclasses.replace(
            block(str(index), Rect(index % 37, index % 20, 3.0, 30.0), (1 - index / 39, 0.5, index / 39)),
            opacity=0.7,
            visible=index % 10 != 3,
        )
        for index in range(40)
    )
    return Stack(CANVAS, tuple(layers))


def test_many_layers_come_several_at_once_and_ever_more(stripes: Stack) -> None:
    seen = [layer for layer in stripes.layers if layer.visible]
    pace = Pace(frames=7)
    assert pace.counts(len(seen)) == [0, 1, 4, 9, 16, 25, 36]
    found, times, _ = frames(to_webp(stripes, size=53, pace=pace, device="cpu"))
    assert times == [300] * 6 + [2000]
    for count, pixels in zip(pace.counts(len(seen)), found, strict=True):
        wanted = render(Stack(CANVAS, tuple(seen[:count])), 53, device="cpu").astype(int)
        assert np.abs(pixels - wanted).max() <= 1
    assert (found[-1] == render(stripes, 53, device="cpu")).all()


@pytest.mark.parametrize("layers", [0, 1, 2, 99, 100, 101, 150, 4000])
def test_each_frame_shows_more_layers_and_the_last_all(layers: int) -> None:
    counts = Pace().counts(layers)
    assert (counts[0], counts[-1]) == (0, layers)
    assert all(one < other for one, other in pairwise(counts))
    assert len(counts) == min(layers + 1, 100)
    assert sum(Pace().durations(len(counts))[:-1]) <= 8000


def test_an_apng_has_the_frames_of_a_webp(stripes: Stack) -> None:
    pace = Pace(frames=9)
    (found, *_), (wanted, *_) = (frames(make(stripes, size=53, pace=pace, device="cpu")) for make in (to_apng, to_webp))
    assert (np.array(found) == np.array(wanted)).all()


def test_frames_are_pictures_and_a_list_of_them(stripes: Stack) -> None:
    files = dict(frame_files(stripes, size=53, pace=Pace(frames=5, duration=40), device="cpu"))
    listed = json.loads(files.pop("layers.json"))
    assert list(files) == [frame["file"] for frame in listed["frames"]] == [f"frame-00{n}.png" for n in range(1, 6)]
    assert [frame["layers"] for frame in listed["frames"]] == [0, 2, 9, 20, 36]
    assert [frame["milliseconds"] for frame in listed["frames"]] == [40] * 4 + [2000]
    assert (listed["width"], listed["height"]) == (37, 53)
    assert (np.asarray(Image.open(io.BytesIO(files["frame-005.png"]))) == render(stripes, 53, device="cpu")).all()


@pytest.mark.parametrize("make", [to_gif, to_webp])
def test_unknown_kinds_are_left_out(make: Make) -> None:
    strange = UnknownLayer(id="strange", unknown_kind="hologram", transform=Affine.of_frame(CANVAS.rect))
    plain = Stack(CANVAS, (RED,))
    assert make(Stack(CANVAS, (strange, RED)), size=53, device="cpu") == make(plain, size=53, device="cpu")
    with pytest.raises(ExportError, match="none of the layers is of a kind"):
        make(Stack(CANVAS, (strange,)), device="cpu")


@pytest.mark.parametrize("make", [to_gif, to_webp])
@pytest.mark.parametrize(
    ("size", "message"),
    [
        (0, "^size must be above 0"),
        (20_000, "2 frames of 13,962 x 20,000 px is too large; use a smaller `size`"),
        (16_000, "2 frames of 11,170 x 16,000 px is too large"),
    ],
)
def test_sizes_that_cannot_be_meant_are_refused(make: Make, size: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(Stack(CANVAS, (RED,)), size=size, device="cpu")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duration": 0}, "duration must be 20 to 60,000 ms, not 0"),
        ({"duration": 10**9}, "duration must be"),
        ({"seconds": 0.0}, "seconds must be above 0"),
        ({"seconds": float("nan")}, "seconds must be above 0"),
        ({"seconds": 1.0, "duration": 40}, "leave one out"),
        ({"frames": 1}, "frames must be 2 to 1,000, not 1"),
    ],
)
def test_a_pace_that_cannot_be_meant_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Pace(**options)
