from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.helpers import new_net
from vecstack.document.file import dumps, load
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Slopes
from vecstack.kinds.mask import tune
from vecstack.kinds.mask.kind import KIND
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.shade import net_from_asset, net_to_asset, shader
from vecstack.kinds.mask.tune import MaskTunable, input_slopes
from vecstack.stack import Canvas, Stack, asset_id

CPU = torch.device("cpu")
CODE = 5
CORNER = Rect(5.0, 3.0, 20.0, 31.0)


def both(slopes: Slopes) -> tuple[torch.Tensor, torch.Tensor]:
    return slopes.alpha, slopes.by_alpha


NET = net_to_asset(new_net(1, code=CODE))
ASSETS = {asset_id(NET): NET}


def make_layers() -> tuple[MaskLayer, ...]:
    """Three layers of one net: on the whole canvas without a window, turned, and in a corner."""
    rng = np.random.default_rng(3)
    whole = Affine.of_frame(Rect(0, 0, 37, 53))

    def layer(name: str, **fields: Any) -> MaskLayer:
        color, code = (tuple(rng.uniform(0, 1, count).round(5).tolist()) for count in (3, CODE))
        return MaskLayer(
            **{"id": name, "transform": whole, "color": color, "code": code, "net": asset_id(NET)} | fields
        )

    return (
        layer("whole", extra={"note": 1}),
        layer("turned", transform=Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25), window=1.0, opacity=0.5),
        layer("corner", transform=Affine.of_frame(CORNER), window=0.3),
    )


@pytest.fixture
def points() -> Tensor:
    """Points on the canvas and around it [90,2], float64."""
    return torch.tensor(np.random.default_rng(2).uniform(-5, 58, (90, 2)))


@pytest.fixture
def tunable() -> MaskTunable:
    return MaskTunable(make_layers(), ASSETS, CPU)


@pytest.fixture
def movable() -> MaskTunable:
    """Layers without windows, on the whole canvas, turned, and in a corner."""
    return MaskTunable([dataclasses.replace(layer, window=None) for layer in make_layers()], ASSETS, CPU)


def test_numbers_are_those_of_the_layers(tunable: MaskTunable, movable: MaskTunable) -> None:
    codes = torch.tensor([layer.code for layer in make_layers()])
    assert tunable.shapes.equal(codes)
    assert movable.shapes.equal(torch.cat([codes, torch.zeros(3, 6)], 1))
    assert tunable.colors.equal(torch.tensor([layer.color for layer in make_layers()]))


def test_masks_are_what_the_layers_draw(tunable: MaskTunable, points: Tensor) -> None:
    masks = tunable.shade(tunable.shapes, points, 1.0)[0]
    torch.testing.assert_close(masks, shader(make_layers(), ASSETS, CPU)(points, 1.0)[0], atol=1e-6, rtol=0)
    assert bool((masks.std(1) > 0.02).all())


def test_masks_and_slopes_are_0_outside_a_window(tunable: MaskTunable, points: Tensor) -> None:
    x, y = points.unbind(1)
    outside = (x < 5) | (x > 25) | (y < 3) | (y > 34)
    masks, slopes = both(tunable.slopes(tunable.shapes, points, 1.0))
    assert bool((masks[2, outside] == 0).all())
    assert bool((slopes[2][:, outside] == 0).all())
    assert bool((masks[0, outside] > 0).all())  # which has no window
    deep = (x > 9) & (x < 21) & (y > 9) & (y < 28)  # further than 0.3 of the half side from each edge
    bare = dataclasses.replace(make_layers()[2], window=None)
    assert masks[2, deep].tolist() == pytest.approx(
        shader([bare], ASSETS, CPU)(points, 1.0)[0][0, deep].tolist(), abs=1e-6
    )


