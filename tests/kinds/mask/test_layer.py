from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from vecstack.errors import DocumentError
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import Steps
from vecstack.kinds.mask.kind import KIND
from vecstack.kinds.mask.layer import MaskLayer, net_code_length
from vecstack.kinds.mask.model import Predictor
from vecstack.kinds.mask.shade import net_to_asset

COMMON: dict[str, Any] = {"id": "a", "transform": Affine.of_frame(Rect(0, 0, 37, 53))}
OWN: dict[str, Any] = {"color": [0.1, 0.2, 0.3], "code": [1, -2.5, 3], "net": "ab"}


def test_write_gives_what_read_took() -> None:
    own = OWN | {"window": 0.25}
    assert KIND.write(KIND.read(COMMON, own)) == own


def test_a_layer_without_a_window_says_nothing_of_it() -> None:
    assert "window" not in KIND.write(KIND.read(COMMON, OWN))


@pytest.mark.parametrize(
    "own",
    [
        {"color": None},
        {"color": "red"},
        {"color": [0, 0]},
        {"color": [0, 0, True]},
        {"code": []},
        {"code": [1, "2"]},
        {"code": [1, 10**400]},
        {"code": [1e301]},
        {"code": {"a": 1}},
        {"net": None},
        {"net": 5},
        {"window": "wide"},
        {"window": -1},
    ],
)
def test_own_fields_of_another_form_are_refused(own: dict[str, Any]) -> None:
    with pytest.raises(DocumentError, match="layer a"):
        KIND.read(COMMON, OWN | own)


@pytest.fixture
def asset(predictor: Predictor) -> bytes:
    return net_to_asset(predictor.net)


def test_code_length_is_read_from_the_net(asset: bytes) -> None:
    assert net_code_length(asset) == 3


def damaged(asset: bytes, **changes: np.ndarray | None) -> bytes:
    tensors = load(asset) | changes
    return save({name: tensor for name, tensor in tensors.items() if tensor is not None})


@pytest.mark.parametrize(
    "changes",
    [
        {"output.bias": None},
        {"extra": np.zeros(3, np.float16)},
        {"output.bias": np.array([np.nan], np.float16)},
        {"output.bias": np.array([1], np.int64)},
        {"hidden.1.weight": np.zeros((8, 7), np.float16)},
        {"hidden.0.weight": np.zeros((8, 2), np.float16)},
        {"hidden.0.weight": np.zeros((6, 5), np.float16)},
        {"hidden.0.weight": None},
        {"norms.0.weight": np.zeros((8, 1), np.float16)},
    ],
)
def test_a_damaged_net_is_refused(asset: bytes, changes: dict[str, np.ndarray | None]) -> None:
    with pytest.raises(DocumentError, match="a mask net"):
        net_code_length(damaged(asset, **changes))


@pytest.mark.parametrize("data", [b"", b"junk", b"\xff" * 64])
def test_bytes_that_are_no_net_are_refused(data: bytes) -> None:
    with pytest.raises(DocumentError, match="not a readable safetensors file"):
        net_code_length(data)


def test_check_names_the_layer_whose_net_is_missing(asset: bytes) -> None:
    layer = KIND.read(COMMON, OWN)
    with pytest.raises(DocumentError, match="layer a: its net"):
        KIND.check([layer], {})
    KIND.check([layer], {"ab": asset})


def test_a_net_is_read_once_for_all_its_layers(asset: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr("vecstack.kinds.mask.kind.net_code_length", lambda data: calls.append(data) or 3)
    layers = [KIND.read(COMMON, OWN | {"net": str(index % 6)}) for index in range(60)]
    KIND.check(layers, {str(index): asset for index in range(6)})
    assert len(calls) == 6


def test_few_nets_are_kept_in_memory() -> None:
    assert net_code_length.cache_parameters()["maxsize"] == 4


def test_check_names_the_layer_whose_code_does_not_fit(asset: bytes) -> None:
    layer = KIND.read(COMMON, OWN | {"code": [1, 2]})
    assert isinstance(layer, MaskLayer)
    with pytest.raises(DocumentError, match="code has 2 numbers, its net takes 3"):
        KIND.check([layer], {"ab": asset})


def test_a_layer_has_an_edge_where_it_has_a_window() -> None:
    turned = COMMON | {"transform": Affine(9.0, -4.0, 21.5, 6.0, 14.0, 25.25)}
    assert KIND.extent(KIND.read(turned, OWN), 1.0) is None
    assert KIND.extent(KIND.read(turned, OWN | {"window": 0.2}), 1.0) == Rect(8.5, 5.25, 26.0, 40.0)


def test_layers_of_one_net_are_a_family() -> None:
    layer = KIND.read(COMMON, OWN)
    assert KIND.family(KIND.read({**COMMON, "id": "b"}, OWN | {"code": [4, 5, 6], "window": 1})) == KIND.family(layer)
    assert KIND.family(KIND.read(COMMON, OWN | {"net": "cd"})) != KIND.family(layer)


@pytest.mark.parametrize(("shape", "color"), [(0.5, 0.05), (0.02, 0.001), (1e-5, 1e-5)])
def test_rounded_numbers_are_the_nearest_multiples_of_their_steps(shape: float, color: float) -> None:
    own = {"color": [0.123456, 0.987654, 1.0], "code": [1.23456, -2.34567, 1e-7], "window": 0.345678}
    layer = KIND.read(COMMON, OWN | own)
    rounded = KIND.rounded(layer, Steps(shape, color))
    assert isinstance(rounded, MaskLayer)
    for name, step in {"code": shape, "color": color, "window": color}.items():
        old, new = (np.array(getattr(each, name)) for each in (layer, rounded))
        assert np.abs(new - old).max() <= step / 2 * (1 + 1e-6)
        assert np.abs(new / step - np.round(new / step)).max() < 1e-6
    same = {name: getattr(layer, name) for name in ("code", "color", "window")}
    assert dataclasses.replace(rounded, **same) == layer


def test_steps_of_0_leave_a_layer_as_it_is() -> None:
    layer = KIND.read(COMMON, OWN | {"color": [0.123456, 1 / 3, 1.0], "window": 0.345678})
    assert KIND.rounded(layer, Steps(0.0, 0.0)) == layer


@pytest.mark.parametrize("window", [0.001, 0.02, 0.999, 1.0, None])
def test_a_rounded_window_is_still_one(window: float | None) -> None:
    rounded = KIND.rounded(KIND.read(COMMON, OWN | {"window": window}), Steps(0.5, 0.05))
    assert KIND.read(COMMON, KIND.write(rounded)) == rounded
    assert isinstance(rounded, MaskLayer)
    assert (rounded.window is None) == (window is None)
