from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vecstack.cli.arguments import parse_color
from vecstack.color import Color, in_gamut, to_color, to_oklab, to_srgb
from vecstack.editing.palette import load_palette, nearest, reduced
from vecstack.errors import PictureError, RecipeError, UsageError

RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


# Reading


@pytest.mark.parametrize(
    ("text", "expected"),
    [("#f00", RED), ("F00", RED), ("#0000FF", BLUE), ("Blue", BLUE), ("lime", GREEN), ((0, 1, 0), GREEN)],
)
def test_colours_are_read_in_all_their_spellings(text: Any, expected: Color) -> None:
    assert to_color(text) == expected


@pytest.mark.parametrize(
    "color",
    ["octarine", "", "#12345", "#12345678", "rgb(1,2,3)", "##f00", "\x1b[2J" * 999, (0, 0, 1.1), [0.5], None, 3],
)
def test_what_is_no_colour_is_refused_in_one_line(color: Any) -> None:
    with pytest.raises(UsageError, match=r"is not a colour|must be three numbers") as error:
        to_color(color)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("text", ["#3af", "33aaff", "Tomato"])
def test_the_command_line_reads_a_colour_alike(text: str) -> None:
    assert parse_color(text, "--background") == to_color(text)


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


# In OKLab


def test_oklab_is_that_of_its_source() -> None:
    # From the published table of the source, and white, to three decimals.
    given = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    known = [[1.0, 0.0, 0.0], [0.628, 0.225, 0.126], [0.866, -0.234, 0.179], [0.452, -0.032, -0.312]]
    assert np.allclose(to_oklab(given), known, atol=1e-3)
    colors = np.random.default_rng(0).random((50, 3))
    assert np.allclose(to_srgb(to_oklab(colors)), colors, atol=1e-5)


def test_the_nearest_colour_is_the_one_that_looks_most_alike() -> None:
    # By the numbers of sRGB, grey 0.3 would be nearer to black than to grey 0.61.
    colors = [(0.9, 0.1, 0.1), (0.02, 0.0, 0.5), (0.3, 0.3, 0.3), GREEN]
    black, grey = (0.0, 0.0, 0.0), (0.61, 0.61, 0.61)
    assert nearest(colors, [RED, GREEN, BLUE, black, grey]) == [RED, BLUE, grey, GREEN]
    assert nearest(colors, [BLUE]) == [BLUE] * 4


def test_colours_of_float32_stay_so() -> None:
    colors = np.random.default_rng(2).random((500, 3), np.float32)
    points = to_oklab(colors)
    assert points.dtype == to_srgb(points).dtype == in_gamut(points).dtype == np.float32
    assert np.abs(to_srgb(points) - colors).max() < 1e-5


def test_colours_of_srgb_are_in_its_gamut_and_others_lose_chroma_alone() -> None:
    points = to_oklab(np.random.default_rng(2).random((500, 3)))
    assert (in_gamut(points) == points).all()
    strong = points * (1, 3, 3)
    found = in_gamut(strong)
    assert (found[:, 0] == points[:, 0]).all()
    cross = found[:, 1] * strong[:, 2] - found[:, 2] * strong[:, 1]
    assert np.abs(cross).max() < 1e-9  # the same hue
    chroma, before, most = (np.hypot(values[:, 1], values[:, 2]) for values in (found, points, strong))
    assert (chroma >= before - 1e-4).all()
    assert (chroma <= most).all()
    assert np.abs(to_oklab(to_srgb(found)) - found).max() < 2e-3  # which sRGB can show


def test_reduced_colours_are_means_in_oklab_by_weight() -> None:
    red, pink, navy = (0.8, 0.0, 0.0), (0.9, 0.2, 0.2), (0.0, 0.0, 0.4)
    found = reduced({red: 3.0, pink: 1.0, navy: 0.5}, 2)
    points = to_oklab(np.array([red, pink]))
    mean = to_srgb(np.average(points, axis=0, weights=[3, 1])[None])
    assert np.allclose(found, [mean[0], navy], atol=0.5 / 255 + 1e-6)


def test_as_many_colours_as_there_are_stay() -> None:
    weights = {RED: 1e-6, GREEN: 1.0, BLUE: 0.5}
    assert sorted(reduced(weights, 3)) == sorted(weights)
    assert set(reduced(weights, 5)) == set(weights)
    assert reduced(weights, 1) != [RED]
