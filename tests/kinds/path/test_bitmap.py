from __future__ import annotations

import io
import math
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import vecstack
from vecstack.errors import UsageError
from vecstack.kinds.path.bitmap.areas import Aim, covered, fitted
from vecstack.kinds.path.bitmap.inks import inks_of
from vecstack.kinds.path.bitmap.level import SAMPLES, field_of
from vecstack.kinds.path.bitmap.shape import CORNER, CURVE, FLAT, LEVEL, LINE, SMOOTH, Contour, basis_of, retracted
from vecstack.kinds.path.bitmap.simplify import described, numbers_of
from vecstack.kinds.path.bitmap.soft import _answer, _drawn, _solve, _times, surface_of

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
    basis = basis_of(contour)
    assert basis.shape == (30, numbers_of(contour))
    generator = np.random.default_rng(0)
    step = 1e-5 * generator.standard_normal(basis.shape[1])
    moved = Contour(contour.points + (basis @ step).reshape(-1, 2), contour.pieces, contour.knots)
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


def test_whole_pixels_are_drawn_as_what_is_smooth_within_them() -> None:
    y, x = np.indices((28, 28)) + 0.5
    inside = np.hypot(x - 13.7, y - 14.2) < 8.3
    pixels: Any = np.repeat((255 * inside).astype(np.uint8)[..., None], 3, 2)
    large = vecstack.render(vecstack.decompose(pixels, "bitmap"), 560)[..., 0] > 127
    y, x = (np.indices((560, 560)) + 0.5) / 20
    error = (large != (np.hypot(x - 13.7, y - 14.2) < 8.3)).mean()
    steps = (np.repeat(np.repeat(inside, 20, 0), 20, 1) != (np.hypot(x - 13.7, y - 14.2) < 8.3)).mean()
    assert error < 0.7 * steps


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


def test_a_layer_can_be_left_out() -> None:
    pixels: Any = np.repeat(np.round(255 * polygon(SQUARE, SIDE)).astype(np.uint8)[..., None], 3, 2)
    assert len(vecstack.decompose(pixels, "bitmap", layers=1).layers) == 1


def rough_ring(side: int) -> np.ndarray:
    """How much of each pixel a ring covers whose edges are rough, as of handwriting that was scanned: [side,side]."""
    generator = np.random.default_rng(3)
    y, x = (np.indices((32 * side, 32 * side)) + 0.5) / 32 - side / 2
    angle = np.arctan2(y, x)
    rough = sum(generator.normal(0, 0.06) * np.cos(k * angle + generator.uniform(0, 6)) for k in range(12, 40))
    inked = np.abs(np.hypot(x, y) + rough - 0.3 * side) < 0.07 * side
    found: np.ndarray = inked.reshape(side, 32, side, 32).mean((1, 3))
    return found


def test_rough_edges_become_one_layer_with_a_soft_edge() -> None:
    pixels: Any = np.repeat(np.round(255 * rough_ring(SIDE)).astype(np.uint8)[..., None], 3, 2)
    stack = vecstack.decompose(pixels, "bitmap")
    (layer,) = stack.layers
    assert layer.kind != "path"
    error = np.square((vecstack.render(stack).astype(float) - pixels) / 255).mean()
    assert -10 * math.log10(error) > 35.5
    assert abs(stack.metrics["psnr"] + 10 * math.log10(error)) < 0.1


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
