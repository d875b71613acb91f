"""The predictor: a picture goes in, the codes and colours of its mask layers come out, one layer after another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from vecstack.composite import best_colors, over, through
from vecstack.errors import ShapeError
from vecstack.kinds.mask.encoder import EncoderSizes, ResNet
from vecstack.kinds.mask.net import MaskNet, NetSizes
from vecstack.pictures.fit import fit_to_side


@dataclass(frozen=True)
class ModelSizes:
    """All sizes of a model: layers it was trained to predict (T), how many of them in one pass of the encoder (1 in
    the paper), side of the grid on which the canvas is drawn to be fed back, and the sizes of its two nets."""

    layers: int = 10
    layers_per_pass: int = 1
    canvas_side: int = 16
    net: NetSizes = NetSizes()
    encoder: EncoderSizes = EncoderSizes()


# target [B,3,S,S], points [P,2], canvas [B,3,C,C], count -> codes [B,count,K], colours [B,count,3], masks [B,count,P]
Pass = Callable[[Tensor, Tensor, Tensor, int], tuple[Tensor, Tensor, Tensor]]


def grid_points(side: int, offset: tuple[float, float] = (0.0, 0.0), device: torch.device | None = None) -> Tensor:
    """Cell centres of a side x side grid over [-1,1]^2, row by row, moved by `offset` (x, y) cells: [side*side,2]."""
    steps = torch.arange(side, dtype=torch.float32, device=device) + 0.5
    y, x = torch.meshgrid(steps + offset[1], steps + offset[0], indexing="ij")
    return torch.stack([x, y], -1).view(-1, 2) * (2 / side) - 1


def sample_grid(batch: Tensor, side: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A batch of pictures [B,3,S,S] at one pixel centre in each cell of a side x side grid (S is a multiple of `side`),
    the same in all cells and drawn by lot: the places [side*side,2] in [-1,1]^2, row by row, and the pictures there
    [B,3,side*side]."""
    cell = batch.shape[-1] // side
    row, column = torch.randint(cell, (2,), generator=generator).tolist()
    offset = ((column + 0.5) / cell - 0.5, (row + 0.5) / cell - 0.5)
    return grid_points(side, offset, batch.device), batch[:, :, row::cell, column::cell].flatten(2)


class LayerModel(nn.Module):
    """What gives mask layers: a net that all of them share, and what says their codes and colours, pass by pass."""

    net: MaskNet

    def draw(self, points: Tensor, codes: Tensor, colors: Tensor, canvas: Tensor | None = None) -> Tensor:
        """The canvas after each layer, over black or a canvas [B,3,P]: points [P,2] in [-1,1], codes [B,T,K],
        colours [B,T,3] -> [B,T,3,P]."""
        canvas = codes.new_zeros(len(codes), 3, len(points)) if canvas is None else canvas
        return lay(canvas, colors, self.masks(points, codes))

    def masks(self, points: Tensor, codes: Tensor) -> Tensor:
        """Masks of codes [B,T,K] at points [P,2] in [-1,1]: [B,T,P]."""
        masks: Tensor = self.net(points[None], codes.flatten(0, 1))
        return masks.view(*codes.shape[:2], -1)


