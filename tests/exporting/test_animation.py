from __future__ import annotations

import dataclasses
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from tests.exporting.conftest import BLUE, CANVAS, RED
from tests.helpers import psnr
from vecstack import Stack, render
from vecstack.errors import ExportError, UsageError
from vecstack.exporting.animation import to_gif, to_webp
from vecstack.geometry import Affine
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


@pytest.mark.parametrize("make", [to_gif, to_webp])
def test_durations_are_heeded(make: Make) -> None:
    _, times, _ = frames(make(Stack(CANVAS, (RED, BLUE)), size=53, duration=700, device="cpu"))
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


def test_many_layers_come_several_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vecstack.exporting.animation.MAX_FRAMES", 4)
    layers = tuple(
        dataclasses.replace(RED, id=str(index), color=(1 - index / 9, 0.0, index / 9), opacity=0.5)
        for index in range(8)
    )
    found, _, _ = frames(to_webp(Stack(CANVAS, layers), size=53, device="cpu"))
    assert len(found) == 4
    assert (found[-1] == render(Stack(CANVAS, layers), 53, device="cpu")).all()
    assert np.abs(found[1] - render(Stack(CANVAS, layers[:3]), 53, device="cpu").astype(int)).max() <= 1


@pytest.mark.parametrize("make", [to_gif, to_webp])
def test_unknown_kinds_are_left_out(make: Make) -> None:
    strange = UnknownLayer(id="strange", unknown_kind="hologram", transform=Affine.of_frame(CANVAS.rect))
    plain = Stack(CANVAS, (RED,))
    assert make(Stack(CANVAS, (strange, RED)), size=53, device="cpu") == make(plain, size=53, device="cpu")
    with pytest.raises(ExportError, match="none of the layers is of a kind"):
        make(Stack(CANVAS, (strange,)), device="cpu")


@pytest.mark.parametrize("make", [to_gif, to_webp])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"duration": 0}, "duration must be 20 to 60,000 ms, not 0"),
        ({"duration": 10**9}, "duration must be"),
        ({"size": 0}, "^size must be above 0"),
        ({"size": 20_000}, "2 frames of 13,962 x 20,000 px is too large; use a smaller `size`"),
        ({"size": 16_000}, "2 frames of 11,170 x 16,000 px is too large"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(make: Make, options: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make(Stack(CANVAS, (RED,)), device="cpu", **options)
