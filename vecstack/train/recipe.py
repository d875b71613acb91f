"""Training recipes: a TOML file becomes frozen dataclasses, and a word that means nothing is refused."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, cast

import torch

from vecstack.document.limits import MAX_DOCUMENT_BYTES
from vecstack.enhancing.weights import file_of
from vecstack.errors import RecipeError
from vecstack.kinds import find_kind
from vecstack.kinds.weights import DEFAULT_KIND, ENHANCER, Description
from vecstack.models import MAX_BYTES
from vecstack.tables import to_dataclass
from vecstack.text_file import read_toml
from vecstack.train.enhancer import EnhancerTrainee
from vecstack.train.trainee import Trainee

PRECISIONS = ("float32", "bfloat16")
SCHEDULES = ("cosine", "constant")
ADVERSARIES = ("wasserstein", "logistic")
MAX_SEED = 2**64 - 1  # torch's
MAX_COUNT = 2**63 - 1  # torch's, and what TOML asks of a program; Python's integers have no end
MAX_DATA_SIDE = 4096  # px; a picture takes 50 MB of memory there
MAX_NUMBERS = MAX_DOCUMENT_BYTES // 32  # of a picture; a number takes up to 14 bytes, the rest is for layers
MIN_DISCRIMINATOR_LAYERS, MAX_DISCRIMINATOR_LAYERS = 2, 8  # convolutions; 8 see patches of 574 px
DISCRIMINATOR_WIDTH, MAX_DISCRIMINATOR_WIDTH = 64, 1024  # channels; that of Isola et al., CVPR 2017
FLOAT16_BYTES = 2
TYPING_ERROR = 0.8  # likeness, by difflib, of a word to the one that was meant
MAX_HEADER_BYTES = 1 << 20  # of a weights file: some 100 for each of up to 2,600 tensors


@dataclass(frozen=True)
class DataRecipe:
    """How pictures become training examples."""

    side: int = 32  # side of an example in pixels
    stored_side: int = 32  # side in pixels at which pictures are kept in memory
    truth_side: int = 0  # side in pixels of what layers are compared with, a multiple of side; 0: side
    coarse_share: float = 0.0  # of the batches is made of pictures with no more detail than side, and compared there
    flip: bool = False  # mirror left to right, half of the time
    smallest_crop: float = 1.0  # a crop's side is drawn between this share of stored_side and all of it
    rotate_degrees: float = 0.0  # turn by up to this much, either way
    zoom: float = 0.0  # scale each axis by up to this share, either way
    shift: float = 0.0  # move by up to this share of the side, either way
    warped_share: float = 0.5  # of the examples is turned, scaled and moved; resampling blurs, so not all of them

    @property
    def compared_side(self) -> int:
        """Side in pixels of what layers are compared with."""
        return self.truth_side or self.side


@dataclass(frozen=True)
class LossRecipe:
    """What is minimised: L2 of the drawn picture, and as much of the other terms as is asked for."""

    absolute: float = 0.0  # share of the L1 loss (the paper's); the rest is L2, which PSNR measures
    canvas: float = 0.0  # weight of the mean loss of the canvases before the last
    adversarial: float = 0.0  # weight of the adversarial loss, lambda of eq. 7
    adversary: str = "wasserstein"  # eqs. 5 and 6; or logistic: with a penalty on the gradient at real pictures (R1)
    gradient_penalty: float = 10.0  # gamma of eq. 5
    discriminator_layers: int = 3  # convolutions of the patch discriminator; the paper: 3 at 32 px, 5 at 128 px
    discriminator_width: int = DISCRIMINATOR_WIDTH  # channels of its first convolution
    discriminator_group: int = 0  # pictures in a row whose spread it sees (logistic only); 0: each alone
    discriminator_rate: float = 2e-4  # its learning rate
    discriminator_steps: int = 1  # of it for each step of what is trained
    perceptual: float = 0.0  # weight of the distance between features of a network
    perceptual_network: str = ""  # path or Hub name of that network's weights


@dataclass(frozen=True)
class Settings:
    """What every recipe says, whatever is trained: data, loss, and the schedule of the optimiser (Adam)."""

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
    data: DataRecipe = DataRecipe()


def default_trainee() -> Trainee:
    """What a recipe trains that names no kind and has no tables of one."""
    return _find_trainee(DEFAULT_KIND, {})


@dataclass(frozen=True)
class Recipe(Settings):
    """A whole training: the settings and what is trained, which a file says by `kind` and the tables of that kind."""

    trainee: Trainee = field(default_factory=default_trainee)


def load_recipe(path: Path) -> Recipe:
    """The recipe in a TOML file. Raises RecipeError: unreadable, an unknown key, a value of another type."""
    values = read_toml(path)
    if "name" not in values:
        raise RecipeError(f'{path}: name is missing. Add name = "my-model".')
    kind = values.pop("kind", DEFAULT_KIND)
    tables = {key: value for key, value in values.items() if isinstance(value, dict) and _is_of_kind(key)}
    settings = to_dataclass(Settings, {key: values[key] for key in values if key not in tables}, str(path))
    try:
        trainee = _find_trainee(kind, tables)
        recipe = Recipe(**{key: getattr(settings, key) for key in SETTINGS}, trainee=trainee)
        _check(recipe)
    except RecipeError as error:
        raise RecipeError(f"{path}: {error}") from error
    return recipe


SETTINGS = tuple(item.name for item in fields(Settings))


def _is_of_kind(table: str) -> bool:
    """Whether a table is the kind's: neither one of every recipe, nor nearly so by an error of typing."""
    return not difflib.get_close_matches(table, SETTINGS, 1, TYPING_ERROR)