@pytest.mark.parametrize(("can_move", "moved"), [(False, 0.0), (True, 0.0), (True, 0.4)])
def test_slopes_are_the_gradients_of_the_masks(
    tunable: MaskTunable, movable: MaskTunable, points: Tensor, can_move: bool, moved: float
) -> None:
    if can_move:
        tunable = movable
        tunable.shapes[:, CODE:] += moved * torch.linspace(-1, 1, 6)
    masks, slopes = both(tunable.slopes(tunable.shapes, points, 1.0))
    assert slopes.shape == (3, CODE + 6 * can_move, 90)
    torch.testing.assert_close(masks, tunable.shade(tunable.shapes, points, 1.0)[0])
    by_autograd = torch.autograd.functional.jacobian(
        lambda shapes: tunable.shade(shapes, points, 1.0)[0], tunable.shapes
    )
    for index in range(3):
        torch.testing.assert_close(slopes[index].T, by_autograd[index, :, index], atol=1e-5, rtol=1e-4)


def test_a_mask_depends_on_its_own_row_alone(tunable: MaskTunable, points: Tensor) -> None:
    before = tunable.shade(tunable.shapes, points, 1.0)[0]
    shapes = tunable.shapes.clone()
    shapes[1] += 1
    after = tunable.shade(shapes, points, 1.0)[0]
    torch.testing.assert_close(after[[0, 2]], before[[0, 2]], atol=1e-6, rtol=0)
    assert float((after[1] - before[1]).abs().max()) > 0.01


def test_masks_have_gradients_by_the_codes_and_by_the_net(tunable: MaskTunable, points: Tensor) -> None:
    assert len(tunable.shared) == len(list(new_net(1, code=CODE).parameters()))
    for tensor in tunable.shared:
        tensor.requires_grad_()
    shapes = tunable.shapes.clone().requires_grad_()
    tunable.shade(shapes, points, 1.0)[0].square().sum().backward()
    for tensor in (shapes, *tunable.shared):
        assert tensor.grad is not None
        assert float(tensor.grad.abs().max()) > 0


# Slopes of the net by the codes


@pytest.fixture
def local() -> Tensor:
    """Points of three frames [3,40,2]."""
    return torch.tensor(np.random.default_rng(4).uniform(-1, 1, (3, 40, 2)), dtype=torch.float32)


@pytest.fixture
def codes() -> Tensor:
    return torch.tensor(np.random.default_rng(5).normal(size=(3, CODE)), dtype=torch.float32)


@pytest.mark.parametrize("depth", [1, 3])
def test_input_slopes_are_the_gradients_of_the_net(local: Tensor, codes: Tensor, depth: int) -> None:
    net = new_net(6, depth=depth, code=CODE)
    masks, slopes = input_slopes(net, local, codes)
    assert masks.equal(net(local, codes))
    by_place, by_code = torch.autograd.functional.jacobian(net, (local, codes))
    for index in range(3):
        torch.testing.assert_close(slopes[index, 2:].T, by_code[index, :, index], atol=1e-5, rtol=1e-4)
        of_own_place = by_place[index, :, index].diagonal().mT  # [P,2]
        torch.testing.assert_close(slopes[index, :2].T, of_own_place, atol=1e-5, rtol=1e-4)


def test_input_slopes_are_what_small_changes_make(local: Tensor, codes: Tensor) -> None:
    net = new_net(7, code=CODE)
    _, slopes = input_slopes(net, local, codes)
    net, local, codes, step = net.double(), local.double(), codes.double(), 1e-3
    for number in range(CODE):
        change = torch.zeros(CODE, dtype=torch.float64)
        change[number] = step
        after, before = (net(local, codes + sign * change) for sign in (1, -1))
        # The last sigmoid is in float32, whose rounding over twice the step is 3e-5.
        expected = ((after - before) / (2 * step)).float()
        torch.testing.assert_close(slopes[:, 2 + number], expected, atol=2e-3, rtol=1e-2)


