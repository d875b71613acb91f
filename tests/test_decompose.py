from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vecstack import Stack, decompose, load_model, render
from vecstack.errors import PictureError, UsageError
from vecstack.geometry import Affine


def test_a_stack_has_the_canvas_of_its_picture_and_the_layers_of_its_model(photo: Path, weights: Path) -> None:
    model = load_model(weights, "cpu")
    stack = decompose(photo, model)
    assert (stack.canvas.width, stack.canvas.height) == (37, 53)
    assert len(stack.layers) == 3
    assert all(layer.transform == Affine.of_frame(stack.canvas.rect) for layer in stack.layers)
    assert stack.model == {"name": "tiny", "sha256": model.sha256}
    digest = hashlib.sha256(photo.read_bytes()).hexdigest()
    assert stack.source == {"sha256": digest, "width": 37, "height": 53}


def test_paths_bytes_pictures_and_arrays_give_the_same_layers(photo: Path, weights: Path, pixels: np.ndarray) -> None:
    model = load_model(weights, "cpu")
    expected = decompose(photo, model).layers
    for picture in (str(photo), photo.read_bytes(), Image.fromarray(pixels), pixels):
        assert decompose(picture, model).layers == expected


def test_fewer_layers_over_the_same_background_are_the_first(weights: Path, pixels: np.ndarray) -> None:
    model = load_model(weights, "cpu")
    dark = pixels // 8  # closer from black, with two layers as with three
    fewer, all_of_them = decompose(dark, model, 2), decompose(dark, model)
    assert fewer.canvas.background == all_of_them.canvas.background
    assert fewer.layers == all_of_them.layers[:2]


def test_a_stack_has_a_thumbnail_of_what_it_looks_like(photo: Path, weights: Path) -> None:
    stack = decompose(photo, load_model(weights, "cpu"))
    assert stack.thumbnail is not None
    with Image.open(io.BytesIO(stack.thumbnail)) as thumbnail:
        assert (thumbnail.format, thumbnail.size) == ("PNG", (45, 64))
        assert np.array_equal(np.asarray(thumbnail), render(stack, 64, device="cpu"))


@pytest.mark.parametrize("model", ["digits", Path("digits"), None])
def test_a_name_in_place_of_a_model_names_load_model(photo: Path, model: Any) -> None:
    with pytest.raises(UsageError, match=r"load_model\("):
        decompose(photo, model)


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_a_count_that_no_stack_can_have_is_refused(photo: Path, weights: Path, count: int) -> None:
    with pytest.raises(UsageError, match="must be 1 to 10,000"):
        decompose(photo, load_model(weights, "cpu"), count)


def test_what_is_behind_a_transparent_picture_shows(weights: Path) -> None:
    clear = np.zeros((53, 37, 4), np.uint8)
    model = load_model(weights, "cpu")
    white = decompose(clear, model, background=(1.0, 1.0, 1.0))
    assert white.layers == decompose(np.full((53, 37, 3), 255, np.uint8), model).layers


def test_a_missing_picture_is_named(weights: Path) -> None:
    with pytest.raises(PictureError, match=r"nothing\.png"):
        decompose("nothing.png", load_model(weights, "cpu"))


def psnr(stack: Stack, picture: np.ndarray) -> float:
    drawn = render(stack, max(picture.shape[:2]), device="cpu")
    return float(-10 * np.log10(np.square((drawn / 255.0) - picture / 255.0).mean()))


def test_the_photos_model_is_closer_to_a_photo_than_its_mean_colour() -> None:
    """A photo that nobody tuned to: scikit-learn's, at run time."""
    from sklearn.datasets import load_sample_images

    model = load_model("photos", "cpu")
    for picture in load_sample_images().images:
        small = np.asarray(Image.fromarray(picture).resize((96, 64), Image.Resampling.BOX))
        flat = -10 * np.log10(np.square(small / 255.0 - small.mean((0, 1)) / 255.0).mean())
        assert psnr(decompose(picture, model), small) > flat + 2


def test_the_digits_model_draws_digits() -> None:
    """scikit-learn's 8 x 8 digits, of another hand and another size than those it was trained on."""
    from sklearn.datasets import load_digits

    model = load_model("digits", "cpu")
    found = []
    for digit in load_digits().images[:10]:
        picture = np.repeat((digit * (255 / 16)).astype(np.uint8)[:, :, None], 3, 2)
        framed = np.asarray(Image.fromarray(picture).resize((20, 20), Image.Resampling.BICUBIC))
        found.append(
            psnr(decompose(np.pad(framed, ((4, 4), (4, 4), (0, 0))), model), np.pad(framed, ((4, 4), (4, 4), (0, 0))))
        )
    assert np.mean(found) > 15
