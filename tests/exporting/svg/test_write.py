from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.exporting.conftest import BLUE, CANVAS, HOSTILE, RED, draw
from tests.helpers import block, make_spline, psnr, random_stack
from vecstack import Stack, render, to_svg
from vecstack.errors import ExportError, UsageError
from vecstack.geometry import Affine, Rect
from vecstack.stack import UnknownLayer

pytestmark = pytest.mark.slow

SVG = "{http://www.w3.org/2000/svg}"
INKSCAPE = "{http://www.inkscape.org/namespaces/inkscape}"
WIDTH = 185  # 265 rows: both sides are whole multiples of the canvas's 37 x 53


def groups(svg: str) -> list[ElementTree.Element]:
    """The layers of a document, lowest first, the background left out."""
    root = ElementTree.fromstring(svg)
    return root.findall(f"{SVG}g")[1:]


@pytest.fixture(scope="module")
def pair(stack: Stack) -> Stack:
    """Two layers of masks, of two nets."""
    return stack.with_layers(stack.layers[:2])


def likeness(stack: Stack, **options: object) -> float:
    """PSNR in dB of the SVG as another program draws it to the stack's own picture."""
    svg = to_svg(stack, device="cpu", **options)  # type: ignore[arg-type]
    reference = render(stack, 5 * max(stack.canvas.width, stack.canvas.height), device="cpu")
    return psnr(draw(svg, reference.shape[1]), reference)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["stack", "mixed", "digit", "painted"])
@pytest.mark.parametrize(("tolerance", "least"), [(4.0, 34.5), (2.0, 39.5)])  # dB; 36.1 and 42.1 are aimed at
def test_another_program_draws_what_we_draw(
    stacks: Callable[[str], Stack], name: str, tolerance: float, least: float
) -> None:
    assert likeness(stacks(name), tolerance=tolerance) > least


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_random_stacks_look_alike(seed: int) -> None:
    assert likeness(random_stack(seed, 8.0), tolerance=3.0) > 37


@pytest.mark.slow
@pytest.mark.parametrize(("name", "limit"), [("stack", 20_000), ("painted", 24_000), ("digit", 22_000)])
def test_files_are_small(stacks: Callable[[str], Stack], name: str, limit: int) -> None:
    assert len(to_svg(stacks(name), tolerance=2.0, device="cpu")) < limit