@pytest.mark.parametrize("chunk", [1, 80, 10_000])
def test_input_slopes_do_not_depend_on_how_many_points_go_at_a_time(
    local: Tensor, codes: Tensor, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = new_net(8, code=CODE)
    expected = input_slopes(net, local, codes)
    monkeypatch.setattr(tune, "CHUNK", chunk)
    for found, wanted in zip(input_slopes(net, local, codes), expected, strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("is_on", [True, False])
def test_slopes_carry_no_gradient_whether_gradients_are_on_or_off(
    tunable: MaskTunable, points: Tensor, is_on: bool
) -> None:
    with torch.set_grad_enabled(is_on):
        masks, slopes = both(tunable.slopes(tunable.shapes.clone().requires_grad_(), points, 1.0))
    assert not masks.requires_grad
    assert not slopes.requires_grad


# Back to layers


def test_layers_come_back_as_they_were(tunable: MaskTunable) -> None:
    layers, assets = tunable.layers(tunable.shapes, tunable.colors)
    assert layers == make_layers()
    assert assets == ASSETS


def test_layers_have_the_numbers_that_were_tuned(tunable: MaskTunable, points: Tensor) -> None:
    generator = torch.Generator().manual_seed(4)
    shapes = tunable.shapes + torch.randn(tunable.shapes.shape, generator=generator)
    colors = torch.rand(3, 3, generator=generator)
    layers, assets = tunable.layers(shapes, colors)
    alphas, drawn = shader(layers, assets, CPU)(points, 1.0)
    torch.testing.assert_close(
        alphas, tunable.shade(shapes, points, 1.0)[0], atol=1e-4, rtol=0
    )  # codes have six digits
    torch.testing.assert_close(drawn[:, 0], colors, atol=1e-6, rtol=0)
    for old, new in zip(make_layers(), layers, strict=True):
        assert dataclasses.replace(new, code=old.code, color=old.color) == old
    stack = Stack(Canvas(37, 53), layers, assets)
    assert load(dumps(stack)) == stack


def test_layers_of_a_tuned_net_refer_to_the_new_one(tunable: MaskTunable, points: Tensor) -> None:
    for tensor in tunable.shared:
        tensor += 0.05
    layers, assets = tunable.layers(tunable.shapes, tunable.colors)
    ((name, data),) = assets.items()
    assert {layer.net for layer in layers} == {name}
    assert name == asset_id(data) != asset_id(NET)
    KIND.check(layers, assets)
    alphas, _ = shader(layers, assets, CPU)(points, 1.0)
    torch.testing.assert_close(
        alphas, tunable.shade(tunable.shapes, points, 1.0)[0], atol=0.02, rtol=0
    )  # float16 weights
    assert net_from_asset(NET).output.bias.item() != pytest.approx(net_from_asset(data).output.bias.item(), abs=0.01)


def test_layers_that_move_are_drawn_where_the_numbers_say(movable: MaskTunable, points: Tensor) -> None:
    shapes = movable.shapes.clone()
    shapes[:2, CODE:] = torch.tensor([[0.6, -0.3, 0.2, -0.5, 0.8, -0.4], [-0.2, 0.1, 0.4, 0.3, -1.0, 0.5]])
    layers, assets = movable.layers(shapes, movable.colors)
    masks = movable.shade(shapes, points, 1.0)[0]
    torch.testing.assert_close(shader(layers, assets, CPU)(points, 1.0)[0], masks, atol=1e-3, rtol=0)
    assert float((masks[:2] - movable.shade(movable.shapes, points, 1.0)[0][:2]).abs().max()) > 0.02
    assert layers[2].transform == make_layers()[2].transform


def test_a_layer_cannot_be_moved_so_far_that_it_has_no_place(movable: MaskTunable) -> None:
    shapes = movable.shapes.clone()
    shapes[:, CODE] = -1 / tune.PLACE_STEP  # which alone would make it a line
    shapes[:, CODE + 3] = -1e6
    layers, _ = movable.layers(shapes, movable.colors)
    for layer, before in zip(layers, make_layers(), strict=True):
        assert layer.transform.determinant / before.transform.determinant > 1
