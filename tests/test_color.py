from __future__ import annotations

import pytest

from vecstack.color import Color, to_color, to_hex
from vecstack.exporting.xml import color_code


@pytest.mark.parametrize(
    ("color", "code"),
    [
        ((0.0, 0.0, 0.0), "#000000"),
        ((1.0, 0.5, 0.2), "#ff8033"),  # 127.5 and 51
        ((0.5 / 255, 1.5 / 255, 2.5 / 255), "#010203"),  # halves go up
    ],
)
def test_a_colour_is_written_in_hexadecimal_rounded_half_up(color: Color, code: str) -> None:
    assert to_hex(color) == code


@pytest.mark.parametrize("code", ["#000000", "#0a0b0c", "#fffefd"])
def test_what_is_written_is_read_back(code: str) -> None:
    assert to_hex(to_color(code)) == code


def test_an_svg_writes_the_same_colour_and_shorter_where_it_can() -> None:
    assert (color_code((1.0, 0.5, 0.2)), color_code((1.0, 0.0, 0.2))) == ("#ff8033", "#f03")
