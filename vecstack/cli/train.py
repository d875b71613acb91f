"""vecstack train: a recipe and pictures become a model."""

from __future__ import annotations

import math
import re
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vecstack.cli.arguments import Data, Device, Quiet
from vecstack.errors import UsageError

if TYPE_CHECKING:
    from vecstack.train.loop import Callbacks, TrainingProgress


def run(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="The recipe: what to train, and how.")],
    data: Data,
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the weights, the log and the checkpoint.")
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue from the checkpoint in --out, if there is one.")
    ] = False,
    time_limit: Annotated[
        str | None, typer.Option("--time-limit", metavar="9m", help="Save and stop after this long: 90s, 9m or 2h.")
    ] = None,
    tensorboard: Annotated[
        bool,
        typer.Option("--tensorboard", help="Write curves and pictures of layers for TensorBoard to DIR/tensorboard."),
    ] = False,
    slurm: Annotated[
        str | None,
        typer.Option(
            "--slurm",
            metavar="PARTITION",
            help="Submit the training to this SLURM partition instead of running it here.",
        ),
    ] = None,
    gpus: Annotated[
        int | None, typer.Option("--gpus", min=0, max=64, help="GPUs of the SLURM job, all on one machine (default 1).")
    ] = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Train a model on your own pictures.

    Ctrl-C and SIGTERM save and stop; --resume continues. On several GPUs: torchrun -m vecstack train ..."""
    if gpus is not None and slurm is None:
        raise UsageError("--gpus needs --slurm. To use several GPUs here: torchrun -m vecstack train ...")
    limit = math.inf if time_limit is None else parse_seconds(time_limit)
    deadline = time.monotonic() + limit  # from here on, since reading the pictures can take minutes
    from vecstack.train.distributed import is_first_process, local_device, one_complaint, process_count

    with one_complaint(), ExitStack() as stack:
        from vecstack.train.checkpoint import RECIPE, find_start, keep_recipe, prepare_folder
        from vecstack.train.loop import Callbacks, check_batch, train
        from vecstack.train.recipe import load_recipe

        plan = load_recipe(recipe)
        job_gpus = 1 if gpus is None else gpus
        if plan.start_from:
            find_start(plan)  # before the pictures are read, which can take minutes
        check_batch(plan, process_count() if slurm is None else max(1, job_gpus))
        if is_first_process():
            prepare_folder(out, resume=resume)
        if slurm is not None:
            from vecstack.train.slurm import Job, submit

            job = Job([recipe, *data], out, partition=slurm, gpus=job_gpus, seconds=limit, tensorboard=tensorboard)
            typer.echo(submit(job))
            return
        from vecstack.device import resolve_device
        from vecstack.train.data import LeftOut, load_pictures

        chosen = local_device(resolve_device(device))
        callbacks = Callbacks(board=out / "tensorboard" if tensorboard else None)
        if is_first_process() and not quiet:
            callbacks = _on_screen(callbacks, stack)
        left_out = LeftOut()
        pictures = load_pictures(
            data, plan.data.stored_side, report_bad=left_out.bad.append, report_other=left_out.others.append
        )
        if is_first_process() and not (out / RECIPE).exists():
            keep_recipe(recipe, out)
        callbacks.say(f"{len(pictures[0]):,} pictures to train on, {len(pictures[1]):,} held out")
        for line in left_out.lines():
            callbacks.say(line)
        left = deadline - time.monotonic()
        weights = train(plan, pictures, out, resume=resume, time_limit_seconds=left, device=chosen, callbacks=callbacks)
        if is_first_process():
            keep_recipe(recipe, out)  # once more: on resuming it may be another one, which first had to fit
    if is_first_process():
        typer.echo(str(weights))


def _on_screen(callbacks: Callbacks, stack: ExitStack) -> Callbacks:
    """The same callbacks, printing lines and, on a terminal, progress below them: steps, loss, pace, time left."""
    if not sys.stderr.isatty():
        return replace(callbacks, say=partial(typer.echo, err=True))
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from vecstack.train.loop import describe

    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False)
    bar = stack.enter_context(Progress(*columns, console=Console(stderr=True), transient=True))
    task = bar.add_task("reading pictures", total=None)

    def say(message: str) -> None:
        bar.console.print(message, markup=False, highlight=False, soft_wrap=True)

    def show(progress: TrainingProgress) -> None:
        bar.update(task, completed=progress.step, total=progress.steps, description=describe(progress))

    return replace(callbacks, say=say, progress=show)


def parse_seconds(text: str) -> float:
    """A time written 90s, 9m or 2h, in seconds. Raises UsageError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match:
        raise UsageError(f"--time-limit {text}: write it as 90s, 9m or 2h.")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
