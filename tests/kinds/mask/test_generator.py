"""The generator: what it makes of noise, how its weights are kept, and what is refused."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load, save

from vecstack.errors import RecipeError, ShapeError, WeightsError
from vecstack.geometry import Rect
from vecstack.kinds.base import METADATA_KEY
from vecstack.kinds.mask.encoder import EncoderSizes
from vecstack.kinds.mask.generating import GeneratorTrainee
from vecstack.kinds.mask.generator import Generator, GeneratorSizes, generator_to_bytes, load_generator
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.model import ModelSizes, Predictor
from vecstack.kinds.mask.net import NetSizes
from vecstack.kinds.weights import GENERATOR, read_metadata

SIZES = GeneratorSizes(
    layers=3,
    noise=4,
    width=16,
    canvas_side=8,
    net=NetSizes(code=3, width=8, depth=2),
    encoder=EncoderSizes(side=8, width=8, blocks=(1, 1, 1, 1), stem_pool=False),
)
AT_ONCE = replace(SIZES, layers_per_pass=3)


def built(sizes: GeneratorSizes = SIZES) -> Generator:
    torch.manual_seed(0)
    return Generator(sizes)


@pytest.mark.parametrize("sizes", [SIZES, AT_ONCE, replace(SIZES, layers_per_pass=2), replace(SIZES, depth=0)])
def test_noise_becomes_layers_whose_canvases_are_their_drawing(sizes: GeneratorSizes) -> None:
    generator = built(sizes)
    noise = torch.randn(2, sizes.passes, sizes.noise)
    codes, colors, canvases = generator.unroll(noise)
    assert codes.shape == (2, 3, 3)
    assert colors.shape == (2, 3, 3)
    assert canvases.shape == (2, 3, 3, 64)
    from vecstack.kinds.mask.model import grid_points

    assert torch.allclose(generator.draw(grid_points(8), codes, colors), canvases, atol=1e-6)


def test_each_pass_sees_the_canvas_before_it_and_noise_of_its_own() -> None:
    generator = built()
    noise = torch.randn(1, 3, 4)
    later = noise.clone()
    later[:, 2] += 1
    one, other = generator.unroll(noise), generator.unroll(later)
    assert torch.equal(one[0][:, :2], other[0][:, :2])
    assert not torch.allclose(one[0][:, 2], other[0][:, 2])
    earlier = noise.clone()
    earlier[:, 0] += 3
    assert not torch.allclose(one[0][:, 2], generator.unroll(earlier)[0][:, 2])


def test_all_layers_in_one_pass_need_no_encoder() -> None:
    assert built(AT_ONCE).encoder is None
    assert built(SIZES).encoder is not None


def test_noise_of_another_shape_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"noise is \[1, 2, 4\], this generator needs \[B,3,4\]"):
        built().unroll(torch.zeros(1, 2, 4))


@pytest.mark.parametrize("sizes", [SIZES, AT_ONCE])
def test_weights_come_back_and_make_ordinary_layers(sizes: GeneratorSizes) -> None:
    generator = built(sizes)
    data = generator_to_bytes(generator)
    assert data == generator_to_bytes(generator)
    assert read_metadata(data)["table"] == GENERATOR
    loaded = load_generator(data, read_metadata(data)["sizes"], None)
    assert loaded.noise_shape == (sizes.passes, 4)
    noise = np.random.default_rng(0).standard_normal((2, *loaded.noise_shape)).astype(np.float32)
    one, other = (loaded.make(part, Rect(0, 0, 8, 8)) for part in noise)
    assert all(isinstance(layer, MaskLayer) and layer.net in one.assets for layer in one.layers)
    assert len(one.layers) == 3
    assert one.layers != other.layers
    assert one.assets.keys() == other.assets.keys()
    codes = loaded.generator.unroll(torch.from_numpy(noise))[0]
    assert one.layers[0].code == pytest.approx(codes[0, 0].tolist(), abs=1e-3)  # type: ignore[attr-defined]


def test_weights_of_other_sizes_or_damaged_ones_are_refused() -> None:
    data = generator_to_bytes(built())
    sizes = read_metadata(data)["sizes"]
    with pytest.raises(WeightsError, match="do not fit the sizes"):
        load_generator(data, sizes | {"noise": 5}, None)
    with pytest.raises(WeightsError, match="noise must be 1 to 4096, not 0"):
        load_generator(data, sizes | {"noise": 0}, None)
    with pytest.raises(WeightsError, match=r"encoder\.side must be canvas_side"):
        load_generator(data, sizes | {"canvas_side": 16}, None)
    tensors = load(data)
    tensors["code_head.bias"][0] = torch.nan
    broken = save(tensors, metadata={METADATA_KEY: json.dumps({"kind": "mask", "sizes": sizes, "table": GENERATOR})})
    with pytest.raises(WeightsError, match=r"code_head\.bias must be finite"):
        load_generator(broken, sizes, None)


def test_a_generator_starts_from_its_like_or_from_the_net_of_a_predictor() -> None:
    trainee = GeneratorTrainee(SIZES)
    model, like = built(), Generator(SIZES)
    trainee.start_from(model, like)
    assert all(torch.equal(one, like.state_dict()[key]) for key, one in model.state_dict().items())
    predictor = Predictor(ModelSizes(layers=2, canvas_side=8, net=SIZES.net, encoder=SIZES.encoder))
    trainee.start_from(model, predictor)
    assert all(torch.equal(one, predictor.net.state_dict()[key]) for key, one in model.net.state_dict().items())
    with pytest.raises(RecipeError, match="a generator of the same sizes, or a model with the same net"):
        trainee.start_from(model, Generator(replace(SIZES, net=NetSizes(code=4, width=8, depth=2))))


def test_a_trainee_draws_as_many_pictures_as_there_are_the_same_each_time() -> None:
    trainee, model = GeneratorTrainee(SIZES), built()
    pictures = torch.zeros(70, 3, 8, 8, dtype=torch.uint8)
    drawn = [torch.cat(list(trainee.draw(model, pictures, [1, 3]))) for _ in range(2)]
    assert drawn[0].shape == (70, 2, 3, 8, 8)
    assert torch.equal(*drawn)
    assert not torch.equal(drawn[0][0], drawn[0][1])
