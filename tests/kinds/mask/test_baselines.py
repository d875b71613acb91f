from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from vecstack.errors import ShapeError, WeightsError
from vecstack.kinds.base import METADATA_KEY
from vecstack.kinds.mask.baselines import (
    DECODERS,
    Baseline,
    BaselineSizes,
    PointDecoder,
    UpsamplingBlock,
    baseline_to_bytes,
    check_baseline,
    load_baseline,
)
from vecstack.kinds.mask.encoder import EncoderSizes
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import Predictor
from vecstack.kinds.weights import read_metadata

ENCODER = EncoderSizes(16, 8, (1, 1, 1, 1), False)
CPU = torch.device("cpu")


def make(decoder: str, side: int = 32) -> Baseline:
    torch.manual_seed(3)
    return Baseline(BaselineSizes(decoder, numbers=7, side=side, encoder=ENCODER))


def pictures(count: int, width: int = 32, height: int = 32) -> torch.Tensor:
    return torch.rand(count, 3, height, width, generator=torch.Generator().manual_seed(4))


def used(decoder: str) -> Baseline:
    """A baseline whose batch norms have seen two batches."""
    model = make(decoder)
    with torch.no_grad():
        for _ in range(2):
            model(pictures(3))
    return model.eval()


@pytest.fixture
def mlp_file() -> bytes:
    return baseline_to_bytes(make("mlp", side=4))


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
def test_pictures_of_any_size_come_back_at_the_side_in_range(decoder: str) -> None:
    for model in (make(decoder), used(decoder)):
        drawn = model(pictures(2, 37, 53))
        assert drawn.shape == (2, 3, 32, 32)
        assert 0 <= drawn.min() < drawn.max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
