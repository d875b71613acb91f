"""The picture encoder: ResNet-18 with group norm, its depth and width being sizes in the weights file."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

NORM_CHANNELS = 8  # channels of a group of the encoder's norm: enough to average over; divides every width


@dataclass(frozen=True)
class EncoderSizes:
    """Sizes of an encoder: side of its input in pixels, channels of its first stage (a multiple of
    NORM_CHANNELS), blocks of each of the four stages, whether the stem ends in the max-pool of ResNet (wasteful on
    small inputs)."""

    side: int = 64
    width: int = 64
    blocks: tuple[int, int, int, int] = (2, 2, 2, 2)
    stem_pool: bool = True

    @property
    def feature_count(self) -> int:
        """Length of the feature vector: the last map, flattened, so that places are not averaged away."""
        reduction = 32 if self.stem_pool else 16
        return 8 * self.width * (-(-self.side // reduction)) ** 2


def _norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(channels // NORM_CHANNELS, channels)


class BasicBlock(nn.Module):
    """Two 3 x 3 convolutions around a shortcut (He et al., CVPR 2016)."""

    def __init__(self, inputs: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = _norm(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = _norm(channels)
        self.downsample: nn.Sequential | None = None
        if stride != 1 or inputs != channels:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, channels, 1, stride, bias=False), _norm(channels))

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(x)) + shortcut)


class ResNet(nn.Module):
    """Features of the target and the canvas: [B,6,S,S] in 0..1 -> [B,F]; `inputs` channels where these are not six.
    torchvision's key names, so that its checkpoints line up; group norm in place of batch norm, so that a picture's
    layers do not depend on its neighbours in a batch."""

    def __init__(self, sizes: EncoderSizes, inputs: int = 6) -> None:
        super().__init__()
        width = sizes.width
        self.conv1 = nn.Conv2d(inputs, width, 7, 2, 3, bias=False)
        self.bn1 = _norm(width)
        self.maxpool = nn.MaxPool2d(3, 2, 1) if sizes.stem_pool else nn.Identity()
        self.layer1 = self._stage(width, width, sizes.blocks[0], 1)
        self.layer2 = self._stage(width, 2 * width, sizes.blocks[1], 2)
        self.layer3 = self._stage(2 * width, 4 * width, sizes.blocks[2], 2)
        self.layer4 = self._stage(4 * width, 8 * width, sizes.blocks[3], 2)

    @staticmethod
    def _stage(inputs: int, channels: int, count: int, stride: int) -> nn.Sequential:
        first = BasicBlock(inputs, channels, stride)
        return nn.Sequential(first, *(BasicBlock(channels, channels, 1) for _ in range(count - 1)))

    def forward(self, x: Tensor) -> Tensor:
        return self.maps(x)[-1].flatten(1)

    def maps(self, x: Tensor) -> list[Tensor]:
        """What the stem and each stage say at every place, the finest first: [B,C,h,w] each, of pictures of any
        size."""
        maps = [self.maxpool(torch.relu(self.bn1(self.conv1(2 * x - 1))))]
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            maps.append(stage(maps[-1]))
        return maps
