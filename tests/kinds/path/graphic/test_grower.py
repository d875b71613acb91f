from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from tests.kinds.path.graphic.pictures import box, disc, drawn, face
from vecstack.drawing.render import render
from vecstack.errors import UsageError
from vecstack.fitting.decompose import decompose
from vecstack.fitting.goal import Goal
from vecstack.kinds.base import Style
from vecstack.kinds.path.layer import PathLayer
from vecstack.stack import Stack


def picture(planes: np.ndarray) -> Image.Image:
    """Planes [D,H,W] (premultiplied where D is 4) as a picture."""
    pixels = planes.transpose(1, 2, 0).copy()
    if len(planes) == 4:
        pixels[..., :3] /= np.maximum(pixels[..., 3:], 1e-6)
    return Image.fromarray(np.rint(pixels * 255).astype(np.uint8))


def paths(stack: Stack) -> list[PathLayer]:
    """The layers, which all are paths."""
    found = [layer for layer in stack.layers if isinstance(layer, PathLayer)]
    assert len(found) == len(stack.layers)
    return found


def test_a_flat_picture_is_few_paths_in_its_own_colours() -> None:
    stack = decompose(picture(drawn(128, face)), "graphic")
    assert stack.canvas.background == (1.0, 1.0, 1.0)
    assert [layer.color for layer in paths(stack)] == [
        (1.0, 0.8, 0.302), (0.867, 0.18, 0.267), (0.4, 0.271, 0.0), (0.4, 0.271, 0.0),
    ]  # fmt: skip
    assert [len(layer.contours[0]) // 6 for layer in paths(stack)] == [4, 4, 4, 4]
    assert stack.metrics["psnr"] > 46


def test_a_transparent_picture_stays_so_and_its_ground_is_no_layer() -> None:
    planes = drawn(128, face, transparent=True)
    stack = decompose(picture(planes), "graphic")
    assert stack.canvas.transparent
    assert len(stack.layers) == 4
    seen = np.asarray(render(stack, transparent=True), np.float64) / 255
    assert np.abs(seen[..., 3] - planes[3]).max() < 0.15
    assert seen[0, 0, 3] == 0


def test_lines_are_exact_and_level_ones_level() -> None:
    stack = decompose(
        picture(drawn(96, lambda draw, unit: draw.rectangle(box(20.4, 30.7, 70.2, 60.1, unit), fill="#c00"))), "graphic"
    )
    (layer,) = paths(stack)
    numbers = np.array(layer.contours[0]).reshape(-1, 2)
    for index in range(0, len(numbers), 3):
        start, first, second, end = numbers[np.arange(index, index + 4) % len(numbers)]
        assert np.array_equal(start, first)
        assert np.array_equal(second, end)
        assert (start == end).sum() == 1  # x or y
    place = np.array([layer.transform.c, layer.transform.f])
    corners = np.array([numbers.min(0), numbers.max(0)]) + place
    assert np.allclose(corners, [[20.375, 30.625], [70.125, 60]], atol=0.06)  # as Pillow rounds


@pytest.mark.slow
def test_more_layers_and_a_higher_aim_are_closer() -> None:
    source = picture(drawn(128, face))
    few = [float(decompose(source, "graphic", count).metrics["psnr"]) for count in (1, 2, 4, 32)]
    assert few == sorted(few)
    assert few[0] < few[2] == few[3]
    assert len(decompose(source, "graphic", 2).layers) == 2
    assert len(decompose(source, "graphic", detail=Goal(psnr=20)).layers) < 4


def test_those_are_dropped_first_that_matter_least() -> None:
    source = picture(drawn(128, face))
    yellow, red = (layer.color for layer in paths(decompose(source, "graphic", 2)))
    assert yellow == (1.0, 0.8, 0.302)
    assert red == (0.867, 0.18, 0.267)  # of the bar, not of an eye


def test_a_dot_that_stands_clear_stays_however_small_it_is() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        canvas.rectangle(box(40, 40, 200, 200, unit), fill="#3b88c3")
        canvas.rectangle(box(100.25, 20, 101.5, 21.5, unit), fill="#3b88c3")

    stack = decompose(picture(drawn(256, draw)), "graphic")
    assert len(stack.layers) == 2


def test_a_budget_is_kept() -> None:
    stack = decompose(picture(drawn(128, face)), "graphic", detail=Goal(budget_bytes=1500))
    from vecstack.document.file import dumps

    assert 0 < len(stack.layers) <= 4
    assert len(dumps(stack)) <= 1500


def test_colours_can_be_few_or_those_of_a_palette() -> None:
    source = picture(drawn(128, face))
    three = {layer.color for layer in paths(decompose(source, "graphic", style=Style(colors=3)))}
    assert len(three) == 2  # and the canvas
    assert not decompose(source, "graphic", style=Style(colors=1)).layers
    blue = (0.0, 0.0, 1.0)
    stack = decompose(source, "graphic", style=Style(palette=(blue,)))
    assert stack.canvas.background == blue
    assert not stack.layers


def wavy(canvas: ImageDraw.ImageDraw, unit: int) -> None:
    """A disc with nine waves along its edge."""
    angle = np.linspace(0, 2 * np.pi, 400)
    radius = (44 + 3 * np.sin(9 * angle)) * unit
    points = np.stack([64 * unit + radius * np.cos(angle), 64 * unit + radius * np.sin(angle)], 1)
    canvas.polygon([(float(x), float(y)) for x, y in points], fill="#3b88c3")


def nodes(stack: Stack) -> int:
    """How many knots all contours have."""
    return sum(len(contour) // 6 for layer in paths(stack) for contour in layer.contours)


def test_smooth_outlines_have_fewer_pieces() -> None:
    source = picture(drawn(128, wavy))
    near, smooth = (decompose(source, "graphic", style=style) for style in (None, Style(smooth=3.0)))
    assert nodes(smooth) < 0.7 * nodes(near)


def test_there_are_no_more_nodes_than_asked_for() -> None:
    source = picture(drawn(128, wavy))
    near = decompose(source, "graphic")
    most = nodes(near) - 6
    few = decompose(source, "graphic", style=Style(nodes=most))
    assert most / 2 < nodes(few) <= most
    assert decompose(source, "graphic", style=Style(nodes=nodes(near))) == near
    with pytest.raises(UsageError, match=r"have \d+ nodes, more than 1"):
        decompose(source, "graphic", style=Style(nodes=1))


def test_a_translucent_part_is_opaque_where_that_is_asked_for() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        disc(canvas, unit, 60, 60, 40, "#3b88c380")

    source = picture(drawn(128, draw, transparent=True))
    free, opaque = (decompose(source, "graphic", style=style) for style in (None, Style(opaque=True)))
    assert [layer.opacity for layer in free.layers] == [0.5]
    assert [layer.opacity for layer in opaque.layers] == [1]
    assert paths(opaque)[0].color == paths(free)[0].color


def test_what_hangs_together_is_a_group_and_single_paths_are_in_none() -> None:
    def draw(canvas: ImageDraw.ImageDraw, unit: int) -> None:
        disc(canvas, unit, 30, 30, 20, "#3b88c3")
        disc(canvas, unit, 30, 30, 8, "#ffcc4d")
        disc(canvas, unit, 95, 95, 20, "#dd2e44")

    stack = decompose(picture(drawn(128, draw)), "graphic")
    assert len(stack.groups) == 1
    assert [layer.group for layer in stack.layers].count(None) == 1
    assert all(layer.name for layer in stack.layers)


def test_what_has_one_colour_within_what_hangs_together_is_a_group_in_it() -> None:
    stack = decompose(picture(drawn(128, face)), "graphic")
    whole, eyes = stack.groups
    assert eyes.parent == whole.id
    assert eyes.name == "brown"
    assert [layer.group for layer in stack.layers] == [whole.id, whole.id, eyes.id, eyes.id]


@pytest.mark.parametrize("transparent", [False, True])
def test_an_empty_picture_has_no_layers(transparent: bool) -> None:
    assert not decompose(picture(drawn(96, lambda *_: None, transparent)), "graphic").layers


@pytest.mark.slow
def test_a_photo_is_forced_into_regions() -> None:
    rows, columns = np.indices((96, 96))
    noise = np.random.default_rng(0).random((96, 96, 3))
    pixels = 0.2 * noise + 0.8 * ((rows[..., None] + columns[..., None] * (1, 2, 3)) % 64 / 64)
    stack = decompose(Image.fromarray((pixels * 255).astype(np.uint8)), "graphic", effort="fast")
    assert 1 < len(stack.layers) <= 256


def test_a_style_is_refused_where_none_is_taken_or_it_makes_no_sense() -> None:
    source = picture(drawn(96, face))
    with pytest.raises(UsageError, match="colors is not for paths"):
        decompose(source, "paths", style=Style(colors=4))
    with pytest.raises(UsageError, match="opaque is not for splines"):
        decompose(source, "splines", style=Style(opaque=True))
    for wrong in (
        {"colors": 0},
        {"smooth": -1.0},
        {"nodes": 0},
        {"nodes": 9, "smooth": 1.0},
        {"palette": ()},
        {"colors": 2, "palette": ((0.0, 0.0, 0.0),)},
    ):
        with pytest.raises(UsageError):
            Style(**wrong)


def test_the_noise_of_a_jpeg_is_no_path() -> None:
    clean = picture(drawn(128, face))
    data = io.BytesIO()
    clean.save(data, "JPEG", quality=85)
    stack = decompose(Image.open(data), "graphic")
    assert len(stack.layers) <= 8
    missing = np.asarray(render(stack), np.float64) - np.asarray(clean.convert("RGB"))
    assert np.sqrt(np.square(missing).mean()) < 3.5  # closer to what was drawn than the JPEG is
