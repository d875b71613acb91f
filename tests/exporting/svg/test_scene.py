from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from tests.helpers import block, make_spline
from vecstack import Canvas, Stack, render
from vecstack.drawing.viewport import Viewport
from vecstack.errors import DocumentError
from vecstack.exporting.svg.scene import CELLS, MIN_CELLS, POOLED, UNSEEN, SampledMask, Scene, scene_of
from vecstack.geometry import Affine, Rect
from vecstack.stack import UnknownLayer

CPU = torch.device("cpu")
CANVAS = Canvas(37, 53, (0.9, 0.4, 0.1))
BACK = block("back", Rect(4.0, 6.0, 20.0, 30.0), (1.0, 0.0, 0.0), opacity=0.5)
HIDDEN = block("hidden", Rect(2.0, 2.0, 30.0, 45.0), (0.0, 1.0, 0.0), visible=False)
TURNED = make_spline("turned", 3, Affine(8.0, 5.0, 24.0, -6.0, 11.0, 30.0))
COVER = block("cover", Rect(-200.0, -200.0, 437.0, 453.0), (0.2, 0.2, 0.9), opacity=0.25)
STACK = Stack(CANVAS, (BACK, HIDDEN, TURNED, COVER))


@pytest.fixture(scope="module")
def scene() -> Scene:
    return scene_of(STACK, CPU)


def middle(mask: SampledMask, values: np.ndarray) -> float:
    """A value in the middle of a mask's rectangle."""
    return float(values[values.shape[0] // 2, values.shape[1] // 2])


def test_each_layer_has_its_place_in_the_stack_and_its_colour(scene: Scene) -> None:
    assert [mask.layer.id for mask in scene.masks] == ["back", "hidden", "turned", "cover"]
    assert [mask.index for mask in scene.masks] == [0, 1, 2, 3]
    for mask in scene.masks:
        assert mask.color == pytest.approx(mask.layer.color)  # type: ignore[attr-defined]


def test_layers_beside_the_canvas_and_of_unknown_kinds_are_left_out() -> None:
    beside = block("beside", Rect(100.0, 0.0, 20.0, 20.0))
    strange = UnknownLayer(id="strange", unknown_kind="hologram", transform=Affine.of_frame(CANVAS.rect))
    found = scene_of(Stack(CANVAS, (beside, strange, BACK)), CPU)
    assert [(mask.index, mask.layer.id) for mask in found.masks] == [(2, "back")]


def test_masks_are_sampled_on_nearly_square_cells_of_their_own_part(scene: Scene) -> None:
    sides = {mask.layer.id: (mask.rect, mask.values.shape) for mask in scene.masks}
    assert sides["cover"][0] == CANVAS.rect
    assert sides["back"][0] == Rect(4.0, 6.0, 20.0, 30.0)
    assert sides["cover"][1] == (CELLS, 358)
    for mask in scene.masks:
        rows, columns = mask.values.shape
        assert rows % POOLED == columns % POOLED == 0
        assert (mask.rect.width / columns) / (mask.rect.height / rows) == pytest.approx(1, abs=0.02)
        assert mask.step == pytest.approx(mask.rect.height / rows, rel=0.02)
        assert mask.long_side == max(mask.rect.width, mask.rect.height)


def test_a_small_layer_has_cells_enough_to_be_traced() -> None:
    (speck,) = scene_of(Stack(CANVAS, (block("speck", Rect(4.0, 6.0, 1.0, 2.0)),)), CPU).masks
    assert speck.values.shape == (MIN_CELLS, MIN_CELLS // 2)


@pytest.mark.slow
def test_values_are_the_mask_s_own_whatever_its_opacity_and_visibility(scene: Scene) -> None:
    for mask in scene.masks[:3]:
        rows, columns = mask.values.shape
        alone = Stack(CANVAS, (dataclasses.replace(mask.layer, visible=True, opacity=1.0),))
        viewport = Viewport(mask.rect, columns, rows)
        wanted = render(alone, viewport=viewport, depth=16, transparent=True, device="cpu")[..., 3] / 65535
        assert np.abs(mask.values - wanted).max() < 2e-3
        assert mask.pooled == pytest.approx(mask.values.reshape(rows // 2, 2, columns // 2, 2).mean((1, 3)), abs=1e-6)


def test_the_picture_is_the_drawing(scene: Scene) -> None:
    rows, columns = scene.picture.shape[1:]
    wanted = render(STACK, viewport=Viewport(CANVAS.rect, columns, rows), depth=16, device="cpu") / 65535
    assert np.abs(scene.picture.permute(1, 2, 0).numpy() - wanted).max() < 2e-3


def test_an_effect_is_how_much_a_mask_can_change_the_picture(scene: Scene) -> None:
    """In the middle of a layer, without any of it and with all of it, the picture is drawn by hand."""
    back, hidden, _, cover = scene.masks
    ground, red, blue = (np.array(color) for color in (CANVAS.background, BACK.color, COVER.color))
    through = 1 - COVER.opacity
    assert middle(cover, cover.values) == pytest.approx(1, abs=1e-3)
    # (8, 20): on the left of the first layer, where nothing else but the cover is.
    row, column = int((20 - 6) / 30 * back.effect.shape[0]), int((8 - 4) / 20 * back.effect.shape[1])
    x, y = 4 + (column + 0.5) / back.effect.shape[1] * 20, 6 + (row + 0.5) / back.effect.shape[0] * 30
    turned = render(
        Stack(CANVAS, (TURNED,)),
        viewport=Viewport(Rect(x - 0.1, y - 0.1, 0.2, 0.2), 1, 1),
        transparent=True,
        device="cpu",
    )
    assert turned[0, 0, 3] == 0, "the turned layer is elsewhere"
    wanted = np.square(BACK.opacity * through * (red - ground)).mean()
    assert back.effect[row, column] == pytest.approx(wanted, rel=1e-3)
    below = ground + BACK.opacity * (red - ground)
    row, column = int(18 / 53 * cover.effect.shape[0]), int(8 / 37 * cover.effect.shape[1])
    assert cover.effect[row, column] == pytest.approx(np.square(COVER.opacity * (blue - below)).mean(), rel=0.01)
    row, column = int((18 - 2) / 45 * hidden.effect.shape[0]), int((8 - 2) / 30 * hidden.effect.shape[1])
    wanted = UNSEEN * np.square(through * (np.array(HIDDEN.color) - below)).mean()
    assert hidden.effect[row, column] == pytest.approx(wanted, rel=0.01)


def test_what_is_covered_has_no_effect() -> None:
    cover = dataclasses.replace(COVER, opacity=1.0)
    below, above = scene_of(Stack(CANVAS, (BACK, cover)), CPU).masks
    assert below.effect.max() < 1e-9
    assert above.effect.min() > 0.01


def test_a_stack_without_layers_is_its_background() -> None:
    found = scene_of(Stack(CANVAS), CPU)
    assert found.masks == ()
    assert found.picture.flatten(1).T.unique(dim=0).tolist() == [pytest.approx(CANVAS.background)]


def test_a_missing_asset_is_a_document_error(stack: Stack) -> None:
    with pytest.raises(DocumentError, match="layer whole"):
        scene_of(dataclasses.replace(stack, assets={}), CPU)
