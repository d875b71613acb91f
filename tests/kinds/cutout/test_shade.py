"""Cut-outs drawn: as the shapes they are made of, and as a picture that is looked at in fine parts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import vecstack.kinds.cutout.raster as drawing
import vecstack.kinds.cutout.shade as shading
from tests.kinds.cutout.examples import ASSETS, ITEMS, blob, cutout, examples, png
from tests.pretended_cuda import pretended_cuda
from vecstack import Canvas, Stack, render
from vecstack.drawing.exact import exact_painter
from vecstack.drawing.fast import FastPainter
from vecstack.drawing.viewport import Viewport
from vecstack.geometry import Affine, Rect
from vecstack.kinds import outlined_kind
from vecstack.kinds.cutout.item import shapes_of
from vecstack.kinds.cutout.kind import KIND
from vecstack.kinds.cutout.picture import decoded
from vecstack.stack import asset_id

CPU = torch.device("cpu")
CANVAS = Canvas(37, 53, (0.9, 0.8, 0.7))


def painted(stack: Stack, width: int, height: int, *, exact: bool = False, transparent: bool = False) -> np.ndarray:
    """The stack at a size in all its channels: [D,H,W]."""
    viewport = Viewport(stack.canvas.rect, width, height)
    xs = (torch.arange(width, dtype=torch.float64) + 0.5) * stack.canvas.width / width
    ys = (torch.arange(height, dtype=torch.float64) + 0.5) * stack.canvas.height / height
    make = exact_painter if exact else FastPainter
    with torch.no_grad():
        return make(stack, viewport, CPU, transparent=transparent)(xs, ys).numpy()


@pytest.mark.parametrize("transparent", [False, True])
def test_fast_is_exact(transparent: bool) -> None:
    layers, assets = examples()
    stack = Stack(CANVAS, layers, assets)
    for width, height in ((74, 106), (31, 44)):
        fast = painted(stack, width, height, transparent=transparent)
        exact = painted(stack, width, height, exact=True, transparent=transparent)[: len(fast)]
        assert np.abs(fast - exact).max() * 255 <= 2


def test_without_compiled_loops_all_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    layers, assets = examples()
    stack = Stack(CANVAS, layers, assets)
    before = [painted(stack, width, 106, exact=exact) for exact in (False, True) for width in (74, 20)]
    for module in (shading, drawing):
        monkeypatch.setattr(module, "is_compiled_on", lambda _: False)
    after = [painted(stack, width, 106, exact=exact) for exact in (False, True) for width in (74, 20)]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


@pytest.mark.slow
def test_a_gpu_draws_the_same() -> None:
    layers, assets = examples()
    stack = Stack(CANVAS, layers, assets)
    with pretended_cuda():
        drawn = render(stack, 40, device="cuda").astype(int)
    assert np.abs(drawn - render(stack, 40, device="cpu")).max() <= 1


def test_an_item_is_drawn_as_the_same_shapes_as_layers() -> None:
    place = Affine.similarity(19, 27, 16, 40, mirrored=True)
    parts = [
        outlined_kind().from_outline(
            {"id": str(index), "transform": place, "opacity": shape.opacity}, shape.curves, shape.paint
        )
        for index, shape in enumerate(shapes_of(ITEMS["fish"]))
    ]
    wanted = render(Stack(CANVAS, tuple(parts)), 300, device="cpu").astype(int)
    drawn = render(Stack(CANVAS, (cutout("a", "fish", place),), ASSETS), 300, device="cpu").astype(int)
    assert np.abs(drawn - wanted).max() <= 1


def test_a_translucent_item_shows_nothing_of_its_own_inside() -> None:
    stack = Stack(CANVAS, (cutout("a", "fish", Affine.similarity(19, 27, 16)),), ASSETS)
    opaque, faded = (
        painted(each, 74, 106) for each in (stack, stack.edit("a", opacity=0.5), stack.with_layers([]))[:2]
    )
    ground = painted(stack.with_layers([]), 74, 106)
    np.testing.assert_allclose(faded, (opaque + ground) / 2, atol=2e-3)


def test_one_colour_takes_the_place_of_all() -> None:
    for item in ("fish", "blob"):
        layer = cutout("a", item, Affine.similarity(19, 27, 16, 20), color=(0.2, 0.4, 0.6))
        stack = Stack(CANVAS, (layer,), ASSETS)
        own = stack.edit("a", color=None)
        plain, many = (painted(each, 74, 106, transparent=True) for each in (stack, own))
        np.testing.assert_allclose(plain[3], many[3], atol=1e-6)
        np.testing.assert_allclose(plain[:3], plain[3] * np.array([0.2, 0.4, 0.6])[:, None, None], atol=1e-5)


def waves(side: int = 90) -> np.ndarray:
    """A picture [H,W,4] of waves of three colours, within a disc."""
    rng = np.random.default_rng(5)
    places = np.mgrid[:side, :side] / side
    colors = [0.5 + 0.4 * np.sin(2 * np.pi * np.tensordot(rng.normal(size=2) * 2, places, 1)) for _ in range(3)]
    alpha = np.clip((0.45 - np.hypot(*(places - 0.5))) * side, 0, 1)
    return np.asarray((np.stack([*colors, alpha], 2) * 255 + 0.5).astype(np.uint8))


def evenly(pixels: np.ndarray, us: np.ndarray, vs: np.ndarray) -> np.ndarray:
    """Pixels [H,W,4] at places between them; nothing outside: [P,4]."""
    height, width = pixels.shape[:2]
    columns, rows = np.floor(us - 0.5).astype(int), np.floor(vs - 0.5).astype(int)
    s, t = (us - 0.5 - columns)[:, None], (vs - 0.5 - rows)[:, None]

    def at(row: np.ndarray, column: np.ndarray) -> np.ndarray:
        return pixels[row.clip(0, height - 1), column.clip(0, width - 1)]

    above = at(rows, columns) * (1 - s) + at(rows, columns + 1) * s
    below = at(rows + 1, columns) * (1 - s) + at(rows + 1, columns + 1) * s
    is_inside = (us >= 0) & (us < width) & (vs >= 0) & (vs < height)
    return np.asarray((above * (1 - t) + below * t) * is_inside[:, None])


@pytest.mark.parametrize("degrees", [0, 33])
@pytest.mark.parametrize("ratio", [2.0, 3.3, 7.0, 13.0])
def test_a_picture_made_smaller_is_the_mean_of_256_points_in_each_pixel(ratio: float, degrees: float) -> None:
    data = KIND.item(png(waves()))
    side = int(1.3 * 90 / ratio) + 2
    place = Affine.similarity(side / 2 + 0.2, side / 2 - 0.3, 45 / ratio, degrees)
    layer = KIND.placed({"id": "a", "transform": place}, asset_id(data))
    stack = Stack(Canvas(side, side), (layer,), {asset_id(data): data})
    drawn = painted(stack, side, side, transparent=True)
    to_pixels = Affine(45.0, 0.0, 45.0, 0.0, 45.0, 45.0).after(place.inverse())
    fine = (np.arange(16 * side) + 0.5) / 16
    xs, ys = (values.ravel() for values in np.meshgrid(fine, fine))
    samples = evenly(decoded(data), *to_pixels.apply(xs, ys))  # type: ignore[arg-type]
    wanted = samples.reshape(side, 16, side, 16, 4).mean((1, 3)).transpose(2, 0, 1)
    seen = wanted[3] > 0
    assert np.abs(drawn - wanted)[:, seen].mean() * 255 < 3
    assert np.abs(drawn - wanted).max() * 255 < 40


def test_a_picture_at_its_own_size_is_itself() -> None:
    data = KIND.item(png(waves()))
    layer = KIND.placed({"id": "a", "transform": Affine.similarity(45, 45, 45)}, asset_id(data))
    drawn = painted(Stack(Canvas(90, 90), (layer,), {asset_id(data): data}), 90, 90, transparent=True)
    np.testing.assert_allclose(drawn, decoded(data).transpose(2, 0, 1), atol=2e-5)


def test_an_enlarged_picture_is_smooth_within_and_ends_at_its_edge() -> None:
    pixels = np.full((2, 4, 3), 40, np.uint8)
    pixels[:, 2:] = 210
    data = KIND.item(png(pixels))
    layer = KIND.placed({"id": "a", "transform": Affine.similarity(40, 40, 20)}, asset_id(data))
    drawn = painted(Stack(Canvas(80, 80), (layer,), {asset_id(data): data}), 80, 80, transparent=True)
    assert (drawn[3] == 1)[30:50, 20:60].all()
    assert drawn[3].sum() == pytest.approx(800)
    row = drawn[0, 40, 20:60] * 255
    assert row[:12] == pytest.approx(np.full(12, 40), abs=14)
    assert row[28:] == pytest.approx(np.full(12, 210), abs=14)
    assert 1 < np.abs(np.diff(row)).max() < 35


def test_a_tiny_picture_covers_its_own_area() -> None:
    data = KIND.item(png(np.full((10, 20, 3), 90, np.uint8)))
    layer = KIND.placed({"id": "a", "transform": Affine.similarity(5.3, 5.6, 0.2)}, asset_id(data))
    drawn = painted(Stack(Canvas(11, 11), (layer,), {asset_id(data): data}), 11, 11, transparent=True)
    assert drawn[3].sum() == pytest.approx(0.4 * 0.2, rel=1e-3)


def test_batches_keep_the_order_of_what_overlaps() -> None:
    rng = np.random.default_rng(8)
    boxes = [Rect(*(10 * rng.random(2)), *(0.2 + 2 * rng.random(2))) for _ in range(200)]
    ways = rng.integers(0, 3, 200).tolist()
    found = drawing.batches(ways, boxes)
    order = [index for _, indices in found for index in indices]
    assert sorted(order) == list(range(200))
    assert all(ways[index] == way for way, indices in found for index in indices)
    place = {index: number for number, index in enumerate(order)}
    for index, box in enumerate(boxes):
        assert all(place[other] < place[index] for other in range(index) if boxes[other].meets(box))
    assert len(found) < 60


def test_many_layers_of_one_item_read_it_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = KIND.item(png(blob(48, 48)))
    layers = [
        KIND.placed({"id": str(index), "transform": Affine.similarity(index, 20, 3)}, asset_id(data))
        for index in range(30)
    ]
    reads = []
    monkeypatch.setattr(
        "vecstack.kinds.cutout.picture.decoded", lambda content: reads.append(content) or decoded(content)
    )
    stack = Stack(CANVAS, tuple(layers), {asset_id(data): data})
    painted(stack, 111, 159)
    assert len(reads) == 1
