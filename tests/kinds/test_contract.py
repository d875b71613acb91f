"""What every kind of layer promises: run over all folders of vecstack/kinds and over two kinds that live in the tests,
a hard disc and a disc of many colours. A new kind needs a file of examples, and no line here."""

from __future__ import annotations

import importlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import resvg_py
import torch
from PIL import Image

from tests.exporting.html.conftest import Elements
from tests.helpers import EXAMPLE_KINDS
from vecstack import Canvas, Stack, load, render, save, to_html, to_svg, validate
from vecstack.cli import run
from vecstack.color import Color
from vecstack.document.file import dumps, dumps_json
from vecstack.drawing.exact import exact_painter
from vecstack.drawing.fast import FastPainter
from vecstack.drawing.viewport import Viewport
from vecstack.geometry import Rect
from vecstack.kinds import color_of, find_kind, kind_names, kind_of
from vecstack.stack import Layer

pytestmark = pytest.mark.usefixtures("_with_example_kinds")

CPU = torch.device("cpu")
CANVAS = Canvas(37, 53, (0.9, 0.8, 0.7))
EXAMPLES = {name: f"tests.kinds.{name}.examples" for name in kind_names()}
IN_TESTS = [path.parent.name for path in EXAMPLE_KINDS.glob("*/kind.py")]
EXAMPLES |= {name: f"tests.example_kinds.{name}.examples" for name in IN_TESTS}
each_kind = pytest.mark.parametrize("name", sorted(EXAMPLES))


def stack_of(name: str) -> Stack:
    """A stack of a kind's examples."""
    layers, assets = importlib.import_module(EXAMPLES[name]).examples()
    return Stack(CANVAS, layers, assets)


def points_of(count: int = 400) -> torch.Tensor:
    """Random points on the canvas and around it: [P,2]."""
    generator = torch.Generator().manual_seed(3)
    return (torch.rand(count, 2, generator=generator, dtype=torch.float64) * 1.4 - 0.2) * torch.tensor([37.0, 53.0])


@each_kind
def test_the_examples_are_of_the_kind_and_of_every_case(name: str) -> None:
    stack = stack_of(name)
    assert {layer.kind for layer in stack.layers} == {name}
    assert any(not layer.visible for layer in stack.layers)
    assert any(0 < layer.opacity < 1 for layer in stack.layers)
    assert any(layer.transform.b for layer in stack.layers)


# In a document


@each_kind
@pytest.mark.parametrize("suffix", [".layers", ".layers.json"])
def test_a_round_trip_gives_the_same_layers_and_the_same_bytes(name: str, suffix: str, tmp_path: Path) -> None:
    stack, path = stack_of(name), tmp_path / f"made{suffix}"
    save(stack, path)
    again = load(path)
    assert again.layers == stack.layers
    assert (dumps(again), dumps_json(again)) == (dumps(stack), dumps_json(stack))
    assert validate(path) == []


@each_kind
def test_the_fields_in_a_document_are_those_that_the_kind_names(name: str) -> None:
    common = {"id", "name", "kind", "visible", "opacity", "transform", "group"}
    for layer in json.loads(dumps_json(stack_of(name)))["layers"]:
        assert layer.keys() - common <= set(kind_of(stack_of(name).layers[0]).fields)


# Drawn


@each_kind
def test_no_point_sees_another(name: str) -> None:
    stack, points = stack_of(name), points_of()
    kind = kind_of(stack.layers[0])
    shade = kind.shader(stack.layers, stack.assets, CPU)
    alphas, colors = shade(points, 0.7)
    assert alphas.shape == (len(stack.layers), len(points))
    assert colors.shape == (len(stack.layers), len(points), 3)
    assert alphas.min() >= 0
    assert alphas.max() <= 1
    for part in (points[:1], points[100:150]):
        some, _ = shade(part, 0.7)
        index = [int((points == point).all(1).nonzero()[0]) for point in part]
        torch.testing.assert_close(some, alphas[:, index], atol=1e-6, rtol=0)


@each_kind
@pytest.mark.parametrize("footprint", [0.01, 1.0, 6.0])
def test_nothing_is_covered_outside_the_extent(name: str, footprint: float) -> None:
    stack, points = stack_of(name), points_of(4000)
    for layer in stack.layers:
        kind = kind_of(layer)
        extent = kind.extent(layer, footprint)
        if extent is None:
            continue
        (alpha,), _ = kind.shader([layer], stack.assets, CPU)(points, footprint)
        x, y = points.T
        outside = (x < extent.x) | (x > extent.x + extent.width) | (y < extent.y) | (y > extent.y + extent.height)
        assert outside.any()
        assert alpha[outside].max() <= 1e-6


