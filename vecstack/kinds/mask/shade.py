"""Mask layers as functions of a point, and the net they share as bytes of a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

import torch
from safetensors.torch import load, save
from torch import Tensor

from vecstack.kinds.frame import to_frame, window_bump
from vecstack.kinds.mask.layer import MaskLayer
from vecstack.kinds.mask.net import MaskNet, NetSizes

if TYPE_CHECKING:
    from vecstack.kinds import Shader


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


def prepare(layers: Sequence[MaskLayer], assets: Mapping[str, bytes], device: torch.device) -> Shader:
    """The layers as a function of points (see vecstack.kinds.Kind.prepare)."""
    nets = {asset: shared_net(assets[asset], device) for asset in {layer.net for layer in layers}}
    codes = [torch.tensor([layer.code], dtype=torch.float32, device=device) for layer in layers]
    colors = torch.tensor([layer.color for layer in layers], dtype=torch.float32, device=device)

    @torch.no_grad()
    def shade(points: Tensor, footprint: float) -> tuple[Tensor, Tensor]:
        alphas = []
        for layer, code in zip(layers, codes, strict=True):
            local = to_frame(layer, points)
            alpha = nets[layer.net](local[None], code)[0]
            alphas.append(alpha if layer.window is None else alpha * window_bump(local, layer.window))
        return torch.stack(alphas), colors[:, None].expand(-1, len(points), -1)

    return shade
