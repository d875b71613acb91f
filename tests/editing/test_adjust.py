"""vecstack.adjust: pixels of a picture change where masks are."""

from __future__ import annotations

import dataclasses
import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from tests.drawing.conftest import mixed, stack
from vecstack import Canvas, Stack, render
from vecstack.color import to_oklab
from vecstack.drawing.viewport import Viewport
from vecstack.editing.adjust import LIMITS, Adjustment, adjust
from vecstack.errors import DocumentError, PictureError, UsageError
from vecstack.geometry import Affine, Rect
from vecstack.kinds.spline.layer import SplineLayer
from vecstack.stack import UnknownLayer

__all__ = ["mixed", "stack"]

WIDTH, HEIGHT = 37, 53
CANVAS = Canvas(WIDTH, HEIGHT)
BRIGHTER = Adjustment(brightness=0.5)


def block(layer_id: str, rect: Rect, **fields: Any) -> SplineLayer:
    """A layer that covers a rectangle, with soft edges, and nothing outside it."""
    surface = ((20.0,) * 4,) * 4
    return SplineLayer(
        id=layer_id, color=(1.0, 0.0, 0.0), surface=surface, transform=Affine.of_frame(rect), window=0.1, **fields
    )


LEFT = block("left", Rect(4.0, 6.0, 14.0, 30.0), name="The left one")
RIGHT = block("right", Rect(14.0, 20.0, 20.0, 25.0), opacity=0.0, visible=False)
TWO = Stack(CANVAS, (LEFT, RIGHT))
EVERYWHERE = Stack(CANVAS, (block("all", Rect(-200.0, -200.0, 437.0, 453.0)),))


def noise(dtype: type, channels: int = 3) -> np.ndarray:
    most = np.iinfo(dtype).max
    return np.random.default_rng(1).integers(0, most + 1, (HEIGHT, WIDTH, channels), dtype=dtype)


def coverage(stack: Stack, viewport: Viewport | None = None) -> np.ndarray:
    """The mask of all layers of a stack, each alone: 1 minus the product of what they let through."""
    light = 1.0
    for layer in stack.layers:
        alone = stack.with_layers([dataclasses.replace(layer, opacity=1.0, visible=True)])
        light = light * (1 - render(alone, viewport=viewport, transparent=True, depth=16, device="cpu")[..., 3] / 65535)
    return 1 - light


def test_pixels_change_as_far_as_the_masks_together_say(mixed: Stack) -> None:
    picture = noise(np.uint16)
    adjustment = Adjustment(brightness=-0.4, contrast=0.3, saturation=0.5, hue=70)
    old = picture / 65535
    new = adjustment(old.reshape(-1, 3).astype(np.float32)).reshape(old.shape)
    wanted = old + coverage(mixed)[..., None] * (new - old)
    found = adjust(picture, mixed, "*", adjustment, device="cpu")
    assert np.abs(found / 65535 - wanted).max() < 1 / 255  # drawn twice, each within half a step of 8 bits
    assert np.abs(found / 65535 - wanted).mean() < 1e-4


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_where_no_mask_is_the_pixels_are_those_of_the_picture(dtype: type) -> None:
    picture, outside = noise(dtype), coverage(TWO) == 0
    found = adjust(picture, TWO, "*", Adjustment(brightness=0.5, blur=2.0), device="cpu")
    assert found.dtype == dtype
    assert outside.sum() > 500
    assert (found[outside] == picture[outside]).all()
    assert (found[~outside] != picture[~outside]).any(1).mean() > 0.9


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_alpha_stays_as_it_is(dtype: type) -> None:
    picture = noise(dtype, 4)
    found = adjust(picture, TWO, "*", Adjustment(brightness=0.5, blur=2.0), device="cpu")
    assert (found[..., 3] == picture[..., 3]).all()
    assert (found != picture).any()


def test_the_inverted_selection_is_all_the_rest() -> None:
    picture, mask = noise(np.uint16), coverage(TWO)
    inside = adjust(picture, TWO, "*", BRIGHTER, device="cpu").astype(int)
    outside = adjust(picture, TWO, "*", BRIGHTER, invert=True, device="cpu").astype(int)
    everywhere = adjust(picture, EVERYWHERE, "*", BRIGHTER, device="cpu").astype(int)
    assert (outside[mask == 1] == picture[mask == 1]).all()
    assert np.abs((inside - picture) + (outside - picture) - (everywhere - picture)).max() <= 2


