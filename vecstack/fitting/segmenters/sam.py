"""Things in a picture, by Segment Anything: what it finds at the points of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from vecstack.errors import WeightsError
from vecstack.extras import install
from vecstack.fitting.segmenters.pretrained import folder_of, loading
from vecstack.fitting.segmenters.small import IMAGENET_DEVIATION, IMAGENET_MEAN, long_side
from vecstack.fitting.segmenters.tree import tree
from vecstack.kinds.base import Guide
from vecstack.pictures.read import Picture

if TYPE_CHECKING:
    import torch
    from torch import Tensor

GRID, AT_ONCE = 16, 64  # points along each side of a picture; points that are asked for at once
SURE, STABLE, SWING = 0.88, 0.95, 1.0  # as its authors have them: predicted IoU, and IoU of masks cut at -1 and at 1
SAME = 0.7  # IoU from which two masks are of one thing
LEAST_SHARE = 1 / 1000  # of the pixels, that a thing takes
WITHIN = 0.85  # of a thing lies in a larger one that it is a part of


def sam_parts(picture: Picture, weights: str | None, most: int, device: torch.device) -> Guide:
    """At most so many parts of a picture: things that SAM finds (Kirillov and others, Segment Anything, ICCV 2023),
    each in the smallest that holds it, and the rest. `weights` is a folder or a Hub repository of a SamModel of the
    package transformers. Raises WeightsError: no transformers, no weights, damaged ones, or of another net."""
    import torch

    net = _loaded(weights, device)
    side = int(net.config.vision_config.image_size)
    pixels = long_side(picture, side)
    height, width = pixels.shape[:2]
    with torch.inference_mode():
        found = _different(*_asked(net, pixels, side), most - 1)
        if len(found):
            found = torch.nn.functional.interpolate(found[None], (side, side), mode="bilinear")[0]
    return tree(*_stacked((found[:, :height, :width] > 0).cpu().numpy()))


def _loaded(weights: str | None, device: torch.device) -> Any:
    """The net."""
    try:
        from transformers import SamConfig, SamModel
        from transformers.utils import logging
    except ImportError as error:
        raise WeightsError(f"sam needs the package transformers. {install('sam')}") from error
    folder = folder_of("sam", weights)
    with loading("sam", folder, logging):
        settings, _ = SamConfig.get_config_dict(folder, local_files_only=True)
        if settings.get("model_type") != SamConfig.model_type:
            raise ValueError(f"a model of type {settings.get('model_type')}")
        net, said = SamModel.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, output_loading_info=True
        )
        if said["missing_keys"]:
            raise ValueError(f"without {min(said['missing_keys'])}")
    return net.to(device).eval()


def _asked(net: Any, pixels: np.ndarray, side: int) -> tuple[Tensor, Tensor]:
    """Masks that the net is sure of, as what comes before the sigmoid [N,h,w] on a grid that is as large as its input
    is in pixels, divided by some number, and how sure it is [N]."""
    import torch

    height, width = pixels.shape[:2]
    values = ((pixels - IMAGENET_MEAN) / IMAGENET_DEVIATION).transpose(2, 0, 1).astype(np.float32)
    padded = torch.zeros(1, 3, side, side, device=net.device)
    padded[0, :, :height, :width] = torch.from_numpy(values)
    embedding = net.get_image_embeddings(padded)
    places = (torch.arange(GRID) + 0.5) / GRID
    points = torch.cartesian_prod(places * width, places * height).to(net.device)
    logits, scores = [], []
    for some in torch.split(points, AT_ONCE):
        labels = torch.ones(1, len(some), 1, dtype=torch.long, device=net.device)
        said = net(image_embeddings=embedding, input_points=some[None, :, None], input_labels=labels)
        masks, score = said.pred_masks.flatten(0, 2), said.iou_scores.flatten()
        rows, columns = (-(-length * masks.shape[-1] // side) for length in (height, width))
        inside = masks[:, :rows, :columns].flatten(1)
        size = (inside > 0).sum(1)
        stability = (inside > SWING).sum(1) / (inside > -SWING).sum(1).clamp(min=1)
        good = (score >= SURE) & (stability >= STABLE) & (size >= LEAST_SHARE * inside.shape[1])
        logits.append(masks[good])
        scores.append(score[good])
    return torch.cat(logits), torch.cat(scores)


def _different(logits: Tensor, scores: Tensor, most: int) -> Tensor:
    """Of masks [N,h,w], those that the net is surest of, without others of the same things: at most so many, the
    largest, in the order of their size."""
    order = scores.argsort(descending=True, stable=True)
    masks = (logits[order] > 0).flatten(1).float()
    common = masks @ masks.T
    size = common.diagonal()
    overlap = common / (size[:, None] + size - common).clamp(min=1)
    kept: list[int] = []
    for index in range(len(masks)):
        if not any(overlap[index, other] > SAME for other in kept):
            kept.append(index)
    kept.sort(key=lambda index: -float(size[index]))
    return logits[order[kept[:most]]]


def _stacked(masks: np.ndarray) -> tuple[np.ndarray, list[int | None]]:
    """Masks [N,H,W], large ones first, laid over one another: the part of each pixel, of which 0 is the rest, and the
    whole that each part is in, or None."""
    numbers = np.zeros(masks.shape[1:], np.int64)
    parents: list[int | None] = [None]
    for index, mask in enumerate(masks):
        numbers[mask] = index + 1
        shares = (masks[:index] & mask).sum((1, 2)) / max(int(mask.sum()), 1)
        wholes = np.flatnonzero(shares >= WITHIN)
        parents.append(int(wholes[-1]) + 1 if len(wholes) else None)
    return numbers, parents
