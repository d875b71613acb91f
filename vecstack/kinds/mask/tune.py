"""Mask layers as numbers that can be tuned: codes and colours, and how fast masks change with the codes."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from vecstack.color import Color
from vecstack.kinds.base import Slopes
from vecstack.kinds.frame import to_frame, window_bump
from vecstack.kinds.mask.layer import MAX_CODE_VALUE, MaskLayer, rounded_numbers
from vecstack.kinds.mask.net import MaskNet
from vecstack.kinds.mask.shade import net_from_asset, net_to_asset
from vecstack.stack import asset_id

CHUNK = 8192  # points of layers at a time: their hidden values fit the caches of two cores


class MaskTunable:
    """Mask layers of one net (see kinds.base.Tunable): the shapes are their codes, what they share is the net."""

    def __init__(self, layers: Sequence[MaskLayer], assets: Mapping[str, bytes], device: torch.device) -> None:
        self._layers = layers
        self._asset = assets[layers[0].net]
        self._net = net_from_asset(self._asset, device)
        self.shapes = torch.tensor([layer.code for layer in layers], dtype=torch.float32, device=device)
        self.colors = torch.tensor([layer.color for layer in layers], dtype=torch.float32, device=device)

    @property
    def shared(self) -> list[Tensor]:
        return list(self._net.parameters())

    def place(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Where points [P,2] of the canvas are in each layer's frame, and the windows' share there: [L,P,2], [L,P]."""
        local = torch.stack([to_frame(layer, points) for layer in self._layers])
        bumps = [
            points.new_ones(len(points), dtype=torch.float32)
            if layer.window is None
            else window_bump(place, layer.window)
            for layer, place in zip(self._layers, local, strict=True)
        ]
        return local, torch.stack(bumps)

    def shade(self, shapes: Tensor, points: Tensor, footprint: float) -> tuple[Tensor, None]:
        local, bumps = self.place(points)
        return cast(Tensor, self._net(local, shapes)) * bumps, None

    def slopes(self, shapes: Tensor, points: Tensor, footprint: float) -> Slopes:
        local, bumps = self.place(points)
        masks, slopes = code_slopes(self._net, local, shapes)
        return Slopes(masks * bumps, slopes * bumps[:, None])

    def layers(self, shapes: Tensor, colors: Tensor) -> tuple[tuple[MaskLayer, ...], dict[str, bytes]]:
        data = net_to_asset(self._net) if self._is_changed() else self._asset
        net = asset_id(data)
        layers = tuple(
            dataclasses.replace(
                layer,
                code=rounded_numbers(code.clamp(-MAX_CODE_VALUE, MAX_CODE_VALUE).tolist()),
                color=cast(Color, rounded_numbers(color.tolist())),
                net=net,
            )
            for layer, code, color in zip(self._layers, shapes, colors, strict=True)
        )
        return layers, {net: data}

    def _is_changed(self) -> bool:
        """Whether the net is another than the document's."""
        old = net_from_asset(self._asset).state_dict()
        return not all(torch.equal(tensor.cpu(), old[name]) for name, tensor in self._net.state_dict().items())


@torch.no_grad()
def code_slopes(net: MaskNet, points: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """Masks of codes [L,K] at points [L,P,2] of their frames, and their derivatives by the codes: [L,P], [L,K,P].

    A mask at a point depends on its code only through the first hidden layer's C values there, whose derivative one
    backward pass gives; the code's share in them is linear."""
    count = points.shape[1]
    step = max(1, CHUNK // max(1, count))
    masks, slopes = [], []
    for first in range(0, len(codes), step):
        values = net.first_layer(points[first : first + step], codes[first : first + step])
        with torch.enable_grad():
            values.requires_grad_()
            mask = net.rest(values)
            (gradient,) = torch.autograd.grad(mask.sum(), values)
        by_code = net.code_weights.T @ gradient  # [K,L*P]
        masks.append(mask.detach().view(-1, count))
        slopes.append(by_code.view(len(by_code), -1, count).transpose(0, 1))
    return torch.cat(masks), torch.cat(slopes)
