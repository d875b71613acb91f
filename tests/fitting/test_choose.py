from __future__ import annotations

import numpy as np
import pytest

from vecstack.fitting.choose import ICON_LAYERS, ICONS, Choice, choose_model
from vecstack.fitting.goal import Goal
from vecstack.models import available_models, load_model
from vecstack.pictures.read import Picture, load_picture


def picture_of(width: int, height: int, channels: int = 3) -> Picture:
    """A picture of noise, or with four channels one that is more or less transparent."""
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels))
    return load_picture(pixels.astype(np.uint8))


@pytest.mark.parametrize(
    ("size", "effort", "name", "reason"),
    [
        ((64, 3), "good", "splines", "a small bitmap of 64 x 3 px"),
        ((3, 64), 5.0, "splines", "a small bitmap of 3 x 64 px"),
        ((64, 3, 4), "good", "paths", "a transparent picture of 64 x 3 px"),
        ((65, 3), "good", "photos", "a picture of 65 x 3 px"),
        ((65, 3, 4), "good", "paths", "a transparent picture of 65 x 3 px"),
        ((8, 8), "sketch", "photos", "a sketch of 8 x 8 px, as predicted"),
        ((65, 3, 4), "sketch", "photos", "a sketch of 65 x 3 px, as predicted"),
    ],
)
def test_small_bitmaps_transparent_pictures_and_photos_are_told_apart(
    size: tuple[int, ...], effort: str | float, name: str, reason: str
) -> None:
    assert choose_model(picture_of(*size), effort) == Choice(name, reason)


@pytest.mark.parametrize(
    ("layers", "detail", "reason"),
    [
        (40, None, "65 x 3 px: of all layers, paths draw most with as many"),
        (None, Goal(psnr=30), "65 x 3 px: of all layers, paths draw most with as many"),
        (40, Goal(40, budget_bytes=5000), "a budget of 5,000 bytes, in which a net would not pay"),
    ],
)
def test_a_count_or_a_goal_is_met_by_paths(layers: int | None, detail: Goal | None, reason: str) -> None:
    assert choose_model(picture_of(65, 3), "good", layers, detail) == Choice("paths", reason)
    assert choose_model(picture_of(64, 3), "good", layers, detail).name == "splines"


def test_what_is_chosen_is_there() -> None:
    names = {entry.name for entry in available_models()}
    for side, effort, layers in ((8, "good", None), (100, "good", None), (8, "sketch", None), (100, "good", 9)):
        assert choose_model(picture_of(side, side), effort, layers).name in names


def test_as_many_layers_of_a_flat_picture_are_sketched_as_its_model_predicts() -> None:
    assert load_model(ICONS, "cpu").maker.max_layers == ICON_LAYERS


def stripes(step: int, noise: int = 0) -> np.ndarray:
    """A picture [96,96,3] with a red square on white, its rows shifted in tone each `step` rows, with some noise."""
    pixels = np.full((96, 96, 3), 250, np.int64)
    pixels[20:70, 20:70] = (200, 30, 40)
    pixels -= (np.arange(96) // step)[:, None, None]
    pixels += np.random.default_rng(0).integers(0, noise + 1, pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8)


def test_a_picture_of_few_even_colours_is_flat_whatever_is_asked_for() -> None:
    picture = load_picture(stripes(100))
    reason = "a flat picture of 96 x 96 px: 98 % even, most in 2 colors"
    for layers, detail in ((None, None), (40, None), (None, Goal(psnr=30)), (None, Goal(budget_bytes=5000))):
        assert choose_model(picture, "good", layers, detail) == Choice("graphic", reason)
    reason = "a sketch of 96 x 96 px, as predicted: 98 % even, most in 2 colors"
    for layers in (None, 10):
        assert choose_model(picture, "sketch", layers) == Choice("icons", reason)
    assert choose_model(picture, "sketch", 11).name == "photos"  # more than the other predicts


@pytest.mark.parametrize(("step", "noise", "colors"), [(100, 2, 2), (1, 0, 17)])
def test_slight_steps_do_not_hide_that_a_picture_is_flat(step: int, noise: int, colors: int) -> None:
    choice = choose_model(load_picture(stripes(step, noise)), "good")
    reason = f"a flat picture of 96 x 96 px: 98 % even but for slight steps, most in {colors} colors"
    assert choice == Choice("graphic", reason)


def test_noise_blurs_and_smooth_tones_are_not_flat() -> None:
    generator = np.random.default_rng(0)
    ramp = np.repeat(np.linspace(100, 200, 96), 96).reshape(96, 96, 1).repeat(3, 2)
    soft = 128 + 100 * np.sin(np.arange(96) / 8)[:, None, None] * np.ones((96, 96, 3))
    for pixels in (stripes(100, 40), ramp, soft, 128 + generator.normal(0, 3, (96, 96, 3))):
        assert choose_model(load_picture(pixels.astype(np.uint8)), "good").name == "photos"


def test_a_transparent_icon_and_a_plain_picture_are_flat() -> None:
    pixels = np.zeros((96, 96, 4), np.uint8)
    pixels[30:60, 30:60] = (200, 30, 40, 255)
    assert choose_model(load_picture(pixels), "good").name == "graphic"
    assert choose_model(load_picture(np.full((96, 96, 3), 200, np.uint8)), "good").name == "graphic"


@pytest.mark.parametrize(("side", "name"), [(20, "bitmap"), (64, "bitmap"), (65, "graphic")])
def test_a_small_picture_in_two_colors_is_a_bitmap(side: int, name: str) -> None:
    pixels = np.zeros((side, side, 3), np.uint8)
    pixels[side // 4 : side // 2, side // 4 : side // 2] = (200, 30, 40)
    picture = load_picture(pixels)
    assert choose_model(picture, "good").name == name
    assert choose_model(picture, "good", 9).name != "bitmap"


def test_layers_that_are_to_be_opaque_are_paths() -> None:
    for side in (40, 200):
        noise = np.random.default_rng(0).integers(0, 256, (side, side, 3)).astype(np.uint8)
        assert choose_model(load_picture(noise), "good").name in ("splines", "photos")
        assert choose_model(load_picture(noise), "good", is_opaque=True).name == "paths"


def test_pixel_art_is_noticed_but_not_chosen() -> None:
    generator = np.random.default_rng(0)
    colors = np.array([(0, 0, 0), (200, 30, 40), (250, 250, 250), (40, 90, 200)], np.uint8)
    sprite = colors[generator.integers(0, 4, (16, 16))]
    large = sprite.repeat(8, 0).repeat(8, 1)
    for pixels, name in ((sprite, "splines"), (large, "graphic")):
        choice = choose_model(load_picture(pixels), "good")
        assert choice.name == name
        assert choice.reason.endswith("; it looks like pixel art, for which there is model pixel-art")
        assert "pixel art" not in choose_model(load_picture(pixels), "good", 9).reason
    blurred = (large.astype(int) + np.roll(large, 1, 1)) // 2
    for other in (blurred.astype(np.uint8)[:64, :64], stripes(96), generator.integers(0, 255, (64, 64, 3), np.uint8)):
        assert "pixel art" not in choose_model(load_picture(other), "good").reason