class Predictor(LayerModel):
    """g of Sbai, Couprie, Aubry, ICIP 2020 (eqs. 1-3), recurrent over passes: the target and the canvas so
    far (detached) -> features -> codes and colours of the next layers (one in the paper) -> the next canvas."""

    def __init__(self, sizes: ModelSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.encoder = ResNet(sizes.encoder)
        self.code_head = nn.Linear(sizes.encoder.feature_count, sizes.layers_per_pass * sizes.net.code)
        self.color_head = nn.Linear(sizes.encoder.feature_count, sizes.layers_per_pass * 3)
        self.net = MaskNet(sizes.net)

    def step(self, target: Tensor, canvas: Tensor) -> tuple[Tensor, Tensor]:
        """The layers of the next pass (G of them): target [B,3,S,S] and canvas [B,3,C,C], both 0..1 -> codes
        [B,G,K], colours [B,G,3]."""
        drawn = interpolate(canvas, target.shape[-2:], mode="bilinear", align_corners=False)
        features = self.encoder(torch.cat([target, drawn], 1))
        layers = (len(target), self.sizes.layers_per_pass, -1)
        colors = torch.sigmoid(self.color_head(features).float())
        return self.code_head(features).view(layers), colors.view(layers)

    def next_layers(self, target: Tensor, points: Tensor, canvas: Tensor, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """The first `count` layers of the next pass, and their masks at points [P,2]: codes [B,count,K], colours
        [B,count,3], masks [B,count,P]. All of a pass that is costly, and the same in every pass."""
        codes, colors = self.step(target, canvas)
        codes, colors = codes[:, :count], colors[:, :count]
        return codes, colors, self.masks(points, codes)

    def unroll(
        self, target: Tensor, points: Tensor, layers: int, next_layers: Pass | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Every layer and the canvas after it: target [B,3,S,S], points [C*C,2] (a square grid over
        [-1,1]^2, row by row) -> codes [B,layers,K], colours [B,layers,3], canvases [B,layers,3,C*C]. `next_layers` is
        this model's own, compiled perhaps. Raises ShapeError."""
        next_layers = next_layers or self.next_layers
        side = self.sizes.encoder.side
        if target.shape[1:] != (3, side, side):
            raise ShapeError(f"pictures are {list(target.shape)}, this model needs [B,3,{side},{side}]")
        grid = math.isqrt(len(points))
        canvas = target.new_zeros(len(target), 3, grid * grid)
        codes, colors, canvases = [], [], []
        for first in range(0, layers, self.sizes.layers_per_pass):
            count = min(self.sizes.layers_per_pass, layers - first)
            so_far = canvas.detach().contiguous().view(-1, 3, grid, grid)  # of one layout, or it is compiled twice
            code, color, masks = next_layers(target, points, so_far, count)
            drawn = lay(canvas, color, masks)
            canvas = drawn[:, -1]
            codes.append(code)
            colors.append(color)
            canvases.append(drawn)
        return torch.cat(codes, 1), torch.cat(colors, 1), torch.cat(canvases, 1)

    @torch.no_grad()
    def predict(self, target: Tensor, layers: int | None = None) -> tuple[Tensor, Tensor]:
        """Layers of pictures, lowest first: target [B,3,S,S] in 0..1 -> codes [B,T,K], colours [B,T,3]."""
        points = grid_points(self.sizes.canvas_side, device=target.device)
        return self.unroll(target, points, layers or self.sizes.layers)[:2]

    @torch.no_grad()
    def best_colors(self, pictures: Tensor, codes: Tensor, colors: Tensor) -> tuple[Tensor, Tensor]:
        """The colours with which the predicted masks come closest to pictures [B,3,H,W] in 0..1, as they are at the
        model's side or, where they have fewer pixels, at their own: codes [B,T,K] and colours [B,T,3] -> colours
        [B,T,3], and the mean squared error of each picture [B]. The paper takes the predicted colours; with the masks
        given the canvas is linear in them, so that the best are had in closed form."""
        side = min(self.sizes.encoder.side, max(pictures.shape[-2:]))
        targets = fit_to_side(pictures, side).flatten(2)
        masks = self.masks(grid_points(side, device=pictures.device), codes)
        light = torch.stack(through(masks.unbind(1), torch.ones_like(masks[:, 0])), 1)
        shares = masks * light  # what each layer has of each point, [B,T,P]
        best = best_colors(shares, targets, colors)
        return best, (best.mT @ shares - targets).square().mean((1, 2))


def lay(canvas: Tensor, colors: Tensor, masks: Tensor) -> Tensor:
    """The canvas [B,3,P] after each of some layers: colours [B,T,3], masks [B,T,P] -> [B,T,3,P]."""
    canvases = []
    for alpha, color in zip(masks.unbind(1), colors.unbind(1), strict=True):
        canvas = over(canvas, color[:, :, None], alpha[:, None])
        canvases.append(canvas)
    return torch.stack(canvases, 1)
