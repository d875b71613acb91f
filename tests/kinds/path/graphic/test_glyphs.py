from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from tests.kinds.path.graphic.pictures import box, drawn
from vecstack.kinds.path.graphic.glyphs import Glyph, cleared, glyphs_of, shapes_of, with_glyphs, without_glyphs
from vecstack.kinds.path.graphic.seeds import parts_of
from vecstack.winding import area_of

INK, GROUND = np.array([93, 104, 117]) / 255, np.array([245, 246, 248]) / 255


def inked(cover: np.ndarray) -> np.ndarray:
    """A picture [3,H,W] of 8 bits in which a grey ink covers so much of each pixel."""
    picture = GROUND[:, None, None] + (INK - GROUND)[:, None, None] * cover
    return np.ascontiguousarray(np.rint(picture * 255) / 255, np.float32)


@pytest.fixture(scope="module")
def line() -> np.ndarray:
    """Covers [H,W] of a line of text of 11 px."""
    canvas = Image.new("L", (150, 24))
    ImageDraw.Draw(canvas).text((6, 4), "since Monday. it is", fill=255, font=ImageFont.load_default(11))
    return np.asarray(canvas, np.float64) / 255


def test_the_covers_of_letters_are_those_that_were_drawn(line: np.ndarray) -> None:
    glyphs = glyphs_of(inked(line))
    found = np.zeros_like(line)
    for glyph in glyphs:
        assert np.abs(glyph.ink - INK).max() < 2 / 255
        found[glyph.window] += glyph.cover
    assert np.abs(found - line).max() < 0.03


def test_letters_are_told_amid_the_noise_of_a_jpeg(line: np.ndarray) -> None:
    line, data = np.pad(line, 16), io.BytesIO()
    Image.fromarray(np.rint(inked(line).transpose(1, 2, 0) * 255).astype(np.uint8)).save(data, "JPEG", quality=75)
    picture = (np.asarray(Image.open(data), np.float32) / 255).transpose(2, 0, 1)
    found = np.zeros_like(line)
    for glyph in glyphs_of(picture, noisy=True):
        found[glyph.window] += glyph.cover
    assert np.corrcoef(found.ravel(), line.ravel())[0, 1] > 0.98


def test_what_covers_a_pixel_or_two_has_an_outline_of_that_area(line: np.ndarray) -> None:
    cover = np.zeros((24, 40))
    cover[8:10, 8:11] = [[0.5, 1.0, 0.5], [0.25, 0.5, 0.25]]  # a dot
    cover[6:18, 20:22] = 0.45  # a stem of 0.9 px that covers no pixel well
    cover[6:18, 30:32], cover[8, 30:36] = (0.3, 1.0), 1.0  # what tells the ink
    dot, stem = sorted(glyphs_of(inked(cover)), key=lambda glyph: glyph.left)[:2]
    assert dot.loops()
    assert abs(sum(area_of(loop) for loop in dot.loops()) - 3.0) < 0.6
    (loop,) = stem.loops()
    assert abs(area_of(loop) - 10.8) < 1.0
    assert abs(loop[:, 0].mean() - 21) < 0.05


def test_letters_leave_their_ground_whole(line: np.ndarray) -> None:
    picture = inked(line)
    glyphs = glyphs_of(picture)
    ground = cleared(picture, glyphs)
    assert np.abs(ground - GROUND[:, None, None]).max() < 2.5 / 255
    parts = with_glyphs(parts_of(ground, False), glyphs)
    assert parts.count == 1 + len(glyphs) == len(np.unique(parts.part))
    assert not without_glyphs(parts, glyphs).part.any()
    shapes = shapes_of(parts, glyphs)
    assert {shape.part for shape in shapes} == set(range(1, parts.count))
    assert sum(len(shape.loops) > 1 for shape in shapes) >= 3  # e, o, d and a have holes


def test_what_lies_on_two_grounds_or_is_large_is_no_glyph() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        canvas.rectangle(box(0, 0, 32, 64, unit), fill="#3b88c3")
        canvas.rectangle(box(28, 20, 36, 23, unit), fill="#000000")
        canvas.rectangle(box(40, 40, 60, 60, unit), fill="#dd2e44")

    assert glyphs_of(drawn(64, draw)) == []


def test_the_ink_of_a_thin_letter_is_that_of_its_neighbour() -> None:
    cover = np.zeros((24, 40))
    cover[6:18, 8:10] = 0.6
    thin = glyphs_of(inked(cover))
    cover[6:18, 20:22], cover[8, 18:24] = (0.3, 1.0), 1.0
    beside = glyphs_of(inked(cover))
    assert [_darkness(glyph) for glyph in thin] == [0.6]  # nothing tells more
    assert [_darkness(glyph) for glyph in beside] == [1.0, 1.0]


def _darkness(glyph: Glyph) -> float:
    """How far the ink of a glyph is from the ground to INK."""
    return round(float((glyph.ink - GROUND) @ (INK - GROUND) / np.square(INK - GROUND).sum()), 1)
