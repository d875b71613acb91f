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

from vecstack.cli.arguments import Device, Quiet
from vecstack.errors import UsageError

if TYPE_CHECKING:
    from vecstack.train.loop import Progress, Watchers

BAD_NAMED = 5  # pictures that cannot be read and are named; the rest are counted


def run(
    recipe: Annotated[Path, typer.Argument(metavar="RECIPE.toml", help="What to train, and how.")],
    data: Annotated[
        list[Path], typer.Option("--data", metavar="PATH", help="A folder, zip or tar of pictures; repeat for more.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for the weights, the log and the checkpoint.")
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the checkpoint in --out, if there is one.")
    ] = False,
    time_limit: Annotated[
        str | None, typer.Option("--time-limit", metavar="9m", help="Save and stop after this long (s, m or h).")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Write curves and pictures of layers to --out/tensorboard.")
    ] = False,
    slurm: Annotated[
        str | None,
        typer.Option("--slurm", metavar="PARTITION", help="Submit to this SLURM partition instead of running here."),
    ] = None,
    gpus: Annotated[
        int | None, typer.Option("--gpus", min=0, max=64, help="GPUs of a SLURM job, all on one machine (1).")
    ] = None,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Train a model (Ctrl-C or SIGTERM saves; --resume goes on; several GPUs: torchrun -m vecstack train ...)."""
    if gpus is not None and slurm is None:
        raise UsageError("--gpus is of a SLURM job. To use several GPUs here: torchrun -m vecstack train ...")
    limit = math.inf if time_limit is None else parse_seconds(time_limit)
    deadline = time.monotonic() + limit  # from here on, since reading the pictures can take minutes
    from vecstack.train.distributed import is_first_process, local_device, one_complaint, process_count

    with one_complaint(), ExitStack() as stack:
        from vecstack.train.checkpoint import RECIPE, keep_recipe, prepare_folder
        from vecstack.train.loop import Watchers, check_batch, train
        from vecstack.train.recipe import load_recipe

        plan = load_recipe(recipe)
        job_gpus = 1 if gpus is None else gpus
        check_batch(plan, process_count() if slurm is None else max(1, job_gpus))
        if is_first_process():
            prepare_folder(out, resume=resume)
        if slurm is not None:
            from vecstack.train.slurm import Job, submit

            job = Job([recipe, *data], out, partition=slurm, gpus=job_gpus, seconds=limit, tensorboard=tensorboard)
            typer.echo(submit(job))
            return
        from vecstack.device import resolve_device
        from vecstack.train.data import load_pictures

        chosen = local_device(resolve_device(device))
        watchers = Watchers(board=out / "tensorboard" if tensorboard else None)
        if is_first_process() and not quiet:
            watchers = _on_screen(watchers, stack)
        bad: list[str] = []
        pictures = load_pictures(data, plan.data.stored_side, report_bad=bad.append)
        if is_first_process() and not (out / RECIPE).exists():
            keep_recipe(recipe, out)
        watchers.report(f"{len(pictures[0]):,} pictures to train on, {len(pictures[1]):,} held out")
        for line in bad[:BAD_NAMED]:
            watchers.report(f"left out: {line}")
        if len(bad) > BAD_NAMED:
            watchers.report(f"left out: {len(bad) - BAD_NAMED:,} more that cannot be read")
        left = deadline - time.monotonic()
        weights = train(plan, pictures, out, resume=resume, time_limit_seconds=left, device=chosen, watchers=watchers)
        if is_first_process():
            keep_recipe(recipe, out)  # once more: on resuming it may be another one, which first had to fit
    if is_first_process():
        typer.echo(str(weights))


def _on_screen(watchers: Watchers, stack: ExitStack) -> Watchers:
    """The same watchers, who print lines and, on a terminal, keep one of progress below them: steps, loss, pace, time
    left."""
    if not sys.stderr.isatty():
        return replace(watchers, report=partial(typer.echo, err=True))
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False)
    bar = stack.enter_context(Bar(*columns, console=Console(stderr=True), transient=True))
    task = bar.add_task("reading pictures", total=None)

    def report(message: str) -> None:
        bar.console.print(message, markup=False, highlight=False, soft_wrap=True)

    def show(progress: Progress) -> None:
        bar.update(task, completed=progress.step, total=progress.steps, description=describe(progress))

    return replace(watchers, report=report, progress=show)


def describe(progress: Progress) -> str:
    """The pace of a training, as one reads it: loss 0.01234, 8.1 steps/s, 1:23:45 left."""
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    hours, minutes = divmod(minutes, 60)
    pace = (
        f"{progress.steps_per_second:.1f} steps/s"
        if progress.steps_per_second >= 1
        else (f"{1 / progress.steps_per_second:.1f} s/step")
    )
    return f"loss {progress.loss:.5f}, {pace}, {hours}:{minutes:02}:{seconds:02} left"


def parse_seconds(text: str) -> float:
    """A time written 90s, 9m or 2h, in seconds. Raises UsageError."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    if not match:
        raise UsageError(f"--time-limit {text}: write it as 90s, 9m or 2h.")
    return float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
