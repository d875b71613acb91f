"""Mask layers as functions of a point, and the net they share as bytes of a document."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load, save
from torch import Tensor

from vecstack.kinds.frame import to_frame, window_bump
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.net import MaskNet, NetSizes

if TYPE_CHECKING:
    from vecstack.kinds.base import Shader


def net_to_asset(net: MaskNet) -> bytes:
    """The net as a safetensors file in float16, without metadata: the same net gives the same bytes."""
    return save({name: tensor.detach().cpu().half().contiguous() for name, tensor in net.state_dict().items()})


def net_from_asset(data: bytes, device: torch.device | None = None) -> MaskNet:
    """The net of a checked asset, in float32, its sizes read from its tensors."""
    tensors = load(data)
    width, inputs = tensors["hidden.0.weight"].shape
    depth = sum(name.startswith("hidden.") for name in tensors) // 2
    net = MaskNet(NetSizes(inputs - 2, width, depth))
    net.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    return net.requires_grad_(False).to(device)


@lru_cache(maxsize=4)  # few, since each keeps its bytes and its weights; a stack with windows asks once for each
def shared_net(data: bytes, device: torch.device) -> MaskNet:
    """The net of an asset, the same object for the same bytes: not to be changed."""
    return net_from_asset(data, device)


def shader(layers: Sequence[MaskLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
    """The layers as a function of points (see kinds.base.Kind.shader)."""
    colors = torch.tensor([layer.color for layer in layers], dtype=torch.float32, device=device)
    evaluators = []
    for asset in dict.fromkeys(layer.net for layer in layers):
        own = [index for index, layer in enumerate(layers) if layer.net == asset]
        codes = torch.tensor([layers[index].code for index in own], dtype=torch.float32, device=device)
        evaluators.append((own, evaluator(shared_net(assets[asset], device), codes)))

    @torch.no_grad()
    def shade(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        local = torch.stack([to_frame(layer, points) for layer in layers])
        alphas = colors.new_empty(local.shape[:2])
        for own, masks_at in evaluators:
            alphas[own] = masks_at(local[own])
        for alpha, layer, places in zip(alphas, layers, local, strict=True):
            if layer.window is not None:
                alpha *= window_bump(places, layer.window)
        return alphas, colors[:, None].expand(-1, len(points), -1)

    return shade


def evaluator(net: MaskNet, codes: Tensor) -> Callable[[Tensor], Tensor]:
    """The masks of codes [L,K] as a function of points [L,P,2] of their frames: [L,P]. On a CUDA device as one kernel,
    where there is one that can be trusted."""
    if codes.is_cuda and find_spec("triton") is not None:
        from vecstack.kinds.mask.fused import FusedMasks, is_trusted

        if is_trusted(net):
            return FusedMasks(net, codes)

    def masks_at(points: Tensor) -> Tensor:
        # One layer after the other: the hidden values of one fit a processor's cache.
        return torch.cat([net(place[None], code[None]) for place, code in zip(points, codes, strict=True)])

    return masks_at
