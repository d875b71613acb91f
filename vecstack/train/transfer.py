"""Starting from the weights of another model, of fewer layers perhaps."""

from __future__ import annotations

import torch
from torch import Tensor

from vecstack.errors import RecipeError
from vecstack.kinds.mask.maker import MaskMaker
from vecstack.kinds.mask.model import ModelSizes, Predictor
from vecstack.models import load_model

HEADS = ("code_head", "color_head")


def start_from(model: Predictor, name: str) -> None:
    """Give a model the weights of another of the same net and encoder (see load_model for names). Where it predicts n
    times as many layers in a pass, each layer of the other becomes n in a row, alike until training tells them apart.
    Raises RecipeError: other sizes; WeightsError."""
    maker = load_model(name, "cpu").maker
    if not isinstance(maker, MaskMaker):
        raise RecipeError(f"start_from {name}: its layers are not masks.")
    sizes, given = model.sizes, maker.predictor.sizes
    times, rest = divmod(sizes.layers_per_pass, given.layers_per_pass)
    if (sizes.net, sizes.encoder) != (given.net, given.encoder) or rest:
        raise RecipeError(
            f"start_from {name}: needs the same net and encoder, and layers_per_pass a multiple of its "
            f"{given.layers_per_pass}; it has {_short(given)}, the recipe {_short(sizes)}."
        )
    weights = maker.predictor.state_dict()
    for head in HEADS:
        for part in ("weight", "bias"):
            key = f"{head}.{part}"
            weights[key] = _repeat(weights[key], given.layers_per_pass, times)
    model.load_state_dict(weights)


def _repeat(rows: Tensor, layers: int, times: int) -> Tensor:
    """The rows of a head [layers * n, ...], those of each layer `times` times in a row."""
    by_layer = rows.view(layers, -1, *rows.shape[1:])
    return torch.repeat_interleave(by_layer, times, 0).flatten(0, 1)


def _short(sizes: ModelSizes) -> str:
    net, encoder = sizes.net, sizes.encoder
    blocks = "-".join(map(str, encoder.blocks))
    return f"net {net.code}/{net.width}/{net.depth}, encoder {encoder.side} px/{encoder.width}/{blocks}"
