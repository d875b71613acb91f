"""vecstack train: a recipe and pictures become a model."""

from __future__ import annotations

import math
import re
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vecstack.cli.arguments import Device, Quiet
from vecstack.errors import UsageError

if TYPE_CHECKING:
    from vecstack.train.loop import Progress

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
    gpus: Annotated[int, typer.Option("--gpus", min=1, max=64, help="GPUs of a SLURM job, all on one machine.")] = 1,
    device: Device = "auto",
    quiet: Quiet = False,
) -> None:
    """Train a model (Ctrl-C or SIGTERM saves; --resume goes on; several GPUs: torchrun -m vecstack train ...)."""
    limit = math.inf if time_limit is None else parse_seconds(time_limit)
    from vecstack.train.recipe import load_recipe

    plan = load_recipe(recipe)
    if slurm is not None:
        from vecstack.train.slurm import Job, submit

        job = Job([recipe, *data], out, partition=slurm, gpus=gpus, seconds=limit, tensorboard=tensorboard)
        typer.echo(submit(job))
        return
    from vecstack.render.device import resolve_device
    from vecstack.train.checkpoint import prepare_folder
    from vecstack.train.data import load_pictures
    from vecstack.train.distributed import is_first_process, local_device
    from vecstack.train.loop import Watchers, train

    chosen = local_device(resolve_device(device))
    shown = is_first_process() and not quiet
    if is_first_process():
        prepare_folder(out, resume=resume)  # before the pictures, which can take minutes
    bad: list[str] = []
    pictures = load_pictures(data, plan.data.stored_side, report_bad=bad.append)

    def report(message: str) -> None:
        if shown:
            typer.echo(message, err=True)

    report(f"{len(pictures[0]):,} pictures to train on, {len(pictures[1]):,} held out")
    for line in bad[:BAD_NAMED]:
        report(f"left out: {line}")
    if len(bad) > BAD_NAMED:
        report(f"left out: {len(bad) - BAD_NAMED:,} more that cannot be read")
    with ExitStack() as stack:
        watchers = Watchers(report, board=out / "tensorboard" if tensorboard else None)
        if shown and sys.stderr.isatty():
            watchers = _on_terminal(watchers, stack)
        weights = train(plan, pictures, out, resume=resume, time_limit_seconds=limit, device=chosen, watchers=watchers)
    if is_first_process():
        typer.echo(str(weights))


def _on_terminal(watchers: Any, stack: ExitStack) -> Any:
    """The same watchers with a line of progress below the log: steps, loss, pace, time left."""
    from dataclasses import replace

    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}")
    bar = stack.enter_context(Bar(*columns, console=Console(stderr=True), transient=True))
    task = bar.add_task("", total=None)

    def show(progress: Progress) -> None:
        bar.update(task, completed=progress.step, total=progress.steps, description=describe(progress))

    return replace(watchers, report=bar.console.print, progress=show)


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
