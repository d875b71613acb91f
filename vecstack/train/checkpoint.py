"""The files of a training's folder: a checkpoint to continue from, and the weights so far."""

from __future__ import annotations

import copy
import io
import struct
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor, nn

from vecstack.atomic import atomic_writer
from vecstack.errors import ExportError, RecipeError, WeightsError
from vecstack.kinds.weights import describe
from vecstack.models import find_weights
from vecstack.train.adversary import Adversary, adversary
from vecstack.train.recipe import Recipe, trainee_of
from vecstack.train.trainee import Trainee

CHECKPOINT, WEIGHTS, LOG = "checkpoint.pt", "model.safetensors", "log.jsonl"  # what a training's folder holds
RECIPE = "recipe.toml"
# What a damaged checkpoint, or one of something else, makes torch.load and load_state_dict raise.
DAMAGES = (
    OSError,
    RuntimeError,
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
    EOFError,
    UnpicklingError,
    struct.error,
)


@dataclass
class State:
    """All that a training needs to continue: kept in checkpoint.pt."""

    trainee: Trainee
    model: nn.Module
    average: nn.Module
    optimizer: torch.optim.Optimizer
    adversary: Adversary | None
    generator: torch.Generator
    step: int = 0
    seconds: float = 0.0


def start(recipe: Recipe, device: torch.device | None) -> State:
    """The state before the first step: the same for the same seed. Raises RecipeError, WeightsError: a model to start
    from that is not there, or does not fit."""
    torch.manual_seed(recipe.seed)
    trainee = recipe.trainee
    model = trainee.build().to(device)
    if recipe.start_from:
        _start_from(recipe, model)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        recipe.learning_rate,
        betas=(recipe.first_moment_decay, recipe.second_moment_decay),
        weight_decay=recipe.weight_decay,
        fused=device is not None and device.type == "cuda",
    )
    generator = torch.Generator().manual_seed(recipe.seed)
    average = copy.deepcopy(model).requires_grad_(False).eval()
    return State(trainee, model, average, optimizer, adversary(recipe.loss, device or torch.device("cpu")), generator)


def find_start(recipe: Recipe) -> bytes:
    """The weights file that a recipe starts from. Raises WeightsError, which says what to do: there is none."""
    try:
        return find_weights(recipe.start_from)[1]
    except WeightsError as error:
        raise WeightsError(
            f'recipe {recipe.name}: start_from = "{recipe.start_from}" cannot be used. Train that model first, change '
            f"start_from, or leave it out to start from nothing. ({error})"
        ) from error


def _start_from(recipe: Recipe, model: nn.Module) -> None:
    """Give a model the weights that its recipe starts from. Raises RecipeError, WeightsError."""
    where = f'recipe {recipe.name}: start_from = "{recipe.start_from}"'
    data = find_start(recipe)
    described = describe(data, where)
    try:
        recipe.trainee.start_from(model, trainee_of(described).load(data, None))
    except (RecipeError, WeightsError) as error:
        raise type(error)(f"{where}: {error}") from error


def prepare_folder(folder: Path, *, resume: bool) -> None:
    """Make the folder of a training. Raises ExportError: it cannot be made or written, or it holds a training or
    weights already and `resume` is false or there is no checkpoint to resume from."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # asking for the right to write is no proof: root has it in /proc
            pass
    except OSError as error:
        raise ExportError(f"cannot write {folder}: {error.strerror}. Choose another folder.") from error
    can_resume = (folder / CHECKPOINT).exists()
    if resume and can_resume:
        return
    for path in (folder / CHECKPOINT, folder / WEIGHTS, folder / LOG):
        if path.exists():
            remedy = (
                "Add `resume=True` to continue from it, or choose"
                if can_resume
                else f"There is no {CHECKPOINT} to resume: choose"
            )
            raise ExportError(f"{path} exists. {remedy} another folder.")


def keep_recipe(recipe: Path, folder: Path) -> None:
    """Copy a recipe into a training's folder, where `evaluate` and the next reader find it. Raises ExportError."""
    with atomic_writer(folder / RECIPE, overwrite=True) as file:
        file.write(recipe.read_bytes())


def save(state: State, folder: Path) -> None:
    """Write the checkpoint, then the weights. Raises ExportError; RecipeError for weights that are not finite."""
    if not _is_finite(state.average):
        raise RecipeError(f"the training diverged before step {state.step}. Choose a smaller learning_rate.")
    weights = state.trainee.to_bytes(state.average)
    checkpoint = io.BytesIO()  # of a full disk, torch.save would tell in words of its own
    torch.save(
        {
            "model": state.model.state_dict(),
            "average": state.average.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "adversary": state.adversary and state.adversary.state_dict(),
            "generator": state.generator.get_state(),
            "step": state.step,
            "seconds": state.seconds,
        },
        checkpoint,
    )
    for name, data in ((CHECKPOINT, checkpoint.getbuffer()), (WEIGHTS, weights)):
        with atomic_writer(folder / name, overwrite=True) as file:
            file.write(data)


def _is_finite(model: nn.Module) -> bool:
    """Whether the weights file of a model would hold finite numbers alone: parameters in float16, statistics as they
    are."""
    tensors = [*(parameter.half() for parameter in model.parameters()), *model.buffers()]
    return all(bool(tensor.isfinite().all()) for tensor in tensors)


def restore(state: State, folder: Path) -> None:
    """Bring a state to where the checkpoint of a folder was; the settings of its optimisers stay, since the recipe may
    have others by now. Raises RecipeError: damaged, or of another recipe."""
    path = folder / CHECKPOINT
    try:
        kept = torch.load(path, map_location=next(state.model.parameters()).device, weights_only=True)
        _check_shapes(kept["model"], state.model.state_dict())
        state.model.load_state_dict(kept["model"])
        state.average.load_state_dict(kept["average"])
        state.optimizer.load_state_dict(_with_settings_of(state.optimizer, kept["optimizer"]))
        if (kept["adversary"] is None) != (state.adversary is None):
            raise ValueError("only one of them has an adversarial loss")
        if state.adversary is not None:
            optimizer = _with_settings_of(state.adversary.optimizer, kept["adversary"]["optimizer"])
            state.adversary.load_state_dict(kept["adversary"] | {"optimizer": optimizer})
        state.generator.set_state(kept["generator"].cpu())
        state.step, state.seconds = kept["step"], kept["seconds"]
    except DAMAGES as error:
        reason = str(error).split("\n")[0]
        raise RecipeError(f"{path}: does not fit this recipe ({reason}). Choose another folder.") from error


def _check_shapes(kept: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    """Raise ValueError, naming the first, for tensors of other names or shapes."""
    for name in [*own, *kept]:
        shapes = [list(tensors[name].shape) if name in tensors else "missing" for tensors in (kept, own)]
        if shapes[0] != shapes[1]:
            raise ValueError(f"{name} is {shapes[0]} there, {shapes[1]} here")


def _with_settings_of(optimizer: torch.optim.Optimizer, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The state of an optimiser, with another one's learning rate, decays and so on."""
    settings = [{key: group[key] for key in group.keys() - {"params"}} for group in optimizer.param_groups]
    groups = [old | new for old, new in zip(kept["param_groups"], settings, strict=True)]
    return {**kept, "param_groups": groups}
