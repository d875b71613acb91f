"""The training loop: recipe and pictures in, weights and a log out; stops at any time and goes on from there."""

from __future__ import annotations

import copy
import ctypes
import io
import json
import math
import signal
import struct
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import Tensor

from vecstack.atomic import atomic_writer
from vecstack.errors import ExportError, RecipeError
from vecstack.kinds.mask.maker import weights_to_bytes
from vecstack.kinds.mask.model import Predictor, fit_to_side, grid_points
from vecstack.train.data import Examples
from vecstack.train.evaluate import evaluate
from vecstack.train.recipe import Recipe

CHECKPOINT, WEIGHTS, LOG = "checkpoint.pt", "model.safetensors", "log.jsonl"  # what a training's folder holds
M_TRIM_THRESHOLD, M_MMAP_MAX, MAX_INT = -1, -4, 2**31 - 1  # of mallopt(3)
HELD_OUT_SAMPLE = 1_000  # held-out pictures measured while training; a final figure takes all


@dataclass
class State:
    """All that a training needs to go on: kept in checkpoint.pt."""

    model: Predictor
    average: Predictor
    optimizer: torch.optim.Optimizer
    generator: torch.Generator
    step: int = 0
    seconds: float = 0.0


def train(
    recipe: Recipe,
    pictures: tuple[Tensor, Tensor],
    folder: Path,
    *,
    resume: bool = False,
    time_limit_seconds: float = math.inf,
    stop_after: int | None = None,
    device: torch.device | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> Path:
    """Train and return the path of the weights (model.safetensors in `folder`, float16). Writes log.jsonl and
    checkpoint.pt beside them; stops early, saving, at the time limit, after `stop_after` steps in all, on SIGTERM,
    and on SIGINT, which then raises KeyboardInterrupt. An error leaves the checkpoint before it. Raises ExportError
    (see prepare_folder; also a full disk) and RecipeError."""
    prepare_folder(folder, resume=resume)
    _keep_freed_memory()
    training, held_out = (part.to(device) for part in pictures)
    held_out = (
        fit_to_side(held_out[:: max(1, len(held_out) // HELD_OUT_SAMPLE)].float(), recipe.data.side).round().byte()
    )
    state = _start(recipe, device)
    if resume and (folder / CHECKPOINT).exists():
        _restore(state, folder / CHECKPOINT)
    examples = Examples(training, recipe.data, state.generator)
    last = recipe.steps if stop_after is None else min(stop_after, recipe.steps)
    began, earlier = time.monotonic(), state.seconds
    losses: list[float] = []
    with _noted_signals() as signals:
        while state.step < last and not signals and time.monotonic() - began < time_limit_seconds:
            losses.append(_step(recipe, state, examples))
            state.step += 1
            if state.step % recipe.evaluate_every == 0:
                state.seconds = earlier + time.monotonic() - began
                _save(state, folder)
                _log(recipe, state, losses, held_out, folder, report)
                losses.clear()
        state.seconds = earlier + time.monotonic() - began
        _save(state, folder)
    if signal.SIGINT in signals:
        raise KeyboardInterrupt
    return folder / WEIGHTS


def _keep_freed_memory() -> None:
    """Have glibc keep freed memory for the next step. By default it hands the large blocks of every temporary back to
    the kernel and takes them anew, which is a third of a step on a CPU; elsewhere nothing changes."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(M_MMAP_MAX, 0)
            mallopt(M_TRIM_THRESHOLD, MAX_INT)


def prepare_folder(folder: Path, *, resume: bool) -> None:
    """Make the folder of a training. Raises ExportError: it cannot be made or written, or it holds a training or
    weights already and `resume` is false or there is no checkpoint to resume from."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):  # asking for the right to write is no proof: root has it in /proc
            pass
    except OSError as error:
        raise ExportError(f"cannot write {folder}: {error.strerror}. Give another --out.") from error
    can_resume = (folder / CHECKPOINT).exists()
    if resume and can_resume:
        return
    for path in (folder / CHECKPOINT, folder / WEIGHTS, folder / LOG):
        if path.exists():
            remedy = (
                "Add --resume to go on from it, or give" if can_resume else f"There is no {CHECKPOINT} to resume: give"
            )
            raise ExportError(f"{path} exists. {remedy} another --out.")


@contextmanager
def _noted_signals() -> Iterator[list[int]]:
    """A list to which the first SIGINT or SIGTERM is added instead of ending the program, so that a step is finished
    and saved; a second one acts as ever. Signals that are ignored stay so, and outside the main thread, where Python
    takes none, the list stays empty."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    caught = {number: handler for number, handler in handlers.items() if handler not in (None, signal.SIG_IGN)}

    def restore() -> None:
        for number, handler in caught.items():
            signal.signal(number, handler)

    def note(number: int, _: object) -> None:
        noted.append(number)
        restore()

    for number in caught:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        restore()


def _start(recipe: Recipe, device: torch.device | None) -> State:
    torch.manual_seed(recipe.seed)
    model = Predictor(recipe.model).to(device)
    optimizer = torch.optim.AdamW(
        model.parameters(),
        recipe.learning_rate,
        betas=(0.9, recipe.second_moment_decay),
        weight_decay=recipe.weight_decay,
    )
    generator = torch.Generator().manual_seed(recipe.seed)
    return State(model, copy.deepcopy(model), optimizer, generator)


def _step(recipe: Recipe, state: State, examples: Examples) -> float:
    """One optimiser step; returns its loss."""
    for group in state.optimizer.param_groups:
        group["lr"] = recipe.learning_rate * _rate(state.step, recipe)
    batch = examples.batch(recipe.batch)
    loss = reconstruction_loss(recipe, state.model, batch, state.generator)
    state.optimizer.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(state.model.parameters(), recipe.gradient_norm)
    state.optimizer.step()
    decay = min(recipe.average_decay, (1 + state.step) / (10 + state.step))
    with torch.no_grad():
        for kept, new in zip(state.average.parameters(), state.model.parameters(), strict=True):
            kept.lerp_(new, 1 - decay)
    return float(loss.detach())


def _rate(step: int, recipe: Recipe) -> float:
    """Share of the learning rate: a linear start, then half a cosine down to nothing."""
    start = min(1.0, (step + 1) / max(1, recipe.warmup_steps))
    return start * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))


def reconstruction_loss(recipe: Recipe, model: Predictor, batch: Tensor, generator: torch.Generator) -> Tensor:
    """Loss of the drawn pictures against the batch [B,3,S,S], on a sub-grid of pixel centres: one pixel of each
    cell of the canvas grid, the same in all cells, another one at every step."""
    side, grid = batch.shape[-1], recipe.model.canvas_side
    cell = side // grid
    row, column = torch.randint(cell, (2,), generator=generator).tolist()
    offset = ((column + 0.5) / cell - 0.5, (row + 0.5) / cell - 0.5)
    points = grid_points(grid, offset, batch.device)
    truth = batch[:, :, row::cell, column::cell].flatten(2)[:, None]  # [B,1,3,P]
    target = fit_to_side(batch, recipe.model.encoder.side)
    canvases = model.unroll(target, points, recipe.model.layers)[2]
    error = canvases - truth
    share = recipe.loss.absolute
    errors = ((1 - share) * error.square() + share * error.abs()).mean((0, 2, 3))  # [T]
    earlier = errors[:-1].mean() if len(errors) > 1 else errors.new_zeros(())
    return errors[-1] + recipe.loss.canvas * earlier


def _log(
    recipe: Recipe, state: State, losses: list[float], held_out: Tensor, folder: Path, report: Callable[[str], None]
) -> None:
    counts = sorted({n for n in (1, 2, 5, 10, 20, recipe.model.layers) if n <= recipe.model.layers})
    scores = evaluate(state.average, held_out, counts)
    entry = {
        "step": state.step,
        "seconds": round(state.seconds, 1),
        "loss": sum(losses) / len(losses),
        "psnr": {score.layers: round(score.psnr_of_mean_error, 3) for score in scores},
    }
    try:
        with (folder / LOG).open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry) + "\n")
    except OSError as error:
        raise ExportError(f"cannot write {folder / LOG}: {error.strerror}. Free some space, then --resume.") from error
    report(f"step {state.step} of {recipe.steps}, loss {entry['loss']:.5f}, held-out dB by layers {entry['psnr']}")


def _save(state: State, folder: Path) -> None:
    """Write the checkpoint, then the weights. Raises ExportError; RecipeError for weights that are not finite."""
    weights = weights_to_bytes(state.average)
    if not all(bool(tensor.half().isfinite().all()) for tensor in state.average.state_dict().values()):
        raise RecipeError(f"the training diverged before step {state.step}. Choose a smaller learning_rate.")
    checkpoint = io.BytesIO()  # of a full disk, torch.save would tell in words of its own
    torch.save(
        {
            "model": state.model.state_dict(),
            "average": state.average.state_dict(),
            "optimizer": state.optimizer.state_dict(),
            "generator": state.generator.get_state(),
            "step": state.step,
            "seconds": state.seconds,
        },
        checkpoint,
    )
    for name, data in ((CHECKPOINT, checkpoint.getbuffer()), (WEIGHTS, weights)):
        with atomic_writer(folder / name, overwrite=True) as file:
            file.write(data)


def _restore(state: State, checkpoint: Path) -> None:
    try:
        kept = torch.load(checkpoint, map_location=next(state.model.parameters()).device, weights_only=True)
        state.model.load_state_dict(kept["model"])
        state.average.load_state_dict(kept["average"])
        state.optimizer.load_state_dict(kept["optimizer"])
        state.generator.set_state(kept["generator"].cpu())
        state.step, state.seconds = kept["step"], kept["seconds"]
    except (OSError, RuntimeError, KeyError, ValueError, EOFError, UnpicklingError, struct.error) as error:
        reason = str(error).split("\n")[0]
        raise RecipeError(f"{checkpoint}: does not fit this recipe ({reason}). Give another --out.") from error
