"""Pictures that are reduced while they are read."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from vecstack.fitting.decompose import decompose
from vecstack.pictures.decoding import jpeg2000
from vecstack.pictures.decoding.reduce import factor_for, means
from vecstack.pictures.read import Picture, load_picture

STEP = 1 / 255
ROWS, COLUMNS = np.mgrid[0:53, 0:90]
SMOOTH = np.stack([ROWS * 4, COLUMNS * 2, 255 - ROWS - COLUMNS], -1).astype(np.uint8)
CLEAR = np.dstack([SMOOTH, np.where(COLUMNS < 45, 255, 0)]).astype(np.uint8)


def by_pillow(values: np.ndarray, form: str, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, form, **options)
    return file.getvalue()


def by_tifffile(values: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, values, **options)
    return file.getvalue()


FILES = {
    "png": by_pillow(SMOOTH, "PNG"),
    "jpeg": by_pillow(SMOOTH, "JPEG", quality=98, subsampling=0),
    "ppm": by_pillow(SMOOTH, "PPM"),
    "webp": by_pillow(SMOOTH, "WEBP", lossless=True),
    "jpeg 2000": by_pillow(SMOOTH, "JPEG2000", mct=0),
    "jpeg 2000, grey": by_pillow(SMOOTH[..., 1].astype(np.uint16) * 257, "JPEG2000"),
    "strips of 5 rows": by_tifffile(SMOOTH, photometric="rgb", rowsperstrip=5),
    "tiles": by_tifffile(SMOOTH, photometric="rgb", tile=(16, 32), compression="zlib"),
    "planes": by_tifffile(np.moveaxis(SMOOTH, 2, 0), photometric="rgb", planarconfig="separate"),
    "16 bits": by_tifffile(SMOOTH.astype(np.uint16) * 257, photometric="rgb", rowsperstrip=7),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("enough", [1215, 322])
def test_squares_of_pixels_become_their_mean(name: str, enough: int) -> None:
    factor = {1215: 2, 322: 4}[enough]
    whole, small = load_picture(FILES[name]), load_picture(FILES[name], enough_pixels=enough)
    wanted, _ = means(whole.pixels, None, factor)
    assert small.pixels.shape == wanted.shape
    assert (small.sides, small.sha256, small.depth) == ((90, 53), whole.sha256, whole.depth)
    inside = slice(None, 53 // factor), slice(None, 90 // factor)  # the last ones are filled up in different ways
    np.testing.assert_allclose(small.pixels[inside], wanted[inside], atol=1.5 * STEP)


@pytest.mark.parametrize("name", FILES)
def test_what_is_small_enough_stays_as_it_is(name: str) -> None:
    whole, same = load_picture(FILES[name]), load_picture(FILES[name], enough_pixels=90 * 53)
    np.testing.assert_array_equal(same.pixels, whole.pixels)
    assert same.full is None


@pytest.mark.parametrize("form", ["PNG", "WEBP", "TIFF", "JPEG2000"])
def test_what_is_transparent_has_no_part_in_the_mean(form: str) -> None:
    dark = CLEAR.copy()
    dark[CLEAR[..., 3] == 0] = 0
    small = load_picture(by_pillow(dark, form, **({"lossless": True} if form == "WEBP" else {})), enough_pixels=1215)
    whole = load_picture(by_pillow(SMOOTH, "PNG"), enough_pixels=1215)
    edge = 22  # of the columns, the one that is half transparent
    assert small.alpha is not None
    np.testing.assert_allclose(small.alpha[:, [0, edge, edge + 1]], np.tile([1, 0.5, 0], (27, 1)), atol=STEP)
    np.testing.assert_allclose(small.pixels[:, :edge], whole.pixels[:, :edge], atol=STEP)
    np.testing.assert_allclose(small.pixels[:, edge], whole.pixels[:, edge], atol=3 * STEP)


@pytest.mark.parametrize("name", ["jpeg 2000", "jpeg 2000, grey"])
def test_a_jpeg_2000_is_not_decoded_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg2000, "_whole", None)
    assert load_picture(FILES[name], enough_pixels=1215).width == 45


def test_a_picture_on_its_side_is_upright_and_so_are_its_sides() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    small = load_picture(by_pillow(SMOOTH, "JPEG", exif=exif, quality=95), enough_pixels=1215)
    assert (small.sides, small.width, small.height) == ((53, 90), 27, 45)


def test_a_stack_has_the_canvas_of_the_whole_picture() -> None:
    whole = load_picture(FILES["png"])
    small = Picture(whole.pixels[::8, ::8], None, whole.sha256, full=(90, 53))
    stack = decompose(small, "photos", 2, effort="sketch")
    assert (stack.canvas.width, stack.canvas.height) == (90, 53) == (stack.source["width"], stack.source["height"])


def test_an_eighth_is_the_least() -> None:
    assert [factor_for(100, 10, enough) for enough in (None, 1000, 999, 130, 1)] == [1, 1, 2, 4, 8]
