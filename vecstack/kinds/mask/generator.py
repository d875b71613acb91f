"""The generator: noise goes in, the codes and colours of mask layers come out, one pass after another."""

from __future__ import annotations

import itertools
import json
import math
import typing
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor, nn

from vecstack.errors import ShapeError, WeightsError
from vecstack.geometry import Rect
from vecstack.kinds.base import METADATA_KEY, Made
from vecstack.kinds.mask.encoder import EncoderSizes, ResNet
from vecstack.kinds.mask.maker import BLACK, MAX_SIZE, check_sizes, mask_layers
from vecstack.kinds.mask.model import LayerModel, ModelSizes, grid_points, lay
from vecstack.kinds.mask.net import MaskNet, NetSizes
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.kinds.tensors import read_sizes, read_tensors
from vecstack.kinds.weights import GENERATOR
from vecstack.stack import asset_id

SLOPE = 0.2  # of the leaky ReLU between the layers of the head


@dataclass(frozen=True)
class GeneratorSizes:
    """Sizes of a generator: layers of a picture (T), how many of them in one pass (1 in the paper), numbers of noise
    that a pass is given, width and count of the hidden layers between features and noise and what they become, side
    of the canvas that is fed back, and the sizes of the two nets. With all layers in one pass there is no canvas to
    see, and no encoder."""

    layers: int = 10
    layers_per_pass: int = 1
    noise: int = 32
    width: int = 256
    depth: int = 1
    canvas_side: int = 32
    net: NetSizes = NetSizes()
    encoder: EncoderSizes = EncoderSizes(side=32, width=24, blocks=(1, 1, 1, 1), stem_pool=False)

    @property
    def passes(self) -> int:
        """How many passes give all layers."""
        return math.ceil(self.layers / self.layers_per_pass)


