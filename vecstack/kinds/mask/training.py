"""How the predictor of mask layers is trained and measured (see vecstack.train.trainee.Trainee)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from vecstack.errors import RecipeError
from vecstack.kinds.mask.baselines import BaselineSizes, BaselineTrainee
from vecstack.kinds.mask.generating import GeneratorTrainee
from vecstack.kinds.mask.generator import GeneratorSizes
from vecstack.kinds.mask.maker import check_sizes, load_maker, weights_to_bytes
from vecstack.kinds.mask.model import ModelSizes, Predictor, grid_points, sample_grid
from vecstack.kinds.weights import BASELINE, GENERATOR, MODEL, read_metadata
from vecstack.pictures.fit import fit_to_side
from vecstack.tables import check_keys, to_dataclass

HEADS = ("code_head", "color_head")
MAX_POINTS = 1 << 17  # of all layers drawn at once: bounds the memory to about 300 MB with a net 128 wide
CUDA_POINTS = 8 * MAX_POINTS  # the same on a GPU, which fewer would not fill


@dataclass(frozen=True)
class MaskTrainee:
    """A predictor of mask layers in these sizes."""

    sizes: ModelSizes = ModelSizes()
    name = "a model of mask layers"
    is_generator = False
    min_batch = 1
    width_key = "model.encoder.width"

    @property
    def layers(self) -> int:
        return self.sizes.layers

    @property
    def side(self) -> int:
        return self.sizes.encoder.side

    def numbers(self, layers: int) -> int:
        return layers * (self.sizes.net.code + 3)

    def check(self, side: int) -> None:
        try:
            check_sizes(self.sizes)
        except ValueError as error:
            raise RecipeError(f"model.{error}") from error
        if side % self.sizes.canvas_side:
            raise RecipeError(
                f"data.side must be a multiple of model.canvas_side, not {side} and {self.sizes.canvas_side}."
            )

    def build(self) -> Predictor:
        return Predictor(self.sizes)

    def start_from(self, model: nn.Module, given: nn.Module) -> None:
        """Where the model predicts n times as many layers in a pass as the given one, each layer of that becomes n in
        a row, alike until training tells them apart."""
        if not isinstance(given, Predictor):
            raise RecipeError("it does not predict mask layers.")
        sizes = given.sizes
        times, rest = divmod(self.sizes.layers_per_pass, sizes.layers_per_pass)
        if (self.sizes.net, self.sizes.encoder) != (sizes.net, sizes.encoder) or rest:
            raise RecipeError(
                f"it must have the same net and encoder, and the recipe a multiple of its layers_per_pass, "
                f"{sizes.layers_per_pass}; it has {_short(sizes)}, the recipe {_short(self.sizes)}."
            )
        weights = given.state_dict()
        for head in HEADS:
            for part in ("weight", "bias"):
                key = f"{head}.{part}"
                weights[key] = _repeat(weights[key], sizes.layers_per_pass, times)
        model.load_state_dict(weights)

    def to_bytes(self, model: nn.Module) -> bytes:
        return weights_to_bytes(cast(Predictor, model))

    def load(self, weights: bytes, device: torch.device | None) -> Predictor:
        return load_maker(weights, read_metadata(weights)["sizes"], device).predictor

    def sample(self, batch: Tensor, whole: bool, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        side = batch.shape[-1] if whole else self.sizes.canvas_side
        return fit_to_side(batch, self.side), *sample_grid(batch, side, generator)

    def costly_part(self, model: nn.Module) -> Callable[..., Any]:
        """One pass: all passes are alike, and compiling them unrolled would take minutes."""
        return cast(Predictor, model).next_layers

    def canvases(self, model: nn.Module, seen: Tensor, points: Tensor, costly_part: Callable[..., Any]) -> Tensor:
        return cast(Predictor, model).unroll(seen, points, self.layers, costly_part)[2]

    @torch.no_grad()
    def draw(self, model: nn.Module, pictures: Tensor, counts: Sequence[int]) -> Iterator[Tensor]:
        """At the S x S pixel centres, of layers that are predicted at the model's own side."""
        predictor, side = cast(Predictor, model), pictures.shape[-1]
        points = grid_points(side, device=pictures.device)
        points_of_picture = counts[-1] * max(side, self.side, self.sizes.canvas_side) ** 2
        for batch in torch.split(pictures, max(1, _max_points(pictures.device) // points_of_picture)):
            target = fit_to_side(batch.float() / 255, self.side)
            codes, colors = predictor.predict(target, counts[-1])
            canvases = _canvases(predictor, points, codes, colors, counts)
            yield canvases.view(*canvases.shape[:-1], side, side)


def read_trainee(tables: Mapping[str, Any]) -> MaskTrainee | BaselineTrainee | GeneratorTrainee:
    """What a recipe with these tables trains: the predictor in [model] or, where there is one, the generator in
    [generator] or the baseline in [baseline]. Raises RecipeError."""
    check_keys(tables, (MODEL, BASELINE, GENERATOR), "the tables of a mask recipe")
    if GENERATOR in tables:
        if len(tables) > 1:
            raise RecipeError(
                f"a recipe trains one thing, not {' and '.join(sorted(tables))}. Keep one of these tables."
            )
        return GeneratorTrainee(to_dataclass(GeneratorSizes, tables[GENERATOR], GENERATOR))
    sizes = to_dataclass(ModelSizes, tables.get(MODEL, {}), MODEL)
    if BASELINE in tables:
        return BaselineTrainee(to_dataclass(BaselineSizes, tables[BASELINE], BASELINE))
    return MaskTrainee(sizes)


def _max_points(device: torch.device) -> int:
    return MAX_POINTS if device.type == "cpu" else CUDA_POINTS


def _canvases(model: Predictor, points: Tensor, codes: Tensor, colors: Tensor, counts: Sequence[int]) -> Tensor:
    """The canvas after each count of layers: points [P,2], codes [B,T,K], colours [B,T,3] -> [B,counts,3,P]."""
    layers = codes.shape[0] * codes.shape[1]
    parts = torch.split(points, max(1, _max_points(points.device) // layers))
    return torch.cat([model.draw(part, codes, colors)[:, [count - 1 for count in counts]] for part in parts], -1)


def _repeat(rows: Tensor, layers: int, times: int) -> Tensor:
    """The rows of a head [layers * n, ...], those of each layer `times` times in a row."""
    by_layer = rows.view(layers, -1, *rows.shape[1:])
    return torch.repeat_interleave(by_layer, times, 0).flatten(0, 1)


def _short(sizes: ModelSizes) -> str:
    net, encoder = sizes.net, sizes.encoder
    blocks = "-".join(map(str, encoder.blocks))
    return f"net {net.code}/{net.width}/{net.depth}, encoder {encoder.side} px/{encoder.width}/{blocks}"
