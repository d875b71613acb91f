import dataclasses

import numpy as np
import pytest
import torch

from vecstack.errors import DocumentError
from vecstack.kinds import find_kind
from vecstack.kinds.mask.shade import net_from_asset
from vecstack.render import exact
from vecstack.render.exact import prepare
from vecstack.stack import UnknownLayer

CPU = torch.device("cpu")


@pytest.fixture
def points():
    """Points on the canvas and around it [200,2]."""
    return torch.tensor(np.random.default_rng(5).uniform(-10, 60, (200, 2)))


def by_equation(stack, points, start):
    """The colours [P,4] one point and one layer at a time, in float64: eq. 3 of the paper as it is printed."""
    result = []
    for x, y in points.tolist():
        color = np.array(start, dtype=np.float64)
        for layer in stack.layers:
            if not layer.visible:
                continue
            back = layer.transform.inverse()
            local = torch.tensor(
                [[[back.a * x + back.b * y + back.c, back.d * x + back.e * y + back.f]]], dtype=torch.float64
            )
            net = net_from_asset(stack.assets[layer.net]).double()
            mask = net(local, torch.tensor([layer.code], dtype=torch.float64)).item()
            if layer.window is not None:
                for side in local.flatten().tolist():
                    inside = min(max((1 - abs(side)) / layer.window, 0), 1)
                    mask *= inside * inside * (3 - 2 * inside)
            coverage = layer.opacity * mask
            color = color * (1 - coverage) + np.array([*layer.color, 1]) * coverage
        result.append(color)
    return np.array(result)


@pytest.mark.parametrize("transparent", [False, True])
def test_colours_follow_the_equation_at_every_point(stack, points, transparent):
    start = (0, 0, 0, 0) if transparent else (*stack.canvas.background, 1)
    colors = prepare(stack, CPU, transparent=transparent)(points, 1.0).T.numpy()
    assert np.abs(colors - by_equation(stack, points, start)).max() < 1e-5  # float32 against float64


def test_an_opaque_background_is_covered_everywhere(stack, points):
    assert (prepare(stack, CPU)(points, 1.0)[3] == 1).all()


def test_no_layers_give_the_background(stack, points):
    bare = dataclasses.replace(stack, layers=())
    expected = torch.tensor([*stack.canvas.background, 1.0])[:, None].expand(4, 200)
    assert prepare(bare, CPU)(points, 1.0).equal(expected)
    assert prepare(bare, CPU, transparent=True)(points, 1.0).equal(torch.zeros(4, 200))


def test_hidden_and_unknown_layers_are_as_if_not_there(stack, points):
    strange = UnknownLayer(id="strange", transform=stack.layers[0].transform, unknown_kind="no_such_kind")
    named_like_a_known_kind = dataclasses.replace(strange, id="like", unknown_kind="mask")
    more = dataclasses.replace(stack, layers=(strange, *stack.layers[:3], named_like_a_known_kind, *stack.layers[3:]))
    fewer = stack.remove("hidden").remove("nothing")
    expected = prepare(stack, CPU)(points, 1.0)
    assert prepare(more, CPU)(points, 1.0).equal(expected)
    assert prepare(fewer, CPU)(points, 1.0).equal(expected)


def test_long_runs_of_layers_are_shaded_in_parts_of_bounded_length(stack, points, monkeypatch):
    expected = prepare(stack, CPU)(points, 1.0)
    lengths = []
    mask_kind = type(find_kind("mask"))
    shade_all = mask_kind.prepare

    def spy(self, layers, assets, device):
        lengths.append(len(layers))
        return shade_all(self, layers, assets, device)

    monkeypatch.setattr(mask_kind, "prepare", spy)
    monkeypatch.setattr(exact, "RUN_LAYERS", 3)
    assert prepare(stack, CPU)(points, 1.0).equal(expected)
    assert lengths == [3, 1]


def test_a_missing_asset_is_a_document_error(stack):
    with pytest.raises(DocumentError, match="is not in the document"):
        prepare(dataclasses.replace(stack, assets={}), CPU)