@pytest.mark.slow
def test_a_closer_file_is_larger(pair: Stack) -> None:
    sizes = [len(to_svg(pair, tolerance=tolerance, device="cpu")) for tolerance in (8.0, 4.0, 2.0)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 2


@pytest.mark.slow
def test_the_bytes_are_the_same_each_time(pair: Stack) -> None:
    for options in ({"tolerance": 4.0}, {"flat": True}):
        one, other = (to_svg(pair, **options, device="cpu") for _ in range(2))  # type: ignore[arg-type]
        assert one == other


@pytest.mark.slow
def test_each_layer_is_a_group_with_one_shape_of_its_colour(mixed: Stack) -> None:
    found = groups(to_svg(mixed, device="cpu"))
    assert len(found) >= len(mixed.layers) - 2  # what hardly shows may be left out
    layers = {layer.id: layer for layer in mixed.layers}
    for group in found:
        layer = layers[group.attrib[f"{INKSCAPE}label"]]
        assert group.attrib[f"{INKSCAPE}groupmode"] == "layer"
        (shape,) = group.findall(f"{SVG}rect")
        assert shape.attrib["mask"] == f"url(#{group.find(f'{SVG}mask').attrib['id']})"  # type: ignore[union-attr]
        full = re.sub(r"^#(.)(.)(.)$", r"#\1\1\2\2\3\3", shape.attrib["fill"])
        assert full == "#" + "".join(f"{int(255 * value + 0.5):02x}" for value in layer.color)  # type: ignore[attr-defined]


@pytest.mark.slow
def test_layers_keep_their_order() -> None:
    for layers, color in (((RED, BLUE), (0, 0, 255)), ((BLUE, RED), (255, 0, 0))):
        picture = draw(to_svg(Stack(CANVAS, layers), device="cpu"), WIDTH)
        assert np.abs(picture[140, 90].astype(int) - color).max() <= 3


@pytest.mark.slow
def test_changing_one_attribute_recolours_a_layer() -> None:
    stack = Stack(CANVAS, (RED, BLUE))
    recoloured = to_svg(stack, device="cpu").replace('fill="#f00"', 'fill="#00ff80"')
    wanted = render(stack.edit("red", color=(0.0, 1.0, 128 / 255)), 265, device="cpu")
    assert psnr(draw(recoloured, WIDTH), wanted) > 35


def test_opacity_is_the_groups() -> None:
    stack = Stack(CANVAS, (dataclasses.replace(RED, opacity=0.375),))
    (group,) = groups(to_svg(stack, device="cpu"))
    assert group.attrib["opacity"] == ".375"
    assert likeness(stack) > 39


def test_hidden_layers_are_kept_hidden() -> None:
    stack = Stack(CANVAS, (RED, dataclasses.replace(BLUE, visible=False)))
    svg = to_svg(stack, device="cpu")
    assert psnr(draw(svg, WIDTH), render(stack, 265, device="cpu")) > 39
    assert groups(svg)[1].attrib["style"] == "display:none"
    shown = svg.replace(' style="display:none"', "")
    assert psnr(draw(shown, WIDTH), render(Stack(CANVAS, (RED, BLUE)), 265, device="cpu")) > 36


def test_layers_that_nothing_can_be_seen_of_are_left_out() -> None:
    outside = block("outside", Rect(100.0, 0.0, 20.0, 20.0), (0.0, 1.0, 0.0))
    covered = block("covered", Rect(10.0, 14.0, 6.0, 8.0), (0.0, 1.0, 0.0))
    svg = to_svg(Stack(CANVAS, (covered, RED, outside)), device="cpu")
    assert [group.attrib["id"] for group in groups(svg)] == ["red"]


def test_a_layer_touches_only_its_part_of_the_canvas() -> None:
    svg = to_svg(Stack(CANVAS, (RED,)), device="cpu")
    rect = groups(svg)[0].findall(f"{SVG}rect")[0].attrib
    assert (rect["x"], rect["y"], rect["width"], rect["height"]) == ("4", "6", "20", "30")
    region = next(ElementTree.fromstring(svg).iter(f"{SVG}filter"), None)
    assert region is None or float(region.attrib["width"]) < 37


def test_a_mask_that_is_the_same_everywhere_is_one_rectangle() -> None:
    veil = block("veil", Rect(-200.0, -200.0, 437.0, 453.0), (0.0, 0.0, 1.0), opacity=0.5)
    svg = to_svg(Stack(CANVAS, (veil,)), device="cpu")
    assert len(svg) < 900
    assert psnr(draw(svg, WIDTH), render(Stack(CANVAS, (veil,)), 265, device="cpu")) > 48


def test_a_stack_without_layers_is_its_background() -> None:
    picture = draw(to_svg(Stack(CANVAS), device="cpu"), 37)
    assert picture.shape == (53, 37, 3)
    assert (picture == np.array([230, 102, 26])).all()


def test_the_view_box_is_the_canvas_at_every_size() -> None:
    for size, sides in ((None, ("37", "53")), (1060, ("740", "1060"))):
        root = ElementTree.fromstring(to_svg(Stack(CANVAS, (RED,)), size=size, device="cpu"))
        assert root.attrib["viewBox"] == "0 0 37 53"
        assert (root.attrib["width"], root.attrib["height"]) == sides


@pytest.mark.slow
def test_a_limit_of_bytes_is_kept_and_used(pair: Stack) -> None:
    reference, found = render(pair, 265, device="cpu"), []
    for most in (1500, 4000, 1_000_000):
        svg = to_svg(pair, max_bytes=most, device="cpu")
        assert len(svg.encode()) <= most
        assert len(svg.encode()) > 0.75 * most or most == 1_000_000
        found.append(psnr(draw(svg, WIDTH), reference))
    assert 24 < found[0] < found[1] < found[2]


@pytest.mark.slow
def test_too_few_bytes_are_refused_with_the_least(pair: Stack) -> None:
    for flat in (False, True):
        with pytest.raises(ExportError, match=r"takes at least ([\d,]+) bytes, more than 200\.") as caught:
            to_svg(pair, max_bytes=200, flat=flat, device="cpu")
        least = int(re.findall(r"[\d,]{3,}", str(caught.value))[0].replace(",", ""))
        svg = to_svg(pair, max_bytes=least, flat=flat, device="cpu")
        assert len(svg.encode()) <= least
        assert len(np.unique(draw(svg, WIDTH).reshape(-1, 3), axis=0)) > 1, "something is drawn"


@pytest.mark.slow
@pytest.mark.parametrize("flat", [False, True])
def test_precision_is_the_decimals_of_points(pair: Stack, flat: bool) -> None:
    tolerance = None if flat else 4.0
    by_decimals = [to_svg(pair, flat=flat, tolerance=tolerance, precision=n, device="cpu") for n in (0, 2)]
    assert "scale(.5)" in by_decimals[0]
    assert "scale(.005)" in by_decimals[1]
    assert len(by_decimals[0]) < len(by_decimals[1])
    reference = render(pair, 265, device="cpu")
    likenesses = [psnr(draw(svg, WIDTH), reference) for svg in by_decimals]
    assert likenesses[0] + 0.1 < likenesses[1]


@pytest.mark.slow
@pytest.mark.parametrize(("most", "least"), [(1, 0), (15, 8)])
def test_a_limit_of_paths_is_kept_and_used(stack: Stack, most: int, least: int) -> None:
    for flat in (False, True):
        assert to_svg(stack, max_paths=most, flat=flat, device="cpu").count("<path") <= most
    assert to_svg(stack, max_paths=most, device="cpu").count("<path") >= least


@pytest.mark.slow
def test_a_flat_digit_is_small_and_close(digit: Stack) -> None:
    svg = to_svg(digit, flat=True, device="cpu")
    assert len(svg) < 1700
    assert svg.count("<path") <= len(digit.layers)
    assert "<mask" not in svg
    reference = render(digit, 448, device="cpu")
    assert psnr(draw(svg, 448), reference) > 25


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("mixed", 28.0), ("painted", 23.5)])
def test_flat_files_are_alike_and_have_a_path_a_layer(stacks: Callable[[str], Stack], name: str, least: float) -> None:
    stack = stacks(name)
    assert likeness(stack, flat=True) > least
    svg = to_svg(stack, flat=True, device="cpu")
    assert len(svg) < 4000
    assert svg.count("<path") <= len(stack.layers)


