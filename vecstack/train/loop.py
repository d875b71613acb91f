"""The training loop: recipe and pictures in, weights and a log out; stops at any time and continues from there."""

from __future__ import annotations

import ctypes
import json
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel
from torch.optim.swa_utils import get_ema_multi_avg_fn

from vecstack.errors import DeviceError, ExportError, RecipeError
from vecstack.train.adversary import Adversary
from vecstack.train.board import Board, canvas_sheet
from vecstack.train.checkpoint import CHECKPOINT, LOG, WEIGHTS, State, prepare_folder, restore, save, start
from vecstack.train.data import Examples, as_seen
from vecstack.train.distributed import World, process_group
from vecstack.train.losses import EncoderLoss, PerceptualLoss, load_perceptual
from vecstack.train.measured import Measured, measured
from vecstack.train.objective import Objective, Sample, sample
from vecstack.train.pairs import as_trained
from vecstack.train.precision import bfloat16_pays
from vecstack.train.recipe import Recipe

M_TRIM_THRESHOLD, M_MMAP_MAX, MAX_INT = -1, -4, 2**31 - 1  # of mallopt(3)
HELD_OUT_SAMPLE = 1_000  # held-out pictures measured while training, at most; a final figure takes all
HELD_OUT_POINTS = 6_000_000  # of all their layers drawn for that, about 20 s on one core
# Ways of torch.compile, by type of device, the best first; "reduce-overhead" is with CUDA graphs.
COMPILE_MODES = {"cuda": ("reduce-overhead", "default")}
TRIALS = 3  # of what was compiled, before it is trusted: CUDA graphs are recorded in the second, and used in the third
CLOSE = 0.3  # of the gradients' length; bfloat16 makes some hundredths of difference, a wrong compiler the whole
CHECK_EVERY = 20  # steps between looks at the loss, each of which waits for a GPU
PROGRESS_SECONDS = 0.5  # between reports of progress
LINE_SECONDS = 60  # between lines of progress, where nothing else is told


@dataclass(frozen=True)
class TrainingProgress:
    """How far a training is: steps done and in all, the loss (mean since the last line of the log, of this process's
    pictures), steps a second, and the seconds left at that pace."""

    step: int
    steps: int
    loss: float
    steps_per_second: float
    seconds_left: float


@dataclass(frozen=True)
class Callbacks:
    """Callbacks of a training: `say` gets each line for people, `progress` how far it is, and `board` is the folder of
    a TensorBoard, if one is wanted. Of several processes only the first one calls."""

    say: Callable[[str], None] = lambda _: None
    progress: Callable[[TrainingProgress], None] = lambda _: None
    board: Path | None = None