def test_exactly_the_asked_numbers_pass_from_encoder_to_decoder(decoder: str) -> None:
    model = used(decoder)
    seen: list[torch.Tensor] = []
    model.decoder.register_forward_pre_hook(lambda _, inputs: seen.extend(inputs))
    with torch.no_grad():
        drawn = model(pictures(2))
        assert [codes.shape for codes in seen] == [(2, 7)]
        assert torch.equal(seen[0], model.encode(pictures(2)))
        assert torch.equal(model.decoder(seen[0].clone()), drawn)


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
def test_in_eval_a_picture_does_not_depend_on_its_batch(decoder: str) -> None:
    model, batch = used(decoder), pictures(3)
    with torch.no_grad():
        torch.testing.assert_close(model(batch)[1:2], model(batch[1:2]), atol=1e-5, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
def test_gradient_reaches_every_parameter(decoder: str) -> None:
    model = make(decoder, side=64)  # the first map of the ResNet decoder is one pixel at 32: its norm hides a bias
    (model(pictures(2, 64, 64)) - pictures(2, 64, 64)).abs().mean().backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 1e-8, name


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
def test_training_on_a_batch_brings_its_pictures_closer(decoder: str) -> None:
    model = make(decoder)
    shades = pictures(4)[:, :, :1, :1]
    batch = shades * torch.linspace(0, 1, 32)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    losses = []
    for _ in range(12):
        loss = (model(batch) - batch).abs().mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.8 * losses[0]  # a batch norm before the last sigmoid lets go of its start slowly


def norm(channels: int) -> int:
    return 2 * channels


def block(inputs: int, channels: int) -> int:
    return 9 * channels * (inputs + channels) + 2 * norm(channels) + channels * (inputs + 1)


HEAD = 512 * 131 + norm(512)  # Linear with bias to a map of one pixel, then its norm
COUNTS = {
    "mlp": 512 * (130 + 512 + 512) + 3 * norm(512) + 3072 * 513,
    "mlp-xy": 512 * (133 + 513 + 513) + 3 * norm(512) + 3 * 513,
    "convt": HEAD + 3 * 512 * 131 + 16 * (512 * 256 + 256 * 128 + 128 * 64 + 64 * 3) + norm(256 + 128 + 64 + 3),
    "resnet": HEAD
    + (block(512, 512) + block(512, 256) + block(256, 256) + block(256, 128) + block(128, 64))
    + (9 * 64 * 3 + norm(3)),
}


@pytest.mark.parametrize("decoder", DECODERS)
def test_decoder_has_the_parameters_of_its_table(decoder: str) -> None:
    with torch.device("meta"):
        model = DECODERS[decoder].build(130, 32)
    assert sum(parameter.numel() for parameter in model.parameters()) == COUNTS[decoder]


@pytest.mark.parametrize(("decoder", "side"), [("mlp", 5), ("mlp-xy", 5), ("convt", 16), ("convt", 48), ("resnet", 96)])
def test_every_side_that_is_allowed_is_drawn(decoder: str, side: int) -> None:
    with torch.no_grad():
        assert make(decoder, side)(pictures(2)).shape == (2, 3, side, side)


def test_a_block_doubles_the_sides_and_adds_the_shortcut() -> None:
    torch.manual_seed(0)
    unit, maps = UpsamplingBlock(6, 4), torch.randn(2, 6, 5, 3)
    drawn = unit(maps)
    assert drawn.shape == (2, 4, 10, 6)
    convolution = unit.shortcut[0]
    assert isinstance(convolution, nn.Conv2d)
    shortcut = convolution(maps).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(drawn - unit.residual(maps), shortcut)
    assert (unit.residual(maps) >= 0).all()


def test_points_are_pixel_centres_and_do_not_see_each_other() -> None:
    torch.manual_seed(0)
    decoder, codes = PointDecoder(7, 6), torch.randn(2, 7)
    row, column = 1, 4
    point = torch.tensor([[(column + 0.5) / 3 - 1, (row + 0.5) / 3 - 1]])
    torch.testing.assert_close(decoder.draw_at(point, codes)[:, :, 0], decoder(codes)[:, :, row, column])


def test_a_starting_point_decoder_already_draws_shapes() -> None:
    torch.manual_seed(0)
    with torch.no_grad():
        drawn = PointDecoder(7, 16)(torch.randn(8, 7))
    assert drawn.std((2, 3)).mean() > 0.05


@pytest.mark.parametrize("shape", [(3, 16, 16), (2, 6, 16, 16)])
def test_pictures_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match=r"a baseline needs \[B,3,H,W\]"):
        make("mlp", side=4)(torch.zeros(shape))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"decoder": "gan"}, "decoder must be one of mlp, mlp-xy, convt, resnet, not gan"),
        ({"numbers": 0}, "numbers must be 1 to 4096, not 0"),
        ({"numbers": 5000}, "numbers must be 1 to 4096, not 5000"),
        ({"side": 0}, "side must be 1 to 512 for the decoder mlp, not 0"),
        ({"decoder": "mlp-xy", "side": 513}, "side must be 1 to 512 for the decoder mlp-xy, not 513"),
        ({"decoder": "convt", "side": 40}, "side must be a multiple of 16 up to 512 for the decoder convt, not 40"),
        ({"decoder": "convt", "side": -16}, "side must be a multiple of 16 up to 512 for the decoder convt, not -16"),
        ({"decoder": "resnet", "side": 48}, "side must be a multiple of 32 up to 512 for the decoder resnet, not 48"),
        ({"encoder": EncoderSizes(width=12)}, r"encoder\.width must be a multiple of 8"),
        ({"encoder": EncoderSizes(side=0)}, r"encoder\.side must be 1 to 512, not 0"),
    ],
)
def test_sizes_that_cannot_be_are_named(changes: dict[str, Any], message: str) -> None:
    sizes = dataclasses.replace(BaselineSizes(), **changes)
    for check in (check_baseline, Baseline):
        with pytest.raises(ValueError, match=message):
            check(sizes)