@each_kind
def test_a_grid_is_drawn_as_its_points_are(name: str) -> None:
    stack = stack_of(name)
    xs, ys = torch.linspace(-3, 40, 44, dtype=torch.float64), torch.linspace(-3, 56, 60, dtype=torch.float64)
    points = torch.stack([xs.repeat(60), ys.repeat_interleave(44)], 1)
    for layer in stack.layers:
        kind = kind_of(layer)
        shade = kind.grid_shader(layer, stack.assets, CPU)
        if shade is None:
            continue
        alpha, rgb = shade(xs, ys, 1.0)
        (expected,), (colors,) = kind.shader([layer], stack.assets, CPU)(points, 1.0)
        torch.testing.assert_close(alpha, expected.view(60, 44), atol=1e-5, rtol=0)
        torch.testing.assert_close(rgb.expand(60, 44, 3), colors.view(60, 44, 3), atol=1e-5, rtol=0)


@pytest.mark.slow
@each_kind
@pytest.mark.parametrize("transparent", [False, True])
def test_tiles_are_the_whole(name: str, transparent: bool) -> None:
    stack = stack_of(name)
    whole = render(stack, viewport=Viewport(CANVAS.rect, 148, 212), transparent=transparent, device="cpu").astype(int)
    for left, top, width, height in ((0, 0, 20, 20), (12, 20, 25, 33), (5, 40, 32, 13)):
        part = Viewport(Rect(left, top, width, height), 4 * width, 4 * height)
        tile = render(stack, viewport=part, transparent=transparent, device="cpu").astype(int)
        expected = whole[4 * top : 4 * (top + height), 4 * left : 4 * (left + width)]
        seen = expected[..., 3:] > 3 if transparent else np.ones_like(expected[..., :1], bool)
        assert (np.abs(tile - expected) * seen).max() <= 1


