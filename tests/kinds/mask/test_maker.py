from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
import torch

from vecstack.errors import WeightsError
from vecstack.geometry import Rect
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.maker import MAX_BLOCKS, MAX_SIDE, MaskMaker, load_maker, weights_to_bytes
from vecstack.kinds.mask.model import ModelSizes, Predictor, grid_points
from vecstack.kinds.mask.net import MaskNet
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.kinds.weights import read_metadata
from vecstack.pictures.fit import fit_to_side
from vecstack.stack import asset_id

RECT = Rect(0, 0, 37, 53)


def sizes(data: bytes) -> dict[str, Any]:
    found: dict[str, Any] = read_metadata(data)["sizes"]
    return found


def test_weights_come_back_as_float16_keeps_them(predictor: Predictor) -> None:
    data = weights_to_bytes(predictor)
    maker = load_maker(data, sizes(data), torch.device("cpu"))
    assert maker.predictor.sizes == predictor.sizes
    for name, tensor in predictor.state_dict().items():
        assert torch.equal(maker.predictor.state_dict()[name], tensor.half().float())


def test_the_same_model_gives_the_same_bytes(predictor: Predictor) -> None:
    assert weights_to_bytes(predictor) == weights_to_bytes(predictor)


def test_layers_are_the_predictors_in_the_colors_that_are_best_for_them(predictor: Predictor) -> None:
    picture = np.random.default_rng(0).random((53, 37, 3), dtype=np.float32) * 0.2  # dark, so black is the closer
    made = MaskMaker(predictor).make(picture, RECT, 3)
    target = fit_to_side(torch.from_numpy(picture).permute(2, 0, 1)[None], 16)
    goal = target if made.background == (0.0, 0.0, 0.0) else 1 - target
    codes, colors = predictor.predict(goal)
    best = predictor.best_colors(goal, codes, colors)[0]
    for layer, code, color in zip(made.layers, codes[0], best[0], strict=True):
        assert isinstance(layer, MaskLayer)
        assert layer.code == pytest.approx(code.tolist(), rel=1e-5)
        expected = color if made.background == (0.0, 0.0, 0.0) else 1 - color
        assert layer.color == pytest.approx(expected.tolist(), rel=1e-5, abs=1e-6)


def test_the_negative_of_a_picture_has_the_negative_layers(predictor: Predictor) -> None:
    picture = np.random.default_rng(1).random((53, 37, 3), dtype=np.float32)
    made, negative = (MaskMaker(predictor).make(p, RECT, 3) for p in (picture, 1 - picture))
    assert [1 - value for value in made.background] == list(negative.background)
    for one, other in zip(made.layers, negative.layers, strict=True):
        assert isinstance(one, MaskLayer)
        assert isinstance(other, MaskLayer)
        assert one.code == pytest.approx(other.code, rel=1e-3, abs=1e-4)
        assert one.color == pytest.approx([1 - value for value in other.color], abs=1e-4)


def test_the_closer_background_is_taken(predictor: Predictor) -> None:
    picture = np.random.default_rng(2).random((16, 16, 3), dtype=np.float32)
    made = MaskMaker(predictor).make(picture, Rect(0, 0, 16, 16), 3)
    target = torch.from_numpy(picture).permute(2, 0, 1)[None]
    errors = []
    for goal in (target, 1 - target):
        codes, colors = predictor.predict(goal)
        drawn = predictor.draw(grid_points(16), codes, predictor.best_colors(goal, codes, colors)[0])[:, -1]
        errors.append(float((drawn - goal.flatten(2)).square().mean()))
    assert made.background == ((0.0, 0.0, 0.0) if errors[0] <= errors[1] else (1.0, 1.0, 1.0))


def with_sizes(data: bytes, path: tuple[str, ...], value: object) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(sizes(data)))
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return changed


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("layers",), 0),
        (("layers",), "many"),
        (("layers",), True),
        (("layers",), 10**9),
        (("unknown",), 1),
        (("net",), 5),
        (("net", "width"), 6),
        (("net", "width"), 16),
        (("encoder", "blocks"), [1, 1]),
        (("encoder", "blocks"), [1, 1, 1, 0]),
        (("encoder", "stem_pool"), 1),
        (("encoder", "side"), 1.5),
        (("encoder", "side"), 1024),
        (("encoder", "width"), 28),
        (("encoder", "width"), 7),
        (("encoder", "blocks"), [65, 1, 1, 1]),
        (("encoder", "blocks"), [4096] * 4),
        (("canvas_side",), 1024),
        (("net", "width"), 2048),
        (("net", "depth"), 17),
    ],
)
def test_sizes_that_do_not_fit_are_refused(predictor: Predictor, path: tuple[str, ...], value: object) -> None:
    data = weights_to_bytes(predictor)
    with pytest.raises(WeightsError):
        load_maker(data, with_sizes(data, path, value), torch.device("cpu"))


def test_a_width_that_the_norms_groups_do_not_divide_is_named(predictor: Predictor) -> None:
    data = weights_to_bytes(predictor)
    with pytest.raises(WeightsError, match=r"encoder\.width must be a multiple of 8 up to 4096, not 28"):
        load_maker(data, with_sizes(data, ("encoder", "width"), 28), torch.device("cpu"))


def test_the_largest_sizes_are_refused_before_they_take_memory(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = weights_to_bytes(predictor)
    largest = json.loads(json.dumps(sizes(data)))
    largest["encoder"] = {"side": MAX_SIDE, "width": 4096, "blocks": [MAX_BLOCKS] * 4, "stem_pool": False}
    built = []

    def build(sizes: ModelSizes) -> Predictor:
        built.append(Predictor(sizes))
        return built[0]

    monkeypatch.setattr("vecstack.kinds.mask.maker.Predictor", build)
    with pytest.raises(WeightsError, match="do not fit the sizes"):
        load_maker(data, largest, torch.device("cpu"))
    assert all(tensor.is_meta for tensor in built[0].state_dict().values())  # shapes alone


def test_the_net_is_written_once_for_all_pictures(predictor: Predictor, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(net: MaskNet) -> bytes:
        calls.append(net)
        return net_to_asset(net)

    monkeypatch.setattr("vecstack.kinds.mask.maker.net_to_asset", counted)
    maker = MaskMaker(predictor)
    picture = np.zeros((53, 37, 3), np.float32)
    first, second = maker.make(picture, RECT, 3), maker.make(picture, RECT, 2)
    assert len(calls) == 1
    assert first.assets == second.assets == {asset_id(net_to_asset(predictor.net)): net_to_asset(predictor.net)}


def test_values_that_are_not_finite_are_refused(predictor: Predictor) -> None:
    data = weights_to_bytes(predictor)
    predictor.net.output.bias.fill_(float("nan"))
    with pytest.raises(WeightsError, match=r"net\.output\.bias"):
        load_maker(weights_to_bytes(predictor), sizes(data), torch.device("cpu"))