@pytest.mark.parametrize("decoder", DECODERS)
def test_default_sizes_suit_every_decoder(decoder: str) -> None:
    check_baseline(BaselineSizes(decoder))


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
def test_weights_come_back_as_float16_keeps_them_and_draw_the_same(decoder: str) -> None:
    model = used(decoder)
    again = load_baseline(baseline_to_bytes(model), CPU)
    assert again.sizes == model.sizes
    assert not again.training
    kept = again.state_dict()
    for name, tensor in model.state_dict().items():
        if "running" in name:
            assert torch.equal(kept[name], tensor)
        elif "num_batches" not in name:
            assert torch.equal(kept[name], tensor.half().float())
    with torch.no_grad():  # in float16, a weight is off by up to 1 in 2048
        torch.testing.assert_close(again(pictures(2)), model(pictures(2)), atol=5e-3, rtol=0)


def test_loaded_weights_go_on_training() -> None:
    model = load_baseline(baseline_to_bytes(used("mlp")), CPU).requires_grad_(True).train()
    model(pictures(2)).mean().backward()
    assert int(model.state_dict()["decoder.1.num_batches_tracked"]) == 1


def test_a_variance_past_float16_is_kept() -> None:
    model = make("mlp", side=4)
    norm_layer = next(layer for layer in model.modules() if isinstance(layer, nn.BatchNorm1d))
    assert norm_layer.running_var is not None
    norm_layer.running_var.fill_(1e6)
    again = load_baseline(baseline_to_bytes(model), CPU)
    assert again.state_dict()["decoder.1.running_var"].unique().tolist() == [1e6]


def test_the_same_baseline_gives_the_same_bytes() -> None:
    assert baseline_to_bytes(used("mlp")) == baseline_to_bytes(used("mlp"))


def rewritten(data: bytes, changes: dict[str, object], kind: str = "baseline") -> bytes:
    description = {"kind": kind, "sizes": read_metadata(data)["sizes"] | changes}
    return save(load(data), metadata={METADATA_KEY: json.dumps(description)})


@pytest.mark.parametrize(
    "changes",
    [
        {"decoder": "gan"},
        {"decoder": "mlp-xy"},
        {"decoder": 1},
        {"decoder": ["mlp"]},
        {"numbers": 8},
        {"numbers": True},
        {"numbers": 10**9},
        {"side": 3},
        {"side": 4.0},
        {"encoder": 5},
        {"encoder": {"side": 16}},
        {"unknown": 1},
    ],
)
def test_sizes_that_do_not_fit_are_refused(mlp_file: bytes, changes: dict[str, object]) -> None:
    load_baseline(rewritten(mlp_file, {}), CPU)
    with pytest.raises(WeightsError):
        load_baseline(rewritten(mlp_file, changes), CPU)


def test_weights_of_something_else_are_refused(mlp_file: bytes, predictor: Predictor) -> None:
    bare = save(load(mlp_file))
    for data in (weights_to_bytes(predictor), rewritten(mlp_file, {}, "mask"), bare):
        with pytest.raises(WeightsError, match="not a baseline"):
            load_baseline(data, CPU)


def test_tensors_that_are_not_finite_numbers_are_refused(mlp_file: bytes) -> None:
    tensors, metadata = load(mlp_file), {METADATA_KEY: json.dumps(read_metadata(mlp_file))}
    name = "code_head.bias"
    for wrong in (torch.full((7,), torch.nan), torch.full((7,), torch.inf), torch.zeros(7, dtype=torch.int32)):
        with pytest.raises(WeightsError, match=r"code_head\.bias must be finite"):
            load_baseline(save(tensors | {name: wrong}, metadata=metadata), CPU)
    with pytest.raises(WeightsError, match=r"code_head\.bias first"):
        load_baseline(save(tensors | {name: torch.zeros(8)}, metadata=metadata), CPU)


def test_damaged_files_are_refused(mlp_file: bytes) -> None:
    header = int.from_bytes(mlp_file[:8], "little") + 8
    cuts = [mlp_file[:length] for length in (0, 5, 8, header // 2, header, len(mlp_file) - 1)]
    for data in (*cuts, mlp_file + b"\0", mlp_file.replace(b'"F16"', b'"F17"'), b"\xff" * 100):
        with pytest.raises(WeightsError):
            load_baseline(data, CPU)
