"""The maker of mask layers: a predictor with its weights, and how these are written and read."""

from __future__ import annotations

import json
import typing
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor

from vecstack.color import Color
from vecstack.errors import WeightsError
from vecstack.geometry import Affine, Rect
from vecstack.kinds.base import METADATA_KEY, Made
from vecstack.kinds.mask.encoder import NORM_CHANNELS
from vecstack.kinds.mask.layer import MAX_CODE, MAX_DEPTH, MAX_WIDTH, MaskLayer, rounded_numbers
from vecstack.kinds.mask.model import ModelSizes, Predictor
from vecstack.kinds.mask.net import GROUP_SIZE
from vecstack.kinds.mask.shade import net_to_asset
from vecstack.kinds.tensors import read_sizes, read_tensors
from vecstack.pictures.fit import fit_to_side
from vecstack.stack import asset_id

# The largest model: far past those that train, and little enough that sizes in a hostile file do no harm.
MAX_SIZE = 4096  # layers, and channels of the encoder's first stage
MAX_SIDE = 512  # px, of the encoder's input and of the canvas: drawn at once, at 4 KB a pixel for the widest net
MAX_BLOCKS = 64  # of one stage; ResNet-152 has 36

BLACK: Color = (0.0, 0.0, 0.0)
WHITE: Color = (1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Prediction:
    """Layers over one background: codes [T,K], colours [T,3], and the mean squared error as the model sees it."""

    background: Color
    codes: Tensor
    colors: Tensor
    error: float


@dataclass(frozen=True)
class MaskMaker:
    """Turns pictures into mask layers with a trained predictor (see vecstack.kinds.base.Maker)."""

    predictor: Predictor

    @property
    def max_layers(self) -> int:
        return self.predictor.sizes.layers

    @cached_property
    def _net(self) -> tuple[str, bytes]:
        """The net that all its layers share, as an asset: name and bytes."""
        data = net_to_asset(self.predictor.net)
        return asset_id(data), data

    def make(self, pixels: np.ndarray, rect: Rect, count: int) -> Made:
        """The layers of the closer of two predictions: a model starts from black, and on the negative of a
        picture it starts, seen from the picture, from white, since the over operator commutes with negation. The
        predicted masks get the colours that are best for them (see Predictor.best_colors)."""
        device = next(self.predictor.parameters()).device
        picture = torch.from_numpy(pixels).to(device).permute(2, 0, 1)[None]
        if max(picture.shape[-2:]) > self.predictor.sizes.encoder.side:
            picture = fit_to_side(picture, self.predictor.sizes.encoder.side)
        best = min((self._predict(picture, ground, count) for ground in (BLACK, WHITE)), key=lambda p: p.error)
        net, data = self._net
        layers = mask_layers(best.codes, best.colors, net, rect)
        return Made(best.background, layers, {net: data})

    @torch.no_grad()
    def features(self, pictures: Tensor) -> Tensor:
        """What its encoder sees in pictures [B,3,S,S] in 0..1 before there is a layer: [B,F]."""
        target = fit_to_side(pictures, self.predictor.sizes.encoder.side)
        features: Tensor = self.predictor.encoder(torch.cat([target, torch.zeros_like(target)], 1))
        return features

    def maps(self, pictures: Tensor) -> list[Tensor]:
        return self.predictor.encoder.maps(torch.cat([pictures, torch.zeros_like(pictures)], 1))

    @torch.no_grad()
    def _predict(self, picture: Tensor, background: Color, count: int) -> Prediction:
        """Layers of one picture [1,3,H,W] over black or white."""
        negative = background == WHITE
        goal = 1 - picture if negative else picture
        codes, colors = self.predictor.predict(fit_to_side(goal, self.predictor.sizes.encoder.side), count)
        colors, error = self.predictor.best_colors(goal, codes, colors)
        return Prediction(background, codes[0], 1 - colors[0] if negative else colors[0], float(error))


def mask_layers(codes: Tensor, colors: Tensor, net: str, rect: Rect) -> tuple[MaskLayer, ...]:
    """The layers of codes [T,K] and colours [T,3] that fill `rect` of a canvas; `net` is the asset of their net."""
    return tuple(
        MaskLayer(
            id=f"layer-{index}",
            name=f"Layer {index}",
            transform=Affine.of_frame(rect),
            color=typing.cast(Color, rounded_numbers(color.tolist())),
            code=rounded_numbers(code.tolist()),
            net=net,
        )
        for index, (code, color) in enumerate(zip(codes, colors, strict=True), start=1)
    )


def weights_to_bytes(predictor: Predictor) -> bytes:
    """A weights file: the tensors in float16, the sizes in its metadata. The same model gives the same bytes."""
    tensors = {key: tensor.detach().cpu().half().contiguous() for key, tensor in predictor.state_dict().items()}
    description = {"kind": "mask", "sizes": asdict(predictor.sizes)}
    return save(tensors, metadata={METADATA_KEY: json.dumps(description, sort_keys=True)})


def load_maker(weights: bytes, sizes: Any, device: torch.device | None) -> MaskMaker:
    """The maker in the bytes of a weights file, computing in float32. Raises WeightsError: damaged, of other sizes
    than it says, or with values that are not finite."""
    predictor = _build(read_sizes(ModelSizes, sizes))
    tensors = read_tensors(weights, predictor.state_dict())
    predictor.load_state_dict(tensors, assign=True)
    return MaskMaker(predictor.requires_grad_(False).eval().to(device))


def check_sizes(sizes: ModelSizes) -> None:
    """Raise ValueError, naming the size, unless a model can have these sizes and they are within the limits."""
    net, encoder = sizes.net, sizes.encoder
    for name, value, step, most in (
        ("layers", sizes.layers, 1, MAX_SIZE),
        ("layers_per_pass", sizes.layers_per_pass, 1, MAX_SIZE),
        ("canvas_side", sizes.canvas_side, 1, MAX_SIDE),
        ("net.code", net.code, 1, MAX_CODE),
        ("net.width", net.width, GROUP_SIZE, MAX_WIDTH),
        ("net.depth", net.depth, 1, MAX_DEPTH),
        ("encoder.side", encoder.side, 1, MAX_SIDE),
        ("encoder.width", encoder.width, NORM_CHANNELS, MAX_SIZE),
        *(("encoder.blocks", count, 1, MAX_BLOCKS) for count in encoder.blocks),
    ):
        if not 1 <= value <= most or value % step:
            allowed = f"1 to {most}" if step == 1 else f"a multiple of {step} up to {most}"
            raise ValueError(f"{name} must be {allowed}, not {value}.")


def _build(sizes: ModelSizes) -> Predictor:
    """A predictor whose tensors have shapes and no memory. Raises WeightsError for sizes that cannot be."""
    try:
        check_sizes(sizes)
        with torch.device("meta"):
            return Predictor(sizes)
    except ValueError as error:
        raise WeightsError(f"no model can have the sizes in the file: {error}") from error
