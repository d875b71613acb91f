from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

import vecstack
from vecstack import Style
from vecstack.errors import UsageError
from vecstack.kinds.path.pixelart import maker
from vecstack.kinds.path.pixelart.grid import grid_of, repeats_of
from vecstack.kinds.path.pixelart.links import FALLING, NO_SPLIT, RISING, alike_of, sharp_corners
from vecstack.kinds.path.pixelart.loops import splits_of

COLORS = {
    ".": (0, 0, 0, 0), "k": (20, 16, 30, 255), "r": (200, 40, 50, 255), "w": (255, 255, 255, 255),
    "g": (60, 160, 70, 255), "t": (0, 0, 0, 100),
}  # fmt: skip
BERRY = """
....kk....
..kkrrkk..
.krrrrrrk.
.krwrrrrk.
krrrrrrrrk
krrrggrrrk
.krrggrrk.
.krrrrrrk.
..kkrrkk..
....kk....
tttttttttt
"""


def sprite(text: str) -> np.ndarray:
    """Pixels [H,W,4] of a picture in letters."""
    return np.array([[COLORS[letter] for letter in row] for row in text.split()], np.uint8)


def flat(letters: str) -> np.ndarray:
    """The same of an opaque picture [H,W,3]."""
    return sprite(letters)[..., :3]


def large(pixels: np.ndarray, times: int) -> Image.Image:
    """A picture each of whose pixels is so many across and down."""
    return Image.fromarray(np.repeat(np.repeat(pixels, times, 0), times, 1))


def drawn(pixels: np.ndarray, size: int, **options: Any) -> np.ndarray:
    return vecstack.render(vecstack.decompose(Image.fromarray(pixels), "pixel-art", **options), size)


def splits(text: str) -> np.ndarray:
    """How the corners within pixels are split."""
    picture = (flat(text).transpose(2, 0, 1) / 255).astype(np.float32)
    grid = grid_of(picture, Style())
    return splits_of(grid.number, alike_of(grid))[1:-1, 1:-1]


def test_each_color_is_one_layer_of_that_color() -> None:
    stack = vecstack.decompose(Image.fromarray(sprite(BERRY)), "pixel-art")
    assert stack.canvas.transparent
    found = {(*np.round(255 * np.array(layer.color)), round(255 * layer.opacity)) for layer in stack.layers}  # type: ignore[attr-defined]
    assert {color[:3] for color in found} == {color[:3] for letter, color in COLORS.items() if letter != "."}
    assert len(stack.layers) == 5


@pytest.mark.parametrize("size", [10, 40, 97])
def test_blocks_are_the_pixels_whatever_the_size(size: int) -> None:
    pixels = sprite(BERRY)[:10]
    seen = drawn(pixels, size, style=Style(blocks=True)).astype(float)
    colors = np.concatenate([pixels[..., :3] * (pixels[..., 3:] > 0), pixels[..., 3:]], 2)
    wanted = np.asarray(large(colors, size).resize((size, size), Image.Resampling.BOX), float)
    off = np.where(wanted[..., 3:] == 255, np.abs(seen - wanted), np.abs(seen - wanted)[..., 3:])
    assert off.max() <= (1 if size % 10 == 0 else 30)  # more only in a pixel where three colors meet
    assert off.mean() < 0.1


def test_no_seam_shows_between_colors() -> None:
    inside = drawn(sprite(BERRY), 773)
    alpha, colors = inside[..., 3].astype(int), inside[..., :3].astype(int)
    middle = np.s_[160:600, 200:500]
    assert alpha[middle].min() == 255
    known = np.array([color[:3] for color in COLORS.values()])
    lightest = known.max(0)
    assert (colors[middle] <= lightest).all()
    between = known[[1, 2, 3, 4]]  # each pixel is a color or on the way from one to another
    ways = between[:, None] - between
    off = []
    for one in range(4):
        for other in range(4):
            away = colors[middle].reshape(-1, 3) - between[other]
            length = max(int((ways[one, other] ** 2).sum()), 1)
            share = np.clip(away @ ways[one, other] / length, 0, 1)
            off.append(np.abs(away - share[:, None] * ways[one, other]).max(1))
    assert np.min(off, 0).max() < 4


def test_steps_become_a_line_and_square_corners_stay() -> None:
    pixels = np.zeros((24, 24, 3), np.uint8)
    y, x = np.indices((24, 24))
    pixels[(y - 12) * 2 < x - 12] = 255  # a border of slope 1/2
    seen = drawn(pixels, 480)[..., 0] > 127
    border = seen[:, 100:380].sum(0) / 20
    wanted = np.polynomial.Polynomial.fit(np.arange(280), border, 1)
    assert np.abs(border - wanted(np.arange(280))).max() < 0.08
    square = np.zeros((12, 12, 3), np.uint8)
    square[3:9, 4:9] = 255
    assert np.array_equal(drawn(square, 120), np.asarray(large(square, 10)))