def _find_trainee(name: Any, tables: Mapping[str, Any]) -> Trainee:
    """What the kind of that name trains. Raises RecipeError."""
    kind = find_kind(name) if isinstance(name, str) else None
    if kind is None:
        raise RecipeError(f'there is no kind of layer {name!r:.40}. Leave kind out for "{DEFAULT_KIND}".')
    if ENHANCER in tables:
        if len(tables) > 1:
            raise RecipeError(
                f"a recipe trains one thing, not {' and '.join(sorted(tables))}. Keep one of these tables."
            )
        return to_dataclass(EnhancerTrainee, tables[ENHANCER], ENHANCER)
    try:
        return cast(Trainee, kind.trainee(tables))
    except RecipeError as error:
        raise RecipeError(f"kind {name}: {error}" if name != DEFAULT_KIND else str(error)) from error


def trainee_of(described: Description) -> Trainee:
    """What a weights file holds, as it is trained and measured. Raises RecipeError, WeightsError."""
    if described.table == ENHANCER:
        file = file_of(described.sizes)
        return EnhancerTrainee(file.made.model, file.made.side, net=file.net)
    return cast(Trainee, described.kind.trainee({described.table: described.sizes}))


def _check(recipe: Recipe) -> None:
    """Raise RecipeError for values that no training can have, alone or together, or that would end in a model whose
    weights or documents are refused."""
    data = recipe.data
    ranges = {
        "steps": (recipe.steps, 1, MAX_COUNT),
        "batch": (recipe.batch, 1, MAX_COUNT),
        "warmup_steps": (recipe.warmup_steps, 0, MAX_COUNT),
        "evaluate_every": (recipe.evaluate_every, 1, MAX_COUNT),
        "seed": (recipe.seed, 0, MAX_SEED),
        "loss.discriminator_width": (recipe.loss.discriminator_width, 1, MAX_DISCRIMINATOR_WIDTH),
        "loss.discriminator_steps": (recipe.loss.discriminator_steps, 1, MAX_COUNT),
        "data.side": (data.side, 1, MAX_DATA_SIDE),
        "data.truth_side": (data.truth_side, 0, MAX_DATA_SIDE),
        "data.stored_side": (data.stored_side, 1, MAX_DATA_SIDE),
    }
    for name, (value, least, most) in ranges.items():
        if not least <= value <= most:
            raise RecipeError(f"{name} must be {least} to {most}, not {reprlib.repr(value)}.")
    for name, word, words in (
        ("precision", recipe.precision, PRECISIONS),
        ("schedule", recipe.schedule, SCHEDULES),
        ("loss.adversary", recipe.loss.adversary, ADVERSARIES),
    ):
        if word not in words:
            raise RecipeError(f"{name} must be {' or '.join(words)}, not {reprlib.repr(word)[1:-1]}.")
    for name, decay in (
        ("first_moment_decay", recipe.first_moment_decay),
        ("second_moment_decay", recipe.second_moment_decay),
        ("average_decay", recipe.average_decay),
    ):
        if decay >= 1:
            raise RecipeError(f"{name} must be below 1, not {decay}.")
    for name, share in (("warped_share", data.warped_share), ("coarse_share", data.coarse_share)):
        if share > 1:
            raise RecipeError(f"data.{name} must be at most 1, not {share}.")
    if data.coarse_share and data.stored_side % data.side:
        raise RecipeError(
            "data.stored_side must be a multiple of data.side where there is a data.coarse_share, not "
            f"{data.stored_side} and {data.side}."
        )
    for name, amount in (("zoom", data.zoom), ("shift", data.shift)):
        if amount >= 1:
            raise RecipeError(f"data.{name} must be below 1, not {amount}.")
    for name, amount in (("learning_rate", recipe.learning_rate), ("gradient_norm", recipe.gradient_norm)):
        if amount == 0:
            raise RecipeError(f"{name} must be above 0: nothing would be learned.")
    if data.compared_side % data.side:
        raise RecipeError(f"data.truth_side must be a multiple of data.side, not {data.truth_side} and {data.side}.")
    if data.stored_side < data.compared_side:
        key = "data.truth_side" if data.truth_side else "data.side"
        raise RecipeError(f"data.stored_side must be at least {key}, not {data.stored_side} and {data.compared_side}.")
    _check_loss(recipe)
    if recipe.trainee.is_generator:
        _check_generator(recipe)
    if data.smallest_crop > 1 or data.smallest_crop == 0:
        raise RecipeError(f"data.smallest_crop must be above 0 and at most 1, not {data.smallest_crop}.")
    recipe.trainee.check(data.compared_side)
    _check_trainee(recipe)


