import dataclasses

import numpy as np
import pytest
import torch

from tests.helpers import HEIGHT, WIDTH
from vecstack.drawing import exact
from vecstack.drawing.exact import prepare
from vecstack.drawing.render import render
from vecstack.drawing.viewport import Viewport
from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect
from vecstack.kinds import find_kind
from vecstack.kinds.mask.shade import net_from_asset
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


@pytest.mark.slow
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


@pytest.fixture
def lengths(monkeypatch):
    """How many mask layers were shaded together, each time."""
    found = []
    mask_kind = type(find_kind("mask"))
    shade_all = mask_kind.shader

    def spy(self, layers, assets, device):
        found.append(len(layers))
        return shade_all(self, layers, assets, device)

    monkeypatch.setattr(mask_kind, "shader", spy)
    return found


def test_long_runs_of_layers_are_shaded_in_parts_of_bounded_length(stack, points, lengths, monkeypatch):
    layers = tuple(dataclasses.replace(layer, window=None) for layer in stack.layers)  # of one extent: none
    stack = dataclasses.replace(stack, layers=layers)
    expected = prepare(stack, CPU)(points, 1.0)
    lengths.clear()
    monkeypatch.setattr(exact, "RUN_LAYERS", 3)
    assert prepare(stack, CPU)(points, 1.0).equal(expected)
    assert lengths == [3, 1]


def test_a_missing_asset_is_a_document_error(stack):
    with pytest.raises(DocumentError, match="is not in the document"):
        prepare(dataclasses.replace(stack, assets={}), CPU)


# Layers that have an edge


TURNED = Affine(5.0, -4.0, 20.0, 6.0, 3.0, 20.0)  # its frame is within 11..29 x 11..29
OVERHANGING = Affine.of_frame(Rect(-8.0, 40.0, 20.0, 30.0))  # beyond the left and the lower side of the canvas


@pytest.fixture
def windowed(stack):
    """The stack with two windows more, one turned and one half outside the canvas, above the whole canvas's layers."""
    (base,) = (layer for layer in stack.layers if layer.id == "window")
    more = (
        dataclasses.replace(base, id="askew", transform=TURNED, window=0.3),
        dataclasses.replace(base, id="overhanging", transform=OVERHANGING, opacity=0.7),
    )
    return dataclasses.replace(stack, layers=(*stack.layers, *more))


@pytest.fixture
def evaluated(monkeypatch):
    """Ids of the layers whose masks were computed, as they are."""
    ids = []
    mask_kind = type(find_kind("mask"))
    shade_all = mask_kind.shader

    def counting(self, layers, assets, device):
        shade = shade_all(self, layers, assets, device)

        def shade_and_tell(points, footprint):
            ids.extend(layer.id for layer in layers)
            return shade(points, footprint)

        return shade_and_tell

    monkeypatch.setattr(mask_kind, "shader", counting)
    return ids


def around(*places):
    """Points near each place: [P,2]."""
    spread = np.random.default_rng(2).uniform(-1, 1, (20, 2))
    return torch.tensor(np.concatenate([spread + place for place in places]))


@pytest.mark.parametrize(
    ("place", "windows"),
    [
        ((35, 50), set()),
        ((35, 1.5), set()),
        ((20, 20), {"window", "turned", "askew"}),
        ((13.0, 13.0), {"window", "turned", "askew"}),  # a corner of the box around the turned one, not of itself
        ((2, 51), {"overhanging"}),
        ((-6, 60), {"overhanging"}),  # off the canvas, as a frame may be
        ((-30, -30), set()),
    ],
)
def test_windows_away_from_the_points_are_not_evaluated(windowed, evaluated, place, windows):
    prepare(windowed, CPU)(around(place), 1.0)
    assert set(evaluated) - {"whole", "faded"} == windows
    assert evaluated[:2] == ["whole", "faded"]
    assert len(set(evaluated)) == len(evaluated)


def test_windows_between_the_points_are_evaluated(windowed, evaluated):
    prepare(windowed, CPU)(around((1, 1), (36, 52)), 1.0)
    assert evaluated == [layer.id for layer in windowed.layers if layer.is_seen]


@pytest.mark.slow
@pytest.mark.parametrize("transparent", [False, True])
def test_leaving_out_windows_changes_no_bit(windowed, points, transparent, monkeypatch):
    colors_at = prepare(windowed, CPU, transparent=transparent)
    points = points[:60]
    one_by_one = torch.cat([colors_at(point, 1.0) for point in torch.split(points, 1)], 1)
    monkeypatch.setattr(Rect, "meets", lambda self, other: True)
    everything = torch.cat([colors_at(point, 1.0) for point in torch.split(points, 1)], 1)
    assert one_by_one.equal(everything)
    start = (0, 0, 0, 0) if transparent else (*windowed.canvas.background, 1)
    assert np.abs(one_by_one.T.numpy() - by_equation(windowed, points, start)).max() < 1e-5  # float32 against float64


@pytest.mark.slow
@pytest.mark.parametrize("turn", [0.0, 0.4, np.pi / 4, 2.0])
def test_a_turned_window_is_nothing_outside_its_extent(windowed, turn):
    along, across = 9 * np.array([np.cos(turn), np.sin(turn)]), 6 * np.array([-np.sin(turn), np.cos(turn)])
    transform = Affine(along[0], across[0], 20.0, along[1], across[1], 30.0)
    layer = dataclasses.replace(windowed.layers[3], transform=transform)
    kind = find_kind("mask")
    extent = kind.extent(layer, 1.0)
    points = torch.tensor(np.random.default_rng(1).uniform((0, 10), (40, 50), (5000, 2)))
    covered = points[kind.shader([layer], windowed.assets, CPU)(points, 1.0)[0][0] > 0]
    assert len(covered) > 300
    least, most = covered.amin(0), covered.amax(0)
    assert extent.x <= least[0] < extent.x + 1.5  # no smaller, and hardly larger
    assert extent.y <= least[1] < extent.y + 1.5
    assert extent.x + extent.width - 1.5 < most[0] <= extent.x + extent.width
    assert extent.y + extent.height - 1.5 < most[1] <= extent.y + extent.height


def test_layers_of_one_extent_are_shaded_together(stack, lengths):
    base = stack.layers[3]
    more = tuple(dataclasses.replace(base, id=f"more {number}") for number in range(3))
    prepare(dataclasses.replace(stack, layers=(*stack.layers[:4], *more)), CPU)
    assert lengths == [2, 4]


def test_a_part_of_the_canvas_is_drawn_as_in_the_whole(windowed):
    whole = render(windowed, device="cpu")
    for x, y, width, height in ((0, 0, 5, 4), (30, 45, 7, 8), (12, 12, 10, 20), (0, 44, 12, 9)):
        frame = Viewport.of_region(Rect(x, y, width, height))
        assert (render(windowed, viewport=frame, device="cpu") == whole[y : y + height, x : x + width]).all()
    assert whole.shape == (HEIGHT, WIDTH, 3)
