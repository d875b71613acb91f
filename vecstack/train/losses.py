"""What training minimises: the distance of pictures by pixel, or by a network's features."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.functional import normalize

from vecstack.errors import ShapeError, WeightsError
from vecstack.hub.download import fetch_weights
from vecstack.hub.names import is_repository, path_exists
from vecstack.kinds.base import Sees
from vecstack.models import load_model, published_models, read_weights

PERCEPTUAL_BLOCKS = 3  # convolutions between max-pools; in VGG-16 the third ends in relu3_3
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the pictures VGG was trained on
MIN_NORM = 1e-3  # of a feature vector; VGG's are far longer. Scaling shorter ones to 1 would blow up their gradient


def distance(drawn: Tensor, truth: Tensor, absolute: float) -> Tensor:
    """Distance of every value, a mix of L2 and L1 with the share `absolute` (0..1) of L1: any two shapes that
    broadcast -> the shape of both, nothing averaged."""
    error = drawn - truth
    return (1 - absolute) * error.square() + absolute * error.abs()


def check_pictures(pictures: Tensor, side: int, who: str) -> None:
    """Raise ShapeError unless these are pictures [B,3,H,W] of at least `side` pixels either way."""
    if pictures.ndim != 4 or pictures.shape[1] != 3 or min(pictures.shape[2:]) < side:
        raise ShapeError(f"pictures are {list(pictures.shape)}, {who} of these layers needs [B,3,>={side},>={side}]")


class PerceptualLoss(nn.Module):
    """Distance between pictures as a frozen network for recognition sees them: two batches [B,3,H,W] in 0..1 -> a
    scalar. The squared distance (0 to 2) between features scaled to length 1 over their channels, averaged over
    positions, pictures and the last activations of the first three blocks of convolutions. After Johnson, Alahi,
    Fei-Fei, ECCV 2016, and Zhang et al., CVPR 2018 (LPIPS), without learned weights.

    The network is a chain like VGG-16 (Simonyan, Zisserman, ICLR 2015), as torchvision names its `tensors`:
    features.N.weight [C,C',3,3] and features.N.bias [C], N counting convolutions, the activation (ReLU) after each, and
    the max-pools where a number is left out; other names are ignored. Raises WeightsError for tensors that are no such
    chain; pictures of unlike shapes, or too small to be pooled, raise ShapeError."""

    def __init__(self, tensors: Mapping[str, Tensor]) -> None:
        super().__init__()
        modules = _chain(tensors)
        pools = [index for index, module in enumerate(modules) if isinstance(module, nn.MaxPool2d)]
        end = pools[PERCEPTUAL_BLOCKS - 1] if len(pools) >= PERCEPTUAL_BLOCKS else len(modules)
        self.features = nn.Sequential(*modules[:end])
        self.smallest_side = 1 << min(len(pools), PERCEPTUAL_BLOCKS - 1)
        self.mean: Tensor
        self.deviation: Tensor
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(IMAGENET_DEVIATION).view(3, 1, 1), persistent=False)

    def forward(self, drawn: Tensor, truth: Tensor) -> Tensor:
        if drawn.shape != truth.shape:
            raise ShapeError(
                f"drawn pictures are {list(drawn.shape)}, true ones {list(truth.shape)}; they must be pairs"
            )
        check_pictures(drawn, self.smallest_side, "a perceptual network")
        return distance_of_maps(self._maps(drawn), self._maps(truth))

    def _maps(self, pictures: Tensor) -> list[Tensor]:
        """The features at the end of each block: [B,C,h,w] each."""
        x = (pictures - self.mean) / self.deviation
        ends = []
        for module in self.features:
            if isinstance(module, nn.MaxPool2d):
                ends.append(x)
            x = module(x)
        return [*ends, x]


class EncoderLoss(nn.Module):
    """Distance between pictures as the encoder of a model sees them: two batches [B,3,H,W] in 0..1 -> a scalar. As
    PerceptualLoss takes it, of the maps of the encoder's stages."""

    def __init__(self, sees: Sees) -> None:
        super().__init__()
        self.sees = sees

    def forward(self, drawn: Tensor, truth: Tensor) -> Tensor:
        if drawn.shape != truth.shape:
            raise ShapeError(
                f"drawn pictures are {list(drawn.shape)}, true ones {list(truth.shape)}; they must be pairs"
            )
        return distance_of_maps(self.sees.maps(drawn), self.sees.maps(truth))


def distance_of_maps(drawn: Sequence[Tensor], truth: Sequence[Tensor]) -> Tensor:
    """The squared distance (0 to 2) of features [B,C,h,w] scaled to length 1 over their channels, averaged over
    positions, pictures and maps: a scalar."""
    of_length_1 = ([normalize(maps.float(), dim=1, eps=MIN_NORM) for maps in both] for both in (drawn, truth))
    return torch.stack([(a - b).square().sum(1).mean() for a, b in zip(*of_length_1, strict=True)]).mean()


def _chain(tensors: Mapping[str, Tensor]) -> list[nn.Module]:
    """The convolutions, activations and pools of a network, each at the place its name counts. Raises WeightsError."""
    names = [re.fullmatch(r"features\.([0-9]{1,3})\.(?:weight|bias)", name) for name in tensors]
    modules: list[nn.Module] = []
    channels = 3
    for number in sorted({0} | {int(name[1]) for name in names if name}):
        if number == len(modules) + 1:
            modules.append(nn.MaxPool2d(2))
        if number != len(modules):
            raise WeightsError(f"features.{number} does not follow on features.{len(modules) - 2}.")
        convolution = _convolution(tensors, number, channels)
        channels = convolution.out_channels
        modules += [convolution, nn.ReLU()]
    return modules


def _convolution(tensors: Mapping[str, Tensor], number: int, inputs: int) -> nn.Conv2d:
    """A frozen convolution that computes in float32. Raises WeightsError."""
    weight, bias = (_parameter(tensors, f"features.{number}.{part}") for part in ("weight", "bias"))
    if weight.shape[1:] != (inputs, 3, 3) or bias.shape != weight.shape[:1] or not len(bias):
        shapes = f"{list(weight.shape)} and {list(bias.shape)}"
        raise WeightsError(f"features.{number}.weight and .bias are {shapes}, not [C,{inputs},3,3] and [C].")
    convolution = nn.Conv2d(inputs, len(bias), 3, padding=1, device="meta")  # without weights of its own
    convolution.weight, convolution.bias = weight, bias
    return convolution


def _parameter(tensors: Mapping[str, Tensor], name: str) -> nn.Parameter:
    tensor = tensors.get(name)
    if tensor is None:
        raise WeightsError(f"there is no {name}.")
    if not tensor.is_floating_point() or not bool(tensor.float().isfinite().all()):
        raise WeightsError(f"{name} must be finite floating point numbers.")
    return nn.Parameter(tensor.float(), requires_grad=False)


def load_perceptual(name: str, device: torch.device | None = None) -> PerceptualLoss | EncoderLoss:
    """The perceptual loss of the encoder of a shipped model, given its name, or of the network in a safetensors file,
    given its path, or OWNER/NAME[@REVISION] for the model.safetensors of a Hub repository. Raises WeightsError: no such
    file or repository, damaged, or no network that PerceptualLoss takes."""
    if name in {entry.name for entry in published_models()}:
        maker = load_model(name, str(device or "cpu")).maker
        if not isinstance(maker, Sees):
            raise WeightsError(f"perceptual network {name!r}: has no encoder of pictures. Use another model.")
        return EncoderLoss(maker)
    path = fetch_weights(name) if is_repository(name) else Path(name)
    if not (path_exists(path) and path.is_file()):
        raise WeightsError(
            f"perceptual network {name!r}: no such file. Use the path of a safetensors file, or OWNER/NAME@REVISION."
        )
    try:
        tensors = load(read_weights(path))
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{name}: damaged weights ({error}). Get the file again.") from error
    try:
        return PerceptualLoss(tensors).to(device)
    except WeightsError as error:
        raise WeightsError(f"{name}: {error} Use weights of VGG-16 as torchvision names them.") from error