def test_layers_are_selected_as_in_edit_and_how_they_are_seen_does_not_matter() -> None:
    picture = noise(np.uint8)
    for selection, layers in (("left", [LEFT]), ("The left one", [LEFT]), ("2", [RIGHT]), ("1-2", [LEFT, RIGHT])):
        changed = (adjust(picture, TWO, selection, BRIGHTER, device="cpu") != picture).any(-1)
        assert changed[coverage(Stack(CANVAS, tuple(layers))) > 0.9].mean() > 0.95
        assert not changed[coverage(Stack(CANVAS, tuple(layers))) == 0].any()


def test_masks_are_drawn_at_the_size_of_the_picture() -> None:
    large = np.full((3 * HEIGHT, 3 * WIDTH, 3), 100, np.uint8)
    found = adjust(large, TWO, "*", BRIGHTER, device="cpu")
    mask = coverage(TWO, Viewport(CANVAS.rect, 3 * WIDTH, 3 * HEIGHT))
    assert found.shape == large.shape
    bright = BRIGHTER(np.full((1, 3), 100 / 255, np.float32))[0, 0] * 255
    assert np.abs(found[..., 0] - (100 + mask * (bright - 100))).max() < 1


@pytest.mark.parametrize(
    "adjustment",
    [Adjustment(hue=120), Adjustment(saturation=1), Adjustment(saturation=-0.6), Adjustment(tint="#1e90ff")],
)
def test_colours_change_and_their_lightness_stays(adjustment: Adjustment) -> None:
    picture = noise(np.uint16)
    found = adjust(picture, EVERYWHERE, "all", adjustment, device="cpu")
    before, after = (to_oklab(pixels.reshape(-1, 3) / 65535) for pixels in (picture, found))
    assert np.abs(before[:, 0] - after[:, 0]).max() < 1e-3
    assert np.abs(before[:, 1:] - after[:, 1:]).mean() > 0.02


def test_without_saturation_all_is_grey_and_grey_has_no_hue() -> None:
    found = adjust(noise(np.uint8), EVERYWHERE, "*", Adjustment(saturation=-1), device="cpu").astype(int)
    assert (found.max(2) - found.min(2)).max() <= 1
    grey = np.repeat(noise(np.uint8, 1), 3, 2)
    for adjustment in (Adjustment(hue=100), Adjustment(saturation=1)):
        assert (adjust(grey, EVERYWHERE, "*", adjustment, device="cpu") == grey).all()


def test_a_full_turn_changes_nothing() -> None:
    picture = noise(np.uint8)
    assert (adjust(picture, EVERYWHERE, "*", Adjustment(hue=360), device="cpu") == picture).all()


def test_a_tint_has_the_hue_of_its_colour() -> None:
    points = to_oklab(adjust(noise(np.uint16), EVERYWHERE, "*", Adjustment(tint="#ff8040"), device="cpu") / 65535.0)
    wanted = to_oklab(np.array([[1.0, 128 / 255, 64 / 255]]))[0]
    strong = np.hypot(points[..., 1], points[..., 2]) > 0.03
    angles = np.arctan2(points[strong][:, 2], points[strong][:, 1])
    assert strong.mean() > 0.9
    assert np.abs(angles - math.atan2(wanted[2], wanted[1])).max() < 0.02
    faint = Adjustment(tint="#ff8040", tint_strength=0.25)
    assert np.abs(faint(np.full((1, 3), 0.5, np.float32)) - 0.5).max() > 0.02


@pytest.mark.parametrize("name", ["brightness", "contrast"])
@pytest.mark.parametrize("amount", [-0.7, 0.3, 1.0])
def test_curves_keep_the_order_of_values_and_brightness_their_ends(name: str, amount: float) -> None:
    ramp = np.repeat(np.linspace(0, 1, 256, dtype=np.float32)[:, None], 3, 1)
    found = Adjustment(**{name: amount})(ramp)[:, 0]
    assert (np.diff(found) >= 0).all()
    if name == "brightness" or amount > 0:
        assert found[[0, -1]].tolist() == [0, 1]
    middle = found[127] - ramp[127, 0]
    assert np.sign(round(float(middle), 1)) == (np.sign(amount) if name == "brightness" else 0)
    slope = (found[140] - found[116]) / (ramp[140, 0] - ramp[116, 0])
    assert name == "brightness" or (slope > 1) == (amount > 0)


