from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.helpers import block
from vecstack import Canvas, Stack, export
from vecstack.errors import UsageError
from vecstack.exporting.physical import area_in_units, length_in_units, mm_per_unit, width_in_mm
from vecstack.geometry import Rect

CANVAS = Canvas(200, 100)


def test_dots_an_inch_say_how_wide_it_is() -> None:
    assert width_in_mm(CANVAS, None, 100.0) == pytest.approx(50.8)
    assert width_in_mm(CANVAS, 70.0, None) == 70.0
    assert width_in_mm(CANVAS, None, None) is None


@pytest.mark.parametrize(
    ("source", "asked", "points"),
    [({"dpi": 300.0}, {}, 48), ({"dpi": 300.0}, {"dpi": 150.0}, 96), ({}, {}, 200), ({"dpi": "many"}, {}, 200)],
)
def test_a_page_is_as_large_as_the_picture_was(
    tmp_path: Path, source: dict[str, object], asked: dict[str, float], points: int
) -> None:
    stack = Stack(CANVAS, (block("a", Rect(10.0, 10.0, 50.0, 50.0), (1.0, 0.0, 0.0)),), source=source)
    export(stack, tmp_path / "a.pdf", size=20, **asked)
    box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ", (tmp_path / "a.pdf").read_bytes())
    assert box is not None
    assert float(box[1]) == pytest.approx(points)


def test_areas_are_in_pixels_or_square_millimetres() -> None:
    assert area_in_units("30px", CANVAS, 400.0) == 30.0
    assert area_in_units("1.5 mm2", CANVAS, 400.0) == pytest.approx(0.375)
    assert area_in_units("1mm2", CANVAS, None) == pytest.approx(1 / mm_per_unit(CANVAS, None) ** 2)


def test_lengths_are_in_pixels_or_millimetres() -> None:
    assert length_in_units("2px", CANVAS, 400.0) == 2.0
    assert length_in_units("0.5 mm", CANVAS, 400.0) == pytest.approx(0.5 * CANVAS.width / 400)
    with pytest.raises(UsageError, match=r"^bleed must be a length"):
        length_in_units("1mm2", CANVAS, None)


@pytest.mark.parametrize("text", ["", "3", "mm2", "-1px", "1cm2", "nanpx"])
def test_other_words_are_no_areas(text: str) -> None:
    with pytest.raises(UsageError, match=r"^min_area must be"):
        area_in_units(text, CANVAS, None)