@pytest.mark.slow
@pytest.mark.parametrize("flat", [False, True])
def test_hostile_names_stay_names(flat: bool) -> None:
    layers = tuple(
        block(name, Rect(2.0 + index, 3.0 * index, 9.0, 12.0), (0.1 * index, 1.0, 0.0), name=text)
        for index, (name, text) in enumerate(HOSTILE)
    )
    svg = to_svg(Stack(CANVAS, layers), flat=flat, tolerance=None if flat else 1.0, device="cpu")
    root = ElementTree.fromstring(svg.encode())
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) for name in ids)
    labels = {element.attrib.get(f"{INKSCAPE}label") for element in root.iter()}
    assert flat or {"<&>'\"", "x" * 1024, "ünïcödé 🎈", "--><!--", "\ufffd\ufffd \ufffd"} <= labels
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= {
        "svg", "defs", "filter", "feGaussianBlur", "feColorMatrix", "g", "mask", "rect", "path"
    }  # fmt: skip
    for element in root.iter():
        for name, value in element.attrib.items():
            assert not name.lower().startswith("on")
            assert "href" not in name
            if not name.startswith(INKSCAPE):
                assert set(re.findall(r"url\((.)", value)) <= {"#"}
    assert len(np.unique(draw(svg, WIDTH).reshape(-1, 3), axis=0)) > 9


@pytest.mark.slow
def test_nothing_private_is_written() -> None:
    plain = Stack(CANVAS, (RED,))
    private = dataclasses.replace(plain, source={"sha256": "f" * 64, "path": "/home/me"}, extra={"note": "secret"})
    assert to_svg(private, device="cpu") == to_svg(plain, device="cpu")


def test_unknown_kinds_are_left_out() -> None:
    strange = UnknownLayer(id="strange", unknown_kind="hologram", transform=Affine.of_frame(CANVAS.rect))
    assert to_svg(Stack(CANVAS, (RED, strange)), device="cpu") == to_svg(Stack(CANVAS, (RED,)), device="cpu")
    with pytest.raises(ExportError, match="none of the layers is of a kind that this version can draw"):
        to_svg(Stack(CANVAS, (strange,)), device="cpu")


@pytest.mark.slow
def test_many_small_layers_are_written_in_bounded_time() -> None:
    rng = np.random.default_rng(1)
    layers = tuple(
        make_spline(f"{index}", index, Affine.of_frame(Rect(*rng.uniform(-5, 45, 2), 9.0, 7.0))) for index in range(60)
    )
    stack = Stack(CANVAS, layers)
    assert likeness(stack, tolerance=4.0) > 31


def test_options_out_of_range_are_refused() -> None:
    with pytest.raises(UsageError, match="tolerance must be above 0"):
        to_svg(Stack(CANVAS), tolerance=0.0)


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "contourpy", None)  # which no import finds then
    with pytest.raises(ExportError, match=r"pip install .\.\[svg\]"):
        to_svg(Stack(CANVAS, (RED,)), device="cpu")
