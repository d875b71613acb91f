"""Mask layers as numbers that can be tuned: codes, places and colours, and how fast masks change with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from vecstack.color import Color
from vecstack.geometry import Affine
from vecstack.kinds.base import Slopes
from vecstack.kinds.frame import to_frame, window_bump
from vecstack.kinds.mask.layer import MAX_CODE_VALUE, MaskLayer, rounded_numbers
from vecstack.kinds.mask.net import MaskNet
from vecstack.kinds.mask.shade import net_from_asset, net_to_asset
from vecstack.stack import asset_id

CHUNK = 8192  # points of layers at a time: their hidden values fit the caches of two cores
PLACE_NUMBERS = 6  # of a map of the plane
# Half sides of the frame that a step of 1 in one of them moves its edge: with 1 or 3 photos come less close in as many
# steps (docs/decisions.md).
PLACE_STEP = 0.3
MAX_STRETCH = 0.7  # most of the linear part's deviation from no change (Frobenius norm), so that it has an inverse


class MaskTunable:
    """Mask layers of one net (see kinds.base.Tunable): the shapes are their codes and then, unless there is a window,
    which keeps its place, how each layer moves in its frame, the numbers xx, xy, yx, yy, x, y of a map, 0 where it
    stays; what they share is the net."""

    def __init__(self, layers: Sequence[MaskLayer], assets: Mapping[str, bytes], device: torch.device) -> None:
        self._layers = layers
        self._asset = assets[layers[0].net]
        self._net = net_from_asset(self._asset, device)
        codes = torch.tensor([layer.code for layer in layers], dtype=torch.float32, device=device)
        self._code = codes.shape[1]
        self._can_move = all(layer.window is None for layer in layers)
        self.shapes = torch.cat([codes, codes.new_zeros(len(codes), PLACE_NUMBERS)], 1) if self._can_move else codes
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
        masks: Tensor = self._net(self._moved(shapes, local), shapes[:, : self._code])
        return masks * bumps, None

    def slopes(self, shapes: Tensor, points: Tensor, footprint: float) -> Slopes:
        local, bumps = self.place(points)
        masks, slopes = input_slopes(self._net, self._moved(shapes, local), shapes[:, : self._code])
        by_place, by_shape = slopes[:, :2], slopes[:, 2:]
        if self._can_move:
            x, y = local.mT[:, :, None].unbind(1)
            by_map = torch.stack([by_place * x, by_place * y], 2).flatten(1, 2)
            by_shape = torch.cat([by_shape, PLACE_STEP * by_map, PLACE_STEP * by_place], 1)
        return Slopes(masks * bumps, by_shape * bumps[:, None])

    def _maps(self, shapes: Tensor) -> tuple[Tensor, Tensor]:
        """How layers move in their frames: the linear parts [L,2,2] and the shifts [L,2]."""
        moves = PLACE_STEP * shapes[:, self._code :]
        stretch = moves[:, :4]
        stretch = stretch * (MAX_STRETCH / stretch.detach().norm(dim=1, keepdim=True).clamp(min=MAX_STRETCH))
        return torch.eye(2).to(shapes) + stretch.view(-1, 2, 2), moves[:, 4:]

    def _moved(self, shapes: Tensor, local: Tensor) -> Tensor:
        """Where the points [L,P,2] of the frames are once the layers have moved."""
        if not self._can_move:
            return local
        linear, shift = self._maps(shapes)
        return local @ linear.mT + shift[:, None]

    def layers(self, shapes: Tensor, colors: Tensor) -> tuple[tuple[MaskLayer, ...], dict[str, bytes]]:
        data = net_to_asset(self._net) if self._is_changed() else self._asset
        net = asset_id(data)
        layers = tuple(
            dataclasses.replace(
                layer,
                code=rounded_numbers(shape[: self._code].clamp(-MAX_CODE_VALUE, MAX_CODE_VALUE).tolist()),
                color=cast(Color, rounded_numbers(color.tolist())),
                transform=frame,
                net=net,
            )
            for layer, shape, color, frame in zip(self._layers, shapes, colors, self._frames(shapes), strict=True)
        )
        return layers, {net: data}

    def _frames(self, shapes: Tensor) -> list[Affine]:
        """The frames of the layers after they have moved."""
        if not self._can_move:
            return [layer.transform for layer in self._layers]
        maps = zip(*self._maps(shapes.double()), strict=True)
        return [_moved_frame(layer.transform, *by) for layer, by in zip(self._layers, maps, strict=True)]

    def _is_changed(self) -> bool:
        """Whether the net is another than the document's."""
        old = net_from_asset(self._asset).state_dict()
        return not all(torch.equal(tensor.cpu(), old[name]) for name, tensor in self._net.state_dict().items())


def _moved_frame(frame: Affine, linear: Tensor, shift: Tensor) -> Affine:
    """The frame of a layer that moves in it by a map, `linear` [2,2] and `shift` [2]."""
    (a, b), (d, e) = linear.tolist()
    c, f = shift.tolist()
    move = Affine(a, b, c, d, e, f)
    if move == Affine(1, 0, 0, 0, 1, 0):
        return frame
    return Affine.of_rows([rounded_numbers(row) for row in frame.after(move.inverse()).rows()])


@torch.no_grad()
def input_slopes(net: MaskNet, points: Tensor, codes: Tensor) -> tuple[Tensor, Tensor]:
    """Masks of codes [L,K] at points [L,P,2] of their frames, and their derivatives by a point's two coordinates and
    the code's numbers: [L,P], [L,2+K,P].

    A mask at a point depends on these only through the first hidden layer's C values there, whose derivative one
    backward pass gives; they are linear in place and code."""
    count = points.shape[1]
    step = max(1, CHUNK // max(1, count))
    masks, slopes = [], []
    for first in range(0, len(codes), step):
        values = net.first_layer(points[first : first + step], codes[first : first + step])
        with torch.enable_grad():
            values.requires_grad_()
            mask = net.rest(values)
            (gradient,) = torch.autograd.grad(mask.sum(), values)
        by_input = net.input_weights.T @ gradient  # [2+K,L*P]
        masks.append(mask.detach().view(-1, count))
        slopes.append(by_input.view(len(by_input), -1, count).transpose(0, 1))
    return torch.cat(masks), torch.cat(slopes)
