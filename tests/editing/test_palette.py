from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vecstack.editing.palette import load_palette
from vecstack.errors import PictureError, RecipeError

RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


# Reading


def test_palettes_are_read_from_lists_gimp_and_png(tmp_path: Path) -> None:
    text, gimp, picture = tmp_path / "p.txt", tmp_path / "p.gpl", tmp_path / "p.png"
    text.write_text("#f00\n\n  lime \r\n#0000ff\n", encoding="utf-8")
    gimp.write_text(
        "GIMP Palette\nName: x\nColumns: 3\n# note\n255   0   0\tred\n  0 255 0 Green 1\n0 0 255", encoding="utf-8"
    )
    pixels = np.zeros((2, 3, 4), np.uint8)
    pixels[0, :, :3] = np.eye(3) * 255
    pixels[0, :, 3] = 255
    Image.fromarray(pixels).save(picture)
    assert load_palette(text) == load_palette(gimp) == (RED, GREEN, BLUE)
    assert set(load_palette(picture)) == {RED, GREEN, BLUE}


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "gpl: 0 colours; a palette must have 1 to 4,096"),
        (b"\n\n", "gpl: 0 colours; a palette must have 1 to 4,096"),
        (b"GIMP Palette\n", "gpl: 0 colours; a palette must have 1 to 4,096"),
        (b"#f00\nmud\n", "line 2: 'mud' is not a colour"),
        (b"GIF89a\xff", "neither a PNG nor text in UTF-8; use a PNG of at most 256 colours"),
        (b"GIMP Palette\n1 2\n", "line 2: '1 2' is not a colour"),
        (b"GIMP Palette\n1 2 256\n", "line 2"),
        (b"\xff\xfe", "UTF-8"),
        (b"red\n" * 5000, "5,000 colours"),
        (b"\n" * (1 << 21), "bytes"),
    ],
)
def test_a_palette_that_is_none_is_refused(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "p.gpl"
    path.write_bytes(data)
    with pytest.raises(RecipeError, match=says):
        load_palette(path)


def test_a_picture_of_too_many_colours_or_none_is_no_palette(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    noise = np.random.default_rng(0).integers(0, 256, (53, 37, 3), dtype=np.uint8)
    for pixels in (noise, np.zeros((2, 2, 4), np.uint8)):
        Image.fromarray(pixels).save(path)
        with pytest.raises(PictureError, match="colours; a palette in a picture must have 1 to 256"):
            load_palette(path)
    path.write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    with pytest.raises(PictureError):
        load_palette(path)


@pytest.mark.parametrize("name", ["missing.txt", "", "a\0b", "."])
def test_a_palette_that_cannot_be_read_is_refused(name: str) -> None:
    with pytest.raises(RecipeError, match="cannot be read"):
        load_palette(name)


# Choosing colours
