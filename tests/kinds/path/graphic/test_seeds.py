from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tests.kinds.path.graphic.pictures import box, disc, drawn, face
from vecstack.kinds.path.graphic.seeds import parts_of


def test_each_colour_that_hangs_together_is_a_part_and_edges_are_none() -> None:
    parts = parts_of(drawn(128, face))
    assert parts.count == 5
    found = {tuple(np.rint(color * 255).astype(int).tolist()) for color in parts.colors}
    assert found == {(255, 255, 255), (255, 204, 77), (102, 69, 0), (221, 46, 68)}


def test_the_shares_of_mixed_pixels_add_up_to_the_area_of_a_part() -> None:
    parts = parts_of(drawn(64, lambda draw, unit: disc(draw, unit, 32.3, 31.6, 20, "#1da1f2")))
    number = parts.part[32, 32]
    area = np.where(parts.part == number, 1 - parts.share, np.where(parts.other == number, parts.share, 0)).sum()
    assert abs(area - np.pi * 400) < 2


def test_a_line_thinner_than_two_pixels_is_a_part_of_a_colour_seen_elsewhere() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        canvas.rectangle(box(4, 4, 20, 20, unit), fill="#000000")
        canvas.rectangle(box(30.25, 8, 31.5, 56, unit), fill="#000000")

    parts = parts_of(drawn(64, draw))
    assert parts.count == 3
    assert parts.part[30, 30] not in (parts.part[10, 10], parts.part[0, 0])
    assert np.allclose(parts.colors[parts.part[30, 30]], 0, atol=1 / 255)


def test_where_the_ground_shines_through_between_two_parts_is_no_part() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        canvas.rectangle(box(8, 8, 31.5, 56, unit), fill="#d22f27")
        canvas.rectangle(box(31.5, 8, 56, 56, unit), fill="#61b2e4")

    picture = drawn(64, draw)
    red, blue = np.array([210, 47, 39]) / 255, np.array([97, 178, 228]) / 255
    # As a renderer has it that covers half of the pixel with one, then half of what is left with the other.
    picture[:, 8:56, 31] = (0.25 + 0.25 * red + 0.5 * blue)[:, None]
    parts = parts_of(picture)
    assert parts.count == 3
    assert abs(parts.share[30, 31] - 0.5) < 0.03


def test_a_line_that_could_be_a_mixture_of_three_has_its_own_colour() -> None:
    white, black, orange = np.array([[1, 1, 1], [0, 0, 0], [1, 0.5, 0]])
    brown = np.rint((0.2 * white + 0.5 * black + 0.3 * orange) * 255) / 255
    picture = np.ones((3, 48, 64), np.float32)
    for columns, color in (((20, 22), brown), ((22, 32), black), ((40, 48), brown), ((48, 64), orange)):
        picture[:, 8:40, slice(*columns)] = color[:, None, None]
    parts = parts_of(picture)
    assert np.abs(parts.colors[parts.part[8:40, 20:22]] - brown).max() < 1 / 255


def test_a_picture_that_is_not_flat_is_regions() -> None:
    rows, columns = np.indices((96, 96))
    noise = np.random.default_rng(0).random((3, 96, 96))
    picture = (0.5 * noise + 0.5 * ((rows + columns) % 48 / 48)).astype(np.float32)
    parts = parts_of(picture)
    assert 1 < parts.count <= 256
    assert not parts.share.any()


def test_light_letters_on_a_button_are_told_from_the_noise_of_a_jpeg() -> None:
    clean, data = Image.new("RGB", (150, 40), "#f5f6f8"), io.BytesIO()
    draw = ImageDraw.Draw(clean)
    draw.rounded_rectangle((8, 4, 140, 34), 6, fill="#1a73e8")
    draw.text((20, 10), "Place an order", fill="white", font=ImageFont.load_default(14))
    clean.save(data, "JPEG", quality=75)
    parts = parts_of((np.asarray(Image.open(data), np.float32) / 255).transpose(2, 0, 1))
    assert parts.is_noisy
    inside = np.s_[8:30, 15:135]
    wanted = np.asarray(clean)[inside].mean(-1) > 190
    found = parts.colors[parts.part[inside]].mean(-1) > 0.7
    assert (wanted & found).sum() > 0.8 * wanted.sum()
    assert (wanted & found).sum() > 0.6 * (wanted | found).sum()
