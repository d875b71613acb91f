from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

import vecstack
from vecstack.errors import UsageError
from vecstack.kinds.base import Style
from vecstack.kinds.path.bitmap.areas import Aim, covered, fitted
from vecstack.kinds.path.bitmap.inks import inks_of
from vecstack.kinds.path.bitmap.level import SAMPLES, field_of
from vecstack.kinds.path.bitmap.mixtures import mixtures_of
from vecstack.kinds.path.bitmap.outline import contour_of, outlines_of
from vecstack.kinds.path.bitmap.phases import Phases, seen
from vecstack.kinds.path.bitmap.phases import fitted as fitted_phases
from vecstack.kinds.path.bitmap.reading import reading_of
from vecstack.kinds.path.bitmap.rough import is_ringing
from vecstack.kinds.path.bitmap.shape import CORNER, CURVE, FLAT, LEVEL, LINE, SMOOTH, Contour, links_of, retracted
from vecstack.kinds.path.bitmap.simplify import described, numbers_of
from vecstack.kinds.path.bitmap.soft import _answer, _drawn, _solve, _times, surface_of
from vecstack.models import load_model

SIDE, LARGE = 28, 1120


def polygon(points: list[tuple[float, float]], side: int) -> np.ndarray:
    """How much of each of side x side pixels a polygon in 0..1 covers, turned by 13 degrees about the middle."""
    a = math.radians(13)
    turned = [
        (
            0.5 + (x - 0.5) * math.cos(a) - (y - 0.5) * math.sin(a),
            0.5 + (x - 0.5) * math.sin(a) + (y - 0.5) * math.cos(a),
        )
        for x, y in points
    ]
    large = Image.new("L", (4480, 4480))
    ImageDraw.Draw(large).polygon([(4480 * x, 4480 * y) for x, y in turned], fill=255)
    return np.asarray(large.reduce(4480 // side), float) / 255


SQUARE = [(0.2, 0.2), (0.8, 0.2), (0.8, 0.8), (0.2, 0.8)]
STAR = [
    (0.5 + r * math.cos(math.pi * k / 5), 0.5 + r * math.sin(math.pi * k / 5))
    for k, r in enumerate([0.4, 0.17] * 5)
]  # fmt: skip
ARROW = [(0.12, 0.4), (0.55, 0.4), (0.55, 0.2), (0.88, 0.5), (0.55, 0.8), (0.55, 0.6), (0.12, 0.6)]


@pytest.mark.parametrize(("points", "corners"), [(SQUARE, 4), (STAR, 10), (ARROW, 7)])
def test_corners_come_back_sharp(points: list[tuple[float, float]], corners: int) -> None:
    cover = polygon(points, SIDE)
    contours = described(cover, 10)
    assert [contour.count for contour in contours] == [corners]
    assert all(kind != CURVE for kind in contours[0].pieces)
    scaled = [contour.points * (LARGE / SIDE) for contour in contours]
    error = np.abs(covered(scaled, LARGE, LARGE) - polygon(points, LARGE)).mean()
    field = field_of(cover)
    level = np.asarray(Image.fromarray(field.astype(np.float32)).resize((LARGE, LARGE), Image.Resampling.BICUBIC))
    level_error = np.abs((level > 0) - polygon(points, LARGE)).mean()
    assert error < level_error / 2
    assert 255 * error < 0.15


def test_a_disc_is_few_curves() -> None:
    y, x = np.indices((640, 640)) + 0.5
    cover = ((np.hypot(x - 313, y - 327) < 180).reshape(20, 32, 20, 32)).mean((1, 3))
    (contour,) = described(cover, 10)
    assert CORNER not in contour.knots
    assert contour.count <= 6
    radii = np.hypot(*(contour.points[::3] - (313 / 32, 327 / 32)).T)
    assert np.abs(radii - 180 / 32).max() < 0.03


def test_the_field_is_above_0_where_it_is_covered() -> None:
    cover = polygon(SQUARE, 16)
    field = field_of(cover)
    means = (field > 0).reshape(16, SAMPLES, 16, SAMPLES).mean((1, 3))
    assert np.abs(means - cover).max() < 0.2


def contour_of_all_kinds() -> Contour:
    points = np.array(
        [
            (4.0, 4.0), (6, 4), (8, 4), (10, 4), (12, 4), (14, 7), (14, 9), (14, 12), (11, 13), (9, 13.5), (7, 13.2),
            (5, 13), (4, 8), (4, 7), (4, 5),
        ]
    )  # fmt: skip
    return retracted(Contour(points, (LEVEL, CURVE, CURVE, CURVE, LINE), (CORNER, SMOOTH, CORNER, FLAT, SMOOTH)))


def test_the_free_numbers_of_a_contour_move_it_as_its_kinds_allow() -> None:
    contour = contour_of_all_kinds()
    numbers, shares, count = links_of(contour)
    assert count == numbers_of(contour)
    step = 1e-5 * np.random.default_rng(0).standard_normal(count)
    moves = np.where(numbers >= 0, shares * step[numbers], 0).sum(1)
    moved = Contour(contour.points + moves.reshape(-1, 2), contour.pieces, contour.knots)
    assert np.abs(retracted(moved).points - moved.points).max() < 1e-8  # still of the same kinds


def test_a_contour_is_fitted_to_areas() -> None:
    truth = contour_of_all_kinds()
    cover = covered([truth.points], 18, 18)
    other = Contour(
        truth.points + np.random.default_rng(1).normal(0, 0.2, truth.points.shape), truth.pieces, truth.knots
    )
    before, after = (fitted([retracted(other)], Aim.of(cover), steps).error for steps in (0, 12))
    assert after < 0.01 * before


def test_two_colors_are_found_at_the_ends_of_what_is_mixed() -> None:
    cover = polygon(SQUARE, SIDE)
    ground, ink = np.array([0.9, 0.8, 0.1]), np.array([0.2, 0.1, 0.5])
    inks = inks_of((ground[:, None, None] + (ink - ground)[:, None, None] * cover).astype(np.float32))
    assert inks is not None
    assert np.abs(inks.ground - ground).max() < 1e-3
    assert np.abs(inks.ink - ink).max() < 5e-3
    assert np.abs(inks.cover - cover).max() < 0.02


def test_thin_strokes_tell_of_an_ink_that_no_pixel_has_alone() -> None:
    large = Image.new("L", (480, 480))
    ImageDraw.Draw(large).line([(60, 70), (420, 380), (100, 430)], fill=255, width=44)  # 1.1 px
    pixels: Any = np.repeat(np.asarray(large.reduce(40))[..., None], 3, 2)
    assert pixels.max() < 250
    (layer,) = vecstack.decompose(pixels, "bitmap").layers
    assert min(layer.color) > 0.99


def test_a_stroke_thinner_than_a_pixel_does_not_tear() -> None:
    large = Image.new("L", (480, 480))
    ImageDraw.Draw(large).line([(70, 390), (200, 90), (290, 340), (410, 130)], fill=255, width=24, joint="curve")
    cover = np.asarray(large.reduce(40), float) / 255  # 0.6 px
    assert len(outlines_of(field_of(cover))) > 1
    contours = described(cover, 10)
    assert contours is not None
    assert len(contours) == 1
    drawn = covered([480 / 12 * contours[0].points], 480, 480)
    assert np.abs(drawn - np.asarray(large, float) / 255).mean() < 0.006


@pytest.mark.parametrize("quality", [90, 50])
def test_noise_of_a_jpeg_is_no_shape(quality: int) -> None:
    cover = polygon(ARROW, 40)[..., None]
    colors = np.array([240, 230, 200]) * (1 - cover) + np.array([20, 50, 130]) * cover
    file = io.BytesIO()
    Image.fromarray(np.round(colors).astype(np.uint8)).save(file, "JPEG", quality=quality)
    stack = vecstack.decompose(Image.open(file), "bitmap")
    assert len(stack.layers) == 1
    truth = polygon(ARROW, 448)[..., None]
    wanted = np.array([240, 230, 200]) * (1 - truth) + np.array([20, 50, 130]) * truth
    assert np.abs(vecstack.render(stack, 448) - wanted).mean() < 5


def test_jpegs_and_filters_that_overshoot_ring_and_blurs_do_not() -> None:
    large = Image.fromarray(np.uint8(255 * polygon(STAR, 16 * SIDE)))
    clean = large.reduce(16)
    file = io.BytesIO()
    clean.save(file, "JPEG", quality=95)
    rings = [Image.open(file), large.resize((SIDE, SIDE), Image.Resampling.LANCZOS)]
    others = [clean, large.filter(ImageFilter.GaussianBlur(16)).reduce(16)]
    assert [is_ringing(np.asarray(each, float) / 255) for each in (*rings, *others)] == [True, True, False, False]


@pytest.mark.parametrize("quality", [75, 50])
def test_a_jpeg_of_several_colors_is_not_taken_for_one_of_two(quality: int) -> None:
    large = Image.new("RGB", (960, 960), "white")
    draw = ImageDraw.Draw(large)
    for box, color in (
        ((140, 100, 820, 450), "#b43c28"),
        ((180, 450, 780, 860), "#f0dcb4"),
        ((400, 580, 560, 860), "#5a3c28"),
    ):
        draw.rectangle(box, fill=color)
    file = io.BytesIO()
    large.reduce(20).save(file, "JPEG", quality=quality)
    seen = vecstack.render(vecstack.decompose(Image.open(file), effort="fast"), 480)
    for x, y, color in ((240, 140, (180, 60, 40)), (120, 320, (240, 220, 180)), (240, 360, (90, 60, 40))):
        assert np.abs(seen[y, x].astype(int) - color).max() < 30


@pytest.mark.parametrize("quality", [90, 60])
def test_a_jpeg_of_several_colors_is_sharp_and_its_noise_no_shape(quality: int) -> None:
    large = Image.new("RGB", (960, 960), "#a0d2f0")
    draw = ImageDraw.Draw(large)
    draw.ellipse((100, 130, 600, 640), "#f0c828")
    draw.polygon([(300, 850), (850, 850), (620, 300)], "#28643c")
    file = io.BytesIO()
    large.reduce(24).save(file, "JPEG", quality=quality)
    stack = vecstack.decompose(Image.open(file))
    assert stack.model is not None
    assert stack.model["name"] == "bitmap"
    assert len(stack.layers) < 7
    missed = np.abs(vecstack.render(stack, 960).astype(int) - np.asarray(large)).mean()
    enlarged = Image.open(file).resize(large.size, Image.Resampling.LANCZOS)
    assert missed < 0.6 * np.abs(np.asarray(enlarged).astype(int) - np.asarray(large)).mean()


def as_jpeg(large: Image.Image, factor: int) -> Image.Image:
    """A drawing made so many times as small, out of a JPEG."""
    file = io.BytesIO()
    large.reduce(factor).save(file, "JPEG", quality=75)
    return Image.open(file)


def share_of_lanczos(small: Image.Image, large: Image.Image) -> float:
    """How far off layers of a picture are of what was made small, as a share of what Lanczos's filter is."""
    truth = np.asarray(large).astype(int)
    ours = vecstack.render(vecstack.decompose(small, "bitmap"), large.width).astype(int)
    others = np.asarray(small.resize(large.size, Image.Resampling.LANCZOS)).astype(int)
    return float(np.abs(ours - truth).mean() / np.abs(others - truth).mean())


def test_a_thin_line_of_a_jpeg_stays_as_dark_and_thin_as_it_is() -> None:
    large = Image.new("RGB", (768, 768), "white")
    draw = ImageDraw.Draw(large)
    draw.ellipse((150, 110, 640, 600), "#ffa7c0", "black", 24)  # 1 px
    draw.polygon([(60, 700), (130, 480), (300, 520), (420, 420), (480, 620), (380, 700)], "white", "black", 24)
    for x, way in ((270, 70), (500, -70)):
        draw.line([(x, 260), (x + way, 300), (x, 350)], "black", 24)
    assert share_of_lanczos(as_jpeg(large, 24), large) < 0.45


def test_an_ink_that_runs_is_no_weaker_one_of_a_stronger() -> None:
    """Of whose pixels few have the farthest colour: taken for black, it became slivers."""
    run = np.linspace(118, 78, 768, dtype=np.uint8)[:, None].repeat(768, 1)
    shape = Image.new("L", (768, 768))
    ImageDraw.Draw(shape).polygon([(420, 150), (420, 620), (340, 620), (340, 270), (260, 300), (260, 230)], fill=255)
    large = Image.composite(Image.fromarray(run), Image.new("L", (768, 768), 255), shape).convert("RGB")
    assert share_of_lanczos(as_jpeg(large, 24), large) < 0.8


def test_whole_pixels_are_drawn_as_what_is_smooth_within_them() -> None:
    y, x = np.indices((28, 28)) + 0.5
    inside = np.hypot(x - 13.7, y - 14.2) < 8.3
    pixels: Any = np.repeat((255 * inside).astype(np.uint8)[..., None], 3, 2)
    large = vecstack.render(vecstack.decompose(pixels, "bitmap"), 560)[..., 0] > 127
    y, x = (np.indices((560, 560)) + 0.5) / 20
    error = (large != (np.hypot(x - 13.7, y - 14.2) < 8.3)).mean()
    steps = (np.repeat(np.repeat(inside, 20, 0), 20, 1) != (np.hypot(x - 13.7, y - 14.2) < 8.3)).mean()
    assert error < 0.7 * steps


def test_no_pixel_that_is_alone_is_lost() -> None:
    rows = ("#...#", ".#.#.", "..##.", "..#..", ".#.#.", ".....", "#...#")
    cover = np.pad([[float(pixel == "#") for pixel in row] for row in rows], 2)
    contours = described(cover, 10)
    assert contours is not None
    seen = covered([contour.points for contour in contours], *cover.shape)
    assert seen[cover > 0].min() > 0.25


def test_three_colors_are_no_two() -> None:
    picture = np.zeros((3, 9, 9), np.float32)
    picture[0, 2:4, 2:4], picture[1, 5:7, 5:7] = 1, 1
    assert inks_of(picture) is None


def test_a_dark_mark_on_a_transparent_ground_stays_one() -> None:
    alpha = np.round(255 * polygon(STAR, SIDE)).astype(np.uint8)
    pixels = np.zeros((SIDE, SIDE, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = (20, 20, 60), alpha
    stack = vecstack.decompose(Image.fromarray(pixels), "bitmap")
    (layer,) = stack.layers
    assert stack.canvas.transparent
    drawn = vecstack.render(stack, 280)
    assert (drawn[drawn[..., 3] > 0][:, :3] == (20, 20, 60)).all()
    assert layer.name == "dark blue, middle"


@pytest.mark.parametrize(
    "pixels",
    [
        np.full((1, 1, 3), 99, np.uint8),
        np.full((20, 20, 3), 99, np.uint8),
        np.zeros((20, 20, 4), np.uint8),
    ],
    ids=["one pixel", "one color", "transparent"],
)
def test_pictures_of_nothing_get_no_layers(pixels: np.ndarray) -> None:
    stack = vecstack.decompose(Image.fromarray(pixels), "bitmap")
    assert stack.layers == ()
    drawn = vecstack.render(stack)
    seen = pixels[..., 3:] > 0 if pixels.shape[2] == 4 else True
    assert np.array_equal(np.where(seen, drawn, 0), pixels)


@pytest.mark.parametrize("side", [1, 2])
def test_one_translucent_color_everywhere_is_a_square(side: int) -> None:
    pixels = np.full((side, side, 4), (200, 30, 40, 69), np.uint8)
    assert np.abs(vecstack.render(vecstack.decompose(pixels, "bitmap")).astype(int) - pixels).max() <= 1


def test_ink_reaches_over_the_border() -> None:
    pixels = np.zeros((20, 20, 3), np.uint8)
    pixels[7:, :12] = 255
    stack = vecstack.decompose(Image.fromarray(pixels), "bitmap")
    assert np.array_equal(vecstack.render(stack), pixels)
    large = vecstack.render(stack, 200)
    assert (large[71:, :119] == 255).all()
    assert (large[:69] == 0).all()


def test_pixels_of_two_by_two_are_squares() -> None:
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 1] = 255
    assert np.array_equal(vecstack.render(vecstack.decompose(Image.fromarray(pixels), "bitmap")), pixels)


def test_large_pictures_are_refused() -> None:
    with pytest.raises(UsageError, match="up to 256 px a side, not 300 x 20; use graphic"):
        vecstack.decompose(np.zeros((20, 300, 3), np.uint8), "bitmap")


def test_layers_are_left_out_where_fewer_are_asked_for() -> None:
    assert len(vecstack.decompose(icon(24), "bitmap", layers=2).layers) == 2


def icon(side: int, *, is_transparent: bool = False) -> Image.Image:
    """A face with a hat, drawn at LARGE px and averaged to side x side: seven shapes of five colours."""
    ground = (0, 0, 0, 0) if is_transparent else (250, 250, 240, 255)
    large = Image.new("RGBA", (LARGE, LARGE), ground)
    draw = ImageDraw.Draw(large)
    draw.ellipse((120, 140, 1000, 1020), fill=(250, 200, 60, 255))
    draw.polygon([(180, 420), (940, 420), (760, 90), (360, 90)], fill=(60, 90, 190, 255))
    draw.rectangle((180, 340, 940, 420), fill=(30, 40, 90, 255))
    for x in (380, 740):
        draw.ellipse((x - 60, 520, x + 60, 640), fill=(255, 255, 255, 255))
        draw.ellipse((x - 28, 560, x + 28, 616), fill=(30, 40, 90, 255))
    draw.arc((360, 560, 760, 880), 20, 160, fill=(30, 40, 90, 255), width=44)
    return large.resize((side, side), Image.Resampling.BOX) if side < LARGE else large


def over_white(picture: Image.Image | np.ndarray) -> np.ndarray:
    values = np.asarray(picture, float) / 255
    return values[..., :3] if values.shape[2] == 3 else values[..., :3] * values[..., 3:] + 1 - values[..., 3:]


@pytest.mark.parametrize("is_transparent", [False, True])
def test_an_icon_of_several_colors_becomes_sharp(is_transparent: bool) -> None:
    small = icon(28, is_transparent=is_transparent)
    stack = vecstack.decompose(small)
    assert stack.model["name"] == "bitmap"
    assert stack.canvas.transparent == is_transparent
    assert 6 <= len(stack.layers) <= 10
    truth = over_white(icon(LARGE, is_transparent=is_transparent))
    drawn = over_white(vecstack.render(stack, size=LARGE))
    lanczos = over_white(small.resize((LARGE, LARGE), Image.Resampling.LANCZOS))
    assert np.abs(drawn - truth).mean() < 0.2 * np.abs(lanczos - truth).mean()
    assert all(group.id == "region-1" or group.parent == "region-1" for group in stack.groups)


def test_a_part_that_runs_from_color_to_color_is_one_layer() -> None:
    y, x = np.indices((960, 960)) + 0.5
    run = np.array([255, 220, 60]) + (y / 960)[..., None] * np.array([-10, -90, -40])
    colors = np.where((np.hypot(x - 480, y - 480) < 430)[..., None], run, 255.0)
    for middle in (320, 640):
        colors[np.hypot(x - middle, y - 400) < 70] = 60, 30, 10
    small = np.round(colors.reshape(32, 30, 32, 30, 3).mean((1, 3))).astype(np.uint8)
    stack = vecstack.decompose(small, "bitmap")
    assert len(stack.layers) == 3
    assert [layer.gradient is not None for layer in stack.layers] == [True, False, False]
    assert np.abs(vecstack.render(stack, 960) - colors).mean() < 1


def test_an_icon_may_have_fewer_layers() -> None:
    stack = vecstack.decompose(icon(28), load_model("bitmap"), layers=3)
    assert len(stack.layers) == 3


@pytest.mark.parametrize(("height", "width", "channels"), [(1, 1, 4), (2, 2, 3), (1, 9, 3), (3, 8, 4)])
def test_tiny_pictures_of_any_colors_are_drawn(height: int, width: int, channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels)).astype(np.uint8)
    drawn = vecstack.render(vecstack.decompose(pixels, load_model("bitmap"))).astype(int)
    assert drawn.shape == pixels.shape
    if channels == 3:
        assert np.abs(drawn - pixels).mean() < 40  # of noise, whose mean colour is 64 off


def test_what_is_half_transparent_stays_so() -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[8:20, 8:20] = 200, 30, 30, 255
    pixels[14:28, 14:28] = 30, 30, 200, 100
    stack = vecstack.decompose(pixels, load_model("bitmap"))
    assert sorted(layer.opacity for layer in stack.layers) == [0.39, 1.0]
    drawn = vecstack.render(stack).astype(int)
    assert np.abs(drawn - pixels)[pixels[..., 3] > 0].max() <= 4


def test_what_is_half_transparent_is_opaque_where_that_is_asked_for() -> None:
    pixels = np.zeros((32, 32, 4), np.uint8)
    pixels[8:20, 8:20] = 200, 30, 30, 255
    pixels[14:28, 14:28] = 30, 30, 200, 200
    stack = vecstack.decompose(pixels, load_model("bitmap"), style=Style(opaque=True))
    assert len(stack.layers) >= 2
    assert {layer.opacity for layer in stack.layers} == {1}


def test_a_photo_is_no_icon() -> None:
    y, x = np.indices((64, 64)) / 64
    generator = np.random.default_rng(0)
    pixels = np.stack([x, y, 0.5 + 0.3 * np.sin(9 * x * y)], 2) + generator.normal(0, 0.01, (64, 64, 3))
    assert reading_of(pixels.clip(0, 1).transpose(2, 0, 1)) is None


def test_a_photo_in_tones_of_one_color_is_not_of_two() -> None:
    generator = np.random.default_rng(0)
    dark, light = np.array([70, 30, 10]) / 255, np.array([230, 150, 90]) / 255
    grain = np.clip(0.5 + 0.35 * np.sin(np.arange(64) / 3)[:, None] + generator.normal(0, 0.08, (64, 64)), 0, 1)
    assert inks_of((dark + grain[..., None] * (light - dark)).transpose(2, 0, 1)) is None
    bar = np.clip(np.abs(np.arange(64) - 32.5)[:, None] - 6 + np.zeros((64, 64)), 0, 1)
    noisy = dark + bar[..., None] * (light - dark) + generator.normal(0, 0.02, (64, 64, 3))
    assert inks_of(noisy.clip(0, 1).transpose(2, 0, 1)) is not None


def test_what_is_long_and_thin_is_no_line_there_and_back() -> None:
    t = np.linspace(0, 2 * np.pi, 81)[:-1]
    points = np.stack([10 + 4 * np.cos(t), 10 + 0.25 * np.sin(t)], 1)
    contour = contour_of(points)
    assert abs(covered([contour.points], 20, 20).sum() - np.pi) < 0.5


def test_a_part_stays_where_one_of_its_color_goes_on_below_another() -> None:
    large = Image.new("RGBA", (960, 960))
    draw = ImageDraw.Draw(large)
    draw.rectangle((60, 560, 900, 900), fill=(240, 50, 50, 255))
    draw.ellipse((200, 60, 760, 620), fill=(200, 140, 120, 255))
    draw.rectangle((300, 250, 660, 350), fill=(240, 50, 50, 255))
    drawn = vecstack.render(vecstack.decompose(large.resize((32, 32), Image.Resampling.BOX)), size=960)
    assert np.abs(over_white(drawn) - over_white(large)).mean() < 0.01


def outlined_disc() -> np.ndarray:
    """A yellow disc with a dark edge of 0.9 px on white ground, 24 x 24 px: [3,H,W]."""
    y, x = np.indices((960, 960)) + 0.5
    away = np.hypot(x - 487, y - 471)
    colors = np.where((away < 330)[..., None], (0.95, 0.8, 0.1), (1.0, 1.0, 1.0))
    colors[np.abs(away - 330) < 18] = 0.1, 0.05, 0.2
    return (np.rint(255 * colors.reshape(24, 40, 24, 40, 3).mean((1, 3))) / 255).transpose(2, 0, 1)


def test_a_color_is_found_that_hardly_a_pixel_has_alone() -> None:
    mixtures = mixtures_of(outlined_disc().transpose(1, 2, 0))
    assert mixtures is not None
    assert len(mixtures.colors) == 3
    assert np.abs(mixtures.colors - (0.1, 0.05, 0.2)).max(1).min() < 0.12
    assert np.abs(mixtures.shares.sum(0) - 1).max() < 1e-9


def test_fields_show_a_thin_edge_without_gaps() -> None:
    picture = outlined_disc()
    mixtures = mixtures_of(picture.transpose(1, 2, 0))
    assert mixtures is not None
    phases = Phases.begun(mixtures.shares, mixtures.painted, mixtures.pure)
    shown = seen(fitted_phases(phases, picture.transpose(1, 2, 0)))
    assert np.sqrt(np.square(shown.picture - picture.transpose(1, 2, 0)).mean()) < 0.02
    dark = int(np.argmin(phases.colors.sum((1, 2, 3))))
    turns = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    rows, columns = ((np.array([471, 487])[:, None] + 330 * np.stack([np.sin(turns), np.cos(turns)])) / 10).astype(int)
    assert (shown.fields.argmax(0)[rows, columns] == dark).mean() > 0.95


def rough_ring(side: int) -> np.ndarray:
    """How much of each pixel a ring covers whose edges are rough and whose ink mostly lacks a level or two of 8 bits,
    as of handwriting that was scanned: [side,side]."""
    generator = np.random.default_rng(3)
    y, x = (np.indices((32 * side, 32 * side)) + 0.5) / 32 - side / 2
    angle = np.arctan2(y, x)
    rough = sum(generator.normal(0, 0.06) * np.cos(k * angle + generator.uniform(0, 6)) for k in range(12, 40))
    inked = np.abs(np.hypot(x, y) + rough - 0.3 * side) < 0.07 * side
    ink = 1 - generator.choice([0, 1, 2], (side, side), p=[0.05, 0.45, 0.5]) / 255
    found: np.ndarray = inked.reshape(side, 32, side, 32).mean((1, 3)) * ink
    return found


def test_fine_detail_is_sharp() -> None:
    y, x = (np.indices((32 * SIDE, 32 * SIDE)) + 0.5) / 32 - SIDE / 2
    inked = np.hypot(x, y) < 8.5 + 1.2 * np.sign(np.sin(26 * np.arctan2(y, x)))  # teeth of a pixel
    for kind in (Image.Resampling.BOX, Image.Resampling.LANCZOS):
        small = Image.fromarray(np.uint8(255 * inked)).resize((SIDE, SIDE), kind).convert("RGB")
        (layer,) = vecstack.decompose(small, "bitmap").layers
        assert layer.kind == "path"


def test_rough_edges_become_one_layer_with_a_soft_edge() -> None:
    pixels: Any = np.repeat(np.round(255 * rough_ring(SIDE)).astype(np.uint8)[..., None], 3, 2)
    stack = vecstack.decompose(pixels, "bitmap")
    (layer,) = stack.layers
    assert layer.kind != "path"
    assert {each.kind for each in vecstack.decompose(pixels, "bitmap", style=Style(opaque=True)).layers} == {"path"}
    error = np.square((vecstack.render(stack).astype(float) - pixels) / 255).mean()
    assert -10 * math.log10(error) > 35.5
    assert abs(stack.metrics["psnr"] + 10 * math.log10(error)) < 0.1


def test_edges_that_no_outline_explains_are_soft_though_ink_is_even() -> None:
    y, x = (np.indices((32 * SIDE, 32 * SIDE)) + 0.5) / 32 - SIDE / 2
    inked = np.abs(np.hypot(x, y) - 8) < 2
    cover = inked.reshape(SIDE, 32, SIDE, 32).mean((1, 3))
    partly = (cover > 0.02) & (cover < 0.98)
    noisy = np.where(partly, np.random.default_rng(3).uniform(0.1, 0.9, cover.shape), cover)
    for each, is_soft in ((cover, False), (noisy, True)):
        pixels: Any = np.repeat(np.round(255 * each).astype(np.uint8)[..., None], 3, 2)
        (layer,) = vecstack.decompose(pixels, "bitmap").layers
        assert (layer.kind != "path") == is_soft


def test_rough_edges_become_sharp_where_that_is_asked_for() -> None:
    pixels: Any = np.repeat(np.round(255 * rough_ring(SIDE)).astype(np.uint8)[..., None], 3, 2)
    stack = vecstack.decompose(pixels, style=vecstack.Style(sharp=True))
    (layer,) = stack.layers
    assert layer.kind == "path"
    large = vecstack.render(stack, size=LARGE)[..., 0]
    assert ((large > 0) & (large < 255)).mean() < 0.02
    y, x = (np.indices((LARGE, LARGE)) + 0.5) * SIDE / LARGE - SIDE / 2
    off = np.abs(np.hypot(x, y) - 0.3 * SIDE) < 0.07 * SIDE
    assert ((large > 127) != off).mean() < 0.03
    with pytest.raises(UsageError, match="sharp is not for photos; leave it out"):
        vecstack.decompose(pixels, "photos", style=vecstack.Style(sharp=True))


@pytest.mark.parametrize("places", [2, 4])
def test_a_disc_that_was_looked_at_in_a_few_places_of_each_pixel_is_sharp(places: int) -> None:
    y, x = (np.indices((24 * places, 24 * places)) + 0.5) / places
    inside = np.hypot(x - 11.7, y - 12) < 8.3
    cover = np.round(255 * inside.reshape(24, places, 24, places).mean((1, 3))).astype(np.uint8)
    (layer,) = vecstack.decompose(Image.fromarray(cover), "bitmap").layers
    assert layer.kind == "path"
    middle = np.array([11.7 - layer.transform.c, 12 - layer.transform.f])
    radii = np.hypot(*(np.reshape(layer.contours[0], (-1, 2))[::3] - middle).T)
    assert np.abs(radii - 8.3).max() < 0.25


def test_a_blurred_shape_is_sharp_and_a_glow_stays_soft() -> None:
    large = Image.new("L", (32 * SIDE, 32 * SIDE))
    ImageDraw.Draw(large).arc((200, 150, 700, 750), -150, 120, 255, 110)
    for blur, is_sharp in ((0.35, True), (1.6, False)):
        blurred = large.filter(ImageFilter.GaussianBlur(32 * blur)).reduce(32).convert("RGB")
        (layer,) = vecstack.decompose(blurred, "bitmap").layers
        assert (layer.kind == "path") == is_sharp


def test_a_soft_layer_keeps_a_transparent_ground() -> None:
    pixels = np.full((SIDE, 40, 4), (200, 30, 10, 0), np.uint8)
    pixels[:, 6 : 6 + SIDE, 3] = np.round(255 * rough_ring(SIDE))
    stack = vecstack.decompose(Image.fromarray(pixels), "bitmap")
    (layer,) = stack.layers
    assert layer.kind != "path"
    drawn = vecstack.render(stack)
    assert np.abs(drawn[..., 3].astype(int) - pixels[..., 3]).mean() < 3
    assert (drawn[drawn[..., 3] > 200][:, :3] == (200, 30, 10)).all()


def test_a_soft_layer_reaches_over_the_border() -> None:
    cover = rough_ring(40)[6:34, 10:38]
    surface = surface_of(cover, cover.size)
    assert surface.values.shape == (33, 33)
    assert np.sqrt(np.square(surface.cover[1:-1, 1:-1] - cover).mean()) < 0.02
    pixels: Any = np.repeat(np.round(255 * cover).astype(np.uint8)[..., None], 3, 2)
    drawn = vecstack.render(vecstack.decompose(pixels, "bitmap"))
    assert np.abs(drawn.astype(int) - pixels).mean() < 4


def test_the_steps_of_a_surface_lower_what_they_are_to_lower() -> None:
    """The slopes in a band are those of differences."""
    cover = rough_ring(SIDE)[:12, :9]
    values = np.random.default_rng(0).normal(0, 0.5, (15, 12))
    matrix, downhill = np.zeros((180, 40)), np.zeros(180)
    _answer(matrix, downhill, values, cover)
    drawn = np.empty_like(cover)
    for number in range(0, 180, 7):
        change = np.zeros(180)
        change[number] = 1e-6
        after, before = (_drawn(values + sign * change.reshape(15, 12), drawn, cover) for sign in (1, -1))
        assert -2 * downhill[number] == pytest.approx((after - before) / 2e-6, abs=1e-5)
    full = np.zeros((180, 180))
    for row in range(180):
        for back in range(min(row, 39) + 1):
            full[row, row - back] = full[row - back, row] = matrix[row, 39 - back]
    matrix[:, -1] += 0.1
    solved = downhill.copy()
    _solve(matrix, solved)
    assert np.abs((full + 0.1 * np.eye(180)) @ solved - downhill).max() < 1e-10
    assert np.abs(_times(_banded(full), solved) - full @ solved).max() < 1e-10


def _banded(full: np.ndarray) -> np.ndarray:
    rows = [[full[row, row - back] if row >= back else 0.0 for back in range(39, -1, -1)] for row in range(len(full))]
    return np.array(rows)