def _check_trainee(recipe: Recipe) -> None:
    """Raise RecipeError for a batch that is too small to train on, and for a model whose weights or documents would be
    refused."""
    trainee = recipe.trainee
    if recipe.batch < trainee.min_batch:
        raise RecipeError(f"batch must be at least {trainee.min_batch} for {trainee.name}, not {recipe.batch}.")
    numbers = trainee.numbers(trainee.layers)
    if numbers > MAX_NUMBERS:
        raise RecipeError(
            f"a picture would become {numbers:,} numbers, and at most {MAX_NUMBERS:,} fit into a document. "
            "Choose fewer layers, or shorter codes."
        )
    with torch.device("meta"):  # shapes without memory
        tensors = trainee.build().state_dict().values()
    if sum(FLOAT16_BYTES * tensor.numel() for tensor in tensors) > MAX_BYTES - MAX_HEADER_BYTES:
        raise RecipeError(
            f"the weights would be larger than {MAX_BYTES >> 20} MiB. Choose a smaller {trainee.width_key}."
        )


def _check_loss(recipe: Recipe) -> None:
    """Raise RecipeError for a loss that cannot be."""
    loss, side = recipe.loss, recipe.data.compared_side
    if loss.absolute > 1:
        raise RecipeError(f"loss.absolute must be 0 to 1, not {loss.absolute}.")
    if loss.perceptual and not loss.perceptual_network:
        raise RecipeError("loss.perceptual needs loss.perceptual_network, the path of a network's weights.")
    if not loss.adversarial:
        return
    if not MIN_DISCRIMINATOR_LAYERS <= loss.discriminator_layers <= MAX_DISCRIMINATOR_LAYERS:
        raise RecipeError(
            f"loss.discriminator_layers must be {MIN_DISCRIMINATOR_LAYERS} to {MAX_DISCRIMINATOR_LAYERS}, "
            f"not {loss.discriminator_layers}."
        )
    if loss.discriminator_group:
        _check_group(recipe)
    least = smallest_side(loss.discriminator_layers)
    if side < least:
        raise RecipeError(
            f"a discriminator of {loss.discriminator_layers} layers needs a data.side of {least} or more."
        )


def _check_group(recipe: Recipe) -> None:
    """Raise RecipeError for groups that a discriminator cannot see."""
    group = recipe.loss.discriminator_group
    if recipe.loss.adversary != "logistic":
        raise RecipeError(
            'loss.discriminator_group is for adversary = "logistic": the penalty of the other is of one picture.'
        )
    if group < 2 or recipe.batch % group:
        raise RecipeError(f"loss.discriminator_group must divide batch, and be 2 or more, not {group}.")


def _check_generator(recipe: Recipe) -> None:
    """Raise RecipeError for what has no meaning where there is no truth."""
    loss = recipe.loss
    if not loss.adversarial:
        raise RecipeError("loss.adversarial must be above 0: a generator learns from its adversary alone.")
    for name, is_asked in (
        ("loss.absolute", loss.absolute),
        ("loss.canvas", loss.canvas),
        ("loss.perceptual", loss.perceptual),
        ("data.truth_side", recipe.data.truth_side),
        ("compile", recipe.compile),
    ):
        if is_asked:
            raise RecipeError(f"{name} is not for a generator. Leave it out.")


def smallest_side(layers: int) -> int:
    """Least side in pixels of a picture for a discriminator of so many convolutions."""
    return 3 << (layers - 2)
