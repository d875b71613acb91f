"""What training minimises: the distance of pictures by pixel, by a network's features, or as an adversary sees it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor, nn
from torch.nn.functional import normalize

from vecstack.errors import ShapeError, WeightsError
from vecstack.models import fetch_weights, is_repository, path_exists, read_weights

if TYPE_CHECKING:
    from vecstack.train.recipe import LossRecipe

FEWEST_LAYERS, MOST_LAYERS = 2, 8  # convolutions of a discriminator; 8 see patches of 574 px
WIDTH, MOST_CHANNELS = 64, 512  # channels of its first convolution, and of those after at most (Isola et al.)
ADVERSARIAL_DECAYS = (0.0, 0.9)  # Adam's betas for a discriminator (Gulrajani et al., NIPS 2017)

PERCEPTUAL_BLOCKS = 3  # convolutions between max-pools; in VGG-16 the third ends in relu3_3
IMAGENET_MEAN, IMAGENET_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of the pictures VGG was trained on
LEAST_NORM = 1e-3  # of a feature vector; VGG's are far longer. Scaling shorter ones to 1 would blow up their gradient


def distance(drawn: Tensor, truth: Tensor, absolute: float) -> Tensor:
    """Distance of every value, a mix of L2 and L1 with the share `absolute` (0..1) of L1: any two shapes that
    broadcast -> the shape of both, nothing averaged."""
    error = drawn - truth
    return (1 - absolute) * error.square() + absolute * error.abs()


def smallest_side(layers: int) -> int:
    """Least side in pixels of a picture for a discriminator of so many convolutions."""
    return 3 << (layers - 2)


class PatchDiscriminator(nn.Module):
    """How real each patch of a picture looks: [B,3,H,W] in 0..1 -> scores [B,1,h,w], without bounds. `layers`
    convolutions of 4 x 4 pixels, the last two of stride 1 and those before of stride 2: 3 see patches of 16 px, 5 of
    70 px. After Isola et al., CVPR 2017, without their batch norm: the gradient penalty is of one picture, which must
    not depend on its neighbours in the batch; a norm over a picture would in turn tie its patches to each other.
    Raises ValueError unless 2 <= layers <= 8, and ShapeError for pictures below `smallest_side`."""

    def __init__(self, layers: int) -> None:
        super().__init__()
        if not FEWEST_LAYERS <= layers <= MOST_LAYERS:
            raise ValueError(f"a discriminator has {FEWEST_LAYERS} to {MOST_LAYERS} layers, not {layers}.")
        self.smallest_side = smallest_side(layers)
        channels = [3, *(min(WIDTH << index, MOST_CHANNELS) for index in range(layers - 1))]
        modules: list[nn.Module] = []
        for index, (inputs, outputs) in enumerate(itertools.pairwise(channels)):
            stride = 2 if index < layers - 2 else 1
            modules += [nn.Conv2d(inputs, outputs, 4, stride, 1), nn.LeakyReLU(0.2)]
        self.convolutions = nn.Sequential(*modules, nn.Conv2d(channels[-1], 1, 4, 1, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        _check_pictures(pictures, self.smallest_side, "a discriminator")
        scores: Tensor = self.convolutions(2 * pictures - 1)
        return scores


def _check_pictures(pictures: Tensor, side: int, who: str) -> None:
    """Raise ShapeError unless these are pictures [B,3,H,W] of at least `side` pixels either way."""
    if pictures.ndim != 4 or pictures.shape[1] != 3 or min(pictures.shape[2:]) < side:
        raise ShapeError(f"pictures are {list(pictures.shape)}, {who} of these layers needs [B,3,>={side},>={side}]")


def gradient_penalty(discriminator: nn.Module, real: Tensor, fake: Tensor, generator: torch.Generator) -> Tensor:
    """Mean of (|gradient of D| - 1)^2, each at a random point between a real and a fake picture; D is the mean score
    of a picture, its gradient taken over all its values: real and fake [B,3,H,W] -> a scalar whose gradient reaches
    the discriminator's weights. The last term of eq. 5 of Sbai, Couprie, Aubry, ICIP 2020, without gamma, after
    Gulrajani et al., NIPS 2017. Raises ShapeError."""
    if real.shape != fake.shape:
        raise ShapeError(f"real pictures are {list(real.shape)}, fake ones {list(fake.shape)}; they must be pairs")
    shares = torch.rand(len(real), 1, 1, 1, generator=generator, device=generator.device).to(real)
    points = torch.lerp(real.detach(), fake.detach(), shares).requires_grad_()
    scores = discriminator(points).flatten(1).mean(1)  # [B]
    (gradients,) = torch.autograd.grad(scores.sum(), points, create_graph=True)
    penalty: Tensor = (gradients.flatten(1).norm(dim=1) - 1).square().mean()
    return penalty


def discriminator_loss(
    discriminator: nn.Module, real: Tensor, fake: Tensor, gamma: float, generator: torch.Generator
) -> Tensor:
    """What a discriminator minimises (eq. 5): real and fake pictures [B,3,H,W], of which the fake ones are taken as
    they are -> a scalar. Raises ShapeError."""
    penalty = gradient_penalty(discriminator, real, fake, generator)
    scores: Tensor = discriminator(fake.detach()).mean() - discriminator(real).mean()
    return scores + gamma * penalty


def adversarial_loss(discriminator: nn.Module, fake: Tensor) -> Tensor:
    """What a generator minimises (eq. 6, without lambda): fake pictures [B,3,H,W] -> a scalar."""
    score: Tensor = discriminator(fake).mean()
    return -score


class Adversary:
    """A discriminator in training. Its initial weights come from PyTorch's global generator; `device` is where it and
    its pictures (float32, 0..1) are. Raises ValueError for a count of layers that no discriminator has."""

    def __init__(self, recipe: LossRecipe, device: torch.device | None = None) -> None:
        self.gradient_penalty = recipe.gradient_penalty
        self.discriminator = PatchDiscriminator(recipe.discriminator_layers).to(device)
        self.optimizer = torch.optim.Adam(
            self.discriminator.parameters(), recipe.discriminator_rate, betas=ADVERSARIAL_DECAYS
        )

    def step(
        self,
        real: Tensor,
        fake: Tensor,
        generator: torch.Generator,
        average_gradients: Callable[[Iterable[Tensor]], None] = lambda _: None,
    ) -> Tensor:
        """Loss of the discriminator (eq. 5) on real and fake pictures [B,3,H,W], before the one update on it; nothing
        reaches what drew the fake ones. `average_gradients` is called before the update, for processes that train
        together. Raises ShapeError."""
        loss = discriminator_loss(self.discriminator, real, fake, self.gradient_penalty, generator)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        average_gradients(self.discriminator.parameters())
        self.optimizer.step()
        return loss.detach()

    def loss(self, fake: Tensor) -> Tensor:
        """Loss of what drew the fake pictures [B,3,H,W] (eq. 6, without lambda): a scalar whose gradient reaches only
        them, since the discriminator's weights are not the generator's to move. Raises ShapeError."""
        self.discriminator.requires_grad_(False)
        try:
            return adversarial_loss(self.discriminator, fake)
        finally:
            self.discriminator.requires_grad_(True)

    def state_dict(self) -> dict[str, Any]:
        """All that a checkpoint needs for a training to go on: tensors, numbers, and dictionaries and lists of them."""
        return {"discriminator": self.discriminator.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises KeyError, RuntimeError or ValueError for another one's."""
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimizer.load_state_dict(state["optimizer"])