def test_a_disc_is_round() -> None:
    y, x = np.indices((16, 16)) + 0.5
    pixels: Any = np.repeat((np.hypot(x - 8, y - 8) < 6)[..., None] * np.uint8(255), 3, 2)
    seen = drawn(pixels, 640)[..., 0] > 127
    y, x = (np.indices((640, 640)) + 0.5) / 40
    wanted = np.hypot(x - 8, y - 8) < np.sqrt(seen.mean() * 256 / np.pi)
    steps = np.asarray(large(pixels, 40))[..., 0] > 127
    assert (seen != wanted).sum() < 0.4 * (steps != wanted).sum()


def test_a_line_that_crosses_a_corner_hangs_together() -> None:
    assert splits("wwwwk\nwwwkw\nwwkww\nwkwww\nkwwww")[1, 2] == RISING
    assert splits("kwwww\nwkwww\nwwkww\nwwwkw\nwwwwk")[1, 1] == FALLING
    assert (splits("kwkw\nwkwk\nkwkw\nwkwk") == NO_SPLIT).any()  # no side of a chequered one wins everywhere
    assert (splits("wwww\nwkkw\nwkkw\nwwww") == NO_SPLIT).all()


def test_corners_are_sharp_where_both_sides_are_long() -> None:
    square = np.zeros((9, 9), np.int64)
    square[2:5, 2:6] = 1
    assert np.argwhere(sharp_corners(square)).tolist() == [[2, 2], [2, 6], [5, 2], [5, 6]]
    dot = np.zeros((9, 9), np.int64)
    dot[3:5, 3:5] = 1
    assert not sharp_corners(dot).any()


def test_an_enlarged_sprite_is_reduced_first() -> None:
    pixels = sprite(BERRY)
    assert repeats_of(np.asarray(large(pixels, 4), np.float32)) == 4
    assert repeats_of(pixels.astype(np.float32)) == 1
    once, again = (vecstack.decompose(picture, "pixel-art") for picture in (Image.fromarray(pixels), large(pixels, 4)))
    assert (again.canvas.width, again.canvas.height) == (40, 44)
    assert np.abs(vecstack.render(once, 220).astype(int) - vecstack.render(again, 220)).mean() < 0.1


def test_few_blocks_are_shapes_and_no_pixels() -> None:
    pixels = np.zeros((16, 16, 3), np.float32)
    pixels[4:12, 4:12] = 1
    assert repeats_of(pixels) == 2


@pytest.mark.parametrize(
    "pixels",
    [np.full((1, 1, 3), 99, np.uint8), np.full((20, 20, 3), 99, np.uint8), np.zeros((20, 20, 4), np.uint8)],
    ids=["one pixel", "one color", "transparent"],
)
@pytest.mark.parametrize("blocks", [False, True])
def test_pictures_of_nothing_get_no_layers(pixels: np.ndarray, blocks: bool) -> None:
    stack = vecstack.decompose(Image.fromarray(pixels), "pixel-art", style=Style(blocks=blocks))
    assert stack.layers == ()


def test_a_palette_and_fewer_colors_are_kept_to() -> None:
    two = vecstack.decompose(Image.fromarray(sprite(BERRY)[:10]), "pixel-art", style=Style(colors=2))
    assert len(two.layers) == 2
    black = vecstack.decompose(Image.fromarray(sprite(BERRY)[:10]), "pixel-art", style=Style(palette=((0, 0, 0),)))
    assert [layer.color for layer in black.layers] == [(0, 0, 0)]  # type: ignore[attr-defined]


def test_what_is_no_pixel_art_is_refused_in_a_line() -> None:
    generator = np.random.default_rng(0)
    with pytest.raises(
        UsageError, match=r"up to 256 pixels a side before they were enlarged, not 400 x 300; use graphic"
    ):
        vecstack.decompose(generator.integers(0, 255, (300, 400, 3), np.uint8), "pixel-art")
    with pytest.raises(UsageError, match="colors is no pixel art, which has up to 256"):
        vecstack.decompose(generator.integers(0, 255, (64, 64, 3), np.uint8), "pixel-art")
    with pytest.raises(UsageError, match="smooth is not for pixel-art; leave it out"):
        vecstack.decompose(sprite(BERRY), "pixel-art", style=Style(smooth=1))
    with pytest.raises(UsageError, match="blocks is not for graphic; leave it out"):
        vecstack.decompose(sprite(BERRY), "graphic", style=Style(blocks=True))


def test_a_color_of_too_many_points_is_refused_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maker, "MAX_POINTS", 5_000)  # in the place of 300,000, which take half a minute to trace
    chequered = (np.indices((40, 40)).sum(0) % 2 * 255).astype(np.uint8)
    with pytest.raises(UsageError, match="points of at most 5,000: use a smaller part"):
        vecstack.decompose(chequered, "pixel-art", style=Style(blocks=True))


def test_layers_can_be_left_out() -> None:
    stack = vecstack.decompose(sprite(BERRY), "pixel-art", layers=2)
    assert len(stack.layers) == 2
