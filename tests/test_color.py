from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vecstack.cli.arguments import parse_color
from vecstack.color import Color, in_gamut, nearest, reduced, to_color, to_hex, to_oklab, to_srgb
from vecstack.errors import UsageError
from vecstack.exporting.xml import color_code

RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


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


RED, GREEN, BLUE = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


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


def test_oklab_is_that_of_its_source() -> None:
    # From the published table of the source, and white, to three decimals.
    given = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    known = [[1.0, 0.0, 0.0], [0.628, 0.225, 0.126], [0.866, -0.234, 0.179], [0.452, -0.032, -0.312]]
    assert np.allclose(to_oklab(given), known, atol=1e-3)
    colors = np.random.default_rng(0).random((50, 3))
    assert np.allclose(to_srgb(to_oklab(colors)), colors, atol=1e-5)


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


def test_the_nearest_colour_is_the_one_that_looks_most_alike() -> None:
    # By the numbers of sRGB, grey 0.3 would be nearer to black than to grey 0.61.
    colors = [(0.9, 0.1, 0.1), (0.02, 0.0, 0.5), (0.3, 0.3, 0.3), GREEN]
    black, grey = (0.0, 0.0, 0.0), (0.61, 0.61, 0.61)
    assert nearest(colors, [RED, GREEN, BLUE, black, grey]) == [RED, BLUE, grey, GREEN]
    assert nearest(colors, [BLUE]) == [BLUE] * 4


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