def test_the_least_contrast_is_middle_grey() -> None:
    assert np.ptp(adjust(noise(np.uint8), EVERYWHERE, "*", Adjustment(contrast=-1), device="cpu")) == 0


@pytest.mark.parametrize("sigma", [0.3, 1.7, 6.0, 30.0])
def test_a_blur_is_a_gaussian_and_bands_do_not_show(sigma: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(adjust.__globals__, "BAND_PX", 64)
    picture = np.random.default_rng(2).integers(0, 65536, (HEIGHT * 3, WIDTH * 3, 3), dtype=np.uint16)
    found = adjust(picture, EVERYWHERE, "*", Adjustment(blur=sigma), device="cpu")
    reach = math.ceil(3 * sigma)
    wanted = gaussian_filter(picture / 65535, (sigma, sigma, 0), mode="nearest", radius=(reach, reach, 0))
    assert np.abs(found / 65535 - wanted).max() < 2e-5


def test_hidden_colours_do_not_bleed_into_a_blur() -> None:
    picture = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    picture[..., :] = (255, 0, 0, 0)
    picture[:, :20] = (0, 0, 255, 255)
    found = adjust(picture, EVERYWHERE, "*", Adjustment(blur=4.0), device="cpu")
    assert (found[:, :20] == (0, 0, 255, 255)).all()


def test_the_picture_is_upright(tmp_path: Any) -> None:
    upright = noise(np.uint8)
    turned, file = Image.fromarray(np.rot90(upright).copy()), io.BytesIO()
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(file, "PNG", exif=exif)
    found = adjust(file.getvalue(), TWO, "*", BRIGHTER, device="cpu")
    assert (found == adjust(upright, TWO, "*", BRIGHTER, device="cpu")).all()


@pytest.mark.parametrize("sides", [(37, 53), (370, 530), (18, 26), (19, 27), (1000, 1432), (1, 1), (100, 144)])
def test_a_picture_whose_sides_were_rounded_fits(sides: tuple[int, int]) -> None:
    assert (
        adjust(np.zeros((sides[1], sides[0], 3), np.uint8), TWO, "1", BRIGHTER, device="cpu").shape[:2] == sides[::-1]
    )


@pytest.mark.parametrize("sides", [(53, 37), (37, 37), (370, 500), (1000, 1500)])
def test_a_picture_of_another_shape_is_refused(sides: tuple[int, int]) -> None:
    with pytest.raises(PictureError, match=rf"is {sides[0]} x {sides[1]} and the canvas 37 x 53"):
        adjust(np.zeros((sides[1], sides[0], 3), np.uint8), TWO, "1", BRIGHTER, device="cpu")


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1000.0, 1000.0, "1", None, True])
def test_values_out_of_range_are_refused(name: str, value: Any) -> None:
    with pytest.raises(UsageError, match=rf"^{name} must be "):
        Adjustment(**{name: value})


@pytest.mark.parametrize("nothing", [{}, {"brightness": 0.0}, {"tint": "red", "tint_strength": 0}])
def test_an_adjustment_that_changes_nothing_is_refused(nothing: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"^nothing to adjust; set at least one of"):
        Adjustment(**nothing)


def test_colours_and_layers_that_are_none_are_refused() -> None:
    with pytest.raises(UsageError, match="is not a colour"):
        Adjustment(tint="reddish")
    with pytest.raises(DocumentError, match="nearest are 'left'"):
        adjust(noise(np.uint8), TWO, "lefty", BRIGHTER)
    with pytest.raises(DocumentError, match="no layers whose masks"):
        adjust(noise(np.uint8), Stack(CANVAS), "*", BRIGHTER)
    strange = UnknownLayer(id="strange", unknown_kind="hologram", transform=Affine.of_frame(CANVAS.rect))
    with pytest.raises(DocumentError, match="layer strange is of kind hologram, whose mask this version cannot draw"):
        adjust(noise(np.uint8), Stack(CANVAS, (LEFT, strange)), "1-2", BRIGHTER)
    assert adjust(noise(np.uint8), Stack(CANVAS, (LEFT, strange)), "1", BRIGHTER).shape == (HEIGHT, WIDTH, 3)