def adversary(recipe: LossRecipe, device: torch.device | None = None) -> Adversary | None:
    """The adversary that a recipe asks for, or None where its adversarial loss weighs nothing. Raises ValueError."""
    return Adversary(recipe, device) if recipe.adversarial > 0 else None


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
        _check_pictures(drawn, self.smallest_side, "a perceptual network")
        pairs = zip(self._directions(drawn), self._directions(truth), strict=True)
        return torch.stack([(a - b).square().sum(1).mean() for a, b in pairs]).mean()

    def _directions(self, pictures: Tensor) -> list[Tensor]:
        """The features at the end of each block, of length 1 over the channels: [B,C,h,w] each."""
        x = (pictures - self.mean) / self.deviation
        ends = []
        for module in self.features:
            if isinstance(module, nn.MaxPool2d):
                ends.append(x)
            x = module(x)
        return [normalize(features.float(), dim=1, eps=LEAST_NORM) for features in (*ends, x)]


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


def load_perceptual(name: str, device: torch.device | None = None) -> PerceptualLoss:
    """The perceptual loss of the network in a safetensors file, given its path, or OWNER/NAME@REVISION for the
    model.safetensors of a Hub repository, the revision being 40 hexadecimal digits. Raises WeightsError: no such file
    or repository, damaged, or no network that PerceptualLoss takes."""
    path = fetch_weights(name) if is_repository(name) else Path(name)
    if not (path_exists(path) and path.is_file()):
        raise WeightsError(
            f"perceptual network {name!r}: no such file. Give the path of a safetensors file, or OWNER/NAME@REVISION."
        )
    try:
        tensors = load(read_weights(path))
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WeightsError(f"{name}: damaged weights ({error}). Get the file again.") from error
    try:
        return PerceptualLoss(tensors).to(device)
    except WeightsError as error:
        raise WeightsError(f"{name}: {error} Give weights of VGG-16 as torchvision names them.") from error
