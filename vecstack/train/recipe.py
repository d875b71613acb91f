"""Training recipes: a TOML file becomes frozen dataclasses, and a word that means nothing is refused."""

from __future__ import annotations

import dataclasses
import difflib
import math
import sys
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vecstack.document.limits import MAX_DOCUMENT_BYTES
from vecstack.errors import RecipeError
from vecstack.kinds.mask.maker import check_sizes
from vecstack.kinds.mask.model import ModelSizes, Predictor
from vecstack.models import MAX_BYTES
from vecstack.train.baselines import Baseline, BaselineSizes, check_baseline
from vecstack.train.losses import FEWEST_LAYERS, MOST_LAYERS, smallest_side

PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("cosine", "constant")
MAX_SEED = 2**64 - 1  # torch's
MAX_COUNT = 2**63 - 1  # torch's, and what TOML asks of a program; Python's integers have no end
MAX_DATA_SIDE = 4096  # px; a picture takes 50 MB of memory there
MAX_CODE_NUMBERS = MAX_DOCUMENT_BYTES // 32  # of one document; a number takes up to 14 bytes, the rest is for layers
FLOAT16_BYTES = 2
MAX_HEADER_BYTES = 1 << 20  # of a weights file: some 100 for each of up to 2,600 tensors


@dataclass(frozen=True)
class DataRecipe:
    """How pictures become training examples."""

    side: int = 32  # side of an example in pixels
    stored_side: int = 32  # side in pixels at which pictures are kept in memory
    flip: bool = False  # mirror left to right, half of the time
    smallest_crop: float = 1.0  # a crop's side is drawn between this share of stored_side and all of it
    rotate_degrees: float = 0.0  # turn by up to this much, either way
    zoom: float = 0.0  # scale each axis by up to this share, either way
    shift: float = 0.0  # move by up to this share of the side, either way
    warped_share: float = 0.5  # of the examples is turned, scaled and moved; resampling blurs, so not all of them


@dataclass(frozen=True)
class LossRecipe:
    """What is minimised: L2 of the drawn picture, and as much of the other terms as is asked for."""

    absolute: float = 0.0  # share of the L1 loss (the paper's); the rest is L2, which PSNR measures
    canvas: float = 0.0  # weight of the mean loss of the canvases before the last
    adversarial: float = 0.0  # weight of the adversarial loss, lambda of eq. 7
    gradient_penalty: float = 10.0  # gamma of eq. 5
    discriminator_layers: int = 3  # convolutions of the patch discriminator; the paper: 3 at 32 px, 5 at 128 px
    discriminator_rate: float = 2e-4  # its learning rate
    perceptual: float = 0.0  # weight of the distance between features of a network
    perceptual_network: str = ""  # path or Hub name of that network's weights


@dataclass(frozen=True)
class Recipe:
    """A whole training: sizes of the model (or of a baseline), data, loss, and the schedule of the optimiser (Adam)."""

    name: str
    description: str = ""
    start_from: str = ""  # a model (name, path or Hub) of the same net and encoder, whose weights are the first ones
    steps: int = 100_000
    batch: int = 32
    learning_rate: float = 1e-3  # the paper's
    warmup_steps: int = 200
    schedule: str = "cosine"  # of the rate after the warm-up: half a cosine down to nothing, or constant (the paper's)
    first_moment_decay: float = 0.9  # Adam's beta 1
    second_moment_decay: float = 0.99  # Adam's beta 2
    weight_decay: float = 0.0
    gradient_norm: float = 1.0  # longer gradients are shortened to this
    average_decay: float = 0.999  # of the running mean of the weights, which is what is kept
    precision: str = "float32"  # or bfloat16: of the products, in training; the weights stay float32
    compile: bool = False  # through torch.compile, with CUDA graphs on a GPU
    seed: int = 0
    evaluate_every: int = 500  # steps
    loss: LossRecipe = LossRecipe()
    model: ModelSizes = ModelSizes()
    baseline: BaselineSizes | None = None  # trained in place of the model
    data: DataRecipe = DataRecipe()


