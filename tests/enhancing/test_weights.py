"""The weights files of enhancers: what they say, and which are refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save

from tests.enhancing.conftest import enhancer_net
from vecstack.enhancing.net import EnhancerSizes
from vecstack.enhancing.weights import Made, enhancer_to_bytes, load_enhancer, read_enhancer
from vecstack.errors import WeightsError
from vecstack.kinds.base import METADATA_KEY
from vecstack.kinds.weights import read_metadata
from vecstack.models import load_generator, load_model

MADE = Made("tiny", "0" * 64, 16)


def with_sizes(data: bytes, **changes: int) -> bytes:
    """The file, saying other sizes of its net."""
    metadata = read_metadata(data)
    metadata["sizes"]["net"] |= changes
    return save(load(data), metadata={METADATA_KEY: json.dumps(metadata)})


def test_an_enhancer_comes_back_from_its_file(enhancer: Path) -> None:
    loaded, net = load_enhancer(enhancer, "cpu"), enhancer_net()
    drawn = torch.rand(1, 3, 16, 16)
    assert torch.allclose(loaded.net(drawn), net(drawn), atol=2e-3)  # float16
    assert (loaded.name, loaded.kind, loaded.made.side) == ("noise", "mask", 16)
    assert loaded.net.sizes == EnhancerSizes(4, 2)
    assert enhancer_to_bytes(net, "mask", loaded.made) == enhancer.read_bytes()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"width": 0}, "width must be 1 to 256, not 0"),
        ({"levels": 9}, "levels must be 1 to 5, not 9"),
        ({"width": 5}, "the tensors do not fit the sizes in the file"),
        ({"depth": 1}, "the sizes in the file must be width, levels"),
    ],
)
def test_sizes_that_are_not_those_of_the_tensors_are_refused(changes: dict[str, int], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        read_enhancer(with_sizes(enhancer_to_bytes(enhancer_net(), "mask", MADE), **changes), None)


def test_it_is_no_model_and_no_generator(enhancer: Path) -> None:
    with pytest.raises(WeightsError, match=r"adds detail to layers that are there.*`vecstack enhance`"):
        load_model(enhancer, "cpu")
    with pytest.raises(
        WeightsError, match=r"adds detail to layers that are there; use gan-digits or gan-icons, or `vecstack enhance`"
    ):
        load_generator(enhancer, "cpu")
