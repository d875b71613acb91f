from __future__ import annotations

import pytest
import torch

from vecstack.kinds.mask.encoder import NORM_CHANNELS, EncoderSizes, ResNet


def torchvision_shapes() -> dict[str, tuple[int, ...]]:
    """Parameters of torchvision's ResNet-18 by name and shape, its classifier left out and six channels in."""
    shapes: dict[str, tuple[int, ...]] = {"conv1.weight": (64, 6, 7, 7), "bn1.weight": (64,), "bn1.bias": (64,)}
    before = 64
    for stage, channels in enumerate((64, 128, 256, 512), start=1):
        for block in range(2):
            name, inputs = f"layer{stage}.{block}", before if block == 0 else channels
            for index, fan_in in ((1, inputs), (2, channels)):
                shapes[f"{name}.conv{index}.weight"] = (channels, fan_in, 3, 3)
                shapes |= {f"{name}.bn{index}.{part}": (channels,) for part in ("weight", "bias")}
            if block == 0 and stage > 1:
                shapes[f"{name}.downsample.0.weight"] = (channels, inputs, 1, 1)
                shapes |= {f"{name}.downsample.1.{part}": (channels,) for part in ("weight", "bias")}
        before = channels
    return shapes


def test_full_size_has_the_parameters_of_resnet_18_by_name() -> None:
    with torch.device("meta"):
        encoder = ResNet(EncoderSizes(side=32))
    assert {name: tuple(tensor.shape) for name, tensor in encoder.state_dict().items()} == torchvision_shapes()


def test_parameter_count_is_that_of_resnet_18() -> None:
    with torch.device("meta"):
        count = sum(tensor.numel() for tensor in ResNet(EncoderSizes(side=32)).parameters())
    assert count == 11_176_512 + 3 * 64 * 49  # torchvision's without its classifier, and three more input channels


@pytest.mark.parametrize("side", [16, 20, 32, 33, 64])
@pytest.mark.parametrize("pool", [True, False])
def test_feature_count_is_the_length_of_the_features(side: int, pool: bool) -> None:
    sizes = EncoderSizes(side, 8, (1, 1, 1, 1), pool)
    assert ResNet(sizes)(torch.rand(2, 6, side, side)).shape == (2, sizes.feature_count)


def test_features_do_not_depend_on_the_neighbours_in_a_batch() -> None:
    torch.manual_seed(0)
    encoder = ResNet(EncoderSizes(32, 8, (2, 2, 2, 2), True))
    batch = torch.rand(3, 6, 32, 32)
    torch.testing.assert_close(encoder(batch)[1:2], encoder(batch[1:2]), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("side", [1, 2, 3])
@pytest.mark.parametrize("pool", [True, False])
def test_the_smallest_width_takes_pictures_of_every_side(side: int, pool: bool) -> None:
    for width in (NORM_CHANNELS, 3 * NORM_CHANNELS):
        sizes = EncoderSizes(side, width, (1, 1, 1, 1), pool)
        assert ResNet(sizes)(torch.zeros(1, 6, side, side)).isfinite().all()