def train(
    recipe: Recipe,
    pictures: tuple[Tensor, Tensor],
    folder: Path,
    *,
    resume: bool = False,
    time_limit_seconds: float = math.inf,
    stop_after: int | None = None,
    device: torch.device | None = None,
    callbacks: Callbacks = Callbacks(),
) -> Path:
    """Train and return the path of the weights (model.safetensors in `folder`, float16). Writes log.jsonl and
    checkpoint.pt beside them; stops early, saving, at the time limit, after `stop_after` steps in all, on SIGTERM,
    and on SIGINT, which then raises KeyboardInterrupt. An error leaves the checkpoint before it. Under torchrun each
    process takes its share of every batch and the first one writes. Raises ExportError (see prepare_folder; also a
    full disk), DeviceError for a GPU without the memory, and RecipeError: a loss that is not finite, a batch that
    cannot be shared (see check_batch), a checkpoint of another recipe. Where torch.compile fails, the training goes on
    without it and says so."""
    device = device or torch.device("cpu")
    with process_group(device) as world, _noted_signals() as signals:
        deadline = time.monotonic() + time_limit_seconds
        check_batch(recipe, world.size)
        if not world.is_first:
            callbacks = Callbacks()
        else:
            prepare_folder(folder, resume=resume)
        world.wait()

        def is_over() -> bool:
            return world.any(bool(signals) or time.monotonic() >= deadline)

        def learned(pictures: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
            on_device = pictures[0].to(device), pictures[1].to(device)
            return as_trained(recipe.trainee, on_device, folder, world, callbacks.say, is_over)

        keep_freed_memory()
        with (
            _memory_of(device, recipe, folder),
            closing(_Run(recipe, learned(pictures), folder, device, world, callbacks, deadline)) as run,
        ):
            run.begin(resume)
            last = recipe.steps if stop_after is None else min(stop_after, recipe.steps)
            if run.state.step:
                callbacks.say(f"continuing from step {run.state.step} of {recipe.steps}")
            while run.state.step < last and not is_over():
                run.step()
            run.save()
            if run.state.step < recipe.steps:
                callbacks.say(f"stopped and saved at step {run.state.step} of {recipe.steps}; resume to continue")
    if signal.SIGINT in signals:
        raise KeyboardInterrupt
    return folder / WEIGHTS


def check_batch(recipe: Recipe, processes: int) -> None:
    """Raise RecipeError for a batch that so many processes cannot share evenly, or of which each has too little."""
    if recipe.batch % processes:
        raise RecipeError(f"a batch of {recipe.batch} cannot be shared by {processes} processes evenly. Change batch.")
    group = recipe.loss.discriminator_group if recipe.loss.adversarial else 0
    if group and recipe.batch // processes % group:
        raise RecipeError(
            f"a batch of {recipe.batch} gives {processes} processes no groups of {group} (loss.discriminator_group). "
            "Change batch."
        )
    trainee = recipe.trainee
    if recipe.batch < trainee.min_batch * processes:
        raise RecipeError(
            f"{trainee.name} needs a batch of {trainee.min_batch * processes} or more: {trainee.min_batch} for each "
            "process. Change batch."
        )


class _Run:
    """A training under way: its state, and what every step needs."""

    def __init__(
        self,
        recipe: Recipe,
        pictures: tuple[Tensor, Tensor],
        folder: Path,
        device: torch.device,
        world: World,
        callbacks: Callbacks,
        deadline: float,
    ) -> None:
        self.recipe, self.folder, self.device, self.world, self.callbacks = recipe, folder, device, world, callbacks
        self.deadline = deadline  # of time.monotonic()
        self.state = start(recipe, device)
        self.examples = Examples(pictures[0], recipe.data, self.state.generator)
        self.held_out = _held_out_sample(recipe, pictures[1])
        self.bfloat16 = self._finds_bfloat16()
        self.objective: nn.Module = self._new_objective()
        self.perceptual = _perceptual(recipe, device)
        self.board: Board | None = None
        self.seconds_before, self.began = 0.0, time.monotonic()
        self.losses = torch.zeros((), device=device)  # sum since the last line of the log
        self.count = 0
        self.last_progress = (time.monotonic(), 0)
        self.next_line = 0.0  # of time.monotonic(): the first step is told of at once

    def begin(self, resume: bool) -> None:
        """Continue from the folder's checkpoint if there is one."""
        if resume and (self.folder / CHECKPOINT).exists():
            restore(self.state, self.folder)
        self.objective = self._objective()
        if self.callbacks.board is not None:
            self.board = Board(self.callbacks.board)
        self.seconds_before, self.began = self.state.seconds, time.monotonic()
        self.last_progress = (time.monotonic(), self.state.step)

    def _new_objective(self, mode: str | None = None) -> Objective:
        return Objective(self.recipe.trainee, self.state.model, self.recipe.loss, mode)

    def _objective(self) -> nn.Module:
        """What is minimised, compiled in the best way that works on this machine where the recipe asks for it."""
        objective = self._new_objective()
        for mode in COMPILE_MODES.get(self.device.type, ("default",)) if self.recipe.compile else ():
            self.callbacks.say("compiling a training step (compile = true in the recipe), which can take minutes")
            began = time.monotonic()
            compiled = self._new_objective(mode)
            fault = self._fault_of(compiled)
            seconds = time.monotonic() - began
            if not self.world.any(fault is not None):
                self.callbacks.say(f"compiling took {seconds:.1f} s")
                objective = compiled
                break
            torch.compiler.reset()
            reason, without = fault or "in another process", "CUDA graphs" if mode == "reduce-overhead" else "it"
            self.callbacks.say(f"torch.compile fails after {seconds:.1f} s ({reason}): continuing without {without}")
            if self.world.any(time.monotonic() >= self.deadline):
                break
        return DistributedDataParallel(objective) if self.world.size > 1 else objective

    def _fault_of(self, compiled: Objective) -> str | None:
        """Why a compiled objective is not to be used: an error, the time limit, or other gradients than it has when it
        is not compiled. Changes nothing of the state."""
        examples = Examples(self.examples.pictures, self.recipe.data, torch.Generator().manual_seed(0))
        at = sample(self.recipe, self.world.share(examples.batch(self.recipe.batch)), examples.generator)
        kept = [buffer.clone() for buffer in self.state.model.buffers()]
        try:
            with _interrupted_at(self.deadline):
                wanted = self._gradients(self._new_objective(), at)
                try:
                    found = [self._gradients(compiled, at) for _ in range(TRIALS)][-1]
                except torch.cuda.OutOfMemoryError:
                    raise
                except Exception as error:  # a compiler raises anything
                    return f"{type(error).__name__}: {' '.join(str(error).split()):.200}"
        except _TimeIsUp:
            return "the time limit has passed"
        finally:
            self.state.optimizer.zero_grad(set_to_none=True)
            for buffer, values in zip(self.state.model.buffers(), kept, strict=True):
                buffer.copy_(values)
        off = float((found - wanted).norm() / wanted.norm())
        return None if off < CLOSE else f"its gradients are off by {off:.0%}"

    def _gradients(self, objective: Objective, at: Sample) -> Tensor:
        """The gradients of an objective by all parameters, [N]."""
        self.state.optimizer.zero_grad(set_to_none=True)
        with self._precision():
            loss = objective(at.seen, at.points, at.truth)[0]
        loss.backward()
        parameters = self.state.model.parameters()
        return torch.cat([(torch.zeros_like(p) if p.grad is None else p.grad).flatten() for p in parameters])

    def step(self) -> None:
        """One step of the optimiser; a line of the log, and a checkpoint, where the recipe says so."""
        recipe, state = self.recipe, self.state
        for group in state.optimizer.param_groups:
            group["lr"] = recipe.learning_rate * _rate(state.step, recipe)
        state.optimizer.zero_grad(set_to_none=True)
        batch = self.examples.batch(recipe.batch)
        loss = self._loss(batch)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(state.model.parameters(), recipe.gradient_norm)
        state.optimizer.step()
        _average(state, min(recipe.average_decay, (1 + state.step) / (10 + state.step)))
        state.step += 1
        self.losses += loss.detach()
        self.count += 1
        if state.step % CHECK_EVERY == 0:
            self._check_loss()
        self._report_progress()
        if state.step % recipe.evaluate_every == 0:
            self.save()
            self._log()

    def _loss(self, batch: Tensor) -> Tensor:
        """The loss of this process's share of a batch [B,3,S,S]; an adversary, where there is one, learns first."""
        recipe, state = self.recipe, self.state
        if state.adversary is not None:
            for _ in range(recipe.loss.discriminator_steps - 1):
                other = self.examples.batch(recipe.batch)
                with torch.no_grad():
                    invented = self._drawn(other)[1]
                self._teach(state.adversary, self._real(other), invented)
        loss, drawn = self._drawn(batch)
        real = self._real(batch)
        if state.adversary is not None:
            self._teach(state.adversary, real, drawn)
            loss = loss + recipe.loss.adversarial * state.adversary.loss(drawn.float().view(real.shape))
        if self.perceptual is not None:
            loss = loss + recipe.loss.perceptual * self.perceptual(drawn.float().view(real.shape), real)
        return torch.as_tensor(loss)

    def _real(self, batch: Tensor) -> Tensor:
        """The pictures [B,3,S,S] in this process's share of a batch, which may have what is drawn of them, too."""
        return self.world.share(batch)[:, :3]

    def _drawn(self, batch: Tensor) -> tuple[Tensor, Tensor]:
        """Of this process's share of a batch: the loss of the objective, and what was drawn last, [B,3,P]. What is
        random is drawn for all of it, so that no two processes see the same noise."""
        at = sample(self.recipe, batch, self.state.generator)
        with self._precision():
            loss, drawn = self.objective(self.world.share(at.seen), at.points, self.world.share(at.truth))
        return loss, drawn

    def _teach(self, adversary: Adversary, real: Tensor, drawn: Tensor) -> None:
        """One step of the adversary on pictures [B,3,S,S] and what was drawn, [B,3,P]."""
        with self.world.share_of_random(self.state.generator, len(real)):
            fake = drawn.detach().float().view(real.shape)
            adversary.step(real, fake, self.state.generator, self.world.average_gradients)

    def _precision(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, torch.bfloat16) if self.bfloat16 else nullcontext()

    def _finds_bfloat16(self) -> bool:
        """Whether to compute in bfloat16: the recipe asks for it, and all processes have it."""
        if self.recipe.precision != "bfloat16":
            return False
        if not self.world.any(not bfloat16_pays(self.device)):
            return True
        self.callbacks.say("bfloat16 is no faster on this CPU: computing in float32")
        return False

    def _check_loss(self) -> None:
        """Raise RecipeError where the loss of any process is not finite. All of them must ask."""
        if bool(self.world.mean(self.losses).isfinite()):
            return
        remedy = "Choose a smaller learning_rate"
        if (self.folder / CHECKPOINT).exists():
            remedy += f", then `resume=True`: {self.folder / CHECKPOINT} is the last good state"
        raise RecipeError(f"the loss was not finite before step {self.state.step}. {remedy}.")

    def _report_progress(self) -> None:
        """Tell how far the training is: to the callback for progress some times a second; in a line after the first
        step, and then wherever nothing was told for a minute."""
        now, (then, step_then) = time.monotonic(), self.last_progress
        wants_line = now >= self.next_line
        if not self.world.is_first or (now - then < PROGRESS_SECONDS and not wants_line):
            return
        pace = (self.state.step - step_then) / max(now - then, 1e-9)
        left = (self.recipe.steps - self.state.step) / pace
        loss = float(self.losses) / self.count
        progress = TrainingProgress(self.state.step, self.recipe.steps, loss, pace, left)
        self.callbacks.progress(progress)
        if wants_line:
            self.callbacks.say(f"step {progress.step} of {progress.steps}, {describe(progress)}")
            self.next_line = now + LINE_SECONDS
        self.last_progress = (now, self.state.step)

    def close(self) -> None:
        """Close the board, and let go of what holds on to the process group: freed after it, it would at times wait
        forever for a thread that waits for Python."""
        del self.objective
        if self.board is not None:
            self.board.close()

    def save(self) -> None:
        """Write the checkpoint and the weights, then let the other processes go on."""
        self._check_loss()
        self.state.seconds = self.seconds_before + time.monotonic() - self.began
        if self.world.is_first:
            save(self.state, self.folder)
        self.world.wait()

    def _log(self) -> None:
        """Measure the model, and add a line to the log."""
        loss, self.count = float(self.world.mean(self.losses)) / self.count, 0
        self.losses.zero_()
        if self.world.is_first:
            entry = {"step": self.state.step, "seconds": round(self.state.seconds, 1), "loss": loss}
            self._write(entry, measured(self.state.trainee, self.state.average, self.held_out))
        self.world.wait()

    def _write(self, entry: dict[str, Any], found: Measured) -> None:
        _append(self.folder / LOG, json.dumps(entry | found.logged) + "\n")
        if self.board is not None:
            sheet = canvas_sheet(self.recipe.trainee, self.state.average, self.held_out)
            self.board.write(entry["step"], {"loss": entry["loss"]} | found.curves, sheet)
        self.callbacks.say(f"step {entry['step']} of {self.recipe.steps}, loss {entry['loss']:.5f}, {found.line}")
        self.next_line = time.monotonic() + LINE_SECONDS


@contextmanager
def _memory_of(device: torch.device, recipe: Recipe, folder: Path) -> Iterator[None]:
    """Raise DeviceError where the memory of a GPU is full."""
    try:
        yield
    except torch.cuda.OutOfMemoryError as error:
        remedy = ", then `resume=True`" if (folder / CHECKPOINT).exists() else ""
        raise DeviceError(
            f"{device} ran out of memory. Stop other programs that use it, or choose a smaller batch than "
            f"{recipe.batch}{remedy}."
        ) from error


def _append(path: Path, line: str) -> None:
    """Add a line to a text file: all of it, or nothing. Raises ExportError."""
    before = path.stat().st_size if path.exists() else 0
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(line)
    except OSError as error:
        with suppress(OSError):
            os.truncate(path, before)
        raise ExportError(f"cannot write {path}: {error.strerror}. Free some space, then `resume=True`.") from error


@contextmanager
def _noted_signals() -> Iterator[list[int]]:
    """A list to which the first SIGINT or SIGTERM is added instead of ending the program, so that a step is finished
    and saved. A second SIGINT acts as ever; further SIGTERMs are one, since torchrun passes on to its processes what
    they may have had already. Signals that are ignored stay so, and outside the main thread, where Python takes none,
    the list stays empty."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    caught = {number: handler for number, handler in handlers.items() if handler not in (None, signal.SIG_IGN)}

    def restore_handlers() -> None:
        for number, handler in caught.items():
            signal.signal(number, handler)

    def note(number: int, _: object) -> None:
        noted.append(number)
        if signal.SIGINT in caught:
            signal.signal(signal.SIGINT, caught[signal.SIGINT])

    for number in caught:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        restore_handlers()


class _TimeIsUp(BaseException):  # so that no `except Exception` of a compiler takes it for an error of its own
    """The time limit has passed."""


@contextmanager
def _interrupted_at(deadline: float) -> Iterator[None]:
    """Raise _TimeIsUp in what runs within, once a time of time.monotonic() has come: a compiler cannot be asked to
    stop. Only in the main thread, where Python takes signals; elsewhere what runs within takes its time."""
    is_main = threading.current_thread() is threading.main_thread()
    if math.isinf(deadline) or not is_main or not hasattr(signal, "SIGALRM"):  # which Windows has not
        yield
        return

    def stop(*_: object) -> None:
        raise _TimeIsUp

    handler = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(deadline - time.monotonic(), 1e-3))
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)


def describe(progress: TrainingProgress) -> str:
    """The pace of a training, as one reads it: loss 0.01234, 8.1 steps/s, 1:23:45 left."""
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    hours, minutes = divmod(minutes, 60)
    pace = (
        f"{progress.steps_per_second:.1f} steps/s"
        if progress.steps_per_second >= 1
        else (f"{1 / progress.steps_per_second:.1f} s/step")
    )
    return f"loss {progress.loss:.5f}, {pace}, {hours}:{minutes:02}:{seconds:02} left"


def keep_freed_memory() -> None:
    """Have glibc keep freed memory for the next step. By default it hands the large blocks of every temporary back to
    the kernel and takes them anew, which is a third of a step on a CPU; elsewhere nothing changes."""
    if sys.platform == "linux":
        mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
        if mallopt is not None:
            mallopt(M_MMAP_MAX, 0)
            mallopt(M_TRIM_THRESHOLD, MAX_INT)


def _held_out_sample(recipe: Recipe, held_out: Tensor) -> Tensor:
    """The held-out pictures that are measured while training, evenly chosen: [N,3,S,S] uint8."""
    side, layers = recipe.data.side, max(1, recipe.trainee.layers)
    most = min(HELD_OUT_SAMPLE, 1 + HELD_OUT_POINTS // (layers * side**2))
    chosen = held_out[:: max(1, -(-len(held_out) // most))]
    return as_seen(chosen.float(), recipe.data).round().byte()


def _perceptual(recipe: Recipe, device: torch.device) -> EncoderLoss | PerceptualLoss | None:
    return load_perceptual(recipe.loss.perceptual_network, device) if recipe.loss.perceptual else None


def _rate(step: int, recipe: Recipe) -> float:
    """Share of the learning rate: a linear start, then all of it, or half a cosine down to nothing."""
    start = min(1.0, (step + 1) / max(1, recipe.warmup_steps))
    if recipe.schedule == "constant":
        return start
    return start * 0.5 * (1 + math.cos(math.pi * step / recipe.steps))


@torch.no_grad()
def _average(state: State, decay: float) -> None:
    """Bring the running mean of the weights nearer to them; statistics of batch norms are copied."""
    kept, new = list(state.average.parameters()), [parameter.detach() for parameter in state.model.parameters()]
    get_ema_multi_avg_fn(decay)(kept, new, None)  # type: ignore[no-untyped-call]
    for old, buffer in zip(state.average.buffers(), state.model.buffers(), strict=True):
        old.copy_(buffer)