@each_kind
@pytest.mark.parametrize("size", [64, 256, 1024, pytest.param(4096, marks=pytest.mark.slow)])
def test_fast_is_exact_within_two_steps(name: str, size: int) -> None:
    stack, viewport = stack_of(name), Viewport.of_region(CANVAS.rect, size=size)
    fast, exact = FastPainter(stack, viewport, CPU), exact_painter(stack, viewport, CPU)
    xs = (torch.arange(viewport.width_px, dtype=torch.float64) + 0.5) * 37 / viewport.width_px
    ys = (torch.arange(viewport.height_px, dtype=torch.float64) + 0.5) * 53 / viewport.height_px
    rows = [layer.transform.bounds_of_frame() for layer in stack.layers]
    edges = [int(place / 53 * viewport.height_px) for rect in rows for place in (rect.y, rect.y + rect.height)]
    for middle in sorted({min(max(edge, 2), viewport.height_px - 3) for edge in (*edges, viewport.height_px // 2)}):
        band = ys[middle - 2 : middle + 3]  # where an edge touches its extent
        with torch.no_grad():
            difference = fast(xs, band)[:3] - exact(xs, band)[:3]
        assert difference.abs().max() * 255 <= 2


@each_kind
def test_a_cheap_kind_is_not_compiled(name: str) -> None:
    stack = stack_of(name)
    plan = FastPainter(stack, Viewport.of_region(CANVAS.rect, size=300), CPU).plan
    assert kind_of(stack.layers[0]).is_cheap is False or plan.compiled_layers == 0


# Colours


@each_kind
def test_a_colour_is_the_one_that_is_drawn(name: str) -> None:
    stack = stack_of(name)
    for layer in stack.layers:
        color, kind = color_of(layer), kind_of(layer)
        _, (drawn,) = kind.shader([layer], stack.assets, CPU)(points_of(50), 1.0)
        if color is None:
            assert not (drawn == drawn[:1]).all()
        else:
            torch.testing.assert_close(drawn, torch.tensor([color]).expand(50, 3), atol=1e-6, rtol=0)
            assert color_of(kind.with_color(layer, (0.25, 0.5, 0.75))) == (0.25, 0.5, 0.75)


@each_kind
def test_recoloured_layers_are_drawn_in_the_changed_colours(name: str) -> None:
    stack, points = stack_of(name), points_of()
    kind = kind_of(stack.layers[0])
    for layer in stack.layers:
        same, inverse = kind.recolored(layer, lambda color: color), kind.recolored(layer, inverted)
        if same is None or inverse is None:
            assert kind.color(layer) is None
            continue
        assert same == layer
        masks, colors = kind.shader([layer, inverse], stack.assets, CPU)(points, 1.0)
        torch.testing.assert_close(masks[0], masks[1])
        torch.testing.assert_close(colors[1], 1 - colors[0], atol=1e-5, rtol=0)


def inverted(color: Color) -> Color:
    red, green, blue = color
    return 1 - red, 1 - green, 1 - blue


# Fitted


@pytest.mark.slow
@each_kind
def test_what_can_be_tuned_draws_as_the_shader_and_its_slopes_are_differences(name: str) -> None:
    stack, points = stack_of(name), points_of(300)
    kind, footprint, step = kind_of(stack.layers[0]), 1.5, 2e-3
    if not kind.can_tune:
        assert kind.tunable(stack.layers, stack.assets, CPU) is None
        return
    families: dict[Any, list[Layer]] = {}
    for layer in stack.layers:
        families.setdefault(kind.family(layer), []).append(layer)
    for layers in families.values():
        tunable: Any = kind.tunable(layers, stack.assets, CPU)
        assert tunable.shapes.shape == (len(layers), len(kind.shape(layers[0])))
        slopes = tunable.slopes(tunable.shapes, points, footprint)
        alphas, colors = kind.shader(layers, stack.assets, CPU)(points, footprint)
        torch.testing.assert_close(slopes.alpha, alphas, atol=4e-3, rtol=0)  # curves as edges: a step of 8 bits
        rgb = tunable.colors[:, :, None].expand(-1, 3, len(points)) if slopes.rgb is None else slopes.rgb
        torch.testing.assert_close(rgb.transpose(1, 2), colors, atol=1e-5, rtol=0)
        for number in range(tunable.shapes.shape[1]):
            change = torch.zeros_like(tunable.shapes)
            change[:, number] = step
            after, before = (tunable.shade(tunable.shapes + sign * change, points, footprint) for sign in (1, -1))
            is_smooth = (after[0] % 1 > 0) & (before[0] % 1 > 0)  # away from where coverage begins and ends
            found, wanted = slopes.by_alpha[:, number], (after[0] - before[0]) / (2 * step)
            torch.testing.assert_close(found[is_smooth], wanted[is_smooth], atol=5e-3, rtol=2e-2)
            if slopes.by_rgb is not None:
                wanted = (after[1] - before[1]) / (2 * step)
                torch.testing.assert_close(slopes.by_rgb[:, number], wanted, atol=5e-3, rtol=2e-2)


@each_kind
def test_numbers_of_a_shape_make_the_layer_again(name: str) -> None:
    for layer in stack_of(name).layers:
        kind = kind_of(layer)
        assert kind.with_shape(layer, kind.shape(layer)) == layer


# Exported


@each_kind
def test_an_outline_is_what_is_drawn(name: str) -> None:
    stack = stack_of(name)
    for layer in stack.layers:
        outline = kind_of(layer).outline(layer)
        if outline is None:
            continue
        assert all(curve[0] == pytest.approx(curve[-1]) and len(curve) % 3 == 1 for curve in outline)
    if all(kind_of(layer).outline(layer) is not None for layer in stack.layers):
        text = to_svg(stack, size=530, device="cpu")
        assert "<mask" not in text
        png = bytes(resvg_py.svg_to_bytes(svg_string=text, width=370))
        drawn = np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)
        expected = render(stack, 530, device="cpu").astype(int)
        assert np.abs(drawn - expected).mean() < 0.5


def test_four_discs_are_an_svg_of_under_600_bytes() -> None:
    stack = stack_of("disc")
    four = stack.with_layers(layer for layer in stack.layers if layer.visible)
    assert len(four.layers) == 4
    assert len(to_svg(four, device="cpu")) < 600
    assert len(to_svg(four, flat=True, device="cpu")) < 600


@pytest.mark.slow
@each_kind
def test_a_page_holds_the_layers(name: str) -> None:
    page = to_html(stack_of(name), device="cpu")
    document = json.loads(Elements(page).data("document"))
    assert [layer["kind"] for layer in document["layers"]] == [name] * len(stack_of(name).layers)


# Every verb works, or says in one line why not


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the picture that the layers are to look like."""
    y, x = np.mgrid[0:53, 0:37]
    pixels = np.stack([x * 6, y * 4, np.where(x > y, 200, 30)], -1).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    return tmp_path


VERBS = {
    "render": "render {layers} --size 90 -o {out}.png",
    "render transparent": "render {layers} --size 300 --transparent --depth 16 -o {out}.png",
    "info": "info {layers} --contributions --render-plan",
    "validate": "validate {layers}",
    "refine": "refine {layers} --to {photo} --effort fast -o {out}.layers",
    "refine with detail": "refine {layers} --to {photo} --effort fast --layers 9 -o {out}.layers",
    "refine and thin": "refine {layers} --to {photo} --effort fast --layers 8 --prune --compact -o {out}.layers",
    "refine the net": "refine {layers} --to {photo} --effort fast --tune-net -o {out}.layers",
    "adjust": "adjust {photo} --layers {layers} --mask 1 --brightness 0.3 -o {out}.png",
    "edit recolor": "edit {layers} --recolor 1=tomato -o {out}.layers",
    "edit opacity": "edit {layers} --opacity 1-2=0.4 -o {out}.layers",
    "edit hide": "edit {layers} --hide 1 --show 5 -o {out}.layers",
    "edit remove": "edit {layers} --remove 2 --keep 1-3 -o {out}.layers",
    "edit move": "edit {layers} --move 1=top --rename 2=name -o {out}.layers",
    "edit shift": "edit {layers} --shift 1=3,4 --scale 2=1.5 -o {out}.layers",
    "edit transform": "edit {layers} --transform 1=5,0,9,0,5,9 -o {out}.layers",
    "edit background": "edit {layers} --background white -o {out}.layers",
    "edit transparent": "edit {layers} --background none -o {out}.layers",
    "edit palette": "edit {layers} --palette 2 -o {out}.layers",
    "edit swap-code": "edit {layers} --swap-code 1=2 -o {out}.layers",
    "edit jitter": "edit {layers} --jitter 1=0.01 -o {out}.layers",
    "edit merge": "edit {layers} --merge 1-2 -o {out}.layers",
    "edit copy-layer": "edit {layers} --copy-layer {layers}:1 -o {out}.layers",
    "export svg": "export {layers} -o {out}.svg",
    "export svg-flat": "export {layers} --format svg-flat -o {out}.svg",
    "export html": "export {layers} -o {out}.html",
    "export pdf": "export {layers} --size 200 -o {out}.pdf",
    "export ora": "export {layers} --size 64 -o {out}.ora",
    "export png-layers": "export {layers} --format png-layers --size 64 -o {out}",
    "export gif": "export {layers} --size 64 -o {out}.gif",
    "export webp": "export {layers} --size 64 -o {out}.webp",
    "export apng": "export {layers} --size 64 -o {out}.apng",
    "export frames": "export {layers} --format frames --size 64 -o {out}",
    "export json": "export {layers} -o {out}.layers.json",
    "view": "view {layers} --no-browser -o {out}.html",
}
# What is refused: the verbs that need one colour, of layers that have many; of layers that cannot be recoloured, tuned
# or swapped, the verbs that would do so; swapping layers of two families; and tuning a net, which all examples would
# have to share over the whole canvas.
MANY_COLORS = {"edit merge"}
NOT_RECOLORED = {"edit recolor"}
NOT_TUNED = {"refine", "edit swap-code", "edit jitter"}
NO_SHARED_NET = {"refine the net"}


@pytest.mark.slow
@each_kind
@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_works_or_refuses_in_one_line(
    name: str, verb: str, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vecstack.fitting.refine.EFFORTS", quick_efforts())
    stack = stack_of(name)
    save(stack, folder / "made.layers")
    words = VERBS[verb].format(layers=folder / "made.layers", photo=folder / "photo.png", out=folder / "out").split()
    code = run(words)
    message = capsys.readouterr().err.strip()
    kind, (first, second) = kind_of(stack.layers[0]), stack.layers[:2]
    refused = NO_SHARED_NET | (set() if color_of(first) and color_of(second) else MANY_COLORS)
    refused |= set() if kind.recolored(first, inverted) or kind.takes_color else NOT_RECOLORED
    refused |= set() if kind.can_tune else NOT_TUNED
    refused |= set() if kind.family(first) == kind.family(second) else {"edit swap-code"}
    if verb in refused:
        assert code in (2, 3)
        assert len(message.splitlines()) == 1
        assert "internal" not in message
    else:
        assert code == 0, message


def quick_efforts() -> dict[str, Any]:
    refining = importlib.import_module("vecstack.fitting.refine")
    return {name: (refining.Stage(256, 3),) for name in refining.EFFORTS}


@pytest.mark.slow
@each_kind
def test_refining_brings_layers_that_can_be_tuned_closer(name: str, folder: Path) -> None:
    import vecstack

    stack = stack_of(name)
    if not kind_of(stack.layers[0]).can_tune:
        return
    refined = vecstack.refine(stack, folder / "photo.png", "fast", device="cpu")
    picture = np.asarray(Image.open(folder / "photo.png")).astype(float)
    before, after = (np.square(render(each, device="cpu") - picture).mean() for each in (stack, refined))
    assert after < before


@pytest.mark.slow
@each_kind
def test_compacting_changes_the_picture_by_no_more_than_it_says(name: str) -> None:
    import vecstack

    stack = stack_of(name)
    small = vecstack.compact(stack, 1.0, device="cpu")
    assert len(dumps(small)) <= len(dumps(stack))
    change = render(small, device="cpu").astype(float) - render(stack, device="cpu")
    assert np.sqrt(np.square(change).mean()) < 2


def test_a_kind_that_this_version_does_not_have_is_none() -> None:
    assert find_kind("nothing") is None
    assert find_kind("../mask") is None