class Generator(LayerModel):
    """g of Sbai, Couprie, Aubry, ICIP 2020 (eq. 4 and Fig. 3), recurrent over passes: the features of the canvas so
    far, joined with fresh noise, become the codes and colours of the next layers. Between joined features and codes
    there may be hidden layers, which the paper does not have."""

    def __init__(self, sizes: GeneratorSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.encoder = ResNet(sizes.encoder, inputs=3) if sizes.passes > 1 else None
        features = sizes.encoder.feature_count if self.encoder is not None else 0
        widths = [features + sizes.noise, *[sizes.width] * sizes.depth]
        pairs = itertools.pairwise(widths)
        self.hidden = nn.Sequential(*(part for pair in pairs for part in (nn.Linear(*pair), nn.LeakyReLU(SLOPE))))
        self.code_head = nn.Linear(widths[-1], sizes.layers_per_pass * sizes.net.code)
        self.color_head = nn.Linear(widths[-1], sizes.layers_per_pass * 3)
        self.net = MaskNet(sizes.net)
        self._keep_spread()

    def _keep_spread(self) -> None:
        """Starting weights by which codes differ as much as the noise does (He et al., ICCV 2015): with PyTorch's usual
        ones each layer halves what differs, and all pictures begin, and long stay, all but alike."""
        for layer in (part for part in self.hidden if isinstance(part, nn.Linear)):
            nn.init.kaiming_normal_(layer.weight, SLOPE)
            nn.init.zeros_(layer.bias)
        nn.init.kaiming_normal_(self.code_head.weight, nonlinearity="linear")

    def step(self, noise: Tensor, canvas: Tensor) -> tuple[Tensor, Tensor]:
        """The layers of the next pass (G of them): noise [B,N] and canvas [B,3,C,C] in 0..1 -> codes [B,G,K], colours
        [B,G,3]."""
        joined = noise if self.encoder is None else torch.cat([self.encoder(canvas), noise], 1)
        features = self.hidden(joined)
        layers = (len(noise), self.sizes.layers_per_pass, -1)
        return self.code_head(features).view(layers), torch.sigmoid(self.color_head(features).float()).view(layers)

    def unroll(self, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Every layer, and the canvas after it at the cells of its grid: noise [B,passes,N] -> codes [B,T,K], colours
        [B,T,3], canvases [B,T,3,C*C]. Raises ShapeError."""
        sizes = self.sizes
        if noise.shape[1:] != (sizes.passes, sizes.noise):
            raise ShapeError(f"noise is {list(noise.shape)}, this generator needs [B,{sizes.passes},{sizes.noise}]")
        points = grid_points(sizes.canvas_side, device=noise.device)
        canvas = noise.new_zeros(len(noise), 3, len(points))
        codes, colors, canvases = [], [], []
        for index, fresh in enumerate(noise.unbind(1)):
            count = min(sizes.layers_per_pass, sizes.layers - index * sizes.layers_per_pass)
            code, color = self.step(fresh, canvas.view(-1, 3, sizes.canvas_side, sizes.canvas_side))
            code, color = code[:, :count], color[:, :count]
            drawn = lay(canvas, color, self.masks(points, code))
            canvas = drawn[:, -1]
            codes.append(code)
            colors.append(color)
            canvases.append(drawn)
        return torch.cat(codes, 1), torch.cat(colors, 1), torch.cat(canvases, 1)


@dataclass(frozen=True)
class MaskGenerator:
    """Makes mask layers from noise with a trained generator (see vecstack.kinds.base.Generates)."""

    generator: Generator

    @property
    def side(self) -> int:
        return self.generator.sizes.canvas_side

    @property
    def noise_shape(self) -> tuple[int, int]:
        return self.generator.sizes.passes, self.generator.sizes.noise

    @cached_property
    def _net(self) -> tuple[str, bytes]:
        """The net that all its layers share, as an asset: name and bytes."""
        data = net_to_asset(self.generator.net)
        return asset_id(data), data

    @torch.no_grad()
    def make(self, noise: np.ndarray, rect: Rect) -> Made:
        """The layers of the picture of a noise [passes,N], over black."""
        device = next(self.generator.parameters()).device
        codes, colors, _ = self.generator.unroll(torch.from_numpy(noise).to(device, torch.float32)[None])
        net, data = self._net
        return Made(BLACK, mask_layers(codes[0], colors[0], net, rect), {net: data})


def generator_to_bytes(generator: Generator) -> bytes:
    """A weights file: the tensors in float16, the sizes in its metadata. The same model gives the same bytes."""
    tensors = {key: tensor.detach().cpu().half().contiguous() for key, tensor in generator.state_dict().items()}
    description = {"kind": "mask", "sizes": asdict(generator.sizes), "table": GENERATOR}
    return save(tensors, metadata={METADATA_KEY: json.dumps(description, sort_keys=True)})


def load_generator(weights: bytes, sizes: Any, device: torch.device | None) -> MaskGenerator:
    """The generator in the bytes of a weights file, computing in float32. Raises WeightsError: damaged, of other sizes
    than it says, or with values that are not finite."""
    read = typing.cast(GeneratorSizes, read_sizes(GeneratorSizes, sizes))
    try:
        check_generator(read)
    except ValueError as error:
        raise WeightsError(f"no generator can have the sizes in the file: {error}") from error
    with torch.device("meta"):  # shapes without memory
        generator = Generator(read)
    generator.load_state_dict(read_tensors(weights, generator.state_dict()), assign=True)
    return MaskGenerator(generator.requires_grad_(False).eval().to(device))


def check_generator(sizes: GeneratorSizes) -> None:
    """Raise ValueError, naming the size, unless a generator can have these sizes and they are within the limits."""
    check_sizes(ModelSizes(sizes.layers, sizes.layers_per_pass, sizes.canvas_side, sizes.net, sizes.encoder))
    for name, value, least in (("noise", sizes.noise, 1), ("width", sizes.width, 1), ("depth", sizes.depth, 0)):
        if not least <= value <= MAX_SIZE:
            raise ValueError(f"{name} must be {least} to {MAX_SIZE}, not {value}.")
    if sizes.layers_per_pass > sizes.layers:
        raise ValueError(f"layers_per_pass must be at most layers, not {sizes.layers_per_pass} and {sizes.layers}.")
    if sizes.passes > 1 and sizes.encoder.side != sizes.canvas_side:
        raise ValueError(
            f"encoder.side must be canvas_side, not {sizes.encoder.side} and {sizes.canvas_side}: it sees the canvas."
        )