def load_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises RecipeError: unreadable, an unknown key, a value of another type."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        try:
            import tomli as tomllib
        except ImportError as error:
            raise RecipeError("Recipes need tomli on Python 3.10: pip install 'vecstack[train]'.") from error
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RecipeError(f"{path}: {error.strerror}. Give the path of a recipe (TOML).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RecipeError(f"{path}: not TOML: {error}.") from error
    if "name" not in fields:
        raise RecipeError(f'{path}: name is missing. Add name = "my-model".')
    recipe = typing.cast(Recipe, _build(Recipe, fields, str(path)))
    _check(recipe, str(path))
    return recipe


def _check(recipe: Recipe, where: str) -> None:
    """Raise RecipeError for values that no training can have, alone or together, or that would end in a model whose
    weights or documents are refused."""
    model, data = recipe.model, recipe.data
    ranges = {
        "steps": (recipe.steps, 1, MAX_COUNT),
        "batch": (recipe.batch, 1, MAX_COUNT),
        "warmup_steps": (recipe.warmup_steps, 0, MAX_COUNT),
        "evaluate_every": (recipe.evaluate_every, 1, MAX_COUNT),
        "seed": (recipe.seed, 0, MAX_SEED),
        "data.side": (data.side, 1, MAX_DATA_SIDE),
        "data.stored_side": (data.stored_side, 1, MAX_DATA_SIDE),
    }
    for name, (value, least, most) in ranges.items():
        if not least <= value <= most:
            raise RecipeError(f"{where}: {name} must be {least} to {most}, not {value}.")
    for name, word, words in (
        ("precision", recipe.precision, PRECISIONS),
        ("schedule", recipe.schedule, SCHEDULES),
    ):
        if word not in words:
            raise RecipeError(f"{where}: {name} must be {' or '.join(words)}, not {word:.40}.")
    for name, decay in (
        ("first_moment_decay", recipe.first_moment_decay),
        ("second_moment_decay", recipe.second_moment_decay),
        ("average_decay", recipe.average_decay),
    ):
        if decay >= 1:
            raise RecipeError(f"{where}: {name} must be below 1, not {decay}.")
    if data.warped_share > 1:
        raise RecipeError(f"{where}: data.warped_share must be at most 1, not {data.warped_share}.")
    for name, amount in (("zoom", data.zoom), ("shift", data.shift)):
        if amount >= 1:
            raise RecipeError(f"{where}: data.{name} must be below 1, not {amount}.")
    for name, amount in (("learning_rate", recipe.learning_rate), ("gradient_norm", recipe.gradient_norm)):
        if amount == 0:
            raise RecipeError(f"{where}: {name} must be above 0: nothing would be learned.")
    if data.stored_side < data.side:
        raise RecipeError(
            f"{where}: data.stored_side must be at least data.side, not {data.stored_side} and {data.side}."
        )
    _check_loss(recipe, where)
    if data.smallest_crop > 1 or data.smallest_crop == 0:
        raise RecipeError(f"{where}: data.smallest_crop must be above 0 and at most 1, not {data.smallest_crop}.")
    if recipe.baseline is not None:
        _check_baseline(recipe.baseline, data.side, recipe.batch, where)
        return
    _check_model(model, where)
    if data.side % model.canvas_side:
        raise RecipeError(
            f"{where}: data.side must be a multiple of model.canvas_side, not {data.side} and {model.canvas_side}."
        )


def _check_loss(recipe: Recipe, where: str) -> None:
    """Raise RecipeError for a loss that cannot be."""
    loss, side = recipe.loss, recipe.data.side
    if loss.absolute > 1:
        raise RecipeError(f"{where}: loss.absolute must be 0 to 1, not {loss.absolute}.")
    if loss.perceptual and not loss.perceptual_network:
        raise RecipeError(f"{where}: loss.perceptual needs loss.perceptual_network, the path of a network's weights.")
    if not loss.adversarial:
        return
    if not FEWEST_LAYERS <= loss.discriminator_layers <= MOST_LAYERS:
        raise RecipeError(
            f"{where}: loss.discriminator_layers must be {FEWEST_LAYERS} to {MOST_LAYERS}, "
            f"not {loss.discriminator_layers}."
        )
    least = smallest_side(loss.discriminator_layers)
    if side < least:
        raise RecipeError(
            f"{where}: a discriminator of {loss.discriminator_layers} layers needs a data.side of {least} or more."
        )


def _check_baseline(sizes: BaselineSizes, side: int, batch: int, where: str) -> None:
    """Raise RecipeError for a baseline that cannot be, or that draws another side than that of the data."""
    try:
        check_baseline(sizes)
    except ValueError as error:
        raise RecipeError(f"{where}: baseline.{error}") from error
    if sizes.side != side:
        raise RecipeError(f"{where}: baseline.side must be data.side, not {sizes.side} and {side}.")
    if batch < 2:
        raise RecipeError(f"{where}: batch must be at least 2 for a baseline, whose norms look at a whole batch.")
    with torch.device("meta"):
        _check_bytes(Baseline(sizes), where, "baseline")


def _check_model(sizes: ModelSizes, where: str) -> None:
    """Raise RecipeError for sizes of which there is no model, or one whose weights or documents are too large."""
    try:
        check_sizes(sizes)
    except ValueError as error:
        raise RecipeError(f"{where}: model.{error}") from error
    numbers = sizes.layers * sizes.net.code
    if numbers > MAX_CODE_NUMBERS:
        raise RecipeError(
            f"{where}: model.layers times model.net.code must be at most {MAX_CODE_NUMBERS}, not {numbers}."
        )
    with torch.device("meta"):  # shapes without memory
        _check_bytes(Predictor(sizes), where, "model")


def _check_bytes(model: nn.Module, where: str, table: str) -> None:
    """Raise RecipeError for a model whose weights file would be refused."""
    tensors = model.state_dict().values()
    if sum(FLOAT16_BYTES * tensor.numel() for tensor in tensors) > MAX_BYTES - MAX_HEADER_BYTES:
        raise RecipeError(
            f"{where}: the weights would be larger than {MAX_BYTES >> 20} MiB. Choose a smaller {table}.encoder.width."
        )


def _build(kind: type, fields: dict[str, Any], where: str) -> Any:
    """An instance of the dataclass `kind` from a TOML table, tables within it included."""
    known = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in fields.items():
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
            raise RecipeError(f"{where}: unknown key {key}. {hint}")
        values[key] = _convert(known[key], value, f"{where}: {key}")
    return kind(**values)


def _convert(expected: Any, value: Any, where: str) -> Any:
    if isinstance(expected, types.UnionType):  # a table that may be left out
        expected = typing.get_args(expected)[0]
    if dataclasses.is_dataclass(expected):
        if not isinstance(value, dict):
            raise RecipeError(f"{where} must be a table.")
        return _build(typing.cast(type, expected), value, where)
    if typing.get_origin(expected) is tuple:
        items = typing.get_args(expected)
        if not isinstance(value, list) or len(value) != len(items):
            raise RecipeError(f"{where} must be a list of {len(items)} values.")
        return tuple(_convert(item, entry, where) for item, entry in zip(items, value, strict=True))
    if expected is float and type(value) is int:
        value = float(value)
    if type(value) is not expected:
        raise RecipeError(f"{where} must be {expected.__name__}, not {value!r}.")
    if isinstance(value, int | float) and (value < 0 or not math.isfinite(value)):
        raise RecipeError(f"{where} must be a finite number of at least 0, not {value!r}.")
    return value
