import io

import numpy as np
import pytest
from PIL import Image

from vecstack.errors import ExportError, UsageError
from vecstack.pictures.read import load_picture
from vecstack.pictures.write import _to_8_bits, pixels_to_file


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("ending", ["png", "tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_are_written_as_they_are(tmp_path, ending, channels, dtype):
    pixels = np.random.default_rng(0).integers(0, np.iinfo(dtype).max + 1, (53, 37, channels), dtype=dtype)
    pixels_to_file(pixels, tmp_path / f"out.{ending}")
    picture = load_picture(tmp_path / f"out.{ending}")
    assert picture.depth == 8 * pixels.itemsize
    assert (np.rint(picture.pixels * np.iinfo(dtype).max) == pixels[..., :3]).all()
    assert channels == 3 or (np.rint(picture.alpha * np.iinfo(dtype).max) == pixels[..., 3]).all()
    with pytest.raises(ExportError, match="exists"):
        pixels_to_file(pixels, tmp_path / f"out.{ending}")


def test_pixels_of_16_bits_are_rounded_where_a_format_has_8():
    deep = np.array([[[0, 128, 129], [65535, 65407, 65406], [257, 385, 386]]], np.uint16)
    file = io.BytesIO()
    pixels_to_file(deep, file, format="webp")
    with Image.open(file) as image:
        assert image.size == (3, 1)
    assert _to_8_bits(deep).tolist() == [[[0, 0, 1], [255, 255, 254], [1, 1, 2]]]


def test_pixels_with_alpha_are_refused_as_jpeg(tmp_path):
    with pytest.raises(UsageError, match="jpeg cannot hold transparency"):
        pixels_to_file(np.zeros((53, 37, 4), np.uint8), tmp_path / "out.jpg")
    assert not list(tmp_path.iterdir())
