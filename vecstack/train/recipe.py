"""Training recipes: a TOML file becomes frozen dataclasses, and a word that means nothing is refused."""

from __future__ import annotations

import dataclasses
import difflib
import math
import sys
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecstack.errors import RecipeError
from vecstack.kinds.mask.model import ModelSizes


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
class Recipe:
    """A whole training: sizes of the model, data, and the schedule of the optimiser (Adam)."""

    name: str
    description: str = ""
    steps: int = 100_000
    batch: int = 32
    learning_rate: float = 1e-3  # the paper's
    warmup_steps: int = 200
    second_moment_decay: float = 0.99  # Adam's beta 2
    weight_decay: float = 0.0
    gradient_norm: float = 1.0  # longer gradients are shortened to this
    average_decay: float = 0.999  # of the running mean of the weights, which is what is kept
    canvas_loss: float = 0.0  # weight of the mean loss of the canvases before the last
    absolute_loss: float = 0.0  # share of the L1 loss (the paper's); the rest is L2, which PSNR measures
    seed: int = 0
    evaluate_every: int = 500  # steps
    model: ModelSizes = ModelSizes()
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
    """Raise RecipeError for values that no training can have, alone or together."""
    model, data = recipe.model, recipe.data
    positive = {
        "steps": recipe.steps,
        "batch": recipe.batch,
        "evaluate_every": recipe.evaluate_every,
        "data.side": data.side,
        "model.layers": model.layers,
        "model.canvas_side": model.canvas_side,
        "model.net.code": model.net.code,
        "model.net.depth": model.net.depth,
        "model.encoder.side": model.encoder.side,
        "model.encoder.width": model.encoder.width,
    }
    for name, value in positive.items():
        if value < 1:
            raise RecipeError(f"{where}: {name} must be at least 1, not {value}.")
    if data.side % model.canvas_side:
        raise RecipeError(
            f"{where}: data.side must be a multiple of model.canvas_side, not {data.side} and {model.canvas_side}."
        )
    if model.net.width % 4 or model.net.width < 4:
        raise RecipeError(f"{where}: model.net.width must be a multiple of 4, not {model.net.width}.")
    if data.smallest_crop > 1 or data.smallest_crop == 0:
        raise RecipeError(f"{where}: data.smallest_crop must be above 0 and at most 1, not {data.smallest_crop}.")


def _build(kind: type, fields: dict[str, Any], where: str) -> Any:
    """An instance of the dataclass `kind` from a TOML table, tables within it included."""
    types = typing.get_type_hints(kind)
    values: dict[str, Any] = {}
    for key, value in fields.items():
        if key not in types:
            near = difflib.get_close_matches(key, types, 1)
            hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(types)}."
            raise RecipeError(f"{where}: unknown key {key}. {hint}")
        values[key] = _convert(types[key], value, f"{where}: {key}")
    return kind(**values)


def _convert(expected: Any, value: Any, where: str) -> Any:
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
